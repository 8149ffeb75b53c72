"""The books of workflow tests: every effect of the processes, answered at once from what a test sets."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

from temporalio import activity

from domain.authority import AuthorityChain, AuthorityRequirement
from domain.calendar import BANK_ZONE, BusinessCalendar
from domain.facility import (
    ConditionKind,
    ConditionTerm,
    FacilityRef,
    GateVerdict,
    PaymentMode,
    TransferRef,
    TransferState,
)
from domain.finding import FindingRef, Outcome, Reason
from domain.margin_ratchet import MarginAgreement
from domain.money import yuan
from domain.process import (
    CaseOpening,
    CaseStep,
    CheckResult,
    CohortRef,
    CohortStep,
    ConditionReport,
    ContractRef,
    DecisionEntered,
    DecisionRecord,
    DrawingRecord,
    DutyHeld,
    GateResult,
    MarginStep,
    MemoRef,
    OfferRef,
    OverrideStep,
    ProgressReport,
    RepaymentPlan,
    ReservationResult,
    TransferStep,
    UtilisationOpening,
    UtilisationStep,
)
from domain.rulebook import DutySeparation, Rulebook

CALENDAR = BusinessCalendar(
    id="calendar.cn",
    vintage="2026",
    source="test: National Day week of 2026",
    holidays=(date(2026, 10, 1), date(2026, 10, 2), date(2026, 10, 5), date(2026, 10, 6), date(2026, 10, 7)),
    working_weekends=(date(2026, 9, 20), date(2026, 10, 10)),
    published_from=date(2025, 1, 1),
    published_through=date(2026, 12, 31),
)

SEPARATIONS = tuple(
    DutySeparation(rule_id=f"SOD-{first}-{second}", first=first, second=second, name_zh="须分离", name_en="apart")
    for first, second in (
        ("lead_investigation", "co_investigation"),
        ("lead_investigation", "review"),
        ("co_investigation", "review"),
        ("review", "approval"),
        ("co_investigation", "approval"),
        ("signing_witness", "second_witness"),
        ("security_perfection", "security_verification"),
        ("approval", "disbursement_review"),
    )
)

RULEBOOK = Rulebook(
    policy_sha256="0" * 64,
    separations=SEPARATIONS,
    front_office_duties=("submission", "lead_investigation"),
    sla_business_days={"review": 3, "lead_investigation": 5},
    offer_validity_days=30,
    approval_validity_days=180,
    owner_confirmation_hours=48,
    cut_off=time(17, 0),
    calendar=CALENDAR,
)


def today() -> date:
    """The day in Shanghai: the engine's clock runs on, so dates of a test are counted from it."""
    return datetime.now(BANK_ZONE).date()


def requirement(body: str = "head_office_approver", rank: int = 20, **more: Any) -> AuthorityRequirement:
    return AuthorityRequirement(
        body=body,
        rank=rank,
        amount=yuan(280_000_000),
        rule=f"AUTH-{body}",
        policy_sha256="0" * 64,
        finding_sha256="1" * 64,
        reason_zh="测试",
        reason_en="test",
        **more,
    )


def finding(kind: str, outcome: Outcome = Outcome.PASS) -> FindingRef:
    return FindingRef(id=uuid4(), kind=kind, outcome=outcome, value=kind, sha256="2" * 64)


def condition(code: str, kind: ConditionKind, **more: Any) -> ConditionTerm:
    return ConditionTerm(code=code, kind=kind, title_zh=code, title_en=code, **more)


class Books:
    """Every effect of the processes, answered from what a test sets; what was asked is kept in order."""

    def __init__(self) -> None:
        self.log: list[tuple[str, Any]] = []
        self.checks: dict[str, Outcome] = {}
        self.outcomes: dict[str, Outcome] = {}
        self.why: dict[str, str] = {}
        self.content = (1, "8" * 64)
        self.cohorts: tuple[CohortRef, ...] = (
            CohortRef(asset_key="gpu", cohort="h100-0", kind="gpu_server", units=100),
        )
        self.chain = AuthorityChain(steps=(requirement(),))
        self.offer_valid_until = today() + timedelta(days=30)
        self.conditions: tuple[ConditionTerm, ...] = (
            condition("floating_mortgage", ConditionKind.PRECEDENT),
            condition("account_pledge", ConditionKind.PRECEDENT),
        )
        self.subsequent: tuple[ConditionTerm, ...] = (
            condition("registration", ConditionKind.SUBSEQUENT, counts_from="delivery", due_days=10),
        )
        self.agreed: tuple[ConditionTerm, ...] = ()
        self.margin: MarginAgreement | None = None
        self.transfer_fates: list[TransferState] = [TransferState.CONFIRMED]
        self.short: list[tuple[Reason, ...]] = []
        """Why the limits have no room for an approval: one answer for each, then there is room."""
        self.reserved = True
        self.allowed = True
        self.paid_on = today() + timedelta(days=3)
        self.facility_id = uuid4()

    def asked(self, name: str) -> list[Any]:
        return [argument for effect, argument in self.log if effect == name]

    def conditions_reported(self) -> list[tuple[str, str]]:
        return [(report.code, report.state) for report in self.asked("report_condition")]

    def stages(self) -> list[str]:
        """Stages as reported, each once in a row."""
        seen: list[str] = []
        for report in self.asked("report_progress"):
            if not seen or seen[-1] != report.stage:
                seen.append(report.stage)
        return seen

    def _note(self, name: str, argument: Any) -> None:
        self.log.append((name, argument))

    def _conclude(self, kind: str, argument: Any) -> FindingRef:
        self._note(kind, argument)
        return finding(kind, self.outcomes.get(kind, Outcome.PASS))

    def activities(self) -> list[Callable[..., Any]]:
        return [getattr(self, name) for name in dir(type(self)) if name.startswith("do_")]

    @activity.defn(name="open_case")
    async def do_open_case(self, step: CaseStep) -> CaseOpening:
        self._note("open_case", step)
        return CaseOpening(
            rulebook=RULEBOOK,
            lead_investigator="rm",
            cohorts=self.cohorts,
            conditions=self.conditions,
            agreed=self.agreed,
            margin=self.margin,
            duties=(DutyHeld(subject="rm", duty="submission"),),
            content_version=self.content[0],
            content_sha256=self.content[1],
        )

    @activity.defn(name="report_progress")
    async def do_report_progress(self, report: ProgressReport) -> None:
        self._note("report_progress", report)

    @activity.defn(name="run_check")
    async def do_run_check(self, name: str, step: CaseStep) -> CheckResult:
        self._note(f"check_{name}", step)
        outcome = self.checks.get(name, Outcome.PASS)
        code = self.why.get(name, "WHY")
        reasons = () if outcome is Outcome.PASS else (Reason(code=code, message_zh="因", message_en="because"),)
        return CheckResult(finding=finding(name, outcome), reasons=reasons)

    @activity.defn(name="assemble_memo")
    async def do_assemble_memo(self, step: CaseStep) -> MemoRef:
        self._note("assemble_memo", step)
        return MemoRef(document_sha256="3" * 64)

    @activity.defn(name="determine_authority")
    async def do_determine_authority(self, step: CaseStep) -> AuthorityChain:
        self._note("determine_authority", step)
        return self.chain

    @activity.defn(name="record_decision")
    async def do_record_decision(self, record: DecisionRecord) -> DecisionEntered:
        self._note("record_decision", record)
        granted = record.decision != "declined"
        return DecisionEntered(short=self.short.pop(0) if granted and self.short else ())

    @activity.defn(name="issue_offer")
    async def do_issue_offer(self, step: CaseStep) -> OfferRef:
        self._note("issue_offer", step)
        return OfferRef(
            offer_id=uuid4(), terms_sha256="4" * 64, valid_until=self.offer_valid_until, amount=yuan(280_000_000)
        )

    @activity.defn(name="draw_up_contract")
    async def do_draw_up_contract(self, step: CaseStep) -> ContractRef:
        self._note("draw_up_contract", step)
        return ContractRef(contract_id=uuid4(), number="C-1", data_sha256="5" * 64, clauses=12)

    @activity.defn(name="report_condition")
    async def do_report_condition(self, report: ConditionReport) -> None:
        self._note("report_condition", report)

    @activity.defn(name="open_facility")
    async def do_open_facility(self, step: CaseStep) -> FacilityRef:
        self._note("open_facility", step)
        return FacilityRef(
            facility_id=self.facility_id,
            number="F-1",
            limit=yuan(280_000_000),
            product="nxb_project_loan",
            effective_on=today(),
            availability_end=today() + timedelta(days=365),
            termination_date=today() + timedelta(days=3650),
        )

    @activity.defn(name="value_cohort")
    async def do_value_cohort(self, step: CohortStep) -> FindingRef:
        return self._conclude("valuation", step)

    @activity.defn(name="rate_borrower")
    async def do_rate_borrower(self, step: CaseStep) -> FindingRef:
        return self._conclude("rating", step)

    @activity.defn(name="override_rating")
    async def do_override_rating(self, step: OverrideStep) -> FindingRef:
        return self._conclude("rating_override", step)

    @activity.defn(name="set_limit")
    async def do_set_limit(self, step: CaseStep) -> FindingRef:
        return self._conclude("limit", step)

    @activity.defn(name="quote_price")
    async def do_quote_price(self, step: CaseStep) -> FindingRef:
        return self._conclude("quote", step)

    @activity.defn(name="plan_repayment")
    async def do_plan_repayment(self, step: CaseStep) -> RepaymentPlan:
        return RepaymentPlan(
            schedule=self._conclude("schedule", step),
            amortisation=finding("amortisation", self.outcomes.get("amortisation", Outcome.PASS)),
            stress_test=finding("stress_test", self.outcomes.get("stress_test", Outcome.PASS)),
            borrowing_cost=finding("borrowing_cost", self.outcomes.get("borrowing_cost", Outcome.PASS)),
        )

    @activity.defn(name="reset_margin")
    async def do_reset_margin(self, step: MarginStep) -> FindingRef:
        return self._conclude("margin_reset", step)

    @activity.defn(name="open_utilisation")
    async def do_open_utilisation(self, step: UtilisationStep) -> UtilisationOpening:
        self._note("open_utilisation", step)
        return UtilisationOpening(
            rulebook=RULEBOOK,
            cohorts=(CohortRef(asset_key="gpu", cohort="h100-0", kind="gpu_server", units=100),),
            subsequent=self.subsequent,
            duties=(DutyHeld(subject="boss", duty="approval"),),
        )

    @activity.defn(name="reserve_commitment")
    async def do_reserve_commitment(self, step: UtilisationStep) -> ReservationResult:
        self._note("reserve_commitment", step)
        return ReservationResult(reserved=self.reserved, available=yuan(1), codes=("COMMITMENT_SHORT",))

    @activity.defn(name="release_commitment")
    async def do_release_commitment(self, step: UtilisationStep) -> None:
        self._note("release_commitment", step)

    @activity.defn(name="run_gate")
    async def do_run_gate(self, step: UtilisationStep) -> GateResult:
        self._note("run_gate", step)
        reasons = () if self.allowed else (Reason(code="CAPITAL_SHORT", message_zh="资本金", message_en="capital"),)
        return GateResult(
            verdict=GateVerdict(
                allowed=self.allowed,
                payment_mode=PaymentMode.ENTRUSTED,
                maximum=yuan(80_000_000),
                finding_sha256="6" * 64,
            ),
            reasons=reasons,
        )

    @activity.defn(name="prepare_transfers")
    async def do_prepare_transfers(self, step: UtilisationStep) -> list[TransferRef]:
        self._note("prepare_transfers", step)
        return [
            TransferRef(
                transfer_id=uuid4(),
                end_to_end_id="E2E-1",
                payee_key="vendor",
                amount=yuan(80_000_000),
                state=TransferState.CREATED,
                instruction_sha256="7" * 64,
            )
        ]

    def _fate(self, step: TransferStep) -> TransferRef:
        fate = self.transfer_fates.pop(0)
        return TransferRef(
            transfer_id=step.transfer_id,
            end_to_end_id="E2E-1",
            payee_key="vendor",
            amount=yuan(80_000_000),
            state=fate,
            instruction_sha256="7" * 64,
        )

    @activity.defn(name="send_transfer")
    async def do_send_transfer(self, step: TransferStep) -> TransferRef:
        self._note("send_transfer", step)
        return self._fate(step)

    @activity.defn(name="inquire_transfer")
    async def do_inquire_transfer(self, step: TransferStep) -> TransferRef:
        self._note("inquire_transfer", step)
        return self._fate(step)

    @activity.defn(name="commit_drawing")
    async def do_commit_drawing(self, step: UtilisationStep) -> DrawingRecord:
        self._note("commit_drawing", step)
        return DrawingRecord(utilisation_id=step.utilisation_id, amount=yuan(80_000_000), paid_on=self.paid_on)
