"""Products as a lender offers them, and which of them a draft could be, before anybody applies."""

from datetime import date
from typing import Literal

from pydantic import Field

from domain.finding import Reason, TraceStep
from domain.model import Value
from domain.money import Money, Rate

EligibilityVerdict = Literal["eligible", "refer", "not_eligible"]


class ProductEligibility(Value):
    """One product held against one draft, with every reason and not only the first.

    ``eligible``: nothing of the product's own terms stands against it. ``refer``: a person decides, or a fact that is asked
    for is not known. ``not_eligible``: at least one reason stands against it. What caps the amount or the tenor is a reason as
    well and leaves the product eligible. The other caps of a limit (need, capacity, collateral, regulation) are not formed here.
    """

    product_id: str
    version: str
    title_zh: str
    title_en: str
    family: str | None = None
    board: str | None = None
    """The family's board that the borrower's segment belongs to."""
    status: str
    verdict: EligibilityVerdict
    amount: Money | None = None
    """Of what is asked for, the most that the product's and its family's ceilings leave; ``None`` without an amount."""
    tenor_months: int | None = None
    credit_equivalent: Money | None = None
    """Of a guarantee: what the amount counts as in credit."""
    reasons: tuple[Reason, ...] = ()
    trace: tuple[TraceStep, ...] = ()


class CriterionView(Value):
    """What one fact of the applicant must be."""

    code: str
    severity: str
    fact: str
    title_zh: str
    title_en: str
    values: tuple[str, ...]


class RuleView(Value):
    """A rule of admission or payment as it is written in the policy."""

    code: str
    severity: str
    message_zh: str
    message_en: str
    scope: dict[str, str] = Field(default_factory=dict)
    breached_when: tuple[dict[str, str], ...]


class PurposeView(Value):
    """A purpose with its own terms; ``None`` where the product's stand."""

    purpose: str
    title_zh: str | None = None
    title_en: str | None = None
    tenor_cap_months: int
    ring_fenced: bool = False
    admission: tuple[RuleView, ...] = ()


class RequiredDocumentView(Value):
    kind: str
    stage: str
    title_zh: str
    title_en: str
    required: bool
    shelf_life_days: int | None


class ConditionView(Value):
    """A condition of the facility agreement."""

    id: str
    kind: str
    title_zh: str
    title_en: str
    due_days: int | None
    counts_from: str | None


class OffBalanceView(Value):
    """What a guarantee counts as until it is called."""

    exposure_kind: str
    conversion_factor: Rate
    """Share of the notional that is credit, by the table of conversion factors on the day."""
    annual_fee: Rate
    reduces_with: str
    electronic: bool


class ReviewView(Value):
    every_months: int
    increase_needs_rating_within_months: int


class BoardView(Value):
    id: str
    title_zh: str
    title_en: str
    segments: tuple[str, ...] = ()


class FamilyView(Value):
    """The name several products are sold under."""

    family_id: str
    version: str
    title_zh: str
    title_en: str
    lenders: tuple[str, ...]
    boards: tuple[BoardView, ...]
    tracks: tuple[BoardView, ...]
    borrower_cap: Money | None
    """Most that one borrower may have under all members together."""
    count_claimed: str | None
    members: tuple[str, ...]
    """Ids of the products in force that belong to it."""
    source: tuple[str, ...]


class ProductView(Value):
    """A product of the bundle in force."""

    product_id: str
    version: str
    title_zh: str
    title_en: str
    status: str
    bookable: bool
    """Whether an application for it can be submitted here."""
    not_booked: str | None = None
    """Why not: ``PRODUCT_NOT_LIVE``, ``PROGRAMME_NOT_BOOKABLE`` or ``BOOKED_ELSEWHERE``."""
    family: str | None
    lenders: tuple[str, ...]
    line_kind: str
    loan_class: str
    purposes: tuple[str, ...]
    amount_cap: Money | None
    minimum_amount: Money | None
    tenor_cap_months: int
    minimum_tenor_months: int | None
    repayment_methods: tuple[str, ...]
    guarantee_methods: tuple[str, ...]
    """Legs a guarantee mix may have; any where the list is empty."""
    tags: tuple[str, ...]
    green: bool
    two_pass: bool
    policy_sha256: str


class ProductDetail(ProductView):
    """All that a relationship manager asks of one product."""

    as_of: date
    effective_from: date
    need: str
    loan_to_cost: Rate | None
    capital_ratio: Rate | None
    advance_rate: Rate | None
    need_share: Rate | None
    maximum_grace_months: int
    drawings: str
    entrusted_only: bool
    scorecard: str
    offered_to: tuple[CriterionView, ...]
    admission: tuple[RuleView, ...]
    payment_rules: tuple[RuleView, ...]
    purpose_terms: tuple[PurposeView, ...]
    off_balance: OffBalanceView | None
    lease_forms: tuple[str, ...]
    review: ReviewView | None
    family_terms: FamilyView | None
    documents: tuple[RequiredDocumentView, ...]
    conditions: tuple[ConditionView, ...]
    source: tuple[str, ...]
