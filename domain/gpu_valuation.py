"""Messages of the valuation of GPU servers, model 2: what sets servers apart, market evidence, and the value path."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from domain.application import Condition, Provenance
from domain.application.project import Fraction, Kilowatts
from domain.application.text import Code, Label, Sha256
from domain.model import Value
from domain.money import Amount, Positive, Rate, UnitPrice

FormFactor = Literal["sxm", "oam", "pcie"]
"""How the GPU is mounted: on a board with its own links between GPUs (``sxm``, ``oam``), or as a card."""

HIGHEST_RENT_PER_GPU_HOUR: Final = 1000
"""CNY. No GPU has ever earned as much in an hour: what is more is a rent a month, or of a whole fleet."""
HIGHEST_TARIFF_PER_KWH: Final = 100
"""CNY."""
MOST_WARRANTY_MONTHS: Final = 120

RentPerGpuHour = Annotated[UnitPrice, Field(ge=0, le=HIGHEST_RENT_PER_GPU_HOUR)]
"""CNY per GPU-hour before tax."""

TariffPerKwh = Annotated[UnitPrice, Field(ge=0, le=HIGHEST_TARIFF_PER_KWH)]
"""CNY per kWh before tax."""

GpuMemory = Annotated[int, Field(ge=1, le=4096)]
WarrantyMonths = Annotated[int, Field(ge=0, le=MOST_WARRANTY_MONTHS)]

Throughput = Annotated[Rate, Field(ge=Decimal("0.001"), le=1000)]
"""Throughput of the newest server over that of the older one (Q_new / Q_old)."""

SaleChannel = Literal["transaction", "auction", "offer"]
"""How a price came about: agreed and paid, in an auction, or only asked for."""


class Comparable(Value):
    """A sale of a comparable server. Which channels count is the policy's choice; an asking price is not a sale."""

    reference: Label
    channel: SaleChannel
    sold_on: date
    price_ex_vat: Positive
    """Per server, in CNY before VAT."""
    gpu_type: Code
    gpus_per_server: Annotated[int, Field(ge=1, le=16)]
    age_months: Annotated[int, Field(ge=0, le=240)]
    memory_gb: GpuMemory
    """Per GPU."""
    form_factor: FormFactor
    condition: Condition
    warranty_months: WarrantyMonths
    fabric: bool
    """Sold with the network that links its servers (InfiniBand or the like)."""
    provenance: Provenance


RentBasis = Literal["list", "on_demand", "spot", "contract_1y", "contract_3y"]
"""What a rent is: asked for on a list, paid by the hour, or agreed for a term. They are different prices."""


class RentReading(Value):
    """What a price index said of rents: the latest observation up to the day of the valuation."""

    index_id: Code
    basis: RentBasis
    observed_on: date
    rent_per_gpu_hour: RentPerGpuHour
    """CNY before tax, converted from the observation's own currency, unit and tax basis."""
    market_utilisation: Fraction | None = None
    restated_from: RentPerGpuHour | None = None
    """What the index said of the same day before it was restated; None where it was not, or a second source has
    confirmed the new figure."""


class Generation(Value):
    """The newest servers that do the work of a GPU's, as one source saw them."""

    index_id: Code
    seen_on: date
    gpus_per_server: Annotated[int, Field(ge=1, le=16)]
    """Of the older server: throughput is compared server by server."""
    price_ex_vat: Positive
    """Per server of the newest generation, CNY."""
    inference_ratio: Throughput
    training_ratio: Throughput
    server_kw: Kilowatts


class EvidenceVintage(Value):
    """A vintage of market prices that a valuation was pinned to."""

    id: Code
    vintage: Code
    sha256: Sha256


class MarketEvidence(Value):
    """Market prices as they stood on the day of the valuation, by vintage. The service looks them up; who tries a value
    out may bring their own.
    """

    rents: Annotated[tuple[RentReading, ...], Field(max_length=20)] = ()
    """One reading an index. Only those of the basis on which the case's own rent stands are held against it."""
    comparables: Annotated[tuple[Comparable, ...], Field(max_length=100)] = ()
    generations: Annotated[tuple[Generation, ...], Field(max_length=20)] = ()
    vintages: Annotated[tuple[EvidenceVintage, ...], Field(max_length=40)] = ()

    def observed_after(self, day: date) -> bool:
        """Whether something of it was not known on a day yet."""
        seen = (*(item.observed_on for item in self.rents), *(item.seen_on for item in self.generations))
        return any(when > day for when in seen)


class ValuePath(Value):
    """What the whole cohort will be worth, month by month from the day of the valuation (index 0), CNY."""

    expected: tuple[Amount, ...]
    """Merchant income value along the expected rent."""
    quantile: tuple[Amount, ...]
    """The same where the month's rent stands at the policy's quantile; rounded down."""
    market: tuple[Amount, ...]
    """The resale curve."""

    @model_validator(mode="after")
    def _one_month_each(self) -> Self:
        if not len(self.expected) == len(self.quantile) == len(self.market) > 0:
            raise PydanticCustomError("path_lengths", "each curve has one value a month")
        return self

    @property
    def lendable(self) -> tuple[Decimal, ...]:
        """``V_q``: the lower of quantile and market in each month (domain paper §3.6)."""
        return tuple(min(pair) for pair in zip(self.quantile, self.market, strict=True))


class SimulatedValue(Value):
    """Values of one server in one month over simulated rents, CNY."""

    mean: Amount
    mean_error: Amount
    """Standard error of the mean."""
    quantile: Amount


class CrossCheck(Value):
    """The closed forms of a value path held against simulated rents, for one server in one month, CNY.

    No decision stands on it: simulated figures may differ in their last places from machine to machine.
    """

    month: int
    seed: int
    paths: int
    mean: Amount
    quantile: Amount
    simulated: SimulatedValue
    launches_at_random: SimulatedValue
    """The same with generations that come by chance instead of in policy's known months."""
    brownian_quantile: Amount
    """A value that wanders without reverting, for comparison."""
