"""Facility: the agreement's life after it became effective. It stays open for years and learns of every drawing.

    effective → drawings (each its own ``Utilisation``) → first inspection within fifteen days of the first drawing
              → … → settlement at the termination date → repaid; or, never drawn within the availability period, cancelled

Beside them, what the agreement asks for within days of its effect (conditions subsequent of the approvers): each a task with its
timer; one that is missed is in breach, and no further drawing passes the gate. Undertakings are clauses that monitoring watches;
those of the margin are read on their own reset dates, by what was reported and checked (``margin_desk``).

It upgrades to the newest build while open: every change that is not compatible with recorded histories goes under
``workflow.patched``. What an agreement says comes with its opening: terms that an earlier build did not know are not in its
histories, and ask for nothing there.
"""

import asyncio
from datetime import date, datetime, timedelta

from temporalio import workflow
from temporalio.common import SearchAttributeKey, VersioningBehavior

with workflow.unsafe.imports_passed_through():
    from domain.calendar import end_of_day
    from domain.facility import ConditionTerm
    from domain.process import FACILITY_WORKFLOW, RECORD_DRAWING, CaseStep, DrawingRecord, FacilityStart
    from domain.stages import FacilityStage
    from domain.tasks import TaskOutcome, TaskState, TaskSubject, TaskType
    from workflows import effects
    from workflows.facility.margin_desk import MarginDesk
    from workflows.human.desk import CaseLeft

STAGE = SearchAttributeKey.for_keyword("Stage")
FIRST_INSPECTION_DAYS = 15


@workflow.defn(name=FACILITY_WORKFLOW, versioning_behavior=VersioningBehavior.AUTO_UPGRADE)
class Facility(MarginDesk):
    @workflow.init
    def __init__(self, start: FacilityStart) -> None:
        super().__init__(str(start.case_id), start.case_number, start.branch)
        self._start = start
        self._stage = FacilityStage.EFFECTIVE.value
        self._drawings: dict[str, DrawingRecord] = {}
        self._agreed: tuple[ConditionTerm, ...] = ()

    @workflow.signal(name=RECORD_DRAWING, description="A utilisation was paid")
    def record_drawing(self, drawing: DrawingRecord) -> None:
        self._drawings[str(drawing.utilisation_id)] = drawing

    @workflow.run
    async def run(self, start: FacilityStart) -> str:
        await self._open()
        stage, _, _ = await asyncio.gather(self._life(), self._due_from_effect(), self.margin_kept())
        return await self._end(stage)

    async def _life(self) -> FacilityStage:
        """From effect to the end; what is still asked for then is asked for no more."""
        stage = await self._drawn_and_settled()
        self._left = True
        return stage

    async def _drawn_and_settled(self) -> FacilityStage:
        availability_end = self._end_of(self._start.facility.availability_end)
        drawn = await self.until(lambda: bool(self._drawings), deadline=availability_end, summary="availability period")
        if not drawn:
            return FacilityStage.CANCELLED
        await self._first_inspection()
        await self._settlement()
        return FacilityStage.REPAID

    async def _due_from_effect(self) -> None:
        if not self._agreed:
            return
        try:
            await self.conditions_met(self._agreed, lambda _: self._start.facility.effective_on)
        except CaseLeft:
            self._board.end_open(TaskState.OBSOLETE, workflow.now())

    async def _first_inspection(self) -> None:
        """首次检查: whether the money went where the vouchers say, within fifteen days of the first drawing."""
        first = min(drawing.paid_on for drawing in self._drawings.values())
        self._show()
        await self.ask(
            TaskType.FIRST_INSPECTION,
            subject=self._subject(),
            due_at=self._end_of(first + timedelta(days=FIRST_INSPECTION_DAYS)),
        )

    async def _settlement(self) -> None:
        """At the termination date someone confirms that nothing is owed; until then the facility stays open."""
        await self.until(
            lambda: False, deadline=self._end_of(self._start.facility.termination_date), summary="termination date"
        )
        while True:
            settled = await self.ask(TaskType.SETTLEMENT, subject=self._subject())
            if settled.outcome is TaskOutcome.ACKNOWLEDGE:
                return

    async def _open(self) -> None:
        opening = await effects.open_case(
            CaseStep(
                case_id=self._start.case_id,
                workflow_id=workflow.info().workflow_id,
                step=self.step("open"),
                as_of=workflow.now().date(),
            )
        )
        self.take_seat(opening.rulebook, opening.duties)
        self._agreed = opening.agreed
        self._margin = opening.margin
        self._show()
        await self.report()

    async def _end(self, stage: FacilityStage) -> str:
        self._stage = stage.value
        self._show()
        await self.report()
        await workflow.wait_condition(workflow.all_handlers_finished)
        return stage.value

    def _show(self) -> None:
        facility = self._start.facility
        workflow.upsert_search_attributes([STAGE.value_set(self._stage)])
        workflow.set_current_details(
            f"**{facility.number}** · {facility.product} · {facility.limit} · {self._stage}\n\n"
            + "\n".join(f"- {drawing.paid_on}: {drawing.amount}" for drawing in self._drawings.values())
        )

    def _end_of(self, day: date) -> datetime:
        return end_of_day(day, self.rulebook.cut_off)

    def _subject(self) -> TaskSubject:
        return TaskSubject(type="facility", id=str(self._start.facility.facility_id))

    def place(self) -> dict[str, object]:
        return {"facility_id": self._start.facility.facility_id}

    def drawings(self) -> tuple[DrawingRecord, ...]:
        return tuple(self._drawings.values())
