"""The command ``suandai``: start and stop the stack on this machine, see how it stands, sign in, run a worker.

What one command alone needs is imported in it: all of it together takes longer to read than most commands to run, and a start
waits for it.
"""

import asyncio
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import httpx
import typer

from suandai.audit_commands import audit_app
from suandai.collateral_commands import collateral_app
from suandai.demo import show
from suandai.display import StackView, accounts_table, figures_table, status_table
from suandai.policy_commands import policy_app
from suandai.pricing_commands import pricing_app
from suandai.sign_in import token
from suandai.stack import Layout, Ports, Stack, StackError, down
from suandai.stack.assembly import Assembly
from suandai.stack.layout import DEFAULT_PORT_BASE
from suandai.stack.process import wait_until
from suandai.stack.record import StackRecord
from suandai.stuck import stuck
from suandai.terminal import DEFAULT_DIRECTORY, DirectoryOption, PortBaseOption, out, told_in_one_line
from suandai.upgrades import builds_app, show_builds

if TYPE_CHECKING:
    from services.origination.settings import OriginationSettings

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Credit origination for loans and leases against compute (算力贷).",
)
app.add_typer(policy_app, name="policy")
app.add_typer(builds_app, name="builds")
app.add_typer(audit_app, name="audit")
app.add_typer(pricing_app, name="pricing")
app.add_typer(collateral_app, name="collateral")
app.command()(stuck)
app.command()(token)


@app.command()
def up(
    directory: DirectoryOption = DEFAULT_DIRECTORY,
    port_base: PortBaseOption = DEFAULT_PORT_BASE,
    only: Annotated[
        list[str] | None, typer.Option("--only", help="Start this component only; may be repeated.")
    ] = None,
    detach: Annotated[
        bool, typer.Option("--detach", help="Return when everything is ready and keep it running.")
    ] = False,
) -> None:
    """Start the whole stack and keep it running until Ctrl-C or `suandai down`."""
    with told_in_one_line(directory):
        ports = Ports.from_base(port_base)
        if detach:
            _detached(directory, port_base, only or [])
            return
        asyncio.run(_up(Stack(directory, ports=ports, components=only, opening=_open_books)))


async def _open_books(assembly: Assembly) -> list[str]:
    """Policy, reference data and mandates; a bank whose own books differ from the shipped ones still gets its stack."""
    from suandai.walkthrough.books import books_of
    from suandai.walkthrough.person import Refused

    try:
        return await books_of(assembly)
    except (Refused, httpx.HTTPError) as error:
        return [f"[yellow]the shipped books were not entered: {error}[/]"]


async def _up(stack: Stack) -> None:
    logging.basicConfig(level=logging.WARNING, format="%(message)s", handlers=[_Spoken()])
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for wanted in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(wanted, stopped.set)
    with StackView(out, stack):
        starting = asyncio.create_task(stack.start())
        stopping = asyncio.create_task(stopped.wait())
        await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not starting.done():
            starting.cancel()
            await asyncio.wait({starting})
            raise typer.Exit(130)
        starting.result()
    _show(stack.layout)
    for line in stack.opened:
        out.print(line, soft_wrap=True)
    out.print("Ready. Ctrl-C ends it; its data stays in", str(stack.layout.directory), soft_wrap=True)
    await stopping
    with StackView(out, stack):
        await stack.stop()


class _Spoken(logging.Handler):
    """What the supervisor has to say while it runs, one line each."""

    def emit(self, record: logging.LogRecord) -> None:
        out.print(f"[yellow]{record.getMessage()}[/]", soft_wrap=True)


def _detached(directory: Path, port_base: int, only: list[str]) -> None:
    layout = Layout(directory.absolute())
    layout.logs.mkdir(parents=True, exist_ok=True)
    log = layout.logs / "supervisor.log"
    with log.open("wb") as sink:
        supervisor = subprocess.Popen(
            [
                *(sys.executable, "-m", "suandai", "up", "--directory", str(directory), "--port-base", str(port_base)),
                *(f"--only={name}" for name in only),
            ],
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def settled() -> bool:
        if supervisor.poll() is not None:
            return True
        record = StackRecord.read(layout.record)
        # The record of a supervisor that was killed says "up" as well.
        own = record is not None and record.supervisor is not None and record.supervisor.pid == supervisor.pid
        return own and record is not None and record.is_up()

    with out.status("starting the stack"):
        in_time = wait_until(settled, 600)
    if supervisor.poll() is not None:
        said = log.read_text("utf-8", errors="replace").strip().splitlines()
        raise StackError((said[-1] if said else "the stack did not start").removeprefix("suandai: "))
    if not in_time:
        raise StackError(f"the stack is still starting after ten minutes; see {log}, or end it with `suandai down`")
    _show(layout)


def _show(layout: Layout) -> bool:
    """Print how the stack stands; whether every part runs and every build that is needed."""
    record = StackRecord.read(layout.record)
    out.print(status_table(record))
    manned = record is None or show_builds(layout, record)
    return record is not None and record.is_up() and manned


@app.command("down")
def down_(directory: DirectoryOption = DEFAULT_DIRECTORY) -> None:
    """End the stack, whatever became of it. Its data stays."""
    with told_in_one_line(directory), out.status("ending the stack"):
        ended = down(directory)
    out.print(f"ended: {', '.join(ended)}" if ended else "nothing was running")


@app.command()
def status(directory: DirectoryOption = DEFAULT_DIRECTORY) -> None:
    """Show what runs and where it can be reached. Exits 3 when the stack is not up."""
    layout = Layout(directory.absolute())
    with told_in_one_line(directory):
        if _show(layout):
            return
        record = StackRecord.read(layout.record)
    if record is not None and any(part.mark.is_alive() for part in record.components):
        out.print(
            "Not everything runs as it should. `suandai up` starts anew with the same data, `suandai down` ends it."
        )
    raise typer.Exit(3)


@app.command()
def demo(directory: DirectoryOption = DEFAULT_DIRECTORY, port_base: PortBaseOption = DEFAULT_PORT_BASE) -> None:
    """Take one real loan from application to paid utilisation, each step shown as it happens.

    Uses the stack that runs in the directory, or starts one and ends it again; its data stays.
    """
    from suandai.walkthrough.story import first_case

    with told_in_one_line(directory):
        asyncio.run(show(Layout(directory.absolute()), Ports.from_base(port_base), first_case, out))


@app.command()
def books(directory: DirectoryOption = DEFAULT_DIRECTORY, port_base: PortBaseOption = DEFAULT_PORT_BASE) -> None:
    """Enter the shipped policy book, reference data and mandates into a running stack, as a maker and a checker would."""
    from suandai.walkthrough.books import books_of

    with told_in_one_line(directory):
        done = asyncio.run(books_of(Assembly(Layout(directory.absolute()), Ports.from_base(port_base))))
    out.print("\n".join(done) or "the books are open already", soft_wrap=True)


@app.command()
def accounts() -> None:
    """List the accounts of the local stack: who can sign in, with which role, at which branch or borrower."""
    out.print(accounts_table())


@app.command("reconcile")
def reconcile_(
    directory: DirectoryOption = DEFAULT_DIRECTORY,
    port_base: PortBaseOption = DEFAULT_PORT_BASE,
    case: Annotated[list[str] | None, typer.Option("--case", help="Only this case number; may be repeated.")] = None,
    patience: Annotated[
        float, typer.Option(min=0, max=3600, help="Seconds a difference must last, read again all the while.")
    ] = 20.0,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
    language: Annotated[Literal["zh", "en"], typer.Option(help="Of titles and remedies.")] = "en",
) -> None:
    """Compare processes, books and core banking, and say what to do about each difference. Changes nothing.

    Reaches them by the settings of the environment where SUANDAI_DATABASE_URL is set, else by those of the directory's
    stack. Exits 0 when everything agrees, 1 when something differs or a side cannot be read.
    """
    from services.kit.keyring import KeysRefused
    from services.kit.settings import SettingsRefused
    from suandai.reconcile import Unreachable, reconcile
    from suandai.reconcile.shown import show_reconciliation

    with told_in_one_line(directory):
        settings = _settings_of_origination(directory, port_base)
        try:
            found = asyncio.run(reconcile(settings, numbers=case or (), patience=patience))
        except (Unreachable, LookupError, KeysRefused, SettingsRefused) as error:
            raise StackError(str(error)) from None
    if as_json:
        print(found.model_dump_json(indent=1))
    else:
        show_reconciliation(out, found, language)
    if not found.agrees:
        raise typer.Exit(1)


def _settings_of_origination(directory: Path, port_base: int) -> "OriginationSettings":
    from services.origination.settings import OriginationSettings

    if os.environ.get("SUANDAI_DATABASE_URL"):
        return OriginationSettings()
    assembly = Assembly(Layout(directory.absolute()), Ports.from_base(port_base))
    told = {name.removeprefix("SUANDAI_").lower(): value for name, value in assembly.settings("origination").items()}
    return OriginationSettings.model_validate(told)


@app.command()
def bench(
    out_file: Annotated[Path, typer.Option("--out", help="Where the figures are written.")] = Path("bench.json"),
    page: Annotated[
        Path | None, typer.Option("--page", help="A Markdown page whose table of figures is replaced.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="A few measurements of each kind, for a first look.")] = False,
    only: Annotated[
        Literal["pricing", "fleet", "policy", "limits"] | None,
        typer.Option("--only", help="Measure this alone; figures of other subjects in the file stay as they are."),
    ] = None,
) -> None:
    """Measure throughput, latencies, start-up and memory in a bank of its own, pricing, policy and a fleet of servers without
    one, and write them to a file.

    Each figure stands beside what it was measured against in the same run. Takes about eight minutes, pricing or the fleet
    alone one or two; nothing else should run on the machine meanwhile.
    """
    from suandai.bench import fleet, limits, policy, pricing, run
    from suandai.bench.figures import beside_former, enter, write

    def told(line: str) -> None:
        out.print(f"[dim]{line}[/]")

    with told_in_one_line(out_file):
        # A file that cannot be added to is told before anything is measured.
        if only is not None:
            beside_former(out_file, ())
        figures = []
        if only in (None, "pricing"):
            figures += pricing.pricing_figures(pricing.QUICK if quick else pricing.PricingSizes(), told)
        if only in (None, "policy"):
            figures += policy.policy_figures(policy.QUICK if quick else policy.PolicySizes(), told)
        if only in (None, "limits"):
            figures += limits.limit_figures(limits.QUICK if quick else limits.LimitSizes(), told)
        if only in (None, "fleet"):
            figures += fleet.all_figures(fleet.QUICK if quick else fleet.FleetSizes(), told)
        if only is None:
            figures = [*asyncio.run(run.bench(run.QUICK if quick else run.Sizes(), told)), *figures]
        else:
            figures = beside_former(out_file, figures)
        write(out_file, figures)
        if page is not None:
            enter(page, figures)
    out.print(figures_table(figures))


@app.command()
def worker() -> None:
    """Run one worker of the credit processes with the settings of this environment."""
    raise typer.Exit(subprocess.run([sys.executable, "-m", "workflows.worker"], check=False).returncode)
