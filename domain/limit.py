"""Messages of the limit: what it is formed from, its five caps, and what it came to."""

from enum import StrEnum
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from domain.application import AssetKind, SourceKind
from domain.application.text import Code, Sha256
from domain.decision import DecisionInputs, not_given, nothing
from domain.figures import (
    Grace,
    Growth,
    NonNegativeMoney,
    PositiveMoney,
    Share,
    Spread,
    Tenor,
)
from domain.finding import FindingValue
from domain.model import Value
from domain.money import Money
from domain.rating import CardClass


class CapitalSource(Value):
    """One source of a project's funds, as far as it may be project capital. ``traced`` says whether its origin is
    known.
    """

    kind: SourceKind
    amount: NonNegativeMoney
    paid_in: NonNegativeMoney | None = None
    traced: bool | None = None
    valuation_report: bool | None = None
    """For contributions in kind: without a report they count nothing."""
    unencumbered: bool | None = None
    borrowed: bool | None = Field(default=None, exclude_if=not_given)
    """Whether its owners borrowed it; None where that is not known."""
    traced_months: Annotated[int, Field(ge=0, le=600)] | None = Field(default=None, exclude_if=not_given)
    """Over how many months its way was traced back."""


class InvestmentNeed(Value):
    """Project loan: reconciled investment, and the capital that is due and has been paid.

    Where ``sources`` are given, eligible and paid-in capital are taken from them by kind, and the two totals are
    ignored.
    """

    kind: Literal["investment"] = "investment"
    headline_investment: NonNegativeMoney | None
    uses_total: NonNegativeMoney | None
    sources_total: NonNegativeMoney | None
    eligible_capital: NonNegativeMoney | None
    paid_in_capital: NonNegativeMoney | None
    sources: Annotated[tuple[CapitalSource, ...], Field(max_length=50)] | None = None


class ContractNeed(Value):
    """Order financing: min(share of contract, advance rate x what is collectible in the tenor, cost to complete)."""

    kind: Literal["contract"] = "contract"
    amount: NonNegativeMoney | None
    advance_received: NonNegativeMoney | None
    retention: NonNegativeMoney | None
    collected: NonNegativeMoney | None
    cost_to_complete: NonNegativeMoney | None
    collectible_within_tenor: NonNegativeMoney | None
    buyer_tier: Annotated[str, Field(max_length=64)] | None
    firm: bool | None
    buyer_related: bool | None = None


class WorkingCapitalNeed(Value):
    """The regulator's working-capital formula (流动资金贷款管理办法, annex): money in CNY, margin and growth as
    fractions.
    """

    kind: Literal["working_capital"] = "working_capital"
    revenue: NonNegativeMoney | None
    cost_of_sales: NonNegativeMoney | None
    profit: Money | None
    growth: Growth | None
    average_inventory: NonNegativeMoney | None
    average_receivables: NonNegativeMoney | None
    average_payables: NonNegativeMoney | None
    average_prepayments: NonNegativeMoney | None
    average_advances: NonNegativeMoney | None
    own_funds: NonNegativeMoney | None
    existing_loans: NonNegativeMoney | None
    other_funds: NonNegativeMoney | None


class CashFlowSegment(Value):
    """Level monthly cash flow over months ``from_month`` … ``to_month`` (1-based, inclusive), before debt service."""

    from_month: Tenor
    to_month: Tenor
    revenue: NonNegativeMoney
    cost: NonNegativeMoney

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.to_month < self.from_month:
            raise PydanticCustomError("months_reversed", "to_month must not lie before from_month")
        return self


class CollateralContribution(Value):
    """An asset's part in the collateral cap, from its valuation finding."""

    asset_key: Annotated[str, Field(max_length=80)]
    kind: AssetKind
    lending_value: NonNegativeMoney
    ltv: Share
    eligible: bool
    finding_sha256: Sha256
    tenor_cap_months: Annotated[int, Field(ge=0, le=1200)] | None = None
    """From the valuation; the tenor of the asset's class applies where it is not given."""
    carries_at_most: NonNegativeMoney | None = Field(default=None, exclude_if=not_given)
    """Most that the asset may carry whatever it is worth (the eligible base of an order, a concentration cap)."""


class ContractedServers(Value):
    """GPU servers together, as their own contracts repay them while they lose value. Months count from the drawing."""

    carries: Annotated[tuple[NonNegativeMoney, ...], Field(min_length=1, max_length=601)]
    """Σ LTV × ``V_q`` of the eligible cohorts at month 0, 1, …, CNY; nought from the month in which a cohort's tranche ends."""
    cash_flows: Annotated[tuple[CashFlowSegment, ...], Field(max_length=500)] | None
    """Of the contracts that name the servers' GPU, less the servers' running costs; None where they are not known."""
    reserve_months: Grace = 0
    """Months before the first contract, whose interest the project's budget pays."""


class GuaranteeContribution(Value):
    party_key: Annotated[str, Field(max_length=80)]
    amount: NonNegativeMoney
    share: Share
    valid: bool | None
    """Resolution and, for listed companies, announcement are on file; None where that is not known."""
    guarantor_net_assets: NonNegativeMoney | None = Field(default=None, exclude_if=not_given)
    """Net assets of the guarantor at its latest accounts, nought where they are negative; None where not known."""
    guarantees_given: NonNegativeMoney | None = Field(default=None, exclude_if=not_given)
    """What the guarantor stands for already, this guarantee left out; None where not known."""


class JointCredit(Value):
    """What all lenders together have lent a firm, and the ceiling they agreed on (联合授信). None: not known."""

    lenders: Annotated[int, Field(ge=0, le=10_000)] | None
    """Other lenders with a balance."""
    total_financing: NonNegativeMoney | None
    """Balance at all lenders, this one included, without the loan asked for."""
    ceiling: NonNegativeMoney | None = None
    """The agreed ceiling (联合授信额度); None where there is none on file."""


class Exposures(Value):
    """From the lender's books on the day, in the three measures that are never mixed."""

    customer_loans: NonNegativeMoney
    """Loan balance, against net capital (大额风险暴露管理办法 §7)."""
    customer_exposure: NonNegativeMoney
    """All exposures, against tier 1."""
    group_exposure: NonNegativeMoney
    unified_customer: NonNegativeMoney | None = Field(default=None, exclude_if=not_given)
    """Unified credit (统一授信) of the customer: every kind at its notional amount; None where the books do not add it up."""
    unified_group: NonNegativeMoney | None = Field(default=None, exclude_if=not_given)
    """The same over the group; the customer's own where it belongs to none."""
    unified_ceiling: NonNegativeMoney | None = Field(default=None, exclude_if=not_given)
    """Ceiling approved for the unified credit of the group, or of a customer without one; None where none is on file."""
    related_total: NonNegativeMoney | None = Field(default=None, exclude_if=not_given)
    """Unified credit of all parties related to the lender; added up for a related borrower only."""
    group_id: UUID | None = None
    net_capital: NonNegativeMoney
    tier1_capital: NonNegativeMoney


class LimitRequest(DecisionInputs):
    """What the five caps are formed of. ``None`` and empty differ: no cash flow is known, there is no cash flow."""

    asked: PositiveMoney
    tenor_months: Tenor
    long_cycle_evidence: bool
    need: Annotated[InvestmentNeed | ContractNeed | WorkingCapitalNeed, Field(discriminator="kind")]
    card_class: CardClass | None
    limit_multiplier: Share | None
    cash_flows: Annotated[tuple[CashFlowSegment, ...], Field(max_length=500)] | None
    collateral: Annotated[tuple[CollateralContribution, ...], Field(max_length=500)]
    guarantees: Annotated[tuple[GuaranteeContribution, ...], Field(max_length=50)]
    exposures: Exposures
    contracted_servers: ContractedServers | None = Field(default=None, exclude_if=not_given)
    """None where no server was valued, or no contract names them: then value alone says what they carry."""
    unvalued: Annotated[tuple[Annotated[str, Field(max_length=80)], ...], Field(max_length=200)] = ()
    """Assets offered as security that have no valuation yet."""
    annual_revenue: NonNegativeMoney | None = None
    operating_cash_flow: Money | None = Field(default=None, exclude_if=not_given)
    """Net cash flow of a year's operations; negative where operations take money."""
    joint_credit: JointCredit | None = Field(default=None, exclude_if=not_given)
    """None where the firm is known to owe no other lender."""
    head_office_tenor_consent: bool = False
    """Head office has consented to a fixed-asset loan of more than ten years."""
    asked_lpr_tenor: Literal["1Y", "5Y"] | None = None
    asked_spread_bps: Spread | None = None
    """The price asked for: what future cash flow is discounted at."""
    purpose: Code | None = Field(default=None, exclude_if=not_given)
    """Where a purpose of the product has a tenor of its own, it is the shorter that counts."""
    held: Annotated[dict[Code, NonNegativeMoney], Field(max_length=100)] | None = Field(
        default=None, exclude_if=not_given
    )
    """Limits of the borrower's other standing facilities with the lender by product, drawn or not: a family of products may
    have a ceiling for one borrower."""

    @field_validator("collateral", mode="after")
    @classmethod
    def _each_asset_once(cls, given: tuple[CollateralContribution, ...]) -> tuple[CollateralContribution, ...]:
        if len({item.asset_key for item in given}) < len(given):
            raise PydanticCustomError("repeated", "each must be named once")
        return given


class CapName(StrEnum):
    PRODUCT = "product"
    NEED = "need"
    CAPACITY = "capacity"
    COLLATERAL = "collateral"
    REGULATORY = "regulatory"


class Cap(Value):
    """One of the five caps. ``amount`` is None where the cap could not be formed; ``missing`` names what was absent."""

    name: CapName
    amount: Money | None
    code: str = ""
    missing: tuple[str, ...] = ()


class TrancheLimit(Value):
    """Longest tenor and largest amount by asset class."""

    asset_kind: str
    amount: Money
    tenor_months: int


class ProjectCapital(Value):
    """Project capital (固定资产投资项目资本金): what the reconciled investment needs, what counts, what is paid.

    ``drawable`` is the most that may be drawn on what is paid now: loan and capital are used pro rata.
    """

    required: Money
    eligible: Money | None
    short: Money | None
    paid_in: Money | None
    drawable: Money | None


class Limit(FindingValue):
    """The limit: the smallest of five caps and of what was asked, rounded down; the binding one is named.

    While a cap could not be formed, ``limit`` is only what the known caps leave at most, and ``binding`` is None.
    """

    asked: Money
    limit: Money
    tenor_months: int
    caps: tuple[Cap, ...]
    binding: Literal["asked", "product", "need", "capacity", "collateral", "regulatory"] | None
    tranches: tuple[TrancheLimit, ...] = ()
    project_capital: ProjectCapital | None = None
    tied: tuple[CapName, ...] = Field(default=(), exclude_if=nothing)
    """Other caps exactly as small as what binds. Of equals the first binds: what was asked, then as ``caps`` stand."""

    def headline(self) -> str:
        return f"{self.limit} · {self.tenor_months} m · {self.binding or '—'}"


# --- quote ------------------------------------------------------------------------------------------------------------
