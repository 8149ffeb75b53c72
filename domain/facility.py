"""Facilities, their utilisations, transfers and conditions."""

from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from domain.application import Payee, Repayment
from domain.application.invoices import Invoice
from domain.application.text import Code, Label, Remark, Sha256
from domain.assertion import SignedCommand
from domain.finding import Reason
from domain.margin_ratchet import MarginClauses, MarginReset, Statement
from domain.model import Message, Value
from domain.money import Money, Rate
from domain.repayment import RateStep
from domain.stages import FacilityStage


def _not_given(value: object) -> bool:
    """A field that a later version added is left out where it is absent: what was filed before keeps its hash."""
    return value is None


class PaymentMode(StrEnum):
    ENTRUSTED = "entrusted"
    """受托支付: the lender pays the borrower's supplier."""
    SELF = "self"
    """自主支付: the borrower pays out of its account, with the owner's approval of each transfer."""


class ConditionKind(StrEnum):
    PRECEDENT = "precedent"
    """Satisfied or waived before the facility takes effect."""
    SUBSEQUENT = "subsequent"
    """Met within days of the agreement's effect, of a payment or of a delivery; missed, it stops further drawings."""
    UNDERTAKING = "undertaking"
    """持续性承诺: a clause that is kept for as long as the facility lasts, and watched afterwards."""


class ConditionState(StrEnum):
    OPEN = "open"
    SATISFIED = "satisfied"
    WAIVED = "waived"
    BREACHED = "breached"


CountsFrom = Literal["effective", "payment", "delivery"]
"""From when the days of a subsequent condition count: the agreement's effect, each payment, or the delivery it pays for."""


class ApprovalCondition(Value):
    """A condition in the approver's own words, and which kind it is."""

    text: Label
    kind: ConditionKind = ConditionKind.PRECEDENT
    counts_from: CountsFrom | None = None
    due_days: Annotated[int, Field(ge=1, le=3660)] | None = None
    """Calendar days."""
    ratchet: MarginClauses | None = Field(default=None, exclude_if=_not_given)
    """利率调整条款, of an undertaking: how the margin moves on what is reported while the facility lasts."""

    @model_validator(mode="after")
    def _dated_where_it_follows(self) -> "ApprovalCondition":
        if self.ratchet is not None and self.kind is not ConditionKind.UNDERTAKING:
            raise PydanticCustomError("ratchet_undertaking", "clauses of the margin are an undertaking")
        dated = (self.counts_from is not None, self.due_days is not None)
        wanted = self.kind is ConditionKind.SUBSEQUENT
        if dated != (wanted, wanted):
            raise PydanticCustomError(
                "condition_due",
                "a subsequent condition needs counts_from and due_days; a condition of another kind has neither",
            )
        return self


def _worded(asked: object) -> object:
    return {"text": asked} if isinstance(asked, str) else asked


ConditionAsked = Annotated[
    ApprovalCondition, BeforeValidator(_worded, json_schema_input_type=Label | ApprovalCondition)
]
"""A condition as an approver gives it; a text alone is a condition precedent."""


class ConditionTerm(Message):
    """A condition of the facility agreement. ``due_days`` counts calendar days from ``counts_from``."""

    code: str
    kind: ConditionKind
    title_zh: str
    title_en: str
    counts_from: CountsFrom | None = None
    due_days: int | None = None
    consequence_zh: str = ""
    consequence_en: str = ""
    security_kind: str | None = None
    ratchet: MarginClauses | None = Field(default=None, exclude_if=_not_given)


class ConditionStanding(ConditionTerm):
    """A condition of the case and where it stands."""

    state: ConditionState | None = None
    """``None`` of an undertaking, which is kept and never done, and of what each drawing meets for itself."""


def approval_terms(conditions: tuple[ApprovalCondition, ...]) -> tuple[ConditionTerm, ...]:
    """What the approvers made a condition, as terms of the agreement like the product's own: ``APPROVAL_1``, ``APPROVAL_2`` …"""
    return tuple(_approval_term(f"APPROVAL_{place}", asked) for place, asked in enumerate(conditions, 1))


def prevailing(conditions: tuple[ApprovalCondition, ...]) -> tuple[ApprovalCondition, ...]:
    """An agreement has one set of margin clauses: those of the last body that gave any."""
    with_clauses = [place for place, asked in enumerate(conditions) if asked.ratchet is not None]
    return tuple(asked for place, asked in enumerate(conditions) if place not in with_clauses[:-1])


def ratchet_of(terms: Iterable[ConditionTerm]) -> MarginClauses | None:
    """The margin clauses of an agreement."""
    return next((term.ratchet for term in terms if term.ratchet is not None), None)


def _approval_term(code: str, asked: ApprovalCondition) -> ConditionTerm:
    subsequent = asked.kind is ConditionKind.SUBSEQUENT
    return ConditionTerm(
        code=code,
        kind=asked.kind,
        title_zh=asked.text,
        title_en=asked.text,
        counts_from=asked.counts_from,
        due_days=asked.due_days,
        consequence_zh="暂停后续提款" if subsequent else "",
        consequence_en="no further drawing is made" if subsequent else "",
        ratchet=asked.ratchet,
    )


class ConditionStatus(Message):
    code: str
    state: ConditionState
    due: date | None = None
    evidence: tuple[str, ...] = ()
    decided_by: str | None = None
    note: str = ""


class FacilityRef(Message):
    facility_id: UUID
    number: str
    limit: Money
    currency: str = "CNY"
    product: str
    effective_on: date
    availability_end: date
    termination_date: date


class UtilisationRequest(Value):
    """``POST /v1/facilities/{id}/utilisations``: a drawing, who is to be paid, and when the goods are delivered."""

    amount: Money
    value_date: date
    payees: Annotated[tuple[Payee, ...], Field(min_length=1, max_length=50)]
    delivery_date: date | None = None
    purpose: Code
    invoices: Annotated[tuple[Sha256, ...], Field(max_length=100)] = ()
    """Documents of the file that show them."""
    invoice_details: Annotated[tuple[Invoice, ...], Field(max_length=100)] = ()
    """What is printed on them, by which they are verified and known again."""
    remark: Remark | None = None


class TransferState(StrEnum):
    """States of an outgoing payment. ``unknown`` is resolved by inquiry, never by sending again."""

    CREATED = "created"
    CONFIRMED_BY_OWNER = "confirmed_by_owner"
    SENDING = "sending"
    UNKNOWN = "unknown"
    CONFIRMED = "confirmed"
    FAILED = "failed"
    REJECTED_BY_OWNER = "rejected_by_owner"
    EXPIRED = "expired"


class TransferRef(Message):
    """A transfer as the workflow knows it; ``instruction_sha256`` binds payee, account, amount and purpose."""

    transfer_id: UUID
    end_to_end_id: str
    payee_key: str
    amount: Money
    state: TransferState
    instruction_sha256: str


class TransferDecision(StrEnum):
    CONFIRM = "confirm"
    REJECT = "reject"


class TransferCommand(Message):
    """The owner's decision on one outgoing transfer (企业反诈安全卫士), bound to the instruction the owner was shown."""

    transfer_id: UUID
    decision: TransferDecision
    instruction_sha256: str
    subject: str
    roles: tuple[str, ...]
    comment: Remark | None = None


class SignedTransferCommand(SignedCommand):
    command: TransferCommand


class GateVerdict(Message):
    """What the drawing gate concluded."""

    allowed: bool
    payment_mode: PaymentMode
    maximum: Money
    """The most that may be drawn now (capital paid pro rata, commitment, LTV)."""
    codes: tuple[str, ...] = ()
    finding_sha256: str


class UtilisationView(Value):
    utilisation_id: UUID
    number: str
    facility_id: UUID
    case_id: UUID
    stage: str
    amount: Money
    value_date: date
    payment_mode: PaymentMode | None = None
    reasons: tuple[Reason, ...] = ()
    """Why the drawing was refused, cancelled or failed: every reason at once."""
    conditions: tuple[ConditionStatus, ...] = ()
    transfers: tuple["TransferView", ...] = ()
    requested_at: datetime
    paid_at: datetime | None = None


class TransferView(Value):
    transfer_id: UUID
    end_to_end_id: str
    payee_name: Label
    payee_account_masked: str
    amount: Money
    state: TransferState
    instruction_sha256: str
    expires_at: datetime | None = None


class MarginReportView(Value):
    """A reported fact, who reported it, and whether somebody else found it proven."""

    task_id: UUID
    """The check it waits for, or that decided it."""
    statement: Statement
    reported_by: str
    reported_at: datetime
    state: Literal["reported", "confirmed", "refused"]
    decided_by: str | None = None
    decided_at: datetime | None = None
    comment: str = ""


class FacilityMargin(Value):
    """The margin of a facility whose agreement lets it move. Rates per year."""

    original_margin_bps: int
    margin_bps: int
    """In force since ``in_force_since``, the first day of an interest period: every period from then on bears it."""
    all_in_rate: Rate
    base_rate: str
    in_force_since: date
    next_reset: date | None
    lowest_margin_bps: int | None = None
    highest_margin_bps: int | None = None
    """What the clauses can ever make of the margin; told from the first reset on."""
    ratchet: MarginClauses
    history: tuple[MarginReset, ...] = ()
    rate_steps: tuple[RateStep, ...] = ()
    """Every change so far as a repayment plan takes it: from the first day of an interest period the rate of all that follow."""
    finding_id: UUID | None = None
    """Of the last reset, with its trace at the pricing service."""
    reports: tuple[MarginReportView, ...] = ()


class FacilityView(Value):
    """A facility with what is left of its commitment: ``available = limit − reserved − drawn``."""

    facility_id: UUID
    number: str
    case_id: UUID
    case_number: str
    product: str
    branch: str
    stage: FacilityStage
    limit: Money
    reserved: Money
    drawn: Money
    available: Money
    effective_on: date
    availability_end: date
    termination_date: date
    conditions: tuple[ConditionStanding, ...] = ()
    """Those of the agreement, the product's first, then the approvers'."""
    repayment: Repayment | None = None
    """As agreed: method, grace, drawings, tranches and steps of the rate; left out of lists."""
    price: "PricedTerms | None" = None
    """As agreed; left out of lists."""
    margin: FacilityMargin | None = None
    """Where the agreement has clauses of the margin; a list does without."""
    version: int


class TransferBody(Value):
    """``POST /v1/transfers/{id}/confirm``: the owner's decision, bound to the instruction the owner was shown."""

    decision: TransferDecision
    instruction_sha256: Sha256
    comment: Remark | None = None


class PricedTerms(Message):
    """The price agreed in the offer, as the facility agreement carries it."""

    all_in_rate: Rate
    base_rate: str
    margin_bps: int
