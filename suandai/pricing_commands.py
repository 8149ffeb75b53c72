"""``suandai pricing``: validate a rating card on what became of its obligors, and calibrate the scale it maps to."""

from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn
from zoneinfo import ZoneInfo

import typer

from suandai.terminal import err, out

if TYPE_CHECKING:
    from policy.engine import Bundle
    from services.pricing.calc.validation import Sample, ValidationReport

pricing_app = typer.Typer(no_args_is_help=True, help="For model validation: how good a card is, and its calibration.")

FAILED, NOT_RUN = 1, 3
_COLOURS = {"pass": "green", "refer": "yellow", "fail": "red", "not_run": "dim"}

CardArgument = Annotated[
    Path,
    typer.Argument(
        help="A CSV file (UTF-8 or GB18030): obligor_id, defaulted, score and/or pd; grade, model_grade, sample, observed_on."
    ),
]
BookOption = Annotated[Path, typer.Option("--book", help="The directory of the policy book.")]
ScaleOption = Annotated[str, typer.Option("--scale", help="The rating scale of the card.")]
AsOfOption = Annotated[
    datetime | None,
    typer.Option("--as-of", formats=["%Y-%m-%d"], help="The day whose policy is taken; today without it."),
]
_BOOK = Path("policy/book")
_ZONE = ZoneInfo("Asia/Shanghai")
"""Where the bank's day begins and ends."""


@pricing_app.command("validate")
def validate_(
    card: CardArgument,
    book: BookOption = _BOOK,
    scale: ScaleOption = "master_scale",
    as_of: AsOfOption = None,
    directory: Annotated[Path, typer.Option("--out", help="Where the report is written, as .json and .html.")] = Path(),
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON instead of its summary.")] = False,
) -> None:
    """Measure a card's discrimination, calibration, stability and overrides, and judge them by the bank's standards.

    Writes NAME.validation.json and NAME.validation.html. Exits 0 when no check fails, 1 when one does, 3 when the file or
    the policy cannot be read.
    """
    from policy.engine import PolicyNotInForce
    from services.pricing.calc.validation import validate
    from suandai.validation import page

    on = _day(as_of)
    bundle = _bundle(book)
    sample, sha256 = _sample(card, bundle, scale, on)
    try:
        report = validate(sample, bundle, scale, on, sha256)
    except PolicyNotInForce as error:
        _refuse(str(error))
    content = report.model_dump_json(indent=1)
    files = [directory / f"{card.stem}.validation.{kind}" for kind in ("json", "html")]
    try:
        files[0].write_text(content + "\n", "utf-8")
        files[1].write_text(page(report, card.name), "utf-8")
    except OSError as error:
        _refuse(f"{error.filename}: {error.strerror}")
    if as_json:
        print(content)
    else:
        _show(report)
        out.print("\n".join(map(str, files)), markup=False, soft_wrap=True)
    if report.outcome.value == "fail":
        raise typer.Exit(FAILED)


@pricing_app.command("calibrate")
def calibrate_(
    card: CardArgument,
    central_tendency: Annotated[
        str, typer.Option("--central-tendency", help="The long-run default rate per year, as a fraction: 0.02.")
    ],
    book: BookOption = _BOOK,
    scale: ScaleOption = "master_scale",
    as_of: AsOfOption = None,
) -> None:
    """Find the scale's offset_shift at which the mean PD of the file's scores is the central tendency. Changes nothing.

    The shift takes effect by a new version of the scale's policy file. Exits 3 when there is none to be found.
    """
    from services.pricing.calc.central_tendency import CalibrationRefused, calibrate

    on = _day(as_of)
    bundle = _bundle(book)
    sample, _ = _sample(card, bundle, scale, on)
    scores = [item.score for item in sample.obligors if item.score is not None]
    try:
        target = Decimal(central_tendency) if len(central_tendency) <= 20 else Decimal("NaN")
        if not target.is_finite():
            raise InvalidOperation
        found = calibrate(scores, target, bundle.rating_scale(scale, on))
    except InvalidOperation:
        _refuse("--central-tendency is a fraction per year between 0 and 1, such as 0.02")
    except CalibrationRefused as refused:
        _refuse(f"{refused.message_en}  {refused.message_zh}")
    out.print(
        f"{found.obligors} obligors, mean PD {found.before}: offset_shift {found.offset_shift} makes it {found.reached}"
    )


def _day(given: datetime | None) -> date:
    return given.date() if given is not None else datetime.now(_ZONE).date()


def _bundle(book: Path) -> "Bundle":
    from policy.engine import check_book

    found = check_book(book)
    if found.bundle is None:
        for fault in found.faults:
            err.print(str(fault), markup=False, soft_wrap=True)
        raise typer.Exit(NOT_RUN)
    return found.bundle


def _sample(card: Path, bundle: "Bundle", scale: str, on: date) -> tuple["Sample", str]:
    from domain.canonical import sha256_of
    from policy.engine import PolicyNotInForce
    from services.pricing.calc.validation import SampleRefused, read_sample
    from services.pricing.calc.validation.reading import MAX_BYTES
    from suandai.validation import told

    try:
        grades = tuple(grade.id for grade in bundle.rating_scale(scale, on).grades)
    except PolicyNotInForce as error:
        _refuse(str(error))
    if not card.is_file():
        _refuse(f"{card} is not a file")
    try:
        with card.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        _refuse(f"{card}: {error.strerror}")
    try:
        return read_sample(content, grades), sha256_of(content)
    except SampleRefused as refused:
        lines = (f"\n  {line}" for line in told(refused.faults))
        _refuse(f"{card.name} is no validation sample:{''.join(lines)}")


def _refuse(reason: str) -> NoReturn:
    err.print("[red]suandai:[/]", end=" ")
    err.print(reason, markup=False, soft_wrap=True)
    raise typer.Exit(NOT_RUN)


def _show(report: "ValidationReport") -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table("check", "outcome", "finding", box=None, padding=(0, 2), header_style="dim")
    for check in report.checks:
        outcome = Text(check.outcome.value, style=_COLOURS[check.outcome.value])
        table.add_row(check.title_en, outcome, Text(check.message_en))
    out.print(table)
    out.print(Text.assemble("the card: ", (report.outcome.value, _COLOURS[report.outcome.value])))
