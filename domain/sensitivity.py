"""Messages of a sensitivity: the same price over PD, LGD, tenor and collateral value."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError, PydanticKnownError

from domain.figures import Multiple, Probability, Share, Tenor
from domain.finding import FindingValue
from domain.model import Value
from domain.money import Money, Rate
from domain.pricing import QuoteRequest

MOST_VALUES = 15
"""Values of one axis: a request with four axes and a cross table is some three hundred prices."""


def _some(values: tuple[object, ...]) -> tuple[object, ...]:
    # Not a ``min_length``: that counts only valid items, and would report a second fault for a wrong one.
    if not values:
        raise PydanticKnownError("too_short", {"field_type": "Tuple", "min_length": 1, "actual_length": 0})
    return values


_SOME = AfterValidator(_some)


class Axis(StrEnum):
    """What is varied, everything else held."""

    PD = "pd"
    LGD = "lgd"
    TENOR = "tenor"
    COLLATERAL = "collateral"


class SensitivityRequest(QuoteRequest):
    """A price, and over which values it is to be seen. An axis that is not given takes values round the base case."""

    pd_values: Annotated[tuple[Probability, ...], Field(max_length=MOST_VALUES), _SOME] | None = None
    lgd_values: Annotated[tuple[Share, ...], Field(max_length=MOST_VALUES), _SOME] | None = None
    tenor_values: Annotated[tuple[Tenor, ...], Field(max_length=MOST_VALUES), _SOME] | None = None
    """Months."""
    collateral_values: Annotated[tuple[Multiple, ...], Field(max_length=MOST_VALUES), _SOME] | None = None
    """Multiples of every lending value: 0.6 is 40 % less."""
    cross: tuple[Axis, Axis] | None = None
    """Two axes to be varied together, rows first."""

    @model_validator(mode="after")
    def _cross_of_two(self) -> Self:
        if self.cross is not None and self.cross[0] is self.cross[1]:
            raise PydanticCustomError("cross_of_one_axis", "cross names two different axes")
        return self


class SensitivityPoint(Value):
    """A price at one point: what went in, and price and RAROC that came out. Rates per year."""

    pd: Rate
    """As priced: never below the floor of the scale."""
    lgd: Rate
    tenor_months: int
    collateral_multiple: Rate
    collateral_value: Money
    """Sum of the lending values that the price counts, after the multiple."""
    all_in_rate: Rate
    base_rate: str
    margin_bps: int
    floor_rate: Rate
    below_floor: bool
    risk_weight: Rate
    raroc: Rate
    """At this point's own price, which follows the risk: close to the hurdle by construction."""
    raroc_if_agreed: Rate
    """What the loan earns here if it was agreed at the base case's price: the risk of the lender."""

    def on(self, axis: Axis) -> Decimal:
        """The point's coordinate: fractions, months, or a multiple."""
        return {
            Axis.PD: self.pd,
            Axis.LGD: self.lgd,
            Axis.TENOR: Decimal(self.tenor_months),
            Axis.COLLATERAL: self.collateral_multiple,
        }[axis]


class SensitivityCurve(Value):
    """Price and RAROC over one axis, in order of its values; the base case is one of the points."""

    axis: Axis
    points: tuple[SensitivityPoint, ...]


class SensitivityTable(Value):
    """Price and RAROC over two axes: one tuple of points a row."""

    rows: Axis
    columns: Axis
    points: tuple[tuple[SensitivityPoint, ...], ...]


class Sensitivity(FindingValue):
    """The base case, a curve over every axis, and the cross table where one was asked for."""

    base: SensitivityPoint
    hurdle: Rate
    curves: tuple[SensitivityCurve, ...]
    cross: SensitivityTable | None = None

    def headline(self) -> str:
        rates = [point.all_in_rate for curve in self.curves for point in curve.points]
        return f"{min(rates) * 100:.4f} – {max(rates) * 100:.4f} %"
