"""Customers, groups and credit lines: what the lender knows and has granted before anybody applies.

The limit tree is group → customer → line; facilities and their drawings hang below the lines.
"""

from datetime import date, datetime, time
from enum import StrEnum
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from domain.application import CompanySize, Owner, RelatedTo
from domain.application.text import Code, DivisionCode, Label, Remark, Sha256
from domain.facts import Fact
from domain.identity import Lei, Uscc
from domain.model import Value
from domain.money import ZERO, Money, Rate

ClockTime = Annotated[time, WithJsonSchema({"type": "string", "pattern": r"^\d{2}:\d{2}:\d{2}$"})]
"""A time of day on the bank's clock. JSON Schema's own format "time" wants an offset, which only an instant has."""


class CreditStanding(StrEnum):
    """How the lender judges the customer's credit standing (信用状况), apart from the rating of a case."""

    GOOD = "good"
    ORDINARY = "ordinary"
    POOR = "poor"


class CustomerFile(Value):
    """Know-your-customer facts (金融机构客户尽职调查 rules). A fact that could not be established says so."""

    lei: Lei | None = None
    division_code: DivisionCode | None = None
    established: Fact[date] | None = None
    industry: Fact[Code] | None = None
    size: Fact[CompanySize] | None = None
    listed_code: Fact[Code] | None = None
    government_platform: Fact[bool] | None = None
    related_to_lender: Fact[RelatedTo] | None = None
    owners: Annotated[tuple[Owner, ...], Field(max_length=200)] | None = None
    """Shareholders and ultimate beneficial owners; ``None`` where they were never established."""
    credit_standing: Fact[CreditStanding] | None = None
    """Of a new customer it decides whether drawings are entrusted (流动资金贷款管理办法 2024)."""
    risk_class: Literal["low", "medium", "high"] | None = None
    """Money-laundering risk class of the customer due diligence."""
    identified_on: date | None = None
    """Day on which identification was completed."""
    review_due: date | None = None
    remark: Remark | None = None


class CustomerBody(Value):
    """``POST /v1/customers`` and the whole of what ``PUT`` replaces."""

    uscc: Uscc
    name: Label
    branch: Code | None = None
    """The branch that keeps the customer; the caller's own where it is not given."""
    group_id: UUID | None = None
    file: CustomerFile = CustomerFile()


class CustomerView(Value):
    customer_id: UUID
    uscc: str
    name: str
    branch: str
    group_id: UUID | None
    file: CustomerFile
    warnings: tuple[str, ...] = ()
    """``uscc_inner_digit``: position 17 disagrees with GB 11714; such codes exist, a person must look."""
    version: int
    created_at: datetime
    updated_at: datetime


class GroupBasis(StrEnum):
    """Why customers are one risk (大额风险暴露管理办法 §5)."""

    CONTROL = "control"
    ECONOMIC_DEPENDENCE = "economic_dependence"


class GroupBody(Value):
    name: Label
    head_uscc: Uscc | None = None
    basis: GroupBasis
    branch: Code | None = None


class GroupView(Value):
    group_id: UUID
    name: str
    head_uscc: str | None
    basis: GroupBasis
    branch: str
    version: int
    created_at: datetime
    updated_at: datetime


class CreditLineKind(StrEnum):
    """``umbrella`` is a ceiling over others and carries no exposure of its own."""

    UMBRELLA = "umbrella"
    LOAN = "loan"
    GUARANTEE = "guarantee"
    TRADE = "trade"
    """Acceptances, letters of credit and other trade items: off balance, as guarantees are."""
    BOND = "bond"
    LEASE = "lease"


class CreditLineBody(Value):
    """A node of the limit tree as the lender's books have it. It belongs to a group or to a customer, never to both."""

    lender_id: Code
    reference: Code
    """The line's number in the lender's books; unique per lender."""
    group_id: UUID | None = None
    customer_id: UUID | None = None
    parent_id: UUID | None = None
    kind: CreditLineKind
    amount: Money
    outstanding: Money = ZERO
    undrawn_factor: Rate
    """Credit conversion factor of the undrawn part: 0.10 if unconditionally cancellable, else 0.40. Guarantees and trade items
    are converted whole, issued or not: 0.50 for performance and advance payment, 1 for a substitute of credit, 0.20 trade."""
    effective_from: date
    effective_to: date

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.group_id is None) == (self.customer_id is None):
            raise PydanticCustomError("line_holder", "must belong to either a group or a customer")
        if self.kind is CreditLineKind.UMBRELLA and self.outstanding.amount != 0:
            raise PydanticCustomError(
                "umbrella_outstanding", "an umbrella line carries no outstanding amount of its own"
            )
        if self.amount.amount < 0 or self.outstanding.amount < 0:
            raise PydanticCustomError("line_negative", "amounts must not be negative")
        if not 0 <= self.undrawn_factor <= 1:
            raise PydanticCustomError("line_factor", "the conversion factor must lie between 0 and 1")
        if self.effective_to < self.effective_from:
            raise PydanticCustomError("line_period", "must not end before it begins")
        return self


class CreditLineView(Value):
    line_id: UUID
    lender_id: str
    reference: str
    group_id: UUID | None
    customer_id: UUID | None
    parent_id: UUID | None
    kind: CreditLineKind
    amount: Money
    outstanding: Money
    allocated: Money
    """Of an umbrella: the amounts of the lines under it, used or not."""
    reserved: Money
    """Of an umbrella: what approved cases hold of it."""
    committed: Money
    """Of an umbrella: what facilities granted under it take."""
    undrawn_factor: Rate
    effective_from: date
    effective_to: date
    branch: str
    version: int
    created_at: datetime


class CapitalBases(Value):
    """The lender's capital on the day and what part of it is at stake, as fractions: loans are measured against net capital,
    exposures against tier 1. A part of no capital, or of next to none, is None."""

    net_capital: Money
    tier1_capital: Money
    loans_to_net_capital: Rate | None
    exposure_to_tier1: Rate | None
    group_exposure_to_tier1: Rate | None
    vintage: str


class ExposureView(Value):
    """A customer's exposure on a day, in the three measures that are never mixed (大额风险暴露管理办法 §§7, 8)."""

    customer_id: UUID
    lender_id: str
    as_of: date
    loans: Money
    """Balance of loans; measured against net capital."""
    exposure: Money
    """All exposures with undrawn commitments converted; measured against tier 1."""
    group_exposure: Money
    """The same over the customer's group; the customer's own where it belongs to none."""
    unified_customer: Money | None = None
    """Unified credit (统一授信): every kind at its notional amount."""
    unified_group: Money | None = None
    """The same over the group; the customer's own where it belongs to none."""
    group_id: UUID | None = None
    capital: CapitalBases | None = None
    """None where the lender's capital of the day is not on file."""


class GroupExposureView(Value):
    """A group's exposure on a day in the three measures, and each member's part."""

    group_id: UUID
    lender_id: str
    as_of: date
    loans: Money
    exposure: Money
    unified: Money
    members: tuple[ExposureView, ...]


class PolicyProposal(Value):
    """Answer to the publication of a bundle: proposed by one person, in force once another has approved."""

    sha256: Sha256
    files: int
    maker: str
    checker: str | None = None
    in_force_from: date
    proposed_at: datetime
    approved_at: datetime | None = None
    comment: Remark | None = None
    changes: str
    """Where to read what it changes: against the bundle in force, policy by policy."""


class BusinessDayView(Value):
    """The bank's business date at an instant, and what it was told by."""

    at: datetime
    business_date: date
    cut_off: ClockTime
    """On the clock of the bank's zone; what arrives later belongs to the next business day."""
    calendar: str
    vintage: str
    provisional: bool
    """The date lies beyond the published years, so that a notice may still move it."""
