"""The desk of an application: how a case enters a stage, is checked, decided, turned away or sent back, and ends."""

import asyncio
from datetime import date, timedelta

from temporalio import workflow
from temporalio.common import SearchAttributeKey

with workflow.unsafe.imports_passed_through():
    from domain.authority import AuthorityRequirement
    from domain.facility import ApprovalCondition, FacilityRef, prevailing
    from domain.finding import FindingRef, Outcome, Reason
    from domain.process import CaseEnd, CaseOpening, CaseStart, CaseStep, CheckResult, CohortStep, DecisionRecord
    from domain.refusals import Refusal
    from domain.stages import PROCESS_ORDER, REWORKED, Stage
    from domain.task_rules import RefusedCommand
    from domain.tasks import CaseReturn, HumanTask, TaskCommand, TaskOutcome, TaskState, TaskSubject, TaskType
    from workflows import effects
    from workflows.human.desk import Desk

STAGE = SearchAttributeKey.for_keyword("Stage")
RETURN = TaskOutcome.RETURN
LIMITS = "system:limits"
"""Returns a case that was approved and for which the limits have no room any more."""
CHECKS = ((Stage.INTAKE, "intake"), (Stage.SCREENING, "screening"), (Stage.DUE_DILIGENCE, "cross_checks"))
"""Checks of the content by the stage they belong to, in the order of the stages."""


class CaseDesk(Desk):
    """What the stages of ``CreditApplication`` share."""

    def __init__(self, start: CaseStart) -> None:
        super().__init__(str(start.case_id), start.case_number, start.branch)
        self._start = start
        self._stage = Stage.SUBMITTED.value
        self._opening: CaseOpening | None = None
        self._reasons: tuple[Reason, ...] = ()
        self._return: CaseReturn | None = None
        self._awaits_rework = False
        self._referred: dict[str, tuple[Reason, ...]] = {}
        self._findings: dict[str, FindingRef] = {}
        self._conditions: tuple[ApprovalCondition, ...] = ()
        self._facility: FacilityRef | None = None
        self._committed = False
        self._decided = False

    async def _open(self) -> None:
        step = CaseStep(
            case_id=self._start.case_id,
            workflow_id=workflow.info().workflow_id,
            step=self.step("open"),
            as_of=workflow.now().date(),
        )
        self._opening = await effects.open_case(step)
        self.take_seat(self._opening.rulebook, self._opening.duties)

    def _enter(self, stage: Stage) -> None:
        self._stage = stage.value
        if self._return is not None and not _not_after(stage, Stage(self._return.from_stage)):
            self._return = None  # what it was returned for has been gone through again
        workflow.upsert_search_attributes([STAGE.value_set(stage.value)])
        workflow.set_current_details(
            f"**{self._start.case_number}** · {self._start.product} · {self._start.branch}\n\n"
            + " → ".join(f"**{step.value}**" if step is stage else step.value for step in PROCESS_ORDER)
        )

    async def _end(self, stage: Stage) -> CaseEnd:
        self._left = True
        self._board.end_open(TaskState.EXITED, workflow.now())
        self._enter(stage)
        if stage is Stage.DECLINED and not self._decided:
            await self._record_decision("declined", (), "", self._reasons)
        await self.report(reasons=self._reasons)
        await workflow.wait_condition(workflow.all_handlers_finished)
        return CaseEnd(case_id=self._start.case_id, stage=stage, facility=self._facility, reasons=self._reasons)

    async def _check(self, name: str) -> CheckResult:
        check = await effects.run_check(name, self._case_step(name))
        self._findings[name] = check.finding
        self._referred[name] = check.reasons
        return check

    async def _analyse(self, check: CheckResult, task_type: TaskType) -> Stage | None:
        """A failed check declines with every reason; one that refers, or was not run, is put before an analyst.

        A stage whose check passes asks nobody and is not reported by itself: the books have its finding, and are told how far
        the case has come when people are asked for the next time.
        """
        if check.outcome is Outcome.FAIL:
            return self._decline_for(check.reasons)
        if check.outcome is Outcome.PASS:
            return None
        analysis = await self.ask(task_type, findings=(check.finding,), subject=self._content())
        return self._turned_away(analysis)

    async def _conclude(self, kind: str, effect: effects.CaseEffect) -> FindingRef:
        finding = await effect(self._case_step(kind))
        self._findings[kind] = finding
        return finding

    async def _together(self, *tasks: HumanTask) -> tuple[HumanTask, ...]:
        """Offer several tasks at once and wait for all; one that turns the case away makes the others obsolete."""

        async def one(task: HumanTask) -> HumanTask:
            done = await self.completed(task)
            if done.outcome in (TaskOutcome.REJECT, RETURN):
                self._board.end_open(TaskState.OBSOLETE, workflow.now())
            return done

        await self.report()
        return tuple(await asyncio.gather(*[one(task) for task in tasks]))

    async def _decide(
        self, decision: str, by: tuple[str, ...], requirement: AuthorityRequirement, conditions: list[ApprovalCondition]
    ) -> Stage:
        self._conditions = prevailing(tuple(conditions))
        short = await self._record_decision(decision, by, requirement.rule, ())
        if short:
            return self._no_room(short)
        return Stage.DECLINED if decision == "declined" else Stage.OFFER

    async def _record_decision(
        self, decision: str, by: tuple[str, ...], rule: str, reasons: tuple[Reason, ...]
    ) -> tuple[Reason, ...]:
        """Enter the decision; of an approval, why the limits have no room for it."""
        self._decided = True
        lapses = None
        if decision != "declined":
            lapses = self._today() + timedelta(days=self.rulebook.approval_validity_days)
        entered = await effects.record_decision(
            DecisionRecord(
                case_id=self._start.case_id,
                workflow_id=workflow.info().workflow_id,
                step=self.step("decision"),
                decision=decision,
                decided_by=by,
                authority_rule=rule,
                conditions=self._conditions,
                reasons=reasons,
                at=workflow.now(),
                valid_until=lapses,
            )
        )
        return entered.short

    def _no_room(self, short: tuple[Reason, ...]) -> Stage:
        """Between assessment and approval others took the room that the case was assessed with. Its lead asks for less, or has
        the line raised, and it is assessed anew."""
        self._awaits_rework = True
        self._return = CaseReturn(
            by=LIMITS,
            from_stage=self._stage,
            to_stage=Stage.ASSESSMENT.value,
            reason="；".join(reason.message_zh for reason in short) + "\n" + "; ".join(r.message_en for r in short),
            at=workflow.now(),
        )
        return self._returned_to(Stage.ASSESSMENT)

    def _turned_away(self, task: HumanTask) -> Stage | None:
        """Where a task sends the case when it does not let it pass."""
        if task.outcome is TaskOutcome.REJECT:
            reason = Reason(
                code=f"REJECTED_AT_{task.type.value.upper()}", message_zh=task.comment, message_en=task.comment
            )
            return self._decline_for((reason,))
        if task.outcome is RETURN:
            return self._returned(task)
        return None

    def _returned(self, task: HumanTask) -> Stage:
        """A person returns the case, with a reason; to a stage that judges what the lead brought it goes through the lead."""
        stage = Stage(task.return_to or self._stage)
        self._awaits_rework = stage in REWORKED
        self._return = CaseReturn(
            by=task.completed_by or "",
            from_stage=self._stage,
            to_stage=stage.value,
            reason=task.comment,
            task_id=task.task_id,
            task_type=task.type,
            at=workflow.now(),
        )
        return self._returned_to(stage)

    def _returned_to(self, stage: Stage) -> Stage:
        """Back to a stage: what was concluded from it on no longer stands, and the books are told so."""
        here = PROCESS_ORDER.index(Stage(self._stage))
        self._board.end_open(TaskState.OBSOLETE, workflow.now())
        self.invalidate(tuple(step.value for step in PROCESS_ORDER[PROCESS_ORDER.index(stage) : here + 1]))
        self._decided = False
        return stage

    def returned(self) -> CaseReturn | None:
        return self._return

    async def _resubmitted(self) -> bool:
        """The lead amends the returned case, or explains it, and submits it again; whether the content is another."""
        before = self._content()
        rework = await self.ask(
            TaskType.REWORK, candidates=(self._lead,), assignee=self._lead, subject=before, findings=()
        )
        await self._open()
        changed = self._content() != before
        if self._return is not None:
            answer = {"answered_by": rework.completed_by, "answer": rework.comment, "changed": changed}
            self._return = self._return.model_copy(update=answer)
        return changed

    async def _checked_anew(self, stage: Stage) -> Stage | None:
        """New content passes the checks of the stages before; one that says what nobody has judged takes the case back there."""
        self._findings = {}
        for earlier, name in CHECKS:
            if _not_after(stage, earlier):
                return None
            judged = self._referred.get(name, ())
            check = await self._check(name)
            known = check.reasons != () and all(reason in judged for reason in check.reasons)
            if check.outcome is not Outcome.PASS and not known:
                return self._returned_to(earlier)
        return None

    def refuse_further(self, command: TaskCommand) -> RefusedCommand | None:
        """A case returns to an earlier stage or to the one it is in, never forward and never to an unknown one."""
        if command.outcome is not RETURN or self._stage not in PROCESS_ORDER:
            return None
        reachable = [stage.value for stage in PROCESS_ORDER[: PROCESS_ORDER.index(Stage(self._stage)) + 1]]
        if command.return_to in reachable:
            return None
        return RefusedCommand(
            code=Refusal.STAGE_NOT_ALLOWED,
            message_zh=f"只能退回至：{'、'.join(reachable)}",
            message_en=f"the case can be returned to: {', '.join(reachable)}",
        )

    def _decline(self, finding: FindingRef) -> Stage:
        code = f"{finding.kind.upper()}_FAILED"
        return self._decline_for((Reason(code=code, message_zh=finding.value, message_en=finding.value),))

    def _decline_for(self, reasons: tuple[Reason, ...]) -> Stage:
        self._reasons = reasons
        return Stage.DECLINED

    def _case_step(self, name: str) -> CaseStep:
        return CaseStep(
            case_id=self._start.case_id,
            workflow_id=workflow.info().workflow_id,
            step=self.step(name),
            as_of=self._today(),
        )

    def _cohort_steps(self) -> list[CohortStep]:
        return [
            CohortStep(
                case_id=self._start.case_id,
                workflow_id=workflow.info().workflow_id,
                step=self.step(f"value-{cohort.asset_key}-{cohort.cohort}"),
                as_of=self._today(),
                asset_key=cohort.asset_key,
                cohort=cohort.cohort,
            )
            for cohort in self._case.cohorts
        ]

    def _content(self) -> TaskSubject:
        """The application at the version the case runs on: the one last submitted."""
        known: CaseStart | CaseOpening = self._start
        if self._opening is not None and self._opening.content_version:
            known = self._opening
        return TaskSubject(
            type="application",
            id=str(self._start.application_id),
            version=known.content_version,
            sha256=known.content_sha256,
        )

    def _today(self) -> date:
        return self.rulebook.today(workflow.now())

    @property
    def _case(self) -> CaseOpening:
        assert self._opening is not None
        return self._opening

    @property
    def _lead(self) -> str:
        return self._case.lead_investigator


def _not_after(stage: Stage, other: Stage) -> bool:
    """Whether a stage of the process comes no later than another; an end comes after everything."""
    return stage in PROCESS_ORDER and PROCESS_ORDER.index(stage) <= PROCESS_ORDER.index(other)
