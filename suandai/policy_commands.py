"""``suandai policy``: check a book, read it, compare it, publish it by two persons, and say what decided a case."""

import asyncio
import json
import os
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from operator import methodcaller
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import httpx
import typer

from domain.calendar import BANK_ZONE
from suandai.stack.layout import DEFAULT_PORT_BASE, Layout, Ports
from suandai.terminal import DEFAULT_DIRECTORY, DirectoryOption, PortBaseOption, err, out, told_in_one_line

if TYPE_CHECKING:
    from policy.engine import Bundle
    from suandai.policy_bank import PolicyDesk

policy_app = typer.Typer(
    no_args_is_help=True,
    help="For policy officers: check, read, compare and publish the policy book, and explain a case.",
)

DIFFERENT, NOT_RUN = 1, 3
_BOOK = Path("policy/book")

BookOption = Annotated[Path, typer.Option("--book", help="The directory of the policy book.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Machine-readable.")]
MakerOption = Annotated[str, typer.Option("--as", help="The account that acts.")]
T = TypeVar("T")


@policy_app.command("check")
def check_(
    book: Annotated[Path, typer.Argument(help="The directory of a policy book.")] = _BOOK,
    as_json: JsonOption = False,
) -> None:
    """Say everything that is wrong with a policy book; exits 1 when anything is."""
    from policy.engine import check_book

    report = check_book(book)
    if as_json:
        faults = [{"file": item.file, "line": item.line, "reason": item.reason} for item in report.faults]
        print(json.dumps({"sha256": report.bundle.sha256 if report.bundle else None, "faults": faults}, indent=1))
    for fault in () if as_json else report.faults:
        err.print(str(fault), markup=False, soft_wrap=True)
    if report.bundle is None:
        if not as_json:
            err.print(f"{len(report.faults)} faults: nothing of this book can be published", markup=False)
        raise typer.Exit(1)
    if not as_json:
        out.print(f"{len(report.bundle.files())} files, bundle {report.bundle.sha256}", soft_wrap=True)


@policy_app.command("show")
def show_(
    name: Annotated[str, typer.Argument(metavar="ID", help="The id of a policy, such as jsb_wc.")],
    at: Annotated[
        datetime | None,
        typer.Option("--at", formats=["%Y-%m-%d"], help="The day whose version is shown; today without it."),
    ] = None,
    kind: Annotated[str, typer.Option("--kind", help="Of this kind, where two policies share the id.")] = "",
    book: BookOption = _BOOK,
    bundle: Annotated[
        str, typer.Option("--bundle", help="From the bank's bundle of this hash (or its first digits), or `in-force`.")
    ] = "",
    as_json: JsonOption = False,
    directory: DirectoryOption = DEFAULT_DIRECTORY,
    port_base: PortBaseOption = DEFAULT_PORT_BASE,
) -> None:
    """Show the version of a policy in force on a day: its rules, rows and sources in both languages.

    A product is shown with its documents, its conditions and its card. Exits 3 where there is nothing to show.
    """
    from policy.engine import plain_file
    from suandai.policy_pages import found, page

    on = at.date() if at is not None else today()
    with told_in_one_line(directory), _told():
        source = _at_the_bank(directory, port_base, lambda desk: desk.bundle(bundle)) if bundle else _book(book)
    files = found(source, name, on, kind)
    if not files:
        known = sorted({file.id for file in source.files_on(on) if kind in ("", file.kind)})
        near = [item for item in known if name in item or item in name]
        _refuse(f"no {kind or 'policy'} {name} is in force on {on}" + (f"; there is {', '.join(near)}" if near else ""))
    if as_json:
        print(json.dumps([plain_file(source, file) for file in files], ensure_ascii=False, indent=1))
        return
    for number, file in enumerate(files):
        if number:
            out.print()
        for line in page(source, file, on):
            out.print(line, markup=False, soft_wrap=True)


@policy_app.command("diff")
def diff_(
    before: Annotated[str, typer.Argument(metavar="A", help="A book, a policy file, a bundle's hash, or `in-force`.")],
    after: Annotated[str, typer.Argument(metavar="B", help="What it is compared with, given alike.")],
    as_json: JsonOption = False,
    directory: DirectoryOption = DEFAULT_DIRECTORY,
    port_base: PortBaseOption = DEFAULT_PORT_BASE,
) -> None:
    """Say what B has otherwise than A: by policy, row and cell, with the day each change comes into force.

    Hashes (or their first digits) and `in-force` are asked of the running bank. Exits 0 where nothing differs, 1 where
    something does, 3 where either cannot be read.
    """
    from policy.engine import compare, compare_files
    from suandai.policy_pages import cell_lines, changes_page

    if Path(before).is_file() and Path(after).is_file():
        cells = compare_files(_file(Path(before)), _file(Path(after)))
        if as_json:
            print(json.dumps([item.model_dump(mode="json") for item in cells], ensure_ascii=False, indent=1))
        else:
            out.print("\n".join(cell_lines(cells)) or "nothing differs", markup=False, soft_wrap=True)
        if cells:
            raise typer.Exit(DIFFERENT)
        return
    with told_in_one_line(directory), _told():
        books = [
            _book(Path(name))
            if Path(name).is_dir()
            else _at_the_bank(directory, port_base, methodcaller("bundle", name))
            for name in (before, after)
        ]
    changes = compare(*books)
    if as_json:
        print(changes.model_dump_json(indent=1))
    else:
        out.print("\n".join(changes_page(changes)), markup=False, soft_wrap=True)
    if changes.changes:
        raise typer.Exit(DIFFERENT)


@policy_app.command("explain")
def explain_(
    case: Annotated[str, typer.Argument(metavar="CASE", help="A case number, or a file of findings.")],
    who: Annotated[str, typer.Option("--as", help="The account that asks.")] = "auditor.ho",
    everything: Annotated[
        bool,
        typer.Option("--all", help="Also rules that were kept and rules of other cases, with what they looked at."),
    ] = False,
    as_json: JsonOption = False,
    directory: DirectoryOption = DEFAULT_DIRECTORY,
    port_base: PortBaseOption = DEFAULT_PORT_BASE,
) -> None:
    """Say which policy, rules and rows decided what in a case, from the traces of its findings.

    A file holds a finding, a list of them, or a map with the list under `findings`. Exits 3 where there is no such case.
    """
    from suandai.policy_explained import explained, findings_in

    with told_in_one_line(directory), _told():
        if Path(case).is_file():
            findings = findings_in(Path(case))
        else:
            findings = _at_the_bank(directory, port_base, lambda desk: desk.findings(case), who)
    if as_json:
        print(json.dumps(findings, ensure_ascii=False, indent=1))
        return
    for line in explained(findings, everything=everything):
        out.print(line, markup=False, soft_wrap=True)


@policy_app.command("schema")
def schema_(
    kind: Annotated[str, typer.Argument(help="A kind of policy file; all of them without it.")] = "",
    out_dir: Annotated[
        Path | None, typer.Option("--out", help="Write KIND.schema.json files into this directory instead of printing.")
    ] = None,
) -> None:
    """JSON Schemas for editors: one a kind, and `policy` for a file of any kind. Exits 3 for a kind nobody knows."""
    from policy.engine.editing import ANY_KIND, schema_names, schema_of, schema_of_any

    names = schema_names()
    if kind and kind not in names:
        _refuse(f"there is no kind {kind}: {', '.join(names)}")
    wanted = (kind,) if kind else names
    schemas = {name: schema_of_any() if name == ANY_KIND else schema_of(name) for name in wanted}
    if out_dir is None:
        print(json.dumps(schemas[kind] if kind else schemas, ensure_ascii=False, indent=1))
        return
    with told_in_one_line(out_dir):
        out_dir.mkdir(parents=True, exist_ok=True)
        for name, schema in schemas.items():
            content = json.dumps(schema, ensure_ascii=False, indent=1)
            (out_dir / f"{name}.schema.json").write_text(content + "\n", "utf-8")
    out.print(f"{len(schemas)} schemas in {out_dir}", markup=False, soft_wrap=True)


@policy_app.command("propose")
def propose_(
    book: Annotated[Path, typer.Argument(metavar="DIR", help="The directory of the policy book.")],
    in_force_from: Annotated[
        datetime, typer.Option("--in-force-from", formats=["%Y-%m-%d"], help="First day on which cases take it.")
    ],
    comment: Annotated[str, typer.Option("--comment", help="What it is for: the resolution, the ticket.")],
    who: MakerOption = "policy.ho",
    directory: DirectoryOption = DEFAULT_DIRECTORY,
    port_base: PortBaseOption = DEFAULT_PORT_BASE,
) -> None:
    """Propose a book to the running bank, for another person to approve. Says what it changes."""
    bundle = _book(book)
    with told_in_one_line(directory), _told():
        lines = _at_the_bank(
            directory, port_base, lambda desk: desk.propose(bundle, in_force_from.date(), comment), who
        )
    out.print("\n".join(lines), markup=False, soft_wrap=True)


@policy_app.command("approve")
def approve_(
    sha256: Annotated[str, typer.Argument(metavar="SHA", help="The hash of a proposed bundle, or its first digits.")],
    who: MakerOption = "policy2.ho",
    sure: Annotated[bool, typer.Option("--yes", help="Approve without being asked once more.")] = False,
    directory: DirectoryOption = DEFAULT_DIRECTORY,
    port_base: PortBaseOption = DEFAULT_PORT_BASE,
) -> None:
    """Show what a proposed bundle changes, and put it into force. Not by the person who proposed it."""
    with told_in_one_line(directory), _told():
        whole, lines = _at_the_bank(directory, port_base, lambda desk: desk.proposed(sha256), who)
        out.print("\n".join(lines), markup=False, soft_wrap=True)
        if not sure and not typer.confirm("put it into force?"):
            raise typer.Exit(NOT_RUN)
        done = _at_the_bank(directory, port_base, lambda desk: desk.approve(whole), who)
    out.print(done, markup=False, soft_wrap=True)


def today() -> date:
    """The bank's calendar day."""
    return datetime.now(BANK_ZONE).date()


def _book(path: Path) -> "Bundle":
    from policy.engine import check_book

    report = check_book(path)
    if report.bundle is None:
        for fault in report.faults:
            err.print(str(fault), markup=False, soft_wrap=True)
        raise typer.Exit(NOT_RUN)
    return report.bundle


def _file(path: Path) -> dict[str, Any]:
    from policy.engine.source import read_source

    source, faults = read_source(path, str(path))
    if source is None or faults:
        for fault in faults:
            err.print(str(fault), markup=False, soft_wrap=True)
        raise typer.Exit(NOT_RUN)
    data: dict[str, Any] = source.data
    return data


def _at_the_bank(
    directory: Path,
    port_base: int,
    step: "Callable[[PolicyDesk], Coroutine[Any, Any, T]]",
    who: str = "policy.ho",
) -> T:
    """Do one thing at the running bank: this machine's, or the one at SUANDAI_ORIGINATION_URL with SUANDAI_TOKEN."""
    from suandai.policy_bank import PolicyDesk, Urls
    from suandai.stack.assembly import Assembly

    address = os.environ.get("SUANDAI_ORIGINATION_URL")
    if address:
        token = os.environ.get("SUANDAI_TOKEN", "").strip()
        if not token:
            _refuse("SUANDAI_TOKEN is not set: the bank at SUANDAI_ORIGINATION_URL is asked with it")
        urls = Urls(
            address, os.environ.get("SUANDAI_PRICING_URL", address), os.environ.get("SUANDAI_COLLATERAL_URL", address)
        )
        desk = PolicyDesk(urls, lambda _name, _service: token, who)
    else:
        assembly = Assembly(Layout(directory.absolute()), Ports.from_base(port_base))
        worker = assembly.settings("worker")
        urls = Urls(*(worker[f"SUANDAI_{name}_URL"] for name in ("ORIGINATION", "PRICING", "COLLATERAL")))
        desk = PolicyDesk(urls, assembly.token, who)

    async def done() -> T:
        async with desk:
            return await step(desk)

    return asyncio.run(done())


@contextmanager
def _told() -> Iterator[None]:
    """What the bank refuses is told with every fault; a bank that does not answer in one line."""
    from suandai.policy_bank import NothingThere
    from suandai.walkthrough.person import Refused

    try:
        yield
    except (Refused, NothingThere) as refused:
        _refuse(str(refused))
    except httpx.HTTPError as error:
        _refuse(f"the bank does not answer ({type(error).__name__}): is it up?")


def _refuse(reason: str) -> NoReturn:
    err.print("[red]suandai:[/]", end=" ")
    err.print(reason, markup=False, soft_wrap=True)
    raise typer.Exit(NOT_RUN)
