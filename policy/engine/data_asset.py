"""Data assets: quality weights, discount rate, approaches, and how far they carry (domain paper §4)."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, model_validator

from domain.model import Value
from domain.money import Rate
from policy.engine.file import PolicyFile
from policy.engine.source import Pointer

Share = Annotated[Rate, Field(ge=0, le=1)]
Dimension = Literal["conformity", "completeness", "accuracy", "consistency", "timeliness", "accessibility"]
DIMENSIONS: tuple[Dimension, ...] = (
    "conformity",
    "completeness",
    "accuracy",
    "consistency",
    "timeliness",
    "accessibility",
)


class QualityTerms(Value):
    """``α = Σ w·score / 100``, at most ``weak_ceiling`` where a dimension lies below ``weak_below`` points (§4.3)."""

    weights: dict[Dimension, Share]
    weak_below: Annotated[Rate, Field(ge=0, le=100)]
    weak_ceiling: Share
    sample_deviations: Annotated[Rate, Field(ge=0, le=5)]
    """Accuracy found in a sample is taken at the lower end of its interval, so many standard deviations down."""
    valid_days: Annotated[int, Field(ge=1, le=730)]
    """After so many days tests are run again (quarterly revaluation)."""

    @model_validator(mode="after")
    def _weights_are_whole(self) -> "QualityTerms":
        if set(self.weights) != set(DIMENSIONS):
            raise ValueError(f"every dimension has a weight: {', '.join(DIMENSIONS)}")
        if sum(self.weights.values()) != 1:
            raise ValueError("the weights of the dimensions add up to 1")
        return self


class DataCostTerms(Value):
    """§4.2 step 1: ``P = TC·(1 + R)·U``."""

    profit_rate: Share
    most_scarcity: Share
    """A valuer may not claim more for scarcity."""


class DiscountTerms(Value):
    """§4.2 step 5: risk-free + market + technology + data security and compliance, within ``least`` and ``most``."""

    risk_free: Share
    market: Share
    technology: Share
    compliance: Share
    personal_data: Share
    """Added in proportion to the share of records with personal information."""
    least: Share
    most: Share

    @model_validator(mode="after")
    def _within_bounds(self) -> "DiscountTerms":
        # Clipping a rate at the upper bound would value the riskier asset as the safer one.
        if not self.least <= self.base() or self.base() + self.personal_data > self.most:
            raise ValueError("the premiums add up to a rate between least and most, with and without personal data")
        return self

    def base(self) -> Decimal:
        """The rate of an asset without personal information."""
        return self.risk_free + self.market + self.technology + self.compliance


class ContributoryReturns(Value):
    """§4.2 step 2: what assets that the data work with must earn per year before anything is left for the data."""

    working_capital: Share
    fixed_assets: Share
    workforce: Share
    other_rights: Share


class DataIncomeTerms(Value):
    discount: DiscountTerms
    returns: ContributoryReturns
    tax_rate: Share
    longest_life_months: Annotated[int, Field(ge=1, le=600)]
    most_royalty: Share


class DataMarketTerms(Value):
    """§4.2 step 4: enough trades on exchanges, young enough and near enough to the subject."""

    minimum_trades: Annotated[int, Field(ge=1, le=50)]
    trade_age_days: Annotated[int, Field(ge=1, le=3650)]
    least_adjustment: Annotated[Rate, Field(gt=0, le=1)]
    most_adjustment: Annotated[Rate, Field(ge=1, le=100)]


class DataReconciliation(Value):
    """Weights of the approaches, renormalised over those that ran."""

    cost: Share
    income: Share
    royalty: Share
    market: Share
    refer_above_spread: Annotated[Rate, Field(gt=0)]
    """(max − min) / median beyond which a valuer decides."""

    @model_validator(mode="after")
    def _weights_are_whole(self) -> "DataReconciliation":
        if self.cost + self.income + self.royalty + self.market != 1:
            raise ValueError("the weights of the approaches add up to 1")
        if self.cost == 0:
            raise ValueError("cost has a weight: it is the approach that always runs")
        return self


class DataLending(Value):
    """§4.2 step 6 and the ceilings of §4.1; the ceiling of the kind in the collateral policy stands above them."""

    cost_multiple: Annotated[Rate, Field(gt=0, le=10)]
    """What is lent on earnings is bounded by so many times the cost."""
    exclusive_factor: Share
    shared_factor: Share
    """Rights factor where others may operate the same data."""
    concentrated_above: Share
    concentrated_ltv: Share
    cost_only_ltv: Share

    @model_validator(mode="after")
    def _in_order(self) -> "DataLending":
        if self.shared_factor > self.exclusive_factor:
            raise ValueError("a shared right is not worth more than an exclusive one")
        return self


class DataAssetPolicy(PolicyFile):
    """How data assets are valued from the day on which it comes into force; before it their cost alone was taken."""

    unique = True

    kind: Literal["data_asset"]
    quality: QualityTerms
    cost: DataCostTerms
    income: DataIncomeTerms
    market: DataMarketTerms
    reconciliation: DataReconciliation
    lending: DataLending

    def inconsistencies(self) -> list[tuple[Pointer, str]]:
        if self.lending.cost_only_ltv > self.lending.concentrated_ltv:
            return [(("lending", "cost_only_ltv"), "cost alone never carries more than earnings from one buyer")]
        return []

    def stale(self, tested_on: date, as_of: date) -> bool:
        """Whether tests of quality are too old, or of a day that has not come."""
        return not 0 <= (as_of - tested_on).days <= self.quality.valid_days
