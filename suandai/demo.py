"""The frame of a demonstration: a stack that runs, and steps that a person can follow at the terminal.

Where a stack already runs in the directory the demonstration uses it and leaves it running; otherwise it starts one and
ends it again, with its data kept for the next ``suandai up``.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from rich.console import Console
from rich.panel import Panel

from suandai.display import StackView
from suandai.stack import Layout, Ports, Stack, StackError
from suandai.stack.assembly import Assembly
from suandai.stack.record import StackRecord


class Steps:
    """Numbered steps, each with what it found and how long it took."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._number = 0

    @asynccontextmanager
    async def step(self, title: str) -> AsyncIterator["Findings"]:
        """One step; it is shown while it goes on, and told with its findings when it has ended."""
        self._number += 1
        findings = Findings()
        started = time.monotonic()
        label = f"{self._number:>2}  {title}"
        try:
            with self._console.status(label):
                yield findings
        except BaseException:
            self._console.print(f"[red]✗[/] {label}")
            raise
        seconds = time.monotonic() - started
        self._console.print(f"[green]✓[/] {label} [dim]{seconds:.1f} s[/]")
        for line in findings.lines:
            self._console.print(f"      {line}", soft_wrap=True)

    def note(self, text: str) -> None:
        """Something to say between two steps."""
        self._console.print(text, soft_wrap=True)

    def close(self, title: str, lines: list[str]) -> None:
        """The end: what came of it and where to look next."""
        self._console.print(Panel("\n".join(lines), title=title, expand=False))


class Findings:
    """What a step wants to have shown under it."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def add(self, text: str) -> None:
        """One line."""
        self.lines.append(text)


Case = Callable[[Assembly, Steps], Awaitable[None]]


async def show(layout: Layout, ports: Ports, case: Case, console: Console) -> None:
    """Run ``case`` against the stack of a directory. Raises ``StackError`` when that cannot be started."""
    record = StackRecord.read(layout.record)
    if record is not None and record.is_up():
        console.print(f"using the stack that runs in {layout.directory}")
        assembly = Assembly(layout, ports)
        recorded = {port for part in record.components for port in part.ports.values()}
        if ports.origination not in recorded:
            raise StackError("the running stack uses other ports; give its --port-base")
        await case(assembly, Steps(console))
        return
    stack = Stack(layout.directory, ports=ports)
    with StackView(console, stack):
        await stack.start()
    try:
        await case(stack.assembly, Steps(console))
    finally:
        with console.status("ending the stack"):
            await stack.stop()
