"""The margin of a facility: what is reported is checked by a second person, and read on the agreement's own reset dates.

A fact counts as received on the business date on which its check is completed, so that a reset is never changed by what
nobody had checked on its day.
"""

import asyncio
from datetime import date, datetime
from uuid import UUID

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.calendar import end_of_day
    from domain.canonical import sha256_of
    from domain.finding import Outcome
    from domain.margin_ratchet import (
        MarginAgreement,
        Report,
        ReportedMargin,
        Statement,
        received,
        reset_days,
        subject_of,
    )
    from domain.process import REPORT_MARGIN_FACT, CommandResult, MarginStep, SignedMarginReportCommand
    from domain.refusals import Refusal
    from domain.task_rules import RefusedCommand
    from domain.tasks import HumanTask, TaskOutcome, TaskState, TaskSubject, TaskType
    from workflows import effects
    from workflows.human.conditions import ConditionsDesk
    from workflows.human.desk import SLA_ROUNDS, CaseLeft, refused

MOST_REPORTS = 200
"""Over the life of an agreement: quarterly facts of four clauses for ten years leave room. Each takes three commands of a run."""


class MarginDesk(ConditionsDesk):
    """A process whose agreement may let the margin move; where it does not, nothing here is ever done."""

    def __init__(self, case_id: str, case_number: str, branch: str) -> None:
        super().__init__(case_id, case_number, branch)
        self._margin: MarginAgreement | None = None
        self._reports: list[Report] = []
        self._reported: dict[UUID, Statement] = {}
        self._looked_after: list[UUID] = []
        self._waited_for: datetime | None = None

    @workflow.update(name=REPORT_MARGIN_FACT, description="A grade or figure that a margin clause reads is reported")
    async def report_margin_fact(self, signed: SignedMarginReportCommand) -> CommandResult:
        command = signed.command
        named = subject_of(command.statement)
        task = self.offer_task(
            TaskType.MARGIN_REPORT_CHECK,
            subject=TaskSubject(type="margin_report", id=str(workflow.uuid7()), sha256=sha256_of(command.statement)),
            margin_report=ReportedMargin(statement=command.statement, reported_by=command.subject),
            excluded=(command.subject,),
            title_suffix=(f"：{named} {command.statement.on}", f": {named} {command.statement.on}"),
        )
        self._reported[task.task_id] = command.statement
        self._looked_after.append(task.task_id)
        return CommandResult(tasks=(task,), stage=self._stage)

    @report_margin_fact.validator
    def _refuse_report(self, signed: SignedMarginReportCommand) -> None:
        if self._left:
            raise refused(_refusal(Refusal.CASE_ENDED, "该授信已终止", "the facility has ended"))
        if signed.command.statement.on > self.rulebook.today(workflow.now()):
            raise refused(_refusal(Refusal.FIELD_MISSING, "不得晚于当日", "lies after the business date", "/on"))
        if self._margin is None:
            raise refused(
                _refusal(Refusal.NO_MARGIN_CLAUSE, "协议无利率调整条款", "the agreement has no clause of the margin")
            )
        if len(self._reports) + len(self._reported) >= MOST_REPORTS:
            raise refused(_refusal(Refusal.TOO_MANY_REPORTS, "报告次数已达上限", "too much was reported already"))

    async def margin_kept(self) -> None:
        """Reset the margin on every reset date and have what is reported checked, until the facility ends."""
        if self._margin is not None:
            await asyncio.gather(self._resets(self._margin), self._checks())

    async def _resets(self, agreement: MarginAgreement) -> None:
        try:
            for day in reset_days(agreement.terms):
                await self.until(lambda: False, deadline=self._close_of(day), summary="margin reset")
                await self._reset(agreement, day)
        except CaseLeft:
            return

    async def _reset(self, agreement: MarginAgreement, day: date) -> None:
        finding = await effects.reset_margin(
            MarginStep.model_validate(
                {
                    "case_id": self._case_id,
                    **self.place(),
                    "workflow_id": workflow.info().workflow_id,
                    "step": self.step("margin-reset"),
                    "as_of": day,
                    "agreement": agreement,
                    "reports": tuple(self._reports),
                }
            )
        )
        if finding.outcome is not Outcome.PASS:
            # The margin before it goes on by the clause's own words; somebody finds out why nothing was reported.
            task = self.offer_task(
                TaskType.MARGIN_RESET_REVIEW,
                findings=(finding,),
                subject=TaskSubject(type="finding", id=str(finding.id), sha256=finding.sha256),
                title_suffix=(f"：{day}", f": {day}"),
            )
            self._looked_after.append(task.task_id)
            await self.report()

    async def _checks(self) -> None:
        """Take up what was checked; escalate what is overdue, like every task."""
        try:
            while True:
                self._waited_for = self._earliest_due()
                if await self.until(self._moved, deadline=self._waited_for, summary="SLA margin"):
                    self._take_closed()
                else:
                    await self._escalate_overdue()
        except CaseLeft:
            self._board.end_open(TaskState.OBSOLETE, workflow.now())

    def _open_ones(self) -> list[HumanTask]:
        return [task for task in map(self._board.task, self._looked_after) if task.is_open]

    def _moved(self) -> bool:
        """Whether a task was closed since, or the next deadline is another one: of a task that was opened or suspended."""
        return len(self._open_ones()) < len(self._looked_after) or self._earliest_due() != self._waited_for

    def _earliest_due(self) -> datetime | None:
        dues = [
            task.due_at
            for task in self._open_ones()
            if task.due_at and task.state is not TaskState.SUSPENDED and task.escalation_level < SLA_ROUNDS
        ]
        return min(dues, default=None)

    def _take_closed(self) -> None:
        for task_id in [task_id for task_id in self._looked_after if not self._board.task(task_id).is_open]:
            self._looked_after.remove(task_id)
            statement = self._reported.pop(task_id, None)
            if statement is not None and self._board.task(task_id).outcome is TaskOutcome.ACKNOWLEDGE:
                self._receive(statement)

    def _receive(self, statement: Statement) -> None:
        """Of two facts on one thing with the same days the one checked last stands: no reset could prefer either."""
        report = received(statement, self.rulebook.today(workflow.now()))
        self._reports = [known for known in self._reports if _dates(known) != _dates(report)]
        self._reports.append(report)

    async def _escalate_overdue(self) -> None:
        now = workflow.now()
        for task in self._open_ones():
            if task.due_at is not None and task.due_at <= now and task.escalation_level < SLA_ROUNDS:
                self._board.escalate(task.task_id, self.rulebook.due(task.type.value, now))
        await self.report()

    def _close_of(self, day: date) -> datetime:
        return end_of_day(day, self.rulebook.cut_off)


def _dates(report: Report) -> tuple[str, str, date, date]:
    return report.kind, subject_of(report), report.on, report.received_on


def _refusal(code: Refusal, zh: str, en: str, pointer: str = "") -> RefusedCommand:
    return RefusedCommand(code=code, pointer=pointer, message_zh=zh, message_en=en)
