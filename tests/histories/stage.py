"""The cases that are recorded beside the three examples: real processes on a real server, with people who act."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

from temporalio.client import Client, WorkflowHandle
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from domain.authority import AuthorityChain
from domain.facility import SignedTransferCommand, TransferCommand, TransferDecision, TransferRef, TransferState
from domain.finding import Outcome
from domain.process import (
    APPLICATION_WORKFLOW,
    DECIDE_TRANSFER,
    FACILITY_WORKFLOW,
    RECORD_DRAWING,
    TASK_QUEUE,
    UTILISATION_WORKFLOW,
    WITHDRAW,
    DrawingRecord,
    FacilityStart,
    SignedWithdrawCommand,
    WithdrawCommand,
    application_workflow_id,
    facility_workflow_id,
    utilisation_workflow_id,
)
from domain.roles import Role
from domain.tasks import TaskOutcome, TaskType, Verb
from tests.fixtures.deployment import make_current, versioned
from tests.fixtures.temporal import TemporalUnderTest
from tests.workflows.people import Books, Desk, case_start, requirement, today, utilisation_start
from workflows.definitions import WORKFLOWS, runner

PATIENCE = 60.0


@dataclass
class Stage:
    """A server, one worker of the present build, and the books a case reads."""

    environment: WorkflowEnvironment
    client: Client
    queue: str
    books: Books

    async def application(self) -> Desk:
        start = case_start()
        workflow_id = application_workflow_id(start.application_id)
        await self.client.start_workflow(APPLICATION_WORKFLOW, start, id=workflow_id, task_queue=self.queue)
        return Desk(self.client, workflow_id)

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
        return Desk(self.client, workflow_id)

    async def utilisation(self) -> Desk:
        """A drawing under an open facility."""
        await self.facility()
        start = utilisation_start(self.books.facility_id)
        workflow_id = utilisation_workflow_id(start.utilisation_id)
        await self.client.start_workflow(UTILISATION_WORKFLOW, start, id=workflow_id, task_queue=self.queue)
        return Desk(self.client, workflow_id)

    async def pass_time(self, desk: Desk, span: timedelta) -> None:
        """Let a span of the process's own time pass, or what is left of the process if it ends before."""
        await self.environment.fast_forward(desk.handle, span)

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


@asynccontextmanager
async def stage_on(server: TemporalUnderTest, build: str, *, max_cached_workflows: int = 1000) -> AsyncIterator[Stage]:
    """A worker of a build on its own queue, with fresh books. Time passes as on a clock until a case is told otherwise."""
    client = await Client.connect(server.address, namespace=server.namespace, data_converter=pydantic_data_converter)
    queue = f"{TASK_QUEUE}-{uuid4()}"
    books = Books()
    async with Worker(
        client,
        task_queue=queue,
        workflows=WORKFLOWS,
        activities=books.activities(),
        workflow_runner=runner(),
        deployment_config=versioned(queue, build),
        max_cached_workflows=max_cached_workflows,
    ):
        await make_current(client, queue, build)
        yield Stage(server.environment, client, queue, books)


async def ended(desk: Desk, stage: str) -> WorkflowHandle[Any, Any]:
    """The case came to the end its name says."""
    async with asyncio.timeout(PATIENCE):
        result = await desk.handle.result()
    found = result["stage"] if isinstance(result, dict) else result
    assert found == stage, f"{desk.handle.id} ended {found}, not {stage}"
    return desk.handle


# --- applications -----------------------------------------------------------------------------------------------------


async def returned(stage: Stage) -> WorkflowHandle[Any, Any]:
    """Sent back to due diligence by the reviewer, gone through again, effective."""
    desk = await stage.application()
    [task] = await desk.carry_to(TaskType.REVIEW)
    await desk.do(task, TaskOutcome.RETURN, return_to="due_diligence", comment="补充材料")
    await desk.carry_to()
    return await ended(desk, "effective")


async def declined(stage: Stage) -> WorkflowHandle[Any, Any]:
    """Referred at intake, analysed, then refused by the approver."""
    stage.books.checks["intake"] = Outcome.REFER
    desk = await stage.application()
    [task] = await desk.carry_to(TaskType.APPROVAL)
    await desk.do(task, TaskOutcome.REJECT, comment="集中度过高", mandate=None)
    return await ended(desk, "declined")


async def knocked_out(stage: Stage) -> WorkflowHandle[Any, Any]:
    """Declined by the machine at screening."""
    stage.books.checks["screening"] = Outcome.FAIL
    return await ended(await stage.application(), "declined")


async def withdrawn(stage: Stage) -> WorkflowHandle[Any, Any]:
    """Withdrawn while the reviewer has it."""
    desk = await stage.application()
    await desk.carry_to(TaskType.REVIEW)
    command = WithdrawCommand(case_id=uuid4(), subject="rm", roles=("relationship_manager",), reason="撤回")
    await desk.handle.execute_update(WITHDRAW, SignedWithdrawCommand(command=command, assertion=""))
    return await ended(desk, "withdrawn")


async def offer_lapsed(stage: Stage) -> WorkflowHandle[Any, Any]:
    """Approved; the borrower lets the offer lapse."""
    desk = await stage.application()
    [task] = await desk.carry_to(TaskType.APPROVAL)
    await desk.do(task, TaskOutcome.APPROVE)
    await desk.awaited(TaskType.OFFER_ACCEPTANCE)
    await stage.pass_time(desk, timedelta(days=40))
    return await ended(desk, "expired")


async def committee(stage: Stage) -> WorkflowHandle[Any, Any]:
    """A ballot of three carries, then the approver decides; the price was below the floor."""
    ballot = requirement("credit_committee", 30, kind="committee", seats=3, quorum=2)
    stage.books.chain = AuthorityChain(steps=(ballot, requirement()))
    stage.books.outcomes["quote"] = Outcome.REFER
    desk = await stage.application()
    votes = await desk.carry_to(TaskType.COMMITTEE_VOTE)
    outcomes = (TaskOutcome.APPROVE, TaskOutcome.REJECT, TaskOutcome.APPROVE)
    for number, (vote, outcome) in enumerate(zip(votes, outcomes, strict=True)):
        member = f"member-{number}"
        claimed = await desk.act(vote, Verb.CLAIM, member, Role.COMMITTEE_MEMBER)
        await desk.act(claimed, Verb.COMPLETE, member, outcome=outcome, comment="意见")
    await desk.carry_to()
    return await ended(desk, "effective")


async def overdue(stage: Stage) -> WorkflowHandle[Any, Any]:
    """Nobody acts for a month: the tasks rise three times; then everything is done."""
    stage.books.offer_valid_until = today() + timedelta(days=120)
    desk = await stage.application()
    await desk.awaited(TaskType.LEAD_INVESTIGATION, TaskType.CO_INVESTIGATION)
    await stage.pass_time(desk, timedelta(days=60))
    await desk.carry_to()
    return await ended(desk, "effective")


# --- utilisations -----------------------------------------------------------------------------------------------------


async def refused(stage: Stage) -> WorkflowHandle[Any, Any]:
    """The gate refuses and the commitment is given back."""
    stage.books.allowed = False
    return await ended(await stage.utilisation(), "refused")


async def unknown_then_confirmed(stage: Stage) -> WorkflowHandle[Any, Any]:
    """Core banking does not know the payment at first; two inquiries later it does."""
    stage.books.transfer_fates = [TransferState.UNKNOWN, TransferState.UNKNOWN, TransferState.CONFIRMED]
    desk = await stage.utilisation()
    [review] = await desk.awaited(TaskType.DISBURSEMENT_REVIEW)
    await desk.do(review)
    await stage.confirmed_by_owner(desk)
    await stage.pass_time(desk, timedelta(minutes=1))
    [condition] = await desk.awaited(TaskType.CONDITION_SUBSEQUENT)
    await desk.do(condition)
    return await ended(desk, "secured")


async def owner_silent(stage: Stage) -> WorkflowHandle[Any, Any]:
    """The owner confirms nothing, and the drawing lapses."""
    desk = await stage.utilisation()
    [review] = await desk.awaited(TaskType.DISBURSEMENT_REVIEW)
    await desk.do(review)
    await stage.shown_transfer(desk)
    await stage.pass_time(desk, timedelta(days=5))
    return await ended(desk, "cancelled")


# --- facilities -------------------------------------------------------------------------------------------------------


async def undrawn(stage: Stage) -> WorkflowHandle[Any, Any]:
    """Never drawn within its availability."""
    desk = await stage.facility()
    await stage.pass_time(desk, timedelta(days=370))
    return await ended(desk, "cancelled")


async def repaid(stage: Stage) -> WorkflowHandle[Any, Any]:
    """Drawn, inspected, open for ten years, settled."""
    desk = await stage.facility()
    drawing = DrawingRecord(utilisation_id=uuid4(), amount=case_start().amount, paid_on=today())
    await desk.handle.signal(RECORD_DRAWING, drawing)
    [inspection] = await desk.awaited(TaskType.FIRST_INSPECTION)
    await desk.do(inspection)
    await stage.pass_time(desk, timedelta(days=3655))
    [settlement] = await desk.awaited(TaskType.SETTLEMENT)
    await desk.do(settlement)
    return await ended(desk, "repaid")


Played = Callable[[Stage], Awaitable[WorkflowHandle[Any, Any]]]
CASES: dict[str, Played] = {
    "application/returned": returned,
    "application/declined": declined,
    "application/knocked-out": knocked_out,
    "application/withdrawn": withdrawn,
    "application/offer-lapsed": offer_lapsed,
    "application/committee": committee,
    "application/overdue": overdue,
    "utilisation/refused": refused,
    "utilisation/unknown-then-confirmed": unknown_then_confirmed,
    "utilisation/owner-silent": owner_silent,
    "facility/undrawn": undrawn,
    "facility/repaid": repaid,
}
EXAMPLES = ("nxb-xiyun", "jsb-order", "bocom-qinghai")
ALL_CASES = frozenset(CASES) | {
    f"{process}/{example}" for process in ("application", "utilisation", "facility") for example in EXAMPLES
}
