"""``suandai collateral``: calibrate the rent process to an observed price history."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from suandai.terminal import err, out

if TYPE_CHECKING:
    from services.collateral.calc.calibration import Calibrated, HistoryFault, PriceHistory, Treatment

collateral_app = typer.Typer(no_args_is_help=True, help="For valuers: what price histories say of the models.")

NOT_RUN = 3
_FAULTS_SHOWN = 60
_CAUTIONS = {
    "TREND_RISING": "the price rose over the history",
    "TREND_NOT_DISTINGUISHED": "a decline cannot be told from none",
    "REVERSION_NOT_DISTINGUISHED": "mean reversion cannot be told from none, or from immediate",
    "JUMP_NOT_IDENTIFIED": "a launch falls between segments: its jump cannot be told from the new level",
    "INNOVATIONS_CORRELATED": "moves follow moves: the volatility of single steps is not that of longer ones",
    "INNOVATIONS_NOT_NORMAL": "a move is too large for the model: a break or a jump was not named",
    "PRICE_STICKY": "the price often does not move at all: volatility is understated",
    "HISTORY_SHORT": "the history is short against the time of reversion",
    "OBSERVATIONS_LEFT_OUT": "segments too short to tell anything were left out",
}


@collateral_app.command("calibrate")
def calibrate_(
    prices: Annotated[
        Path,
        typer.Argument(
            help="A CSV file (UTF-8): date, gpu_model, usd_per_gpu_hour or cny_per_gpu_hour, basis; segment, source."
        ),
    ],
    breaks: Annotated[
        list[str] | None,
        typer.Option("--break", help="[MODEL=]DATE: the composition changes, a new segment begins. Repeatable."),
    ] = None,
    launches: Annotated[
        list[str] | None,
        typer.Option("--launch", help="[MODEL=]DATE of a new generation: its jump is estimated. Repeatable."),
    ] = None,
    begins: Annotated[
        list[str] | None,
        typer.Option("--from", help="[MODEL=]DATE: what was observed before is left out. Repeatable."),
    ] = None,
    gap_days: Annotated[
        int, typer.Option("--gap-days", min=1, max=3660, help="A longer step between observations begins a segment.")
    ] = 31,
    effective_from: Annotated[
        str | None, typer.Option("--effective-from", help="First day of the vintage; the day after the last price.")
    ] = None,
    directory: Annotated[
        Path, typer.Option("--out", help="Where the vintage (.yaml) and the chart (.svg) go.")
    ] = Path(),
) -> None:
    """Fit decline, mean reversion, volatility and jumps to each model's history, with errors. Changes no policy.

    Writes NAME.price-process.yaml, the vintage as reference data, and NAME.price-process.svg. Gaps and breaks are never
    bridged. Exits 3 when the file cannot be read or bears no fit.
    """
    from domain.canonical import sha256_of
    from services.collateral.calc.calibration import TooFew, calibrate, series_of
    from services.collateral.calc.calibration.chart import chart

    history, content = _history(prices)
    series = series_of(history, _treatments(history, breaks, launches, begins, gap_days))
    first_day = None if effective_from is None else _day("--effective-from", effective_from)
    found = []
    for one in series:
        try:
            found.append(calibrate(one, sha256_of(content)))
        except TooFew as few:
            err.print(f"[yellow]{one.gpu_model}:[/] not fitted: {few}", soft_wrap=True)
    if not found:
        _refuse("no model has a history that bears a fit")
    files = [directory / f"{prices.stem}.price-process.{kind}" for kind in ("yaml", "svg")]
    try:
        files[0].write_text(_yaml(found, first_day), "utf-8")
        files[1].write_text(chart(found), "utf-8")
    except OSError as error:
        _refuse(f"{error.filename}: {error.strerror}")
    _show(found)
    out.print("\n".join(map(str, files)), markup=False, soft_wrap=True)


def _history(prices: Path) -> tuple["PriceHistory", bytes]:
    from services.collateral.calc.calibration import HistoryRefused, read_history
    from services.collateral.calc.calibration.history import MAX_BYTES

    if not prices.is_file():
        _refuse(f"{prices} is not a file")
    try:
        with prices.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        _refuse(f"{prices}: {error.strerror}")
    try:
        return read_history(content), content
    except HistoryRefused as refused:
        lines = "".join(f"\n  {line}" for line in _told(refused.faults))
        _refuse(f"{prices.name} is no price history:{lines}")


def _treatments(
    history: "PriceHistory",
    breaks: list[str] | None,
    launches: list[str] | None,
    begins: list[str] | None,
    gap_days: int,
) -> "dict[str, Treatment]":
    """By model; every wrong option is told at once."""
    from services.collateral.calc.calibration import Treatment

    models = {item.gpu_model for item in history.observations}
    wrong: list[str] = []

    def dated(option: str, given: list[str] | None) -> dict[str, list[date]]:
        found: dict[str, list[date]] = {model: [] for model in models}
        for text in given or []:
            model, _, day = text.rpartition("=")
            try:
                parsed = date.fromisoformat(day)
            except ValueError:
                wrong.append(f"{option}: [MODEL=]YYYY-MM-DD is wanted")
                continue
            if model and model not in models:
                wrong.append(f"{option}: the history has no such model; it has {', '.join(sorted(models))}")
                continue
            for name in [model] if model else models:
                found[name].append(parsed)
        return found

    broken, launched = dated("--break", breaks), dated("--launch", launches)
    begun = dated("--from", begins)
    if wrong:
        _refuse("\n  ".join(sorted(set(wrong))))
    return {
        model: Treatment(
            breaks=tuple(sorted(set(broken[model]))),
            launches=tuple(sorted(set(launched[model]))),
            begins=max(begun[model], default=None),
            gap_days=gap_days,
        )
        for model in models
    }


def _yaml(found: "list[Calibrated]", first_day: date | None) -> str:
    from datetime import timedelta

    import yaml

    entries = [
        item.vintage(first_day or item.process.last + timedelta(days=1)).model_dump(
            mode="json", exclude={"sha256"}, exclude_none=True
        )
        for item in found
    ]
    return yaml.safe_dump(entries, allow_unicode=True, sort_keys=False, width=120)


def _told(faults: "Iterable[HistoryFault]") -> list[str]:
    shown = [
        f"{f'line {fault.line}: ' if fault.line else ''}{f'{fault.column}: ' if fault.column else ''}"
        f"{fault.message_en}  {fault.message_zh}"
        for fault in faults
    ]
    left = len(shown) - _FAULTS_SHOWN
    return [*shown[:_FAULTS_SHOWN], *([f"and {left} more"] if left > 0 else [])]


def _show(found: "list[Calibrated]") -> None:
    from rich.table import Table

    table = Table("model", "basis", "n", "decline δ", "reversion κ", "volatility σ", box=None, padding=(0, 2))
    for item in found:
        body = item.process
        figures = (body.annual_decline, body.reversion, body.volatility)
        table.add_row(
            body.gpu_model,
            body.basis,
            str(body.observations),
            *(f"{one.value:.2f} ± {one.error:.2f} {_interval(one.low, one.high)}" for one in figures),
        )
    out.print(table)
    for item in found:
        for jump in item.process.jumps:
            change = "cannot be told" if jump.change is None else f"{jump.change.value:.2f} ± {jump.change.error:.2f}"
            out.print(f"{item.process.gpu_model}  launch {jump.on}: {change}", soft_wrap=True)
        for caution in item.process.cautions:
            out.print(f"{item.process.gpu_model}  {caution}: {_CAUTIONS[caution]}", soft_wrap=True)


def _interval(low: object, high: object) -> str:
    ends = ("open" if end is None else f"{end:.2f}" for end in (low, high))
    return f"({', '.join(ends)})"


def _day(option: str, given: str) -> date:
    try:
        return date.fromisoformat(given)
    except ValueError:
        _refuse(f"{option}: YYYY-MM-DD is wanted")


def _refuse(reason: str) -> NoReturn:
    err.print("[red]suandai:[/]", end=" ")
    err.print(reason, markup=False, soft_wrap=True)
    raise typer.Exit(NOT_RUN)
