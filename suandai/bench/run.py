"""One run of ``suandai bench``: a bank of its own on free ports, everything measured in it, nothing left of it."""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from temporalio.client import Client, WorkflowHistoryEventFilterType

from domain.process import NAMESPACE, application_workflow_id
from suandai.bench import inventory, requests, throughput
from suandai.bench.bare_bank import BareBank, bare_bank
from suandai.bench.course import Course, course_of
from suandai.bench.crowd import Crowd, TimedPlay, crowd
from suandai.bench.figures import Figure, figure
from suandai.bench.inboxes import fill
from suandai.bench.meter import Meter
from suandai.stack import Layout, Ports, StackError
from suandai.stack.assembly import Assembly
from suandai.stack.layout import free_base
from suandai.stack.record import StackRecord
from suandai.walkthrough.files import CASTS, another_case, case_files
from suandai.walkthrough.person import Bank
from suandai.walkthrough.play import CasePlay

EXAMPLE = "jsb-order"
"""The measured case: fourteen to sixteen human tasks, twenty machine steps."""
PROJECT = "nxb-xiyun"
"""The draft that verdicts are asked for: the example with most to value."""
AMOUNT = "300000.00"
"""What each case asks for, in CNY."""

Told = Callable[[str], None]


@dataclass(frozen=True)
class Sizes:
    """How much is measured. The defaults take about five minutes on two processors."""

    warm_up: int = 4
    rounds: int = 3
    cases: int = 10
    at_once: int = 6
    single: int = 6
    submissions: int = 30
    verdicts: int = 50
    pages: int = 200
    few_tasks: int = 1_000
    many_tasks: int = 1_000_000
    inbox_rounds: int = 25
    imported: int = 100_000
    """Servers of an inventory."""


QUICK = Sizes(
    warm_up=2,
    rounds=1,
    cases=6,
    single=2,
    submissions=5,
    verdicts=5,
    pages=20,
    many_tasks=20_000,
    inbox_rounds=4,
    imported=5_000,
)


@dataclass
class MeasuredBank:
    """A running bank as the measurements see it."""

    assembly: Assembly
    bank: Bank
    components: dict[str, int]
    """Process id of each component."""

    async def drafted(self) -> TimedPlay:
        """A complete application, not yet submitted."""
        files = another_case(EXAMPLE)
        play = TimedPlay(self.bank, files, CASTS[EXAMPLE])
        play.timings = []
        content = files.json("application.json")
        # What the customer owes grows with every case: at the example's own amount the tenth would go to another body.
        for asked in (*content["lines"], *content["security"]):
            asked["amount"]["amount"] = AMOUNT
        changed = {part: content[part] for part in ("lines", "security")}
        await play.draft(await play.enter_customer(), **changed)
        return play

    async def project(self) -> CasePlay:
        """A complete project loan with its servers, not yet submitted."""
        play = CasePlay(self.bank, case_files(PROJECT), CASTS[PROJECT])
        await play.draft(await play.enter_customer())
        return play

    @property
    def books(self) -> str:
        """The database as its superuser reaches it."""
        return self.assembly.postgres.conninfo(self.assembly.postgres.database)


async def measure(bank: MeasuredBank, sizes: Sizes, told: Told) -> list[Figure]:
    """Every figure that a running bank can give."""
    async with (
        crowd(bank.books) as people,
        bare_bank(bank.assembly.temporal.address, NAMESPACE) as bare,
    ):
        told("warming up: caches, connections, prepared statements")
        played = [await bank.drafted() for _ in range(sizes.warm_up)]
        for play in played:
            await people.carry(play)
        course = await _course(bare.client, application_workflow_id(UUID(played[-1].case_id)))
        await bare.case(course, "bench-course")
        bare_course = await _course(bare.client, "bench-course")
        told(f"{sizes.rounds} rounds of {sizes.cases} cases, {sizes.at_once} at once, by turns with bare workflows")
        meter = Meter({**bank.components, "bare-worker": bare.pid, throughput.PEOPLE: os.getpid()})
        rounds = await throughput.compare(
            bank.drafted,
            people,
            bare,
            course,
            meter,
            rounds=sizes.rounds,
            cases=sizes.cases,
            at_once=sizes.at_once,
        )
        figures = throughput.figures_of(rounds, course, bare_course, sizes.at_once)
        figures += _memory(meter)
        told("decisions, submissions and pages, one at a time")
        figures += await _requests(bank, people, bare, course, played[-1], sizes)
        told(f"an inventory of {sizes.imported:,} servers")
        figures += await _imported(bank, sizes)
        return figures + await _inboxes(bank, played[-1], sizes, told)


async def _requests(
    bank: MeasuredBank, people: Crowd, bare: BareBank, course: Course, played: TimedPlay, sizes: Sizes
) -> list[Figure]:
    origination = bank.assembly.settings("worker")["SUANDAI_ORIGINATION_URL"]
    return [
        *await requests.decisions(bank.drafted, people, bare, course, cases=sizes.single),
        *await requests.submissions(bank.drafted, bare, count=sizes.submissions),
        *await requests.verdicts(await bank.project(), count=sizes.verdicts),
        *await requests.case_pages(played.rm, origination, played.case_id, count=sizes.pages),
    ]


async def _imported(bank: MeasuredBank, sizes: Sizes) -> list[Figure]:
    collateral = bank.assembly.settings("worker")["SUANDAI_COLLATERAL_URL"]
    token = await asyncio.to_thread(bank.assembly.token, "collateral.nanjing", "collateral")
    return await inventory.imported(bank.books, collateral, token, "NJ", servers=sizes.imported)


async def _inboxes(bank: MeasuredBank, played: TimedPlay, sizes: Sizes, told: Told) -> list[Figure]:
    readers = [bank.bank.person(name) for name in requests.READERS]
    told(f"inboxes with {sizes.few_tasks:,} tasks")
    few = await fill(bank.books, played.case_id, sizes.few_tasks)
    few_seconds = await requests.inbox_seconds(readers, count=sizes.inbox_rounds)
    told(f"inboxes with {sizes.many_tasks:,} tasks")
    many = await fill(bank.books, played.case_id, sizes.many_tasks)
    many_seconds = await requests.inbox_seconds(readers, count=sizes.inbox_rounds)
    assert few < many
    return requests.inbox_figures(sizes.few_tasks, few_seconds, sizes.many_tasks, many_seconds)


async def _course(client: Client, workflow_id: str) -> Course:
    handle = client.get_workflow_handle(workflow_id)
    # The books say "effective" a moment before the workflow has ended.
    ends = WorkflowHistoryEventFilterType.CLOSE_EVENT
    async for _ in handle.fetch_history_events(wait_new_event=True, event_filter_type=ends):
        break
    return course_of((await handle.fetch_history()).events)


def _memory(meter: Meter) -> list[Figure]:
    used = meter.memory_mb()
    stack = {name: size for name, size in used.items() if name not in ("bare-worker", throughput.PEOPLE)}
    parts = ", ".join(f"{name} {size:.0f}" for name, size in sorted(stack.items(), key=lambda item: -item[1]))
    return [
        figure(
            "stack_memory_mb",
            sum(stack.values()),
            "MiB",
            beside=stack[throughput.ENGINE] + used["bare-worker"],
            note=f"proportional share after the rounds: {parts}; beside: the engine and the bare worker",
        )
    ]


@asynccontextmanager
async def own_bank(told: Told) -> AsyncIterator[tuple[MeasuredBank, list[Figure]]]:
    """A bank started as a person starts it, cold and then again with its data; nothing is left of it.

    Yields it with ``cold_start_s``. Raises ``StackError`` when it does not start.
    """
    directory = Path(tempfile.mkdtemp(prefix="sd-bench-"))
    base = free_base()
    try:
        told("cold start: an empty directory")
        cold = await asyncio.to_thread(_started, directory / "stack", base)
        await asyncio.to_thread(_ended, directory / "stack")
        told("warm start: the same directory")
        warm = await asyncio.to_thread(_started, directory / "stack", base)
        assembly = Assembly(Layout(directory / "stack"), Ports.from_base(base))
        bank = Bank(assembly.settings("worker")["SUANDAI_ORIGINATION_URL"], assembly.token)
        note = "suandai up --detach on an empty directory, until the books are open; beside: again, with its data"
        try:
            yield (
                MeasuredBank(assembly, bank, components_of(directory / "stack")),
                [figure("cold_start_s", cold, "s", beside=warm, note=note)],
            )
        finally:
            await bank.aclose()
    finally:
        await asyncio.to_thread(_ended, directory / "stack")
        shutil.rmtree(directory, ignore_errors=True)


def components_of(directory: Path) -> dict[str, int]:
    """The process id of each component of a running stack, and of its supervisor. Raises ``StackError`` when it does not
    run."""
    record = StackRecord.read(Layout(directory).record)
    if record is None or not record.components or record.supervisor is None:
        raise StackError(f"no stack runs in {directory}")
    return {"supervisor": record.supervisor.pid} | {part.name: part.mark.pid for part in record.components}


def _started(directory: Path, base: int) -> float:
    begun = time.perf_counter()
    _suandai("up", "--detach", "--directory", str(directory), "--port-base", str(base))
    return time.perf_counter() - begun


def _ended(directory: Path) -> None:
    _suandai("down", "--directory", str(directory))


def _suandai(*arguments: str) -> None:
    done = subprocess.run([sys.executable, "-m", "suandai", *arguments], check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise StackError((done.stderr or done.stdout).strip() or f"suandai {arguments[0]} failed")


async def bench(sizes: Sizes, told: Told) -> list[Figure]:
    """A whole run. Raises ``StackError`` when its bank does not start."""
    async with own_bank(told) as (bank, started):
        return started + await measure(bank, sizes, told)
