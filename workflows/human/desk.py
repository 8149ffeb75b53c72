"""The desk: how a process asks a person, waits, reminds and goes on.

Base of the three credit processes. A verb arrives as an Update: its validator refuses by the rules of the tasks, its handler
changes the board before anything is awaited, so that of many simultaneous claims one wins. The process itself goes on when the
task is completed; its next report tells origination of every change once more, as a backstop.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypedDict, Unpack

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from domain.authority import AuthorityRequirement
from domain.facility import TransferRef
from domain.finding import FindingRef, Reason
from domain.margin_ratchet import ReportedMargin
from domain.process import (
    ACT_ON_TASK,
    POSITION,
    CommandResult,
    DrawingRecord,
    DutyHeld,
    Position,
    ProgressReport,
    Shown,
    SignedTaskCommand,
)
from domain.rulebook import Rulebook
from domain.task_rules import RefusedCommand
from domain.tasks import (
    ROLE_OF,
    CaseReturn,
    GradeProposal,
    HumanTask,
    TaskCommand,
    TaskState,
    TaskSubject,
    TaskType,
)
from workflows import effects
from workflows.human.board import TaskBoard
from workflows.human.titles import title_of

SLA_ROUNDS = 3
"""How often an overdue task is escalated before it only waits."""


class TaskTerms(TypedDict, total=False):
    """What is particular to one task."""

    candidates: tuple[str, ...]
    excluded: tuple[str, ...]
    authority: AuthorityRequirement | None
    subject: TaskSubject
    findings: tuple[FindingRef, ...]
    assignee: str
    due_at: datetime | None
    title_suffix: tuple[str, str]
    proposal: GradeProposal | None
    margin_report: ReportedMargin | None


class CaseLeft(Exception):
    """The process ends or goes elsewhere while someone was still asked: withdrawal, expiry."""


def refused(refusal: RefusedCommand) -> ApplicationError:
    """A refusal as a validator raises it: the code as type; rule, pointer and texts as details."""
    detail = refusal.model_dump(include={"rule", "pointer", "message_zh", "message_en"})
    return ApplicationError(refusal.message_en, detail, type=refusal.code.value, non_retryable=True)


def _waits_otherwise(task: HumanTask, seen: HumanTask) -> bool:
    """Whether a change of a task concerns the process that waits for it: it is closed, or its clock runs otherwise."""
    stopped = task.state is TaskState.SUSPENDED
    return not task.is_open or task.due_at != seen.due_at or stopped != (seen.state is TaskState.SUSPENDED)


class Desk:
    """State and verbs shared by the credit processes."""

    def __init__(self, case_id: str, case_number: str, branch: str) -> None:
        self._case_id = case_id
        self._case_number = case_number
        self._branch = branch
        self._stage = ""
        self._rulebook: Rulebook | None = None
        self._board = TaskBoard(branch)
        self._steps: dict[str, int] = {}
        self._invalidated: tuple[str, ...] = ()
        self._left = False

    # --- what people and origination send ---------------------------------------------------------------------------

    @workflow.update(name=ACT_ON_TASK, description="A person acts on a task")
    async def act_on_task(self, signed: SignedTaskCommand) -> CommandResult:
        task = self._board.act(signed.command, workflow.now())
        return CommandResult(tasks=(task,), stage=self._stage)

    @act_on_task.validator
    def _refuse_task_command(self, signed: SignedTaskCommand) -> None:
        refusal = self._board.refusal(signed.command, self.rulebook, workflow.now())
        refusal = refusal or self.refuse_further(signed.command)
        if refusal is not None:
            raise refused(refusal)

    def refuse_further(self, command: TaskCommand) -> RefusedCommand | None:
        """What a process refuses beyond the rules that hold for every task."""
        return None

    @workflow.query(name=POSITION, description="Where the process stands and which tasks it has")
    def position(self) -> Position:
        return Position(
            stage=self._stage, tasks=self._board.all(), transfers=self.transfers(), drawings=self.drawings()
        )

    # --- what a process does at its desk ----------------------------------------------------------------------------

    @property
    def rulebook(self) -> Rulebook:
        if self._rulebook is None:
            # Before the opening is read nothing can be judged, and nothing has been asked either.
            raise ApplicationError("the process is still opening", type="task_unknown", non_retryable=True)
        return self._rulebook

    def take_seat(self, rulebook: Rulebook, duties: tuple[DutyHeld, ...]) -> None:
        self._rulebook = rulebook
        self._board.note_duties(duties)

    def step(self, name: str) -> str:
        """A step name that occurs once in this process: with the workflow's id it keys every effect."""
        count = self._steps.get(name, 0) + 1
        self._steps[name] = count
        return f"{name}-{count}"

    def offer_task(self, task_type: TaskType, **terms: Unpack[TaskTerms]) -> HumanTask:
        """Open a task on the board; it reaches the inbox with the next progress report."""
        now = workflow.now()
        zh, en = title_of(task_type)
        assignee = terms.get("assignee")
        suffix_zh, suffix_en = terms.get("title_suffix", ("", ""))
        task = HumanTask.model_validate(
            {
                "task_id": workflow.uuid7(),
                "type": task_type,
                "case_id": self._case_id,
                "workflow_id": workflow.info().workflow_id,
                "title_zh": f"{zh}{suffix_zh} · {self._case_number}",
                "title_en": f"{en}{suffix_en} · {self._case_number}",
                "stage": self._stage,
                "state": TaskState.RESERVED if assignee else TaskState.READY,
                "assignee": assignee,
                "role": ROLE_OF[task_type],
                "candidates": terms.get("candidates", ()),
                "excluded": terms.get("excluded", ()),
                "required_authority": terms.get("authority"),
                "subject": terms.get("subject"),
                "findings": terms.get("findings", ()),
                "returned": self.returned(),
                "proposal": terms.get("proposal"),
                "margin_report": terms.get("margin_report"),
                "created_at": now,
                "ready_at": now,
                "claimed_at": now if assignee else None,
                "due_at": terms.get("due_at") or self.rulebook.due(task_type.value, now),
                **self.place(),
            }
        )
        return self._board.put(task)

    async def completed(self, task: HumanTask) -> HumanTask:
        """Wait until a task is no longer open; escalate it when it is overdue.

        What people do to it meanwhile is in the books with the answer to their command, and goes out once more with the next
        report.
        """
        escalations = 0
        while (current := self._board.task(task.task_id)).is_open:
            suspended = current.state is TaskState.SUSPENDED
            due = current.due_at if escalations < SLA_ROUNDS and not suspended else None
            if not await self._changed(current, due):
                escalations += 1
                self._board.escalate(current.task_id, self.rulebook.due(current.type.value, workflow.now()))
                await self.report()
        return current

    async def completed_before(self, task: HumanTask, deadline: datetime) -> HumanTask | None:
        """The task as completed, or ``None`` when the deadline passes first; the task is then still open."""
        while (current := self._board.task(task.task_id)).is_open:
            if not await self._changed(current, deadline):
                return None
        return current

    async def _changed(self, seen: HumanTask, deadline: datetime | None) -> bool:
        return await self.until(
            lambda: _waits_otherwise(self._board.task(seen.task_id), seen),
            deadline=deadline,
            summary=f"SLA {seen.type.value}",
        )

    async def ask(self, task_type: TaskType, **terms: Unpack[TaskTerms]) -> HumanTask:
        """Offer one task, publish it and wait for it."""
        task = self.offer_task(task_type, **terms)
        await self.report()
        return await self.completed(task)

    async def until(self, done: Callable[[], bool], *, deadline: datetime | None = None, summary: str = "") -> bool:
        """Wait for a condition or a deadline; whether the condition came first. Raises ``CaseLeft`` when the case ends."""
        timeout = None
        if deadline is not None:
            timeout = max(deadline - workflow.now(), timedelta(0))
        try:
            await workflow.wait_condition(lambda: done() or self._left, timeout=timeout, timeout_summary=Shown(summary))
        except TimeoutError:
            return False
        if self._left:
            raise CaseLeft
        return True

    def invalidate(self, conclusions: tuple[str, ...]) -> None:
        """What no longer stands after a return; the next report carries it into the books."""
        self._invalidated = conclusions

    async def report(self, *, reasons: tuple[Reason, ...] = ()) -> None:
        """Tell origination where the process stands and which tasks changed."""
        invalidated, self._invalidated = self._invalidated, ()
        report = ProgressReport.model_validate(
            {
                "case_id": self._case_id,
                "workflow_id": workflow.info().workflow_id,
                "step": self.step("progress"),
                "stage": self._stage,
                "at": workflow.now(),
                "tasks": self._board.take_unpublished(),
                "transfers": self.transfers(),
                "invalidated": invalidated,
                "reasons": reasons,
                **self.place(),
            }
        )
        await effects.report_progress(report)

    def place(self) -> dict[str, object]:
        """The utilisation or facility that tasks and reports speak of."""
        return {}

    def returned(self) -> CaseReturn | None:
        """The return that the tasks offered now follow from."""
        return None

    def transfers(self) -> tuple[TransferRef, ...]:
        """Outgoing transfers of the process, for the report."""
        return ()

    def drawings(self) -> tuple[DrawingRecord, ...]:
        """Paid drawings that the process was told of."""
        return ()
