"""Reference data: dated, append-only, looked up as of use and recorded by hash. It is not policy and is never pinned."""

from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from domain.application.text import Code, Label, Sha256
from domain.integrity import KnownEntity
from domain.model import Value
from domain.money import Money, Rate

ReferenceId = Literal["lpr", "ftp", "calendar", "lender", "list", "price_process", "names"]


class ReferenceVintage(Value):
    """One vintage of one series, as origination keeps and serves it."""

    id: Code
    """``lpr``, ``ftp``, ``calendar.cn``, ``lender.nxb``, ``list.blacklist`` …"""
    vintage: Code
    effective_from: date
    source: Label
    illustrative: bool = False
    body: dict[str, Any]
    """The series itself; its type follows from the id (``Lpr``, ``FtpCurve``, ``BusinessCalendar``, ``LenderBooks`` …)."""
    sha256: str = ""


class Lpr(Value):
    """Loan prime rates as published by the National Interbank Funding Center on a date."""

    one_year: Rate
    five_year: Rate
    published: date


class FtpPoint(Value):
    months: Annotated[int, Field(ge=1, le=600)]
    rate: Rate


class FtpCurve(Value):
    """Funds transfer price by tenor; between points linear, beyond the last flat."""

    points: Annotated[tuple[FtpPoint, ...], Field(min_length=1, max_length=100)]


class LessorRatios(Value):
    """What a financial lessor reports beside its capital (金融租赁公司管理办法). Ratios are fractions; ``None`` is not known."""

    registered_capital: Money | None = None
    leverage_ratio: Rate | None = None
    assets_to_net_assets: Rate | None = None
    """Total assets as a multiple of net assets."""
    interbank_share: Rate | None = None
    """Interbank borrowing over net capital; the next three likewise."""
    fixed_income_share: Rate | None = None
    related_all_share: Rate | None = None
    provision_cover: Rate | None = None
    lease_provision_ratio: Rate | None = None
    """Provisions over lease receivables."""


class CapitalRatios(Value):
    """Capital over risk-weighted assets as last reported (商业银行资本管理办法), as fractions."""

    core_tier1: Annotated[Rate, Field(ge=0, le=1)]
    tier1: Annotated[Rate, Field(ge=0, le=1)]
    total: Annotated[Rate, Field(ge=0, le=1)]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.core_tier1 <= self.tier1 <= self.total:
            raise PydanticCustomError("ratios_not_nested", "core tier 1 is part of tier 1, and tier 1 of the total")
        return self


class LenderBooks(Value):
    """The lender's own figures that limits are measured against."""

    lender_id: Code
    name: Label
    licence: Literal["bank", "rural_bank", "city_bank", "finance_lease"]
    region: Code
    capital_method: Literal["standardised", "irb_foundation"]
    net_capital: Money
    tier1_capital: Money
    tax_rate: Rate
    branches: tuple[Code, ...] = ()
    lessor: LessorRatios | None = Field(default=None, exclude_if=lambda given: given is None)
    """Of a financial lessor only."""
    ratios: CapitalRatios | None = Field(default=None, exclude_if=lambda given: given is None)


class NamedList(Value):
    """A list of codes: legal entities (blacklist, known off-takers, suppliers), or types of goods."""

    entries: Annotated[tuple[str, ...], Field(max_length=100_000)]


class KnownNames(Value):
    """Entities whose names others borrow (``names.known``): by their true codes, each with the names it goes by."""

    entries: Annotated[tuple[KnownEntity, ...], Field(max_length=20_000)]


class Estimate(Value):
    """A figure found in a history, with its standard error and 95 % interval; an end is absent where the data set none."""

    value: Rate
    error: Annotated[Rate, Field(ge=0)]
    low: Rate | None = None
    high: Rate | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low is not None and self.high is not None and self.low > self.high:
            raise PydanticCustomError("interval_reversed", "low must not lie above high")
        return self


class LaunchJump(Value):
    """What a launch of the next generation did to the price, as a relative change; absent where nobody can tell."""

    on: date
    change: Estimate | None = None


Caution = Literal[
    "TREND_RISING",
    "TREND_NOT_DISTINGUISHED",
    "REVERSION_NOT_DISTINGUISHED",
    "JUMP_NOT_IDENTIFIED",
    "INNOVATIONS_CORRELATED",
    "INNOVATIONS_NOT_NORMAL",
    "PRICE_STICKY",
    "HISTORY_SHORT",
    "OBSERVATIONS_LEFT_OUT",
]


class PriceProcess(Value):
    """Parameters of the rent process of one GPU model as a history shows them (``price_process.<model>.<basis>``), per year.

    They have the names of the policy's ``rent_path`` and enter it by a decision of the house, never by themselves:
    ``cautions`` say what the history cannot tell.
    """

    gpu_model: Code
    basis: Literal["list", "on_demand", "spot", "contract_1y", "contract_3y"]
    currency: Literal["USD", "CNY"]
    unit: Literal["gpu_hour"] = "gpu_hour"
    first: date
    last: date
    observations: Annotated[int, Field(ge=1)]
    segments: Annotated[tuple[date, ...], Field(min_length=1, max_length=1000)]
    """First day of each stretch that was taken as one price."""
    gap_days: Annotated[int, Field(ge=1, le=3660)]
    annual_decline: Estimate
    reversion: Estimate
    volatility: Estimate
    jumps: Annotated[tuple[LaunchJump, ...], Field(max_length=100)] = ()
    innovation_correlation: Rate
    """Of successive innovations, nought if the model were true."""
    largest_innovation: Rate
    """In standard deviations."""
    volatility_one_month: Annotated[Rate, Field(ge=0)] | None = None
    volatility_two_months: Annotated[Rate, Field(ge=0)] | None = None
    """Of changes over some one and two months, brought to a year: more than ``volatility`` where prices move in one direction for
    weeks, less where they come back. Absent where no segment is long enough."""
    unchanged_share: Rate
    """Steps on which the price did not move."""
    cautions: tuple[Caution, ...] = ()
    history_sha256: Sha256
    attribution: Annotated[tuple[Label, ...], Field(max_length=20)] = ()
