"""Messages of collateral-constrained amortisation and stress tests: what assets and cash flow carry together over the life
of a loan, and how a plan stands to them.

Months count from the first drawing; month 0 is its day.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from domain.application import AssetKind
from domain.collateral import CohortSubject, PhysicalSubject
from domain.decision import DecisionInputs
from domain.figures import Grace, NonNegativeMoney, PositiveMoney, Share, Tenor, YearlyRate, figure
from domain.finding import FindingValue
from domain.limit import CashFlowSegment
from domain.model import Value
from domain.money import ZERO, Amount, Money, Rate
from domain.repayment import Wrong, refuse

CoverageRatio = Annotated[Rate, figure("cash flow over debt service", "[1, 10]", at_least="1", at_most="10")]
TrancheName = Annotated[str, StringConstraints(min_length=1, max_length=120, pattern=r"^[a-z0-9][A-Za-z0-9_.:/-]*$")]
"""An asset of a case, or one cohort of its servers: ``servers/8xH100-new-202603-1a2b3c4d``."""
CashFlows = Annotated[tuple[CashFlowSegment, ...], Field(max_length=500)]


# --- what a loan rests on ---------------------------------------------------------------------------------------------


class ValuePath(Value):
    """An asset whose value is given month by month, as somebody else concluded it."""

    kind: Literal["value_path"]
    asset_kind: AssetKind
    values: Annotated[tuple[NonNegativeMoney, ...], Field(max_length=601)]
    """CNY at month 0, 1, …: one for every month of the loan, and the last of them for the end of it."""


class HeldAsset(Value):
    """An asset whose value does not come from a price: software, data, a deposit, a claim. Policy says how it runs off."""

    kind: Literal["held"]
    asset_kind: AssetKind
    value: NonNegativeMoney
    """CNY at month 0."""


TrancheSubject = Annotated[CohortSubject | PhysicalSubject | ValuePath | HeldAsset, Field(discriminator="kind")]


class AssetTranche(Value):
    """A class of assets that carries a part of the loan. What it does not say is as policy says it of its kind."""

    key: TrancheName
    subject: TrancheSubject
    advance_rate: Share | None = None
    """α: how much of its value it carries."""
    lending_value: NonNegativeMoney | None = None
    """From the valuation that is on file: the path never begins above it."""
    filed_path: Annotated[tuple[NonNegativeMoney, ...], Field(min_length=1, max_length=601)] | None = None
    """``V_q`` of a cohort at month 0, 1, … as its valuation on file has it: rents as the indices of the day had them. The
    last month stands for all after it; stresses move the path in proportion."""
    cash_flows: CashFlows | None = None
    """What the assets of the tranche earn under contracts of their own; then the tranche carries no more than that repays."""


class CoverageInputs(DecisionInputs):
    """What a loan rests on: its assets, and the cash flow under contracts (the contract lens of the limit)."""

    annual_rate: YearlyRate | None
    """None where no price could be formed; nothing is concluded then, and the case is referred."""
    tenor_months: Tenor
    tranches: Annotated[tuple[AssetTranche, ...], Field(max_length=500)]
    cash_flows: CashFlows | None
    """Before debt service; None where they are not known, which is not the same as none."""
    other_cover: NonNegativeMoney = ZERO
    """What guarantees and the unsecured quota carry besides the assets, at every date."""
    reserve_months: Grace = 0
    """Months from the first drawing whose interest a funded reserve or the project's budget pays."""
    dscr_target: CoverageRatio | None = None
    """Coverage every instalment is sized at; the product's, else the house's, where it is not given."""

    @model_validator(mode="after")
    def _tranches_fit(self) -> Self:
        refuse("CoverageInputs", list(self._misfits()))
        return self

    def _misfits(self) -> Iterator[Wrong]:
        if not self.tranches:
            yield ("tranches",), "tranches_empty", "at least one tranche must be named"
        seen: set[str] = set()
        for index, tranche in enumerate(self.tranches):
            if tranche.key in seen:
                yield ("tranches", index, "key"), "repeated", "each must be named once"
            seen.add(tranche.key)
            if isinstance(tranche.subject, ValuePath) and len(tranche.subject.values) < self.tenor_months:
                yield (
                    ("tranches", index, "subject", "value_path", "values"),
                    "values_short",
                    "there must be a value for every month of the tenor; unit: CNY",
                )
        if self.reserve_months >= self.tenor_months:
            yield ("reserve_months",), "reserve_covers_tenor", "reserve_months must be less than tenor_months"


# --- the largest loan -------------------------------------------------------------------------------------------------


class AmortisationRequest(CoverageInputs):
    """``POST /v1/amortisations``: the largest loan that assets and cash flow carry, and its schedule."""

    amount: PositiveMoney | None = None
    """The loan that is to be laid out; the largest one where it is not given."""


class Bound(StrEnum):
    """What bounds the balance of a date."""

    COVER = "cover"
    """What the assets carry on that date."""
    REPAYMENT = "repayment"
    """What the cash flow can repay from then on, down to the next date's bound."""
    INTEREST = "interest"
    """What the next month's cash flow can bear interest on."""
    MATURITY = "maturity"
    """The loan ends."""


class TrancheCover(Value):
    """What one tranche carries. ``carries`` at the first drawing: advance rate × value, and no more than its own cash flow
    repays where it has one."""

    key: str
    asset_kind: AssetKind
    value: Money
    advance_rate: Rate
    carries: Money
    tenor_months: int


class PlanRow(Value):
    """One month of a plan, CNY. Amounts are rounded from exact figures, each once: what may be owed down, what falls due half
    up. Ratios are of the exact figures."""

    month: int
    value: Amount
    cover: Amount
    """Σ α·V and what else covers the loan."""
    ceiling: Amount
    """The most that may be owed: what the schedule of a sculpted loan takes."""
    balance: Amount
    principal: Amount
    interest: Amount
    cash_flow: Amount
    dscr: Rate | None
    ltv: Rate | None
    """None where something is owed on assets that are worth nothing."""
    bound: Bound
    """What bounds the ceiling."""


class Threshold(StrEnum):
    LTV_WATCH = "ltv_watch"
    LTV_CALL = "ltv_call"
    LTV_ENFORCE = "ltv_enforce"
    DSCR_LOCK_UP = "dscr_lock_up"
    DSCR_DEFAULT = "dscr_default"


class Breach(Value):
    """A threshold and the first month that breaks it; None where none does."""

    threshold: Threshold
    level: Rate
    first_month: int | None


class PlanTest(Value):
    """How a plan stands to assets and cash flow. Months are the first at which the figure is reached."""

    worst_ltv: Rate | None
    """None where something is owed on assets that are worth nothing."""
    worst_ltv_month: int
    min_dscr: Rate | None
    """Of single instalments; None where nothing falls due."""
    min_dscr_month: int | None
    min_rolling_dscr: Rate | None
    """Over the months that policy tests together: what the covenants are read on."""
    min_rolling_dscr_month: int | None
    breaches: tuple[Breach, ...]
    cure_ltv: Money
    """Prepaid on the first day, keeps every later date at or below the call threshold."""
    cure_dscr: Money
    """What the cash flow lacks, over all instalments, to cover them at the default level."""
    cash_to_cure: Money
    """The sum of both."""

    def first(self, threshold: Threshold) -> int | None:
        """The first month in breach of a threshold."""
        return next((item.first_month for item in self.breaches if item.threshold is threshold), None)


class Amortisation(FindingValue):
    """The largest loan, and the schedule of the loan that was asked about."""

    largest_loan: Money
    by_cover: Money
    """Were there cash enough: what the assets carry on the day of drawing."""
    by_cash: Money
    """Were there no limit of value: what the cash flow repays at the target coverage."""
    decided_by: Bound
    """``cover``: the assets of ``decided_in_month``; ``interest``: that month's cash flow cannot bear more interest;
    ``maturity``: the cash flow until the loan ends."""
    decided_in_month: int
    loan: Money
    """The loan laid out in ``rows``: as asked, and never more than the largest."""
    dscr_target: Rate
    interest_reserve: Money
    """What a reserve must pay in its months, over what the cash flow then brings."""
    tranches: tuple[TrancheCover, ...]
    rows: tuple[PlanRow, ...]
    test: PlanTest

    @property
    def ceilings(self) -> tuple[Money, ...]:
        """The profile of a sculpted schedule (``domain.repayment.Sculpted``)."""
        return tuple(Money(amount=row.ceiling) for row in self.rows)

    def headline(self) -> str:
        return f"{self.loan} ≤ {self.largest_loan} · {self.decided_by.value}@{self.decided_in_month}"


# --- stress tests -----------------------------------------------------------------------------------------------------


class PlannedMonth(Value):
    """A month of a plan that is to be tested: what is owed after it, and what was paid in it."""

    balance: NonNegativeMoney
    debt_service: NonNegativeMoney


class StressRequest(CoverageInputs):
    """``POST /v1/stress-tests``: a plan under every stress of policy."""

    plan: Annotated[tuple[PlannedMonth, ...], Field(max_length=602)] = ()
    """From month 0 on; empty: the largest loan's own schedule."""

    def _misfits(self) -> Iterator[Wrong]:
        yield from super()._misfits()
        if self.plan and len(self.plan) <= self.tenor_months:
            yield ("plan",), "plan_short", "there must be an entry for month 0 and every month of the tenor"


class StressResult(Value):
    """A plan under one stress."""

    stress: str
    title_zh: str
    title_en: str
    value: Money
    """Of the assets on the day of drawing."""
    test: PlanTest


class StressTest(FindingValue):
    """A plan as it stands, and under every stress. ``not_stressed``: tranches whose value no stress can move, because only
    their value path is known."""

    loan: Money
    base: PlanTest
    stresses: tuple[StressResult, ...]
    not_stressed: tuple[str, ...] = ()

    def headline(self) -> str:
        called = sum(1 for item in self.stresses if item.test.first(Threshold.LTV_CALL) is not None)
        failed = sum(1 for item in self.stresses if item.test.first(Threshold.DSCR_DEFAULT) is not None)
        return f"{len(self.stresses)} stresses · margin call {called} · DSCR default {failed}"
