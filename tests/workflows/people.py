"""The people of workflow tests: who does which task, and cases carried by real updates."""

import asyncio
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from temporalio.client import Client, WorkflowHandle, WorkflowUpdateFailedError

from domain.authority import Mandate
from domain.money import yuan
from domain.process import (
    ACT_ON_TASK,
    POSITION,
    CaseStart,
    CommandResult,
    Position,
    SignedTaskCommand,
    UtilisationStart,
)
from domain.roles import Role
from domain.tasks import HumanTask, TaskCommand, TaskOutcome, TaskState, TaskSubject, TaskType, Verb
from tests.workflows.books import Books, today


def case_start() -> CaseStart:
    case_id = uuid4()
    return CaseStart(
        application_id=case_id,
        case_id=case_id,
        case_number="SD2026-YC-000001",
        product="nxb_project_loan",
        branch="YC",
        policy_sha256="0" * 64,
        submitted_by="rm",
        submitted_at=datetime.fromisoformat("2026-09-01T02:00:00+00:00"),
        content_version=1,
        content_sha256="8" * 64,
        amount=yuan(280_000_000),
    )


def utilisation_start(facility_id: UUID) -> UtilisationStart:
    return UtilisationStart(
        utilisation_id=uuid4(),
        facility_id=facility_id,
        case_id=uuid4(),
        case_number="SD2026-YC-000001",
        utilisation_number="F-1/01",
        product="nxb_project_loan",
        branch="YC",
        policy_sha256="0" * 64,
        requested_by="rm",
        amount=yuan(80_000_000),
        value_date=today(),
        delivery_date=today() + timedelta(days=7),
    )


ACTORS: dict[TaskType, tuple[str, Role, TaskOutcome]] = {
    TaskType.INTAKE_ANALYSIS: ("compliance", Role.COMPLIANCE_OFFICER, TaskOutcome.APPROVE),
    TaskType.SCREENING_ANALYSIS: ("compliance", Role.COMPLIANCE_OFFICER, TaskOutcome.APPROVE),
    TaskType.LEAD_INVESTIGATION: ("rm", Role.RELATIONSHIP_MANAGER, TaskOutcome.APPROVE),
    TaskType.CO_INVESTIGATION: ("second", Role.CO_INVESTIGATOR, TaskOutcome.APPROVE),
    TaskType.RATING_CONFIRMATION: ("rater", Role.RATING_CONFIRMER, TaskOutcome.APPROVE),
    TaskType.RATING_OVERRIDE: ("rater-2", Role.RATING_CONFIRMER, TaskOutcome.APPROVE),
    TaskType.VALUATION_RECONCILIATION: ("valuer", Role.COLLATERAL_OFFICER, TaskOutcome.APPROVE),
    TaskType.REVIEW: ("reviewer", Role.REVIEWER, TaskOutcome.APPROVE),
    TaskType.COMPLIANCE_OPINION: ("compliance", Role.COMPLIANCE_OFFICER, TaskOutcome.APPROVE),
    TaskType.PRICING_APPROVAL: ("pricer", Role.PRICING_APPROVER, TaskOutcome.APPROVE),
    TaskType.APPROVAL: ("boss", Role.APPROVER, TaskOutcome.APPROVE),
    TaskType.OFFER_ACCEPTANCE: ("owner", Role.BORROWER_OWNER, TaskOutcome.APPROVE),
    TaskType.CONTRACT_DRAFTING: ("drafter", Role.CONTRACT_OFFICER, TaskOutcome.ACKNOWLEDGE),
    TaskType.BORROWER_SIGNING: ("owner", Role.BORROWER_OWNER, TaskOutcome.APPROVE),
    TaskType.SIGNING_WITNESS: ("rm", Role.RELATIONSHIP_MANAGER, TaskOutcome.ACKNOWLEDGE),
    TaskType.SECOND_WITNESS: ("second", Role.CO_INVESTIGATOR, TaskOutcome.ACKNOWLEDGE),
    TaskType.SECURITY_PERFECTION: ("collateral", Role.COLLATERAL_OFFICER, TaskOutcome.ACKNOWLEDGE),
    TaskType.SECURITY_VERIFICATION: ("verifier", Role.COLLATERAL_OFFICER, TaskOutcome.ACKNOWLEDGE),
    TaskType.DISBURSEMENT_REVIEW: ("disburser", Role.DISBURSEMENT_OFFICER, TaskOutcome.APPROVE),
    TaskType.CONDITION_SUBSEQUENT: ("collateral", Role.COLLATERAL_OFFICER, TaskOutcome.ACKNOWLEDGE),
    TaskType.FIRST_INSPECTION: ("monitor", Role.MONITOR, TaskOutcome.ACKNOWLEDGE),
    TaskType.MARGIN_REPORT_CHECK: ("monitor-2", Role.MONITOR, TaskOutcome.ACKNOWLEDGE),
    TaskType.MARGIN_RESET_REVIEW: ("monitor", Role.MONITOR, TaskOutcome.ACKNOWLEDGE),
    TaskType.SETTLEMENT: ("monitor", Role.MONITOR, TaskOutcome.ACKNOWLEDGE),
}


def mandate(subject: str, rank: int = 20, limit: str = "500000000") -> Mandate:
    return Mandate(
        mandate_id=uuid4(),
        subject=subject,
        body="head_office_approver",
        rank=rank,
        limit=yuan(limit),
        branch="HO",
        valid_from=date(2020, 1, 1),
        valid_to=date(2099, 12, 31),
    )


class Desk:
    """The people of a case, acting through updates on its workflow."""

    def __init__(self, client: Client, workflow_id: str) -> None:
        self.handle: WorkflowHandle[Any, Any] = client.get_workflow_handle(workflow_id)

    async def position(self) -> Position:
        return await self.handle.query(POSITION, result_type=Position)

    async def tasks(self, task_type: TaskType) -> list[HumanTask]:
        return [task for task in (await self.position()).tasks if task.type is task_type]

    async def awaited(self, *types: TaskType, within: float = 30.0) -> list[HumanTask]:
        """Open tasks of these types, as soon as there is one of each."""
        async with asyncio.timeout(within):
            while True:
                tasks = [task for task in (await self.position()).tasks if task.is_open and task.type in types]
                if {task.type for task in tasks} == set(types):
                    return tasks
                await asyncio.sleep(0.02)

    async def send(self, command: TaskCommand, *, update_id: str | None = None) -> CommandResult:
        return await self.handle.execute_update(
            ACT_ON_TASK,
            SignedTaskCommand(command=command, assertion=""),
            id=update_id,
            result_type=CommandResult,
            rpc_timeout=timedelta(seconds=30),
        )

    async def act(self, task: HumanTask, verb: Verb, subject: str, *roles: Role, **more: Any) -> HumanTask:
        result = await self.send(
            TaskCommand(
                task_id=task.task_id,
                verb=verb,
                expected_version=task.version,
                subject=subject,
                roles=roles or (task.role,),
                **more,
            )
        )
        return result.tasks[0]

    async def do(self, task: HumanTask, outcome: TaskOutcome | None = None, **more: Any) -> HumanTask:
        """Claim and complete a task as the person who does such tasks."""
        subject, role, usual = ACTORS[task.type]
        claimed = await self._steady(task, Verb.CLAIM, subject, role)
        more.setdefault("mandate", mandate(subject))
        return await self._steady(claimed, Verb.COMPLETE, subject, role, outcome=outcome or usual, **more)

    async def resubmit(
        self, task: HumanTask, books: Books, comment: str | None = "已补充", *, changed: bool = True
    ) -> HumanTask:
        """The lead submits a returned case again: the books have the new content before the process is told."""
        if changed:
            version = books.content[0] + 1
            books.content = (version, f"{version:064x}")
        version, sha256 = books.content
        content = TaskSubject(type="application", id=str(task.case_id), version=version, sha256=sha256)
        return await self.act(
            task, Verb.COMPLETE, "rm", outcome=TaskOutcome.RESUBMIT, comment=comment, resubmitted=content
        )

    async def _steady(self, task: HumanTask, verb: Verb, subject: str, role: Role, **more: Any) -> HumanTask:
        """Where time is skipped a task may fall overdue, and rise, between reading it and acting: then it is read again."""
        for _ in range(5):
            try:
                return await self.act(task, verb, subject, role, **more)
            except WorkflowUpdateFailedError as error:
                if getattr(error.cause, "type", "") != "task_version":
                    raise
            [task] = [other for other in (await self.position()).tasks if other.task_id == task.task_id]
        raise AssertionError("the task never held still")

    async def carry_to(self, stop: TaskType | None = None, *, within: float = 60.0) -> list[HumanTask]:
        """Do every task that comes up until one of the type ``stop`` is open, or the process ends."""
        async with asyncio.timeout(within):
            while True:
                open_tasks = [task for task in (await self.position()).tasks if task.state is TaskState.READY]
                stopped = [task for task in open_tasks if task.type is stop]
                if stopped:
                    return stopped
                for task in open_tasks:
                    await self.do(task)
                if not open_tasks:
                    description = await self.handle.describe()
                    if description.status is not None and description.status.name != "RUNNING":
                        return []
                    await asyncio.sleep(0.02)
