"""Conditions subsequent: each has its own task and timer; one that is missed is reported as breached and stays open."""

import asyncio
from collections.abc import Callable
from datetime import date, datetime, timedelta

from temporalio import workflow

from domain.calendar import end_of_day
from domain.facility import ConditionTerm
from domain.process import ConditionReport
from domain.tasks import HumanTask, TaskOutcome, TaskSubject, TaskType
from workflows import effects
from workflows.human.desk import Desk

STATES = {TaskOutcome.ACKNOWLEDGE: "satisfied", TaskOutcome.WAIVE: "waived"}


class ConditionsDesk(Desk):
    """A process under whose agreement something is due after the fact: of a drawing, or of the facility itself."""

    async def conditions_met(
        self, terms: tuple[ConditionTerm, ...], counted_from: Callable[[ConditionTerm], date]
    ) -> None:
        """Offer every condition at once and wait for all. A deadline counts calendar days, from the day that is given for the
        condition (Civil Code §416, and contracts do likewise)."""
        deadlines = [deadline_of(term, counted_from(term)) for term in terms]
        offers = [self._condition_task(term, last) for term, last in zip(terms, deadlines, strict=True)]
        await self.report()
        waited = zip(terms, deadlines, offers, strict=True)
        await asyncio.gather(*[self._condition(term, last, task) for term, last, task in waited])

    async def _condition(self, term: ConditionTerm, deadline: date | None, task: HumanTask) -> None:
        if deadline is not None:
            done = await self.completed_before(task, end_of_day(deadline, self.rulebook.cut_off))
            if done is None:
                await self._report_condition(term, "breached", None)
        done = await self.completed(task)
        await self._report_condition(term, STATES.get(done.outcome or TaskOutcome.REJECT, "breached"), done)

    def _condition_task(self, term: ConditionTerm, deadline: date | None) -> HumanTask:
        due_at: datetime | None = None
        if deadline is not None:
            # A deadline in the holidays is worked towards on the last business day before it.
            due_at = end_of_day(self.rulebook.calendar.preceding(deadline), self.rulebook.cut_off)
        return self.offer_task(
            TaskType.CONDITION_SUBSEQUENT,
            subject=TaskSubject(type="condition", id=term.code),
            due_at=due_at,
            title_suffix=(f"：{term.title_zh}", f": {term.title_en}"),
        )

    async def _report_condition(self, term: ConditionTerm, state: str, task: HumanTask | None) -> None:
        await effects.report_condition(
            ConditionReport.model_validate(
                {
                    "case_id": self._case_id,
                    "workflow_id": workflow.info().workflow_id,
                    "step": self.step(f"condition-{term.code}"),
                    "code": term.code,
                    "state": state,
                    "at": workflow.now(),
                    "decided_by": task.completed_by if task else None,
                    "evidence": task.evidence if task else (),
                    "note": task.comment if task else term.consequence_en,
                    **self.place(),
                }
            )
        )


def deadline_of(term: ConditionTerm, counted_from: date) -> date | None:
    """The last day on which a condition is met in time; ``None`` where the agreement names none."""
    return None if term.due_days is None else counted_from + timedelta(days=term.due_days)
