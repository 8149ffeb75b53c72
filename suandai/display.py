"""What a person sees of the stack at the terminal."""

import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from suandai.bench.figures import Figure
from suandai.stack.accounts import BORROWERS, STAFF
from suandai.stack.record import StackRecord
from suandai.stack.supervisor import Stack

_COLOURS = {"ready": "green", "stopped": "dim", "restarting": "yellow", "failed": "red"}
_REFRESH_SECONDS = 0.1


class StackView:
    """How each component stands, redrawn as it changes on a terminal and told line by line elsewhere."""

    def __init__(self, console: Console, stack: Stack) -> None:
        self._console = console
        self._stack = stack
        self._told: dict[str, str] = {}
        self._live: Live | None = None
        self._over = threading.Event()
        self._teller = threading.Thread(target=self._tell_changes, daemon=True)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live = Live(
                get_renderable=self._table, console=self._console, refresh_per_second=1 / _REFRESH_SECONDS
            )
            self._live.start()
        else:
            self._teller.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()
        else:
            self._over.set()
            self._teller.join()

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        for part in self._stack.parts:
            table.add_row(part.name, Text(part.state, style=_COLOURS.get(part.state, "cyan")))
        return table

    def _tell_changes(self) -> None:
        ended = False
        while not ended:
            ended = self._over.wait(_REFRESH_SECONDS)
            for part in self._stack.parts:
                if part.state in ("ready", "stopped", "failed") and self._told.get(part.name) != part.state:
                    self._told[part.name] = part.state
                    self._console.print(f"{part.name}: {part.state}")


def status_table(record: StackRecord | None) -> Table | Text:
    """What a recorded stack consists of, whether each part still runs, and where it can be reached."""
    if record is None or not record.components:
        return Text("the stack is not running")
    table = Table(box=None, padding=(0, 2), header_style="dim")
    for heading in ("component", "state", "pid", "where"):
        table.add_column(heading, overflow="fold")
    for part in record.components:
        state = Text("running", style="green") if part.mark.is_alive() else Text("ended", style="red")
        table.add_row(part.name, state, str(part.mark.pid), "\n".join(part.addresses.values()))
    return table


def accounts_table() -> Table:
    """Everybody who can sign in to a stack on one machine."""
    table = Table(box=None, padding=(0, 2), header_style="dim")
    for heading in ("account", "role", "branch or borrower"):
        table.add_column(heading)
    for account in (*STAFF, *BORROWERS):
        table.add_row(account.username, ", ".join(account.roles), account.branch or account.uscc)
    return table


def figures_table(figures: Sequence[Figure]) -> Table:
    """The figures of a benchmark, without their notes."""
    table = Table("figure", "value", "unit", "beside", "ratio", box=None, padding=(0, 2))
    for entry in figures:
        beside = "" if entry.beside is None else f"{entry.beside:g}"
        ratio = "" if entry.ratio is None else f"{entry.ratio:g}"
        table.add_row(entry.name, f"{entry.value:g}", entry.unit, beside, ratio)
    return table
