"""Runs bare cases: starts their worker, starts the workflows, and sends the updates as people would."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import uuid4

from temporalio.client import Client, WorkflowHandle

from suandai.bench.bare import BARE_QUEUE, BARE_WORKFLOW, DESK_WORKFLOW, UPDATE
from suandai.bench.bare_worker import READY
from suandai.bench.course import Course
from suandai.stack.component import StackError, inherited_environment
from workflows.worker import SETTLE

_START_SECONDS = 60.0
_CASE_SECONDS = 600.0


@dataclass
class BareBank:
    """The bare workflow's worker and the client that plays its people. ``pid`` is the worker's process."""

    client: Client
    pid: int
    _open: dict[str, "asyncio.Queue[int | None]"] = field(default_factory=dict)
    _gone: bool = False

    async def case(self, course: Course, workflow_id: str = "") -> float:
        """One bare case from start to end; how long it took in seconds. Raises ``StackError`` when the worker is gone."""
        if self._gone:
            raise StackError("the bare worker has ended")
        workflow_id = workflow_id or f"bench-{uuid4()}"
        doors: asyncio.Queue[int | None] = asyncio.Queue()
        self._open[workflow_id] = doors
        started = time.perf_counter()
        turns = [[turn.attributes, turn.activities, turn.timers, turn.updates] for turn in course.turns]
        handle = await self.client.start_workflow(
            BARE_WORKFLOW, args=[turns, course.result_bytes], id=workflow_id, task_queue=BARE_QUEUE
        )
        sizes = iter(course.update_bytes)
        async with asyncio.timeout(_CASE_SECONDS):
            for place, turn in enumerate(course.turns):
                if turn.updates:
                    while (heard := await doors.get()) != place:
                        if heard is None:
                            raise StackError("the bare worker has ended")
                for _ in range(turn.updates):
                    given, answer = next(sizes)
                    await handle.execute_update(UPDATE, args=[bytes(given), answer])
            await handle.result()
        del self._open[workflow_id]
        return time.perf_counter() - started

    async def desk(self) -> WorkflowHandle[object, None]:
        """A workflow that takes bare updates."""
        return await self.client.start_workflow(DESK_WORKFLOW, id=f"bench-{uuid4()}", task_queue=BARE_QUEUE)

    def ended(self) -> None:
        """The worker is gone: nobody will say any more that a workflow waits."""
        self._gone = True
        for doors in self._open.values():
            doors.put_nowait(None)

    def heard(self, line: str) -> None:
        """The worker said that a workflow waits for people."""
        workflow_id, _, place = line.partition(" ")
        if (doors := self._open.get(workflow_id)) is not None:
            doors.put_nowait(int(place))


async def updated(handle: WorkflowHandle[object, None], sizes: tuple[int, int]) -> float:
    """One bare update with an argument and an answer of these sizes; how long it took in seconds."""
    given, answer = sizes
    started = time.perf_counter()
    await handle.execute_update(UPDATE, args=[bytes(given), answer])
    return time.perf_counter() - started


@asynccontextmanager
async def bare_bank(address: str, namespace: str) -> AsyncIterator[BareBank]:
    """The bare worker, running. Raises ``StackError`` when it does not come up."""
    arguments: Sequence[str] = (sys.executable, "-m", "suandai.bench.bare_worker", address, namespace)
    process = await asyncio.create_subprocess_exec(
        *arguments, stdout=asyncio.subprocess.PIPE, env=inherited_environment()
    )
    assert process.stdout is not None
    try:
        try:
            first = await asyncio.wait_for(process.stdout.readline(), _START_SECONDS)
        except TimeoutError:
            first = b""
        if first.decode().strip() != READY:
            raise StackError("the bare worker did not start")
        bank = BareBank(await Client.connect(address, namespace=namespace), process.pid)
        listening = asyncio.create_task(_listen(process.stdout, bank))
        try:
            yield bank
        finally:
            listening.cancel()
            del bank
            # The engine's library frees its threads in this time; an interpreter that ends before them can crash.
            await asyncio.sleep(SETTLE)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _listen(stream: asyncio.StreamReader, bank: BareBank) -> None:
    while line := await stream.readline():
        bank.heard(line.decode().strip())
    bank.ended()
