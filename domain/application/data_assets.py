"""What an application says of a data asset beyond its certificate: compliance, quality, cost, earnings, trades.

Facts that do not apply say so: data that all come from the borrower itself have no contract that could forbid
sublicensing, and a right without end sets no bound to a life.
"""

from datetime import date
from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from domain.application.text import Label
from domain.facts import Fact
from domain.figures import NonNegativeMoney, PositiveMoney, Share, figure
from domain.model import Value
from domain.money import Money, Rate

Points = Annotated[Rate, figure("points", "[0, 100]", at_least="0", at_most="100")]
LifeMonths = Annotated[int, figure("months", "[0, 600]", at_least="0", at_most="600")]
Adjustment = Annotated[Rate, figure("multiple of the traded price", "[0.1, 10]", at_least="0.1", at_most="10")]

LONGEST_FORECAST = 10
MOST_TRADES = 50


class EarningsYear(Value):
    """A year of the forecast of the business that uses the data. What supports it earns its return first."""

    revenue: NonNegativeMoney
    ebit: Money
    working_capital: NonNegativeMoney
    fixed_assets: NonNegativeMoney
    workforce: NonNegativeMoney
    other_rights: NonNegativeMoney


class ExchangeTrade(Value):
    """A sale of comparable data on an exchange, and what the subject is worth for each unit of its price.

    A factor above 1 says that the subject is the better one in that respect; ``period`` brings the price to today.
    """

    exchange: Label
    traded_on: date
    price: PositiveMoney
    quality: Adjustment
    volume: Adjustment
    timeliness: Adjustment
    rights: Adjustment
    exclusivity: Adjustment
    period: Adjustment


Count = Annotated[int, figure("items", "[0, 1000000000000]", at_least="0", at_most="1000000000000")]
Items = Annotated[int, figure("items", "[1, 1000000000000]", at_least="1", at_most="1000000000000")]
Hours = Annotated[Rate, figure("hours", "[0, 9999]", at_least="0", at_most="9999")]
PromisedHours = Annotated[Rate, figure("hours", "(0, 9999]", above="0", at_most="9999")]


class Counted(Value):
    """Of so many items a machine looked at, those that were right."""

    of: Items
    right: Count

    @model_validator(mode="after")
    def _part_of_whole(self) -> Self:
        if self.right > self.of:
            raise PydanticCustomError("counted", "right must not be more than of")
        return self


class Lag(Value):
    """How old the newest record is, and how old it may be by the service level."""

    hours: Hours
    promised: PromisedHours


class DataTests(Value):
    """Counts of a machine's tests, from which scores follow; a dimension that was not tested is left out."""

    conformity: Counted | None = None
    """Records that follow their schema."""
    completeness: Counted | None = None
    """Cells that should be filled and are."""
    accuracy: Counted | None = None
    """Records of a random sample that were found right at their source."""
    consistency: Counted | None = None
    """Keys that lead to exactly one record."""
    timeliness: Lag | None = None
    accessibility: Counted | None = None
    """Requests that were answered."""


class DataEvaluation(Value):
    """The evaluation report of a data asset (数据资产评估), as far as a valuation asks for it."""

    transferable: Fact[bool] | None = None
    exclusive: Fact[bool] | None = None
    sublicensing_allowed: Fact[bool] | None = None
    """By the contracts under which data came from others."""
    public_data_within_authorisation: Fact[bool] | None = None
    important_data_assessed: Fact[bool] | None = None
    """Important data (重要数据) passed the security assessment; not applicable where there are none."""
    escrowed: Fact[bool] | None = None
    personal_share: Fact[Share] | None = None
    """Records that hold personal information with a lawful basis."""
    conformity: Fact[Points] | None = None
    completeness: Fact[Points] | None = None
    accuracy: Fact[Points] | None = None
    consistency: Fact[Points] | None = None
    timeliness: Fact[Points] | None = None
    accessibility: Fact[Points] | None = None
    tested_on: Fact[date] | None = None
    tests: DataTests | None = None
    """Where counts are given, a score stated above them does not count."""
    acquisition_cost: Fact[NonNegativeMoney] | None = None
    processing_cost: Fact[NonNegativeMoney] | None = None
    storage_cost: Fact[NonNegativeMoney] | None = None
    governance_cost: Fact[NonNegativeMoney] | None = None
    circulation: Fact[Share] | None = None
    scarcity: Fact[Share] | None = None
    realisation_risk: Fact[Share] | None = None
    refresh_months: Fact[LifeMonths] | None = None
    contract_months: Fact[LifeMonths] | None = None
    forecast: Annotated[tuple[EarningsYear, ...], Field(max_length=LONGEST_FORECAST)] | None = None
    royalty_rate: Fact[Share] | None = None
    trades: Annotated[tuple[ExchangeTrade, ...], Field(max_length=MOST_TRADES)] = ()
