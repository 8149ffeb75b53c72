"""Messages of price and repayment: quote and schedule."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from domain.application.text import Code
from domain.decision import DecisionInputs, not_given, nothing
from domain.figures import (
    EffectiveMaturity,
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
from domain.limit import CollateralContribution
from domain.model import Value
from domain.money import Money, Rate
from domain.repayment import RepaymentTerms


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
    annual_sales: NonNegativeMoney | None = Field(default=None, exclude_if=not_given)
    """Yearly sales in CNY, for the firm-size adjustment where the policy states it in CNY."""
    effective_maturity_years: EffectiveMaturity | None = Field(default=None, exclude_if=not_given)
    """M of the repayment plan, for policies that do not take the supervisory one; without it the tenor stands."""
    risk_shared: Share | None = Field(default=None, exclude_if=not_given)
    """Part of every loss that guarantors bear beside the lender (风险分担); the lender's loss is of the rest."""


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
    waterfall: tuple[WaterfallStep, ...] = Field(default=(), exclude_if=nothing)
    floor_waiver: FloorWaiver | None = Field(default=None, exclude_if=not_given)

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
