"""Names and messages of the processes: what origination starts and updates by name, and what the worker registers.

The names are recorded in histories and never change.
"""

from datetime import date, datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import Field

from domain.assertion import SignedCommand
from domain.facility import ConditionAsked, ConditionTerm, FacilityRef, GateVerdict, TransferRef
from domain.finding import FindingRef, Outcome, Reason
from domain.margin_ratchet import MarginAgreement, Report, Statement
from domain.model import Message
from domain.money import Money
from domain.rulebook import Rulebook
from domain.stages import Stage
from domain.tasks import GradeProposal, HumanTask, TaskCommand

NAMESPACE: Final = "suandai"
TASK_QUEUE: Final = "credit"
AUDIT_TASK_QUEUE: Final = "audit"
DEPLOYMENT: Final = "suandai-credit"

APPLICATION_WORKFLOW: Final = "CreditApplication"
UTILISATION_WORKFLOW: Final = "Utilisation"
FACILITY_WORKFLOW: Final = "Facility"

ACT_ON_TASK: Final = "act_on_task"
WITHDRAW: Final = "withdraw"
DECIDE_TRANSFER: Final = "decide_transfer"
RECORD_DRAWING: Final = "record_drawing"
REPORT_MARGIN_FACT: Final = "report_margin_fact"
POSITION: Final = "position"

SEARCH_ATTRIBUTES: Final = {
    "Stage": "Keyword",
    "Product": "Keyword",
    "Branch": "Keyword",
    "CaseNumber": "Keyword",
}
"""Typed search attributes, registered at start-up. Codes only: they are not encrypted."""


class Shown(str):
    """A text for those who watch the engine's pages: codes and figures, never a name, for it alone is stored unencrypted."""

    __slots__ = ()


def _not_given(value: object) -> bool:
    """A field that a later build added is left out where it is absent: what was recorded before stays as it was."""
    return value is None


def application_workflow_id(application_id: UUID) -> str:
    return f"application-{application_id}"


def utilisation_workflow_id(utilisation_id: UUID) -> str:
    return f"utilisation-{utilisation_id}"


def facility_workflow_id(facility_id: UUID) -> str:
    return f"facility-{facility_id}"


# --- starts -----------------------------------------------------------------------------------------------------------


class CaseStart(Message):
    """Start of ``CreditApplication``: written with the submission in one transaction."""

    application_id: UUID
    case_id: UUID
    case_number: str
    product: str
    branch: str
    policy_sha256: str
    submitted_by: str
    submitted_at: datetime
    content_version: int
    content_sha256: str
    amount: Money


class UtilisationStart(Message):
    utilisation_id: UUID
    facility_id: UUID
    case_id: UUID
    case_number: str
    utilisation_number: str
    product: str
    branch: str
    policy_sha256: str
    requested_by: str
    amount: Money
    value_date: date
    delivery_date: date | None = None


class FacilityStart(Message):
    facility: FacilityRef
    case_id: UUID
    case_number: str
    branch: str
    policy_sha256: str


# --- updates ----------------------------------------------------------------------------------------------------------


class SignedTaskCommand(SignedCommand):
    command: TaskCommand


class WithdrawCommand(Message):
    case_id: UUID
    subject: str
    roles: tuple[str, ...]
    reason: str


class SignedWithdrawCommand(SignedCommand):
    command: WithdrawCommand


class MarginReportCommand(Message):
    """A grade or figure that a clause of the margin reads, reported with its evidence."""

    facility_id: UUID
    statement: Statement
    subject: str
    roles: tuple[str, ...]


class SignedMarginReportCommand(SignedCommand):
    command: MarginReportCommand


class CommandResult(Message):
    """The result of an update: the tasks it changed, at their new versions, and where the process stands."""

    tasks: tuple[HumanTask, ...] = ()
    transfers: tuple[TransferRef, ...] = ()
    stage: str


class DrawingRecord(Message):
    """Signal to ``Facility``: a utilisation was paid."""

    utilisation_id: UUID
    amount: Money
    paid_on: date


class Position(Message):
    """Answer of the ``position`` query."""

    stage: str
    tasks: tuple[HumanTask, ...]
    transfers: tuple[TransferRef, ...] | None = None
    """Outgoing transfers as the process knows them; ``None`` from a build that does not tell."""
    drawings: tuple[DrawingRecord, ...] | None = None
    """Paid drawings that a facility was told of; ``None`` from a build that does not tell."""


# --- activities of a case ---------------------------------------------------------------------------------------------


class CaseStep(Message):
    """Input of most activities: the case, a step name unique within the workflow, and the business date."""

    case_id: UUID
    workflow_id: str
    step: str
    as_of: Annotated[date, Field(ge=date(2000, 1, 1), le=date(2200, 1, 1))]


class CohortStep(CaseStep):
    asset_key: str
    cohort: str
    moment: Literal["approval", "utilisation"] = "approval"
    """Before the servers are there, or when a drawing is paid against them: the second asks for more."""


class MarginStep(CaseStep):
    """A reset of a facility's margin on ``as_of``, by what was reported and checked until then."""

    facility_id: UUID
    agreement: MarginAgreement
    reports: tuple[Report, ...] = ()


class OverrideStep(CaseStep):
    """An override of the rating as a second person confirmed it."""

    proposal: GradeProposal
    confirmed_by: str


class DutyHeld(Message):
    """A duty of the case that a person has already discharged."""

    subject: str
    duty: str


class CaseOpening(Message):
    """What a process needs to know at its start."""

    rulebook: Rulebook
    lead_investigator: str
    """The relationship manager who submitted, or submitted last."""
    cohorts: tuple["CohortRef", ...]
    borrower_subjects: tuple[str, ...] = ()
    """Subjects of the borrower's owners; empty offers acceptance to the borrower's owner role."""
    conditions: tuple[ConditionTerm, ...] = ()
    """Of the product."""
    agreed: tuple[ConditionTerm, ...] = ()
    """Of the signed agreement, once there is a facility: what is due within days of its effect."""
    margin: MarginAgreement | None = Field(default=None, exclude_if=_not_given)
    """Of the signed agreement, where it lets the margin move."""
    duties: tuple[DutyHeld, ...] = ()
    content_version: int = 0
    """The frozen version of the application the case runs on; 0 in what was recorded before a case could be amended."""
    content_sha256: str = ""


class CohortRef(Message):
    """A group of like assets that is valued as one."""

    asset_key: str
    cohort: str
    kind: str
    units: int


class CheckResult(Message):
    """A check as the process sees it: outcome and reasons."""

    finding: FindingRef
    reasons: tuple[Reason, ...] = ()

    @property
    def outcome(self) -> Outcome:
        return self.finding.outcome


class ProgressReport(Message):
    """Where the process stands, for origination's books: appended as a case event, tasks upserted by version."""

    case_id: UUID
    workflow_id: str
    step: str
    stage: str
    at: datetime
    tasks: tuple[HumanTask, ...] = ()
    transfers: tuple[TransferRef, ...] = ()
    utilisation_id: UUID | None = None
    facility_id: UUID | None = None
    invalidated: tuple[str, ...] = ()
    """After a return: the conclusions and approvals that no longer stand."""
    reasons: tuple[Reason, ...] = ()
    """Why the process stands where it stands, when that is an end nobody asked for."""


class RepaymentPlan(Message):
    """What follows from amount and price: what assets and cash flow carry, the schedule, how it stands under stress, what the
    loan costs its borrower, and whether to buy at all."""

    schedule: FindingRef
    amortisation: FindingRef | None = None
    """None where no asset was valued."""
    stress_test: FindingRef | None = None
    """None where there is no plan to test, or no asset."""
    borrowing_cost: FindingRef | None = None
    """None where there is no price or no plan to reckon it by."""
    buy_or_rent: FindingRef | None = None
    """None where the loan buys no servers."""

    def findings(self) -> dict[str, FindingRef]:
        """What was concluded, by kind."""
        found = {
            "amortisation": self.amortisation,
            "schedule": self.schedule,
            "stress_test": self.stress_test,
            "borrowing_cost": self.borrowing_cost,
            "buy_or_rent": self.buy_or_rent,
        }
        return {kind: ref for kind, ref in found.items() if ref is not None}


class DecisionRecord(Message):
    """The credit decision as taken."""

    case_id: UUID
    workflow_id: str
    step: str
    decision: str
    """``approved | approved_with_conditions | declined``"""
    decided_by: tuple[str, ...]
    authority_rule: str
    conditions: tuple[ConditionAsked, ...] = ()
    reasons: tuple[Reason, ...] = ()
    at: datetime
    valid_until: date | None = None


class DecisionEntered(Message):
    """That the books have a decision, and why an approval holds nothing of the limits: empty where it holds what it needs, or
    needs nothing."""

    short: tuple[Reason, ...] = ()


class MemoRef(Message):
    """The credit memo as assembled: its document."""

    document_sha256: str


class OfferRef(Message):
    offer_id: UUID
    terms_sha256: str
    valid_until: date
    amount: Money


class ContractRef(Message):
    contract_id: UUID
    number: str
    data_sha256: str
    clauses: int


class CaseEnd(Message):
    """Result of ``CreditApplication``."""

    case_id: UUID
    stage: Stage
    facility: FacilityRef | None = None
    reasons: tuple[Reason, ...] = ()


# --- activities of a utilisation --------------------------------------------------------------------------------------


class UtilisationStep(CaseStep):
    utilisation_id: UUID
    facility_id: UUID


class UtilisationOpening(Message):
    rulebook: Rulebook
    cohorts: tuple[CohortRef, ...]
    subsequent: tuple[ConditionTerm, ...]
    duties: tuple[DutyHeld, ...] = ()
    """Who discharged which duty of the case so far: the disbursement officer must not have approved it."""
    borrower_subjects: tuple[str, ...] = ()


class ReservationResult(Message):
    """Whether the commitment was reserved; a refusal says what was available."""

    reserved: bool
    available: Money
    codes: tuple[str, ...] = ()


class GateResult(Message):
    verdict: GateVerdict
    reasons: tuple[Reason, ...] = ()


class TransferStep(UtilisationStep):
    transfer_id: UUID


class ConditionReport(Message):
    """A condition met, waived or breached."""

    case_id: UUID
    utilisation_id: UUID | None = None
    facility_id: UUID | None = None
    workflow_id: str
    step: str
    code: str
    state: str
    at: datetime
    decided_by: str | None = None
    evidence: tuple[str, ...] = ()
    note: str = ""


class UtilisationEnd(Message):
    utilisation_id: UUID
    stage: str
    reasons: tuple[Reason, ...] = ()
