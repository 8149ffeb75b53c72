"""Messages of the pricing service: rating, limit, quote and schedule."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from domain.application import AssetKind, SourceKind
from domain.application.text import Code, Sha256
from domain.factsheet import FactSheet
from domain.figures import (
    EffectiveMaturity,
    Growth,
    NonNegativeMoney,
    PositiveMoney,
    Probability,
    Pue,
    Share,
    Spread,
    Tenor,
    YearlySales,
)
from domain.finding import FindingValue
from domain.model import Value
from domain.money import Money, Rate
from domain.repayment import RepaymentTerms


def _not_given(value: object) -> bool:
    """A field that a later version added is left out where it is absent: what was filed before keeps its hash."""
    return value is None


def _nothing(value: tuple[object, ...]) -> bool:
    """As ``_not_given``, of a list."""
    return not value


class DecisionInputs(Value):
    """What every deciding request carries: the case, the pinned policy and the business date."""

    case_id: UUID
    policy_sha256: Sha256
    product: Code
    lender_id: Code
    as_of: date
    pinned_on: date | None = None
    """Business date on which the case took its policy; without it the policy in force on ``as_of`` is read."""

    @property
    def policy_on(self) -> date:
        """The date for which versions are chosen inside the pinned bundle."""
        return self.pinned_on or self.as_of


# --- rating -----------------------------------------------------------------------------------------------------------


CardClass = Literal["A", "B", "C"]
"""Class of a scorecard, from the best to the last: what a case is let into, and on what security."""


class RatingRequest(DecisionInputs):
    """Facts of the borrower for the product's scorecard; absent facts refer, they never score zero."""

    facts: FactSheet


class FactorScore(Value):
    factor: str
    points: Rate
    of: Rate


class Rating(FindingValue):
    """A rating: card score (0-100), class A/B/C, scaled score, PD (fraction per year) and grade of the master scale."""

    card_id: str
    card_score: Rate
    card_class: CardClass
    factors: tuple[FactorScore, ...]
    scaled_score: Rate
    pd: Rate
    grade: str
    limit_multiplier: Rate
    valid_until: date

    def headline(self) -> str:
        return f"{self.grade} · {self.card_class} · {self.card_score:.1f} · PD {self.pd * 100:.4f} %"


# --- limit ------------------------------------------------------------------------------------------------------------


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
    carries_at_most: NonNegativeMoney | None = Field(default=None, exclude_if=_not_given)
    """Most that the asset may carry whatever it is worth (the eligible base of an order, a concentration cap)."""


class GuaranteeContribution(Value):
    party_key: Annotated[str, Field(max_length=80)]
    amount: NonNegativeMoney
    share: Share
    valid: bool | None
    """Resolution and, for listed companies, announcement are on file; None where that is not known."""
    guarantor_net_assets: NonNegativeMoney | None = Field(default=None, exclude_if=_not_given)
    """Net assets of the guarantor at its latest accounts, nought where they are negative; None where not known."""
    guarantees_given: NonNegativeMoney | None = Field(default=None, exclude_if=_not_given)
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
    unvalued: Annotated[tuple[Annotated[str, Field(max_length=80)], ...], Field(max_length=200)] = ()
    """Assets offered as security that have no valuation yet."""
    annual_revenue: NonNegativeMoney | None = None
    operating_cash_flow: Money | None = Field(default=None, exclude_if=_not_given)
    """Net cash flow of a year's operations; negative where operations take money."""
    joint_credit: JointCredit | None = Field(default=None, exclude_if=_not_given)
    """None where the firm is known to owe no other lender."""
    head_office_tenor_consent: bool = False
    """Head office has consented to a fixed-asset loan of more than ten years."""
    asked_lpr_tenor: Literal["1Y", "5Y"] | None = None
    asked_spread_bps: Spread | None = None
    """The price asked for: what future cash flow is discounted at."""

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
    tied: tuple[CapName, ...] = Field(default=(), exclude_if=_nothing)
    """Other caps exactly as small as what binds. Of equals the first binds: what was asked, then as ``caps`` stand."""

    def headline(self) -> str:
        return f"{self.limit} · {self.tenor_months} m · {self.binding or '—'}"


# --- quote ------------------------------------------------------------------------------------------------------------


class QuoteFee(Value):
    name: Annotated[str, Field(min_length=1, max_length=200)]
    amount: NonNegativeMoney
    payer: Literal["borrower", "lender", "third_party"]


class QuoteRequest(DecisionInputs):
    """Price of an amount over a tenor."""

    amount: PositiveMoney
    tenor_months: Tenor
    pd: Probability | None
    grade: Annotated[str, Field(max_length=8)] | None
    collateral: Annotated[tuple[CollateralContribution, ...], Field(max_length=500)]
    annual_revenue_eur_m: YearlySales | None = None
    """For the firm-size adjustment of the internal-ratings approach; without it no adjustment is made."""
    green: bool | None
    pue: Pue | None = None
    relationship: Code | None = None
    fees: Annotated[tuple[QuoteFee, ...], Field(max_length=50)] = ()
    rack_use: Share | None = None
    green_power: Share | None = None
    hub: bool | None = None
    green_catalogue_code: bool | None = None
    """Whether the project has a code of 绿色金融支持项目目录."""
    project_phase: Literal["none", "pre_operation", "operation", "operation_high_quality"] | None = None
    retail_eligible: bool | None = None
    investment_grade: bool | None = None
    company_size: Literal["micro", "small", "medium", "large"] | None = None
    asked_lpr_tenor: Literal["1Y", "5Y"] | None = None
    asked_spread_bps: Spread | None = None
    """The price asked for. It replaces the built-up one, and is then measured against floor and hurdle."""
    annual_sales: NonNegativeMoney | None = Field(default=None, exclude_if=_not_given)
    """Yearly sales in CNY, for the firm-size adjustment where the policy states it in CNY."""
    effective_maturity_years: EffectiveMaturity | None = Field(default=None, exclude_if=_not_given)
    """M of the repayment plan, for policies that do not take the supervisory one; without it the tenor stands."""


class PriceComponent(Value):
    """One step of the waterfall; discounts are negative."""

    name: str
    rate: Rate


class WaterfallStep(Value):
    """One step from the cost of funds to the quoted rate: what it adds, the total so far, and how it comes about."""

    name: str
    title_zh: str
    title_en: str
    rate: Rate
    total: Rate
    because: str
    """The term with its figures, as a reader would check it by hand."""


class FloorWaiver(Value):
    """Who may let a price stand below the floor, and whether the policy's ground for doing so is there."""

    body: str
    role: str
    title_zh: str
    title_en: str
    shortfall: Rate
    """By how much the quoted rate lies below the floor, per year; 0 where it does not."""
    relationships: tuple[str, ...]
    """Relationship classes for which the body may be asked."""
    grounded: bool
    """Whether the borrower is of one of them."""


class Quote(FindingValue):
    """A price: the build-up, the same as LPR + bp, RAROC against its hurdle, and the floor. Rates per year."""

    components: tuple[PriceComponent, ...]
    all_in_rate: Rate
    base_rate: Literal["1Y", "5Y"]
    base_rate_value: Rate
    margin_bps: int
    floor_rate: Rate
    below_floor: bool
    raroc: Rate
    hurdle: Rate
    comprehensive_cost: Rate | None = None
    """综合融资成本: nominal yearly rate (monthly IRR x 12) of all cash flows the borrower pays."""
    effective_cost: Rate | None = None
    """The same compounded monthly, as it is disclosed beside offers of other lenders."""
    waterfall: tuple[WaterfallStep, ...] = Field(default=(), exclude_if=_nothing)
    floor_waiver: FloorWaiver | None = Field(default=None, exclude_if=_not_given)

    def headline(self) -> str:
        sign = "+" if self.margin_bps >= 0 else "−"
        return f"{self.all_in_rate * 100:.4f} % · LPR {self.base_rate} {sign} {abs(self.margin_bps)} bp"


# --- schedule ---------------------------------------------------------------------------------------------------------


class ScheduleRequest(DecisionInputs, RepaymentTerms):
    """A repayment plan. Interest accrues ACT/360 over periods ending on the 20th (结息日)."""


class Instalment(Value):
    number: int
    period_start: date
    period_end: date
    due: date
    days: int
    principal: Money
    interest: Money
    balance: Money
    provisional: bool
    """The due date lies beyond the published business calendar and will be rolled again."""
    drawn: Money | None = Field(default=None, exclude_if=lambda amount: amount is None)
    """Drawn since the row before, where that is not the first drawing."""
    kind: Literal["scheduled", "prepayment"] = Field(default="scheduled", exclude_if=lambda kind: kind == "scheduled")


class TrancheSchedule(Value):
    """The plan of one tranche."""

    key: str
    instalments: tuple[Instalment, ...]
    total_interest: Money
    final_maturity: date


class Schedule(FindingValue):
    """What falls due and when. With ``tranches``, ``instalments`` is what all of them owe together on each day."""

    instalments: tuple[Instalment, ...]
    total_interest: Money
    final_maturity: date
    tranches: tuple[TrancheSchedule, ...] = Field(default=(), exclude_if=lambda given: not given)

    def headline(self) -> str:
        return f"{len(self.instalments)} × → {self.final_maturity.isoformat()} · {self.total_interest}"
