"""What a valuer knows of a data asset: rights and compliance, quality, cost, earnings, trades, life (domain paper §4).

``None`` is not known. It never counts as nought, as "no" or as "none": what needs the fact refers and names it.
"""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from domain.application.data_assets import (
    LONGEST_FORECAST,
    MOST_TRADES,
    DataTests,
    EarningsYear,
    ExchangeTrade,
    LifeMonths,
    Points,
)
from domain.figures import NonNegativeMoney, Share
from domain.model import Value


class DataRights(Value):
    """The rights gate (§4.3). ``certificate`` and ``personal_data`` of the subject belong to it too."""

    right: Literal["holding", "processing", "operating"] | None
    """The strongest of the three rights (数据二十条) that the certificate states."""
    transferable: bool | None
    exclusive: bool | None
    """Nobody else may operate the same data."""
    sublicensing: Literal["allowed", "forbidden", "not_applicable"] | None
    """What the contracts say under which data came from others; not applicable where all of it is the holder's own."""
    public_authorisation: Literal["within", "beyond", "not_applicable"] | None
    """Whether public data are used within the scope and term of their authorisation (公共数据授权运营)."""
    important_data: Literal["none", "assessed", "not_assessed"] | None
    """Important data (重要数据), and whether they passed the security assessment."""
    escrowed: bool | None
    """A copy lies in escrow or in an environment the lender controls: without it there is nothing to enforce on."""
    personal_share: Share | None
    """Records that hold personal information with a lawful basis; each adds to the risk of being forbidden."""


class DataQuality(Value):
    """Machine tests by dimension (GB/T 36344-2018), each 0 to 100, and the day they were run."""

    conformity: Points | None
    completeness: Points | None
    accuracy: Points | None
    consistency: Points | None
    timeliness: Points | None
    accessibility: Points | None
    tested_on: date | None
    tests: DataTests | None = Field(default=None, exclude_if=lambda given: given is None)
    """Counts of the tests; of a stated score and a counted one the lower holds."""


class DataCosts(Value):
    """Cost of making the same data again at today's prices; nought is allowed, missing is not."""

    acquisition: NonNegativeMoney | None
    processing: NonNegativeMoney | None
    storage: NonNegativeMoney | None
    governance: NonNegativeMoney | None


class DataUtility(Value):
    """The valuer's factors of the cost approach: β circulation, l scarcity, r risk of realisation."""

    circulation: Share | None
    scarcity: Share | None
    realisation_risk: Share | None


class DataLife(Value):
    """Months from the business date over which the data earn; what sets no bound is named in ``not_limited_by``."""

    legal_months: LifeMonths | None
    refresh_months: LifeMonths | None
    """Until half of what the data tell is out of date, if nobody refreshes them."""
    contract_months: LifeMonths | None
    not_limited_by: Annotated[tuple[Literal["legal", "refresh", "contract"], ...], Field(max_length=3)] = ()


class DataAssetFacts(Value):
    """Everything beyond certificate and personal data that the second model of data assets asks for."""

    rights: DataRights
    quality: DataQuality
    costs: DataCosts
    utility: DataUtility
    life: DataLife
    forecast: Annotated[tuple[EarningsYear, ...], Field(max_length=LONGEST_FORECAST)] | None = None
    """Years from the business date; None where nobody made one: then there is no income approach."""
    royalty_rate: Share | None = None
    """Share of revenue that a licensee of such data pays."""
    trades: Annotated[tuple[ExchangeTrade, ...], Field(max_length=MOST_TRADES)] = ()
    top_buyer_share: Share | None = None
    """Of the revenue from the data, that of the largest buyer."""
