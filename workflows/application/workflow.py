"""CreditApplication: what happens to an application, in order.

    intake → screening → due diligence → assessment → review → approval → offer → contracting → pre-draw security → effective

Each stage below does its machine work, asks the people it needs, and names the stage that comes next. A reviewer or approver
may send the case back to a named earlier stage, with a reason: its lead amends and resubmits it, or explains it, and it then
goes through everything from there again; the report lists what no longer stands. A block ends the case with its reasons;
withdrawal and lapse of the offer end it from wherever it is.

Invariants held here and nowhere else: nobody discharges two duties that must be apart (the validators of the tasks);
nobody decides beyond the mandate the register gives them; nothing becomes effective before every condition precedent is
satisfied or waived by authority and a second person has verified the security.
"""

import asyncio

from temporalio import workflow
from temporalio.common import VersioningBehavior

with workflow.unsafe.imports_passed_through():
    from domain.authority import AuthorityRequirement
    from domain.facility import ApprovalCondition, ConditionKind, ConditionTerm, approval_terms
    from domain.finding import FindingRef, Outcome
    from domain.process import (
        APPLICATION_WORKFLOW,
        WITHDRAW,
        CaseEnd,
        CaseStart,
        CommandResult,
        ConditionReport,
        OverrideStep,
        SignedWithdrawCommand,
    )
    from domain.refusals import Refusal
    from domain.stages import ENDED, Stage
    from domain.task_rules import RefusedCommand
    from domain.tasks import GradeProposal, HumanTask, TaskOutcome, TaskState, TaskSubject, TaskType
    from workflows import effects
    from workflows.application.ballot import Ballot
    from workflows.application.case_desk import CaseDesk
    from workflows.human.desk import CaseLeft, refused


@workflow.defn(name=APPLICATION_WORKFLOW, versioning_behavior=VersioningBehavior.PINNED)
class CreditApplication(CaseDesk):
    @workflow.init
    def __init__(self, start: CaseStart) -> None:
        super().__init__(start)
        self._waiver_authority: AuthorityRequirement | None = None
        self._price_conditions: tuple[ApprovalCondition, ...] = ()
        self._memo = self._content()

    @workflow.run
    async def run(self, start: CaseStart) -> CaseEnd:
        await self._open()
        stages = {
            Stage.INTAKE: self._intake,
            Stage.SCREENING: self._screening,
            Stage.DUE_DILIGENCE: self._due_diligence,
            Stage.ASSESSMENT: self._assessment,
            Stage.REVIEW: self._review,
            Stage.APPROVAL: self._approval,
            Stage.OFFER: self._offer,
            Stage.CONTRACTING: self._contracting,
            Stage.PRE_DRAW_SECURITY: self._pre_draw_security,
        }
        stage = Stage.INTAKE
        while stage not in ENDED:
            self._enter(stage)
            try:
                stage = await self._rework() or await stages[stage]()
            except CaseLeft:
                stage = Stage.WITHDRAWN
            if self._left:
                stage = Stage.WITHDRAWN
        return await self._end(stage)

    # --- returned to its lead 退回补正 ---------------------------------------------------------------------------------

    async def _rework(self) -> Stage | None:
        """Nothing, unless a person returned the case: then its lead resubmits it before the stage begins again.

        Content may have changed, so checks of earlier stages are run on it anew; one that finds something that nobody has judged
        takes the case back to its own stage. The policy stays the one that was pinned when the case was first submitted.
        """
        if not self._awaits_rework:
            return None
        self._awaits_rework = False
        if not await self._resubmitted():
            return None
        self._memo = self._content()
        return await self._checked_anew(Stage(self._stage))

    # --- intake 受理 -------------------------------------------------------------------------------------------------

    async def _intake(self) -> Stage:
        """Completeness, identity codes, consents, customer type, hidden debt and related parties."""
        check = await self._check("intake")
        return await self._analyse(check, TaskType.INTAKE_ANALYSIS) or Stage.SCREENING

    # --- screening 准入 ----------------------------------------------------------------------------------------------

    async def _screening(self) -> Stage:
        """Lists, groups, product eligibility, knock-outs, duplicate collateral, relabelling guard."""
        check = await self._check("screening")
        return await self._analyse(check, TaskType.SCREENING_ANALYSIS) or Stage.DUE_DILIGENCE

    # --- due diligence 尽调 ------------------------------------------------------------------------------------------

    async def _due_diligence(self) -> Stage:
        """Two investigators: the relationship manager normally leads, the second is another person (双人尽调)."""
        check = await self._check("cross_checks")
        lead, second = await self._together(
            self.offer_task(
                TaskType.LEAD_INVESTIGATION,
                candidates=(self._lead,),
                findings=(check.finding,),
                subject=self._content(),
            ),
            self.offer_task(TaskType.CO_INVESTIGATION, findings=(check.finding,), subject=self._content()),
        )
        return self._turned_away(lead) or self._turned_away(second) or Stage.ASSESSMENT

    # --- assessment --------------------------------------------------------------------------------------------------

    async def _assessment(self) -> Stage:
        """Values of all assets in parallel and the rating; then limit, price, schedule with the cost of borrowing, and the
        regulatory rules."""
        self._price_conditions = ()
        rating, valuations = await asyncio.gather(
            effects.rate_borrower(self._case_step("rating")),
            asyncio.gather(*[effects.value_cohort(step) for step in self._cohort_steps()]),
        )
        self._findings["rating"] = rating
        for kind in ("rating_override", "amortisation", "stress_test", "borrowing_cost", "buy_or_rent"):
            self._findings.pop(kind, None)  # of an assessment before this one
        self._findings |= {
            f"value-{cohort.asset_key}-{cohort.cohort}": value
            for cohort, value in zip(self._case.cohorts, valuations, strict=True)
        }
        turned = await self._confirm_rating(rating) or await self._reconcile_valuations(valuations)
        if turned is not None:
            return turned

        limit = await self._conclude("limit", effects.set_limit)
        if limit.outcome is Outcome.FAIL:
            return self._decline(limit)
        quote = await self._conclude("quote", effects.quote_price)
        plan = await effects.plan_repayment(self._case_step("schedule"))
        self._findings |= plan.findings()
        regulation = await self._check("regulation")
        if regulation.outcome is Outcome.FAIL:
            return self._decline_for(regulation.reasons)
        if quote.outcome is not Outcome.PASS:
            # Below the floor the price is a decision of its own body (利率定价审批), not of credit approval.
            decision = await self.ask(TaskType.PRICING_APPROVAL, findings=(quote,))
            self._price_conditions = decision.conditions
            return self._turned_away(decision) or Stage.REVIEW
        return Stage.REVIEW

    async def _confirm_rating(self, rating: FindingRef) -> Stage | None:
        """评级认定: the rating stands as the model has it, or two persons override it (推翻): one proposes, another decides.

        An override that is refused leaves nothing behind; the rating is then confirmed anew.
        """
        while True:
            confirmation = await self.ask(TaskType.RATING_CONFIRMATION, findings=(rating,))
            proposal = confirmation.proposal
            if proposal is None:
                return self._turned_away(confirmation)
            decision = await self.ask(
                TaskType.RATING_OVERRIDE,
                findings=(rating,),
                proposal=proposal,
                excluded=(proposal.proposed_by,),
                title_suffix=(f"：{proposal.grade}", f": {proposal.grade}"),
            )
            if decision.outcome is TaskOutcome.RETURN:
                return self._returned(decision)
            if decision.outcome is TaskOutcome.APPROVE and await self._overridden(proposal, decision):
                return None

    async def _overridden(self, proposal: GradeProposal, decision: HumanTask) -> bool:
        """Whether the confirmed override holds by the scale's rule; limit and price then stand on its grade."""
        step = self._case_step("override").model_dump()
        overridden = await effects.override_rating(
            OverrideStep(**step, proposal=proposal, confirmed_by=decision.completed_by or "")
        )
        self._findings["rating_override"] = overridden
        return overridden.outcome is Outcome.PASS

    async def _reconcile_valuations(self, valuations: list[FindingRef]) -> Stage | None:
        """Approaches that disagree, or an asset that was not searched, go to a valuer; a value of nothing only lends nothing."""
        doubtful = tuple(finding for finding in valuations if finding.outcome in (Outcome.REFER, Outcome.NOT_RUN))
        if not doubtful:
            return None
        reconciled = await self.ask(TaskType.VALUATION_RECONCILIATION, findings=doubtful)
        return self._turned_away(reconciled)

    # --- review 审查 -------------------------------------------------------------------------------------------------

    async def _review(self) -> Stage:
        """The memo is assembled; the reviewer and compliance give their opinions independently of each other."""
        memo = await effects.assemble_memo(self._case_step("memo"))
        subject = TaskSubject(type="credit_memo", id=str(self._start.case_id), sha256=memo.document_sha256)
        self._memo = subject
        findings = tuple(self._findings.values())
        review, compliance = await self._together(
            self.offer_task(TaskType.REVIEW, subject=subject, findings=findings),
            self.offer_task(TaskType.COMPLIANCE_OPINION, subject=subject, findings=findings),
        )
        return self._turned_away(review) or self._turned_away(compliance) or Stage.APPROVAL

    # --- approval 审批 -----------------------------------------------------------------------------------------------

    async def _approval(self) -> Stage:
        """The authority matrix names the bodies and proves why; each decides in turn, the last one decides the case.

        A committee recommends by ballot; the authorised approver after it may refuse but cannot rescue.
        """
        chain = await effects.determine_authority(self._case_step("authority"))
        findings = tuple(self._findings.values())
        deciders: list[str] = []
        conditions: list[ApprovalCondition] = list(self._price_conditions)
        for requirement in chain.steps:
            self._waiver_authority = requirement
            if requirement.kind == "committee":
                ballot = await Ballot(self, requirement, findings).held()
                if not ballot.carried:
                    return await self._decide("declined", ballot.voters, requirement, conditions)
                deciders.extend(ballot.voters)
                continue
            # Each body of the chain is another person: who was heard first does not decide as well.
            decision = await self.ask(
                TaskType.APPROVAL,
                authority=requirement,
                findings=findings,
                subject=self._memo,
                excluded=tuple(deciders),
            )
            deciders.append(decision.completed_by or "")
            if decision.outcome is TaskOutcome.RETURN:
                return self._returned(decision)
            if decision.outcome is TaskOutcome.REJECT:
                return await self._decide("declined", tuple(deciders), requirement, conditions)
            conditions.extend(decision.conditions)
        verdict = "approved_with_conditions" if conditions else "approved"
        return await self._decide(verdict, tuple(deciders), chain.steps[-1], conditions)

    # --- offer 批复 --------------------------------------------------------------------------------------------------

    async def _offer(self) -> Stage:
        """The borrower accepts within the validity of the offer, or the offer lapses."""
        offer = await effects.issue_offer(self._case_step("offer"))
        lapses = self.rulebook.days_from(workflow.now(), (offer.valid_until - self._today()).days)
        task = self.offer_task(
            TaskType.OFFER_ACCEPTANCE,
            candidates=self._case.borrower_subjects,
            subject=TaskSubject(type="offer", id=str(offer.offer_id), sha256=offer.terms_sha256),
            due_at=lapses,
        )
        await self.report()
        accepted = await self.completed_before(task, lapses)
        if accepted is None:
            return Stage.EXPIRED
        return Stage.CONTRACTING if accepted.outcome is TaskOutcome.APPROVE else Stage.WITHDRAWN

    # --- contracting 签约 --------------------------------------------------------------------------------------------

    async def _contracting(self) -> Stage:
        """What the process did is checked once more; then conditions become clauses, and the contract is drafted, signed by
        the borrower, and witnessed by two persons (双人面签)."""
        check = await self._check("contracting")
        if check.outcome is Outcome.FAIL:
            self._decided = False  # what was approved may not be agreed: the case is declined after all
        turned = await self._analyse(check, TaskType.COMPLIANCE_OPINION)
        if turned is not None:
            return turned
        contract = await effects.draw_up_contract(self._case_step("contract"))
        subject = TaskSubject(type="facility_agreement", id=str(contract.contract_id), sha256=contract.data_sha256)
        drafted = await self.ask(TaskType.CONTRACT_DRAFTING, subject=subject)
        if drafted.outcome is TaskOutcome.REJECT:
            return self._returned_to(Stage.OFFER)
        signed = await self.ask(TaskType.BORROWER_SIGNING, subject=subject, candidates=self._case.borrower_subjects)
        if signed.outcome is TaskOutcome.REJECT:
            return Stage.WITHDRAWN
        first, second = await self._together(
            self.offer_task(TaskType.SIGNING_WITNESS, subject=subject),
            self.offer_task(TaskType.SECOND_WITNESS, subject=subject),
        )
        witnessed = all(task.outcome is TaskOutcome.ACKNOWLEDGE for task in (first, second))
        return Stage.PRE_DRAW_SECURITY if witnessed else self._returned_to(Stage.CONTRACTING)

    # --- security before drawing 放款前担保落实 ------------------------------------------------------------------------

    async def _pre_draw_security(self) -> Stage:
        """What can exist before the first drawing: floating mortgage, account and receivable pledges, refund guarantee.

        Serial-level mortgages over purchase-financed servers come after delivery, in ``Utilisation``; so does what the approvers
        want after a drawing. What they want within days of effect, ``Facility`` asks for; undertakings are clauses only.
        """
        agreed = self._case.conditions + approval_terms(self._conditions)
        terms = tuple(term for term in agreed if term.kind is ConditionKind.PRECEDENT)
        tasks = await self._together(*[self._perfection(term) for term in terms])
        if any(task.outcome not in (TaskOutcome.ACKNOWLEDGE, TaskOutcome.WAIVE) for task in tasks):
            return self._returned_to(Stage.CONTRACTING)
        for term, task in zip(terms, tasks, strict=True):
            await self._record_condition(term, task)
        verified = await self.ask(TaskType.SECURITY_VERIFICATION)
        if verified.outcome is TaskOutcome.REJECT:
            return self._returned_to(Stage.PRE_DRAW_SECURITY)
        self._committed = True  # from here the case can no longer be withdrawn
        self._facility = await effects.open_facility(self._case_step("facility"))
        return Stage.EFFECTIVE

    def _perfection(self, term: ConditionTerm) -> HumanTask:
        return self.offer_task(
            TaskType.SECURITY_PERFECTION,
            authority=self._waiver_authority,
            subject=TaskSubject(type="condition", id=term.code),
            title_suffix=(f"：{term.title_zh}", f": {term.title_en}"),
        )

    async def _record_condition(self, term: ConditionTerm, task: HumanTask) -> None:
        await effects.report_condition(
            ConditionReport(
                case_id=self._start.case_id,
                workflow_id=workflow.info().workflow_id,
                step=self.step(f"condition-{term.code}"),
                code=term.code,
                state="waived" if task.outcome is TaskOutcome.WAIVE else "satisfied",
                at=workflow.now(),
                decided_by=task.completed_by,
                evidence=task.evidence,
                note=task.comment,
            )
        )

    # --- withdrawal --------------------------------------------------------------------------------------------------

    @workflow.update(name=WITHDRAW, description="The application is withdrawn")
    async def withdraw(self, signed: SignedWithdrawCommand) -> CommandResult:
        self._left = True
        self._board.end_open(TaskState.EXITED, workflow.now())
        return CommandResult(tasks=self._board.all(), stage=Stage.WITHDRAWN.value)

    @withdraw.validator
    def _refuse_withdrawal(self, signed: SignedWithdrawCommand) -> None:
        if self._left or self._committed or self._stage in ENDED:
            raise refused(
                RefusedCommand(
                    code=Refusal.CASE_ENDED, message_zh="该申请已结束", message_en="the application has already ended"
                )
            )
