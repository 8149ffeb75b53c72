"""Messages of price indices: observed rents and sales of GPU servers, by vintage. A correction is a new vintage."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from domain.application.project import Fraction, Kilowatts
from domain.application.text import Code, Label, Sha256
from domain.figures import Day
from domain.gpu_valuation import Comparable, RentBasis, RentReading, Throughput
from domain.model import Value
from domain.money import Positive, Rate, UnitPrice

IndexId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9._-]{1,63}$")]
RentCurrency = Literal["CNY", "USD"]
RentUnit = Literal["per_gpu_hour", "per_server_hour", "per_server_month"]

Price = Annotated[UnitPrice, Field(gt=0, le=100_000_000)]


class ExchangeRate(Value):
    """What one unit of a foreign currency was worth on a day."""

    cny: Annotated[UnitPrice, Field(ge=Decimal("0.01"), le=1000)]
    on: Day
    source: Label


class RentObservation(Value):
    """A rent seen on a day, in the index's own currency, unit and tax basis."""

    observed_on: Day
    price: Price
    market_utilisation: Fraction | None = None
    """Share of the hours on offer that were sold; None where the source does not say."""
    exchange: ExchangeRate | None = None
    """For a rent in a foreign currency: the rate it is to be converted at, none later than the observation."""


class RentIndex(Value):
    """A vintage of an index of rents of one GPU on one basis."""

    kind: Literal["rent"]
    id: IndexId
    vintage: Code
    gpu_type: Code
    basis: RentBasis
    currency: RentCurrency
    unit: RentUnit
    gpus_per_server: Annotated[int, Field(ge=1, le=16)] | None = None
    """For a rent per server: how many GPUs it has."""
    tax_included: bool
    vat_rate: Annotated[Rate, Field(ge=0, le=1)] | None = None
    """For a rent with tax: the rate it contains."""
    source: Label
    licence: Label
    """On what terms the source lets its figures be kept and used."""
    published_on: date
    second_source: Label | None = None
    """Who else was asked about what this vintage restates, and said the same."""
    observations: Annotated[tuple[RentObservation, ...], Field(min_length=1, max_length=2000)]


class SaleIndex(Value):
    """A vintage of a list of sales of servers with one GPU; prices per server in CNY before VAT."""

    kind: Literal["sale"]
    id: IndexId
    vintage: Code
    gpu_type: Code
    source: Label
    licence: Label
    published_on: date
    sales: Annotated[tuple[Comparable, ...], Field(min_length=1, max_length=100)]


class GenerationIndex(Value):
    """A vintage of what the newest generation costs and does beside a GPU's servers; the price in CNY before VAT."""

    kind: Literal["generation"]
    id: IndexId
    vintage: Code
    gpu_type: Code
    """The older GPU, whose servers are valued."""
    newest: Label
    gpus_per_server: Annotated[int, Field(ge=1, le=16)]
    price_ex_vat: Positive
    inference_ratio: Throughput
    training_ratio: Throughput
    server_kw: Kilowatts
    source: Label
    licence: Label
    published_on: date


PriceIndex = RentIndex | SaleIndex | GenerationIndex
PriceIndexBody = Annotated[PriceIndex, Field(discriminator="kind")]


class PriceIndexVintage(Value):
    """A vintage as it is kept, and by whom it was recorded."""

    body: PriceIndexBody
    sha256: Sha256
    restated: tuple[date, ...]
    """Days of which the vintage before said something else."""
    recorded_by: str
    recorded_at: datetime


class PriceIndexReading(Value):
    """What an index of rents says on a day, and how far it has moved since its first observation."""

    vintage: PriceIndexVintage
    reading: RentReading | None
    """None for what is no index of rents, and before the first observation."""
    change_since_first: UnitPrice | None
    """A fraction of the first observation; None where there is nothing to compare."""


class IndexComparison(Value):
    """Two indices of the same price beside each other, as of a day."""

    first: RentReading
    second: RentReading
    second_over_first: UnitPrice
