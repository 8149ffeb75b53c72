"""Utilisation: one drawing under a facility, from the request to the last post-delivery condition, in order.

    requested → commitment reserved → value date → gate → disbursement review → owner's confirmation → payment → paid
              → post-delivery conditions (registration within ten days, acceptance, insurance, lien waiver) → secured

The commitment is reserved before the gate, in one locked transaction, so that two drawings can never both pass on the same
room. A transfer whose fate is unknown is resolved by inquiry and never sent again.
"""

import asyncio
from datetime import date, timedelta

from temporalio import workflow
from temporalio.common import SearchAttributeKey, VersioningBehavior

with workflow.unsafe.imports_passed_through():
    from domain.calendar import end_of_day
    from domain.facility import (
        ConditionTerm,
        SignedTransferCommand,
        TransferDecision,
        TransferRef,
        TransferState,
    )
    from domain.finding import Reason
    from domain.process import (
        DECIDE_TRANSFER,
        RECORD_DRAWING,
        UTILISATION_WORKFLOW,
        CohortStep,
        CommandResult,
        DrawingRecord,
        Shown,
        TransferStep,
        UtilisationEnd,
        UtilisationOpening,
        UtilisationStart,
        UtilisationStep,
        facility_workflow_id,
    )
    from domain.refusals import Refusal
    from domain.roles import Role
    from domain.stages import UtilisationStage
    from domain.task_rules import RefusedCommand
    from domain.tasks import OWNER_CONFIRMATION_DUTY, TaskOutcome, TaskState, TaskSubject, TaskType
    from workflows import effects
    from workflows.human.conditions import ConditionsDesk
    from workflows.human.desk import refused

STAGE = SearchAttributeKey.for_keyword("Stage")
FIRST_INQUIRY = timedelta(seconds=5)
SLOWEST_INQUIRY = timedelta(minutes=30)
UNDECIDED = (TransferState.CREATED,)
SETTLED = (TransferState.CONFIRMED, TransferState.FAILED)


@workflow.defn(name=UTILISATION_WORKFLOW, versioning_behavior=VersioningBehavior.PINNED)
class Utilisation(ConditionsDesk):
    @workflow.init
    def __init__(self, start: UtilisationStart) -> None:
        super().__init__(str(start.case_id), start.case_number, start.branch)
        self._start = start
        self._stage = UtilisationStage.REQUESTED.value
        self._opening: UtilisationOpening | None = None
        self._transfers: dict[str, TransferRef] = {}
        self._reasons: tuple[Reason, ...] = ()

    @workflow.run
    async def run(self, start: UtilisationStart) -> UtilisationEnd:
        await self._open()
        reservation = await effects.reserve_commitment(self._step("reserve"))
        if not reservation.reserved:
            return await self._end(UtilisationStage.REFUSED, _reasons_of(reservation.codes))
        stage = await self._released_unless_paid()
        if stage is UtilisationStage.PAID:
            stage = await self._post_delivery_conditions()
        return await self._end(stage, self._reasons)

    async def _released_unless_paid(self) -> UtilisationStage:
        """Everything up to payment; whatever is not drawn in the end gives its commitment back."""
        await self._value_date()
        stage = await self._gate() or await self._disbursement_review() or await self._owner_confirmation()
        stage = stage or await self._payment()
        if stage is not UtilisationStage.PAID:
            await effects.release_commitment(self._step("release"))
        return stage

    async def _value_date(self) -> None:
        """A drawing for a later day keeps its room and waits: values, lists and conditions are those of the day it is paid."""
        begins = end_of_day(self._start.value_date - timedelta(days=1), self.rulebook.cut_off)
        await self.until(
            lambda: self.rulebook.today(workflow.now()) >= self._start.value_date, deadline=begins, summary="value date"
        )

    # --- gate --------------------------------------------------------------------------------------------------------

    async def _gate(self) -> UtilisationStage | None:
        """Conditions precedent, commitment, capital paid pro rata, LTV on fresh values, re-screening, payment mode, payees."""
        await asyncio.gather(*[effects.value_cohort(step) for step in self._cohort_steps()])
        await effects.run_check("screening", self._step("re-screening"))
        gate = await effects.run_gate(self._step("gate"))
        if not gate.verdict.allowed:
            self._reasons = gate.reasons
            return UtilisationStage.REFUSED
        self._enter(UtilisationStage.CHECKED)
        return None

    async def _disbursement_review(self) -> UtilisationStage | None:
        """放款审核: a person apart from investigation, review and approval releases the drawing to payment."""
        review = await self.ask(TaskType.DISBURSEMENT_REVIEW, subject=self._subject())
        if review.outcome is TaskOutcome.APPROVE:
            return None
        self._reasons = (
            Reason(code="REJECTED_AT_DISBURSEMENT_REVIEW", message_zh=review.comment, message_en=review.comment),
        )
        return UtilisationStage.REFUSED

    # --- owner's confirmation (企业反诈安全卫士) ------------------------------------------------------------------------

    async def _owner_confirmation(self) -> UtilisationStage | None:
        """The borrower's owner confirms every outgoing transfer, bound to payee, account, amount and purpose."""
        for transfer in await effects.prepare_transfers(self._step("transfers")):
            self._transfers[str(transfer.transfer_id)] = transfer
        self._enter(UtilisationStage.AWAITING_OWNER)
        await self.report()
        deadline = workflow.now() + timedelta(hours=self.rulebook.owner_confirmation_hours)
        decided = await self.until(
            lambda: all(transfer.state not in UNDECIDED for transfer in self._transfers.values()),
            deadline=deadline,
            summary="owner's confirmation",
        )
        if not decided:
            for transfer in self._transfers.values():
                if transfer.state in UNDECIDED:
                    self._move(transfer, TransferState.EXPIRED)
            self._reasons = _reasons_of(("OWNER_CONFIRMATION_EXPIRED",))
            return UtilisationStage.CANCELLED
        if any(transfer.state is TransferState.REJECTED_BY_OWNER for transfer in self._transfers.values()):
            self._reasons = _reasons_of(("REJECTED_BY_OWNER",))
            return UtilisationStage.CANCELLED
        return None

    @workflow.update(name=DECIDE_TRANSFER, description="The owner confirms or rejects a transfer")
    async def decide_transfer(self, signed: SignedTransferCommand) -> CommandResult:
        command = signed.command
        confirmed = command.decision is TransferDecision.CONFIRM
        state = TransferState.CONFIRMED_BY_OWNER if confirmed else TransferState.REJECTED_BY_OWNER
        transfer = self._move(self._transfers[str(command.transfer_id)], state)
        return CommandResult(transfers=(transfer,), stage=self._stage)

    @decide_transfer.validator
    def _refuse_transfer_decision(self, signed: SignedTransferCommand) -> None:
        command = signed.command
        transfer = self._transfers.get(str(command.transfer_id))
        if transfer is None:
            raise refused(_refusal(Refusal.TRANSFER_UNKNOWN, "没有该笔付款", "there is no such transfer"))
        if Role.BORROWER_OWNER.value not in command.roles:
            raise refused(_refusal(Refusal.ROLE_MISSING, "须由企业主确认", "only the owner may confirm"))
        conflict = self.rulebook.conflict(OWNER_CONFIRMATION_DUTY, self._board.held(command.subject))
        if conflict is not None:
            raise refused(
                RefusedCommand(
                    code=Refusal.DUTIES_SEPARATE,
                    rule=conflict.rule_id,
                    message_zh=f"职责分离：{conflict.name_zh}",
                    message_en=f"duties must be apart: {conflict.name_en}",
                )
            )
        if transfer.state not in UNDECIDED or self._stage != UtilisationStage.AWAITING_OWNER:
            raise refused(_refusal(Refusal.TRANSFER_STATE, "该笔付款已处理", "this transfer was already decided"))
        if transfer.instruction_sha256 != command.instruction_sha256:
            raise refused(
                _refusal(
                    Refusal.TRANSFER_CHANGED, "付款要素已变更，请重新核对", "the instruction differs from the one shown"
                )
            )

    # --- payment -----------------------------------------------------------------------------------------------------

    async def _payment(self) -> UtilisationStage:
        """Each transfer is sent once; then reserved becomes drawn and the facility is told."""
        self._enter(UtilisationStage.PAYING)
        await self.report()
        for transfer in list(self._transfers.values()):
            await self._pay(transfer)
        if not any(transfer.state is TransferState.CONFIRMED for transfer in self._transfers.values()):
            self._reasons = _reasons_of(("PAYMENT_FAILED",))
            return UtilisationStage.FAILED
        drawing = await effects.commit_drawing(self._step("drawing"))
        self._paid_on = drawing.paid_on
        await self._tell_facility(drawing)
        self._enter(UtilisationStage.PAID)
        return UtilisationStage.PAID

    async def _pay(self, transfer: TransferRef) -> None:
        transfer = self._take(await effects.send_transfer(self._transfer_step("send", transfer)))
        pause = FIRST_INQUIRY
        while transfer.state not in SETTLED:
            await workflow.sleep(pause, summary=Shown(f"inquire after {transfer.end_to_end_id}"))
            transfer = self._take(await effects.inquire_transfer(self._transfer_step("inquire", transfer)))
            pause = min(pause * 2, SLOWEST_INQUIRY)

    async def _tell_facility(self, drawing: DrawingRecord) -> None:
        facility = workflow.get_external_workflow_handle(facility_workflow_id(self._start.facility_id))
        await facility.signal(RECORD_DRAWING, drawing)

    # --- post-delivery conditions ------------------------------------------------------------------------------------

    async def _post_delivery_conditions(self) -> UtilisationStage:
        """Each condition has its own task and timer; one that is missed is reported as breached and stays open."""
        await self.conditions_met(self._terms.subsequent, self._counted_from)
        self._enter(UtilisationStage.SECURED)
        return UtilisationStage.SECURED

    def _counted_from(self, term: ConditionTerm) -> date:
        """Delivery that is not yet known counts from payment, the earliest it can be."""
        delivery = self._start.delivery_date if term.counts_from == "delivery" else None
        return delivery or self._paid_on

    # --- the steps between -------------------------------------------------------------------------------------------

    async def _open(self) -> None:
        self._opening = await effects.open_utilisation(self._step("open", workflow.now().date()))
        self.take_seat(self._opening.rulebook, self._opening.duties)
        self._paid_on = self._start.value_date
        self._enter(UtilisationStage.REQUESTED)

    def _enter(self, stage: UtilisationStage) -> None:
        self._stage = stage.value
        workflow.upsert_search_attributes([STAGE.value_set(stage.value)])
        workflow.set_current_details(
            f"**{self._start.utilisation_number}** · {self._start.amount} · {stage.value}\n\n"
            + "\n".join(f"- {t.end_to_end_id}: {t.amount} · {t.state.value}" for t in self._transfers.values())
        )

    async def _end(self, stage: UtilisationStage, reasons: tuple[Reason, ...]) -> UtilisationEnd:
        self._board.end_open(TaskState.EXITED, workflow.now())
        self._enter(stage)
        await self.report(reasons=reasons)
        await workflow.wait_condition(workflow.all_handlers_finished)
        return UtilisationEnd(utilisation_id=self._start.utilisation_id, stage=stage.value, reasons=reasons)

    def _move(self, transfer: TransferRef, state: TransferState) -> TransferRef:
        return self._take(transfer.model_copy(update={"state": state}))

    def _take(self, transfer: TransferRef) -> TransferRef:
        self._transfers[str(transfer.transfer_id)] = transfer
        return transfer

    def place(self) -> dict[str, object]:
        return {"utilisation_id": self._start.utilisation_id, "facility_id": self._start.facility_id}

    def transfers(self) -> tuple[TransferRef, ...]:
        return tuple(self._transfers.values())

    def _step(self, name: str, as_of: date | None = None) -> UtilisationStep:
        return UtilisationStep.model_validate({**self._step_terms(name, as_of), **self.place()})

    def _transfer_step(self, name: str, transfer: TransferRef) -> TransferStep:
        return TransferStep.model_validate(
            {**self._step_terms(name, None), **self.place(), "transfer_id": transfer.transfer_id}
        )

    def _cohort_steps(self) -> list[CohortStep]:
        return [
            CohortStep.model_validate(
                {
                    **self._step_terms(f"value-{cohort.asset_key}-{cohort.cohort}", None),
                    "asset_key": cohort.asset_key,
                    "cohort": cohort.cohort,
                    "moment": "utilisation",
                }
            )
            for cohort in self._terms.cohorts
        ]

    def _step_terms(self, name: str, as_of: date | None) -> dict[str, object]:
        return {
            "case_id": self._start.case_id,
            "workflow_id": workflow.info().workflow_id,
            "step": self.step(name),
            "as_of": as_of or self.rulebook.today(workflow.now()),
        }

    def _subject(self) -> TaskSubject:
        return TaskSubject(type="utilisation", id=str(self._start.utilisation_id))

    @property
    def _terms(self) -> UtilisationOpening:
        assert self._opening is not None
        return self._opening


def _refusal(code: Refusal, zh: str, en: str) -> RefusedCommand:
    return RefusedCommand(code=code, message_zh=zh, message_en=en)


_TEXTS = {
    "OWNER_CONFIRMATION_EXPIRED": ("企业主未在时限内确认", "the owner did not confirm in time"),
    "REJECTED_BY_OWNER": ("企业主拒绝付款", "the owner rejected the payment"),
    "PAYMENT_FAILED": ("付款失败", "the payment failed"),
    "COMMITMENT_SHORT": ("可用额度不足", "the available commitment is too small"),
}


def _reasons_of(codes: tuple[str, ...]) -> tuple[Reason, ...]:
    return tuple(
        Reason(code=code, message_zh=_TEXTS.get(code, (code, code))[0], message_en=_TEXTS.get(code, (code, code))[1])
        for code in codes
    )
