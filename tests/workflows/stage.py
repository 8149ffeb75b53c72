"""A worker with the real processes on a real server, whose time passes when a case is told so."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from temporalio.client import Client, WorkflowHandle
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from domain.facility import SignedTransferCommand, TransferCommand, TransferDecision, TransferRef
from domain.process import (
    APPLICATION_WORKFLOW,
    DECIDE_TRANSFER,
    FACILITY_WORKFLOW,
    TASK_QUEUE,
    UTILISATION_WORKFLOW,
    CommandResult,
    FacilityStart,
    Position,
    application_workflow_id,
    facility_workflow_id,
    utilisation_workflow_id,
)
from domain.roles import Role
from domain.tasks import HumanTask, TaskCommand
from tests.fixtures.temporal import TemporalUnderTest
from tests.workflows.books import Books
from tests.workflows.people import Desk, case_start, utilisation_start
from tests.workflows.serving import serving

PATIENCE = 60.0


@dataclass
class Stage:
    """A server, one worker of the present build, and the books a case reads."""

    environment: WorkflowEnvironment
    client: Client
    queue: str
    books: Books
    by_inbox: bool = False
    """Whether people see the tasks the books were told of, as in a bank, instead of asking the process itself."""

    def desk(self, workflow_id: str) -> Desk:
        return InboxDesk(self.client, workflow_id, self.books) if self.by_inbox else Desk(self.client, workflow_id)

    async def application(self) -> Desk:
        start = case_start()
        workflow_id = application_workflow_id(start.application_id)
        await self.client.start_workflow(APPLICATION_WORKFLOW, start, id=workflow_id, task_queue=self.queue)
        return self.desk(workflow_id)

    async def facility(self) -> Desk:
        facility = await self.books.do_open_facility(None)  # type: ignore[arg-type]
        start = FacilityStart(
            facility=facility,
            case_id=uuid4(),
            case_number="SD2026-YC-000001",
            branch="YC",
            policy_sha256="0" * 64,
        )
        workflow_id = facility_workflow_id(self.books.facility_id)
        await self.client.start_workflow(FACILITY_WORKFLOW, start, id=workflow_id, task_queue=self.queue)
        return self.desk(workflow_id)

    async def utilisation(self, **change: Any) -> Desk:
        """A drawing under the open facility, with changes to what is asked for."""
        start = utilisation_start(self.books.facility_id).model_copy(update=change)
        workflow_id = utilisation_workflow_id(start.utilisation_id)
        await self.client.start_workflow(UTILISATION_WORKFLOW, start, id=workflow_id, task_queue=self.queue)
        return self.desk(workflow_id)

    async def pass_time(self, desk: Desk, span: timedelta) -> None:
        """Let a span of the process's own time pass, or what is left of the process if it ends before."""
        await self.environment.fast_forward(desk.handle, span)

    async def now(self, desk: Desk) -> datetime:
        """The process's own time: each process has a clock of its own."""
        return await self.environment.get_current_time(desk.handle)

    async def pass_until(self, desk: Desk, instant: datetime) -> None:
        """Let the process's own time pass until an instant."""
        await self.pass_time(desk, instant - await self.now(desk))

    async def confirmed_by_owner(self, desk: Desk) -> None:
        """The owner confirms the transfer as soon as it is shown."""
        transfer = await self.shown_transfer(desk)
        command = TransferCommand(
            transfer_id=transfer.transfer_id,
            decision=TransferDecision.CONFIRM,
            instruction_sha256=transfer.instruction_sha256,
            subject="owner",
            roles=(Role.BORROWER_OWNER.value,),
        )
        await desk.handle.execute_update(DECIDE_TRANSFER, SignedTransferCommand(command=command, assertion=""))

    async def shown_transfer(self, desk: Desk) -> TransferRef:
        async with asyncio.timeout(PATIENCE):
            while True:
                for report in self.books.asked("report_progress"):
                    if report.workflow_id == desk.handle.id and report.transfers:
                        found: TransferRef = report.transfers[0]
                        return found
                await asyncio.sleep(0.02)


class InboxDesk(Desk):
    """People who know what the books were told and what their own commands answered.

    A process that is run again to be asked where it stands may be ahead of its record: what it shows then, ids of tasks
    among it, need not be what the record gets.
    """

    def __init__(self, client: Client, workflow_id: str, books: Books) -> None:
        super().__init__(client, workflow_id)
        self._books = books
        self._answered: list[HumanTask] = []

    async def position(self) -> Position:
        reports = [report for report in self._books.asked("report_progress") if report.workflow_id == self.handle.id]
        newest: dict[UUID, HumanTask] = {}
        for task in [*(task for report in reports for task in report.tasks), *self._answered]:
            if task.task_id not in newest or task.version > newest[task.task_id].version:
                newest[task.task_id] = task
        return Position(stage=reports[-1].stage if reports else "", tasks=tuple(newest.values()))

    async def send(self, command: TaskCommand, *, update_id: str | None = None) -> CommandResult:
        result = await super().send(command, update_id=update_id)
        self._answered += result.tasks
        return result


@asynccontextmanager
async def stage_on(
    server: TemporalUnderTest,
    build: str,
    *,
    books: Books | None = None,
    queue: str = "",
    by_inbox: bool = False,
    max_cached_workflows: int = 1000,
) -> AsyncIterator[Stage]:
    """A worker of a build, with fresh books on a queue of its own, or with those of a worker before it.

    Time passes as on a clock until a case is told otherwise.
    """
    client = await Client.connect(server.address, namespace=server.namespace, data_converter=pydantic_data_converter)
    queue = queue or f"{TASK_QUEUE}-{uuid4()}"
    books = books or Books()
    async with serving(client, queue, books, build=build, max_cached_workflows=max_cached_workflows):
        yield Stage(server.environment, client, queue, books, by_inbox)


async def ended(desk: Desk, stage: str) -> WorkflowHandle[Any, Any]:
    """The case came to the end its name says."""
    async with asyncio.timeout(PATIENCE):
        result = await desk.handle.result()
    found = result["stage"] if isinstance(result, dict) else result
    assert found == stage, f"{desk.handle.id} ended {found}, not {stage}"
    return desk.handle
