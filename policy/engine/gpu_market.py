"""What policy says of markets for GPU servers: resale, comparable sales, price indices, launches (domain paper §3.5)."""

from typing import Annotated, Literal

from pydantic import Field

from domain.application import Condition, Provenance
from domain.gpu_valuation import FormFactor, SaleChannel
from domain.model import Value
from domain.money import Positive, Rate

Share = Annotated[Rate, Field(ge=0, le=1)]
LogEffect = Annotated[Rate, Field(ge=-5, le=5)]
"""An effect on the logarithm of a price: 0.10 is about ten percent."""


class ResalePoint(Value):
    """What used servers of an age fetch, as a share of the price new."""

    age_months: Annotated[int, Field(ge=0, le=600)]
    share: Annotated[Rate, Field(gt=0, le=1)]


class RandomLaunches(Value):
    """Launches of new generations at random, for the cross-check: a Poisson count, each with a normal relative change."""

    per_month: Share
    mean_change: Annotated[Rate, Field(gt=-1, lt=1)]
    deviation: Share


class ConditionEffect(Value):
    condition: Condition
    effect: LogEffect


class ProvenanceEffect(Value):
    provenance: Provenance
    effect: LogEffect


class FormFactorEffect(Value):
    form_factor: FormFactor
    effect: LogEffect


class ChannelWeight(Value):
    """A channel whose prices count. ``deviation``: of the log price of a sale around the fitted one."""

    channel: SaleChannel
    deviation: Annotated[Rate, Field(gt=0, le=5)]


class MarketApproach(Value):
    """§3.5 step 3: the hedonic adjustments that bring the price of a comparable sale to the server valued.

    The lists name every condition, provenance and form factor, so that no sale meets a case policy did not think of. A
    month of age never raises a price, a month of warranty never lowers one.
    """

    per_month_of_age: Annotated[Rate, Field(ge=-1, le=0)]
    per_month_since_sale: Annotated[Rate, Field(ge=-1, le=1)]
    """Drift of the market between a sale and the day of the valuation."""
    log_memory: LogEffect
    per_month_of_warranty: Annotated[Rate, Field(ge=0, le=1)]
    fabric: Annotated[Rate, Field(ge=0, le=5)]
    conditions: Annotated[tuple[ConditionEffect, ...], Field(max_length=10)]
    provenances: Annotated[tuple[ProvenanceEffect, ...], Field(max_length=10)]
    form_factors: Annotated[tuple[FormFactorEffect, ...], Field(max_length=10)]
    channels: Annotated[tuple[ChannelWeight, ...], Field(min_length=1, max_length=10)]

    def incomplete(self) -> list[str]:
        """Lists that do not name each of their kinds exactly once."""
        wrong = []
        for name, named, kinds in (
            ("conditions", [item.condition.value for item in self.conditions], [item.value for item in Condition]),
            ("provenances", [item.provenance.value for item in self.provenances], [item.value for item in Provenance]),
            ("form_factors", [item.form_factor for item in self.form_factors], ["oam", "pcie", "sxm"]),
        ):
            if sorted(named) != sorted(kinds):
                wrong.append(f"{name} names each of {', '.join(kinds)} once")
        if len({item.channel for item in self.channels}) != len(self.channels):
            wrong.append("channels names each channel once at most")
        return wrong


class IndexTerms(Value):
    """How far an index of rents is believed."""

    stale_after_days: Annotated[int, Field(ge=1, le=366)]
    stale_haircut_per_month: Share
    """Taken off the last observation for each month begun beyond that (§6.3)."""


class PriceFloor(Value):
    """A price per GPU below which an invoice is not believed. ``gpu`` is how the GPU's type begins, in upper case."""

    gpu: Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[A-Z0-9]+$")]
    per_gpu: Positive


Model = Literal["1", "2"]
