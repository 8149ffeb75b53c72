"""Messages of the pricing service: rating, limit, quote and schedule."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from domain.application import RepaymentMethod
from domain.application.text import Code, Sha256
from domain.factsheet import FactSheet
from domain.finding import FindingValue
from domain.model import Value
from domain.money import Money, Rate


class DecisionInputs(Value):
    """What every deciding request carries: the case, the pinned policy and the business date."""

    case_id: UUID
    policy_sha256: Sha256
    product: Code
    lender_id: Code
    as_of: date


# --- rating -----------------------------------------------------------------------------------------------------------


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
    card_class: Literal["A", "B", "C"]
    factors: tuple[FactorScore, ...]
    scaled_score: Rate
    pd: Rate
    grade: str
    limit_multiplier: Rate
    valid_until: date

    def headline(self) -> str:
        return f"{self.grade} · {self.card_class} · {self.card_score:.1f} · PD {self.pd * 100:.4f} %"


# --- limit ------------------------------------------------------------------------------------------------------------


class InvestmentNeed(Value):
    """Project loan: reconciled investment, and the capital that is due and has been paid."""

    kind: Literal["investment"] = "investment"
    headline_investment: Money | None
    uses_total: Money | None
    sources_total: Money | None
    eligible_capital: Money | None
    paid_in_capital: Money | None


class ContractNeed(Value):
    """Order financing: min(share of contract, advance rate x what is collectible in the tenor, cost to complete)."""

    kind: Literal["contract"] = "contract"
    amount: Money | None
    advance_received: Money | None
    retention: Money | None
    collected: Money | None
    cost_to_complete: Money | None
    collectible_within_tenor: Money | None
    buyer_tier: str | None
    firm: bool | None


class WorkingCapitalNeed(Value):
    """The regulator's working-capital formula (流动资金贷款管理办法, annex): money in CNY, margin and growth as fractions."""

    kind: Literal["working_capital"] = "working_capital"
    revenue: Money | None
    cost_of_sales: Money | None
    profit: Money | None
    growth: Rate | None
    average_inventory: Money | None
    average_receivables: Money | None
    average_payables: Money | None
    average_prepayments: Money | None
    average_advances: Money | None
    own_funds: Money | None
    existing_loans: Money | None
    other_funds: Money | None


class CashFlowSegment(Value):
    """Level monthly cash flow over months ``from_month`` … ``to_month`` (1-based, inclusive), before debt service."""

    from_month: Annotated[int, Field(ge=1, le=600)]
    to_month: Annotated[int, Field(ge=1, le=600)]
    revenue: Money
    cost: Money


class CollateralContribution(Value):
    """An asset's part in the collateral cap, from its valuation finding."""

    asset_key: str
    kind: str
    lending_value: Money
    ltv: Rate
    eligible: bool
    finding_sha256: Sha256


class GuaranteeContribution(Value):
    party_key: str
    amount: Money
    share: Rate
    valid: bool | None
    """Resolution and, for listed companies, announcement are on file; None where that is not known."""


class Exposures(Value):
    """From the lender's books on the day, in the three measures that are never mixed."""

    customer_loans: Money
    """Loan balance, against net capital (大额风险暴露管理办法 §7)."""
    customer_exposure: Money
    """All exposures, against tier 1."""
    group_exposure: Money
    group_id: UUID | None = None
    net_capital: Money
    tier1_capital: Money


class LimitRequest(DecisionInputs):
    asked: Money
    tenor_months: Annotated[int, Field(ge=1, le=600)]
    long_cycle_evidence: bool
    need: Annotated[InvestmentNeed | ContractNeed | WorkingCapitalNeed, Field(discriminator="kind")]
    card_class: Literal["A", "B", "C"] | None
    limit_multiplier: Rate | None
    cash_flows: tuple[CashFlowSegment, ...] | None
    collateral: tuple[CollateralContribution, ...]
    guarantees: tuple[GuaranteeContribution, ...]
    exposures: Exposures


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


class Limit(FindingValue):
    """The limit: the smallest of five caps and of what was asked, rounded down; the binding one is named."""

    asked: Money
    limit: Money
    tenor_months: int
    caps: tuple[Cap, ...]
    binding: Literal["asked", "product", "need", "capacity", "collateral", "regulatory"] | None
    tranches: tuple[TrancheLimit, ...] = ()

    def headline(self) -> str:
        return f"{self.limit} · {self.tenor_months} m · {self.binding or '—'}"


# --- quote ------------------------------------------------------------------------------------------------------------


class QuoteRequest(DecisionInputs):
    """Price of an amount over a tenor."""

    amount: Money
    tenor_months: Annotated[int, Field(ge=1, le=600)]
    pd: Rate | None
    grade: str | None
    collateral: tuple[CollateralContribution, ...]
    annual_revenue_eur_m: Rate | None = None
    green: bool | None
    pue: Rate | None = None
    relationship: Code | None = None
    fees: tuple["QuoteFee", ...] = ()


class QuoteFee(Value):
    name: str
    amount: Money
    payer: Literal["borrower", "lender", "third_party"]


class PriceComponent(Value):
    """One step of the waterfall; discounts are negative."""

    name: str
    rate: Rate


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

    def headline(self) -> str:
        sign = "+" if self.margin_bps >= 0 else "−"
        return f"{self.all_in_rate * 100:.4f} % · LPR {self.base_rate} {sign} {abs(self.margin_bps)} bp"


# --- schedule ---------------------------------------------------------------------------------------------------------


class ScheduleRequest(DecisionInputs):
    """A repayment plan. Interest accrues ACT/360 over periods ending on the 20th (结息日)."""

    principal: Money
    annual_rate: Rate
    drawn_on: date
    tenor_months: Annotated[int, Field(ge=1, le=600)]
    method: RepaymentMethod
    grace_months: Annotated[int, Field(ge=0, le=120)] = 0
    frequency: Literal["monthly", "quarterly"] = "quarterly"


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


class Schedule(FindingValue):
    instalments: tuple[Instalment, ...]
    total_interest: Money
    final_maturity: date

    def headline(self) -> str:
        return f"{len(self.instalments)} × → {self.final_maturity.isoformat()} · {self.total_interest}"
