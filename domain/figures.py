"""Bounded figures at the edge: a refusal names the field (by its place), the bound and the unit."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field, ValidationError, WrapValidator
from pydantic_core import PydanticCustomError, core_schema

from domain.money import Money, Rate

OUT_OF_BOUNDS = "out_of_bounds"
"""Error type of every refusal here; its context holds ``bound`` and ``unit``."""


def figure(
    unit: str, bound: str, *, above: str = "", at_least: str = "", below: str = "", at_most: str = ""
) -> WrapValidator:
    """A validator of figures (``Decimal``, ``int`` or ``Money``) with bounds, in the unit given.

    ``bound`` is the interval as a reader writes it, ``(0, 1)``; what is not a figure at all is refused with the
    same text, so that whoever wrote "5 %" learns what to write instead.
    """
    lower, lower_open = (Decimal(above), True) if above else (Decimal(at_least or "-Infinity"), False)
    upper, upper_open = (Decimal(below), True) if below else (Decimal(at_most or "Infinity"), False)

    def check(value: Any, handler: core_schema.ValidatorFunctionWrapHandler) -> Any:
        wrong = PydanticCustomError(
            OUT_OF_BOUNDS, "must be a figure in {bound}; unit: {unit}", {"bound": bound, "unit": unit}
        )
        try:
            parsed = handler(value)
        except ValidationError as error:
            # Faults inside an object (a money amount's currency, a misspelt field) keep their own place and text.
            if any(fault["loc"] for fault in error.errors(include_url=False, include_input=False)):
                raise
            raise wrong from None
        number = parsed.amount if isinstance(parsed, Money) else Decimal(parsed)
        if number < lower or number > upper or (lower_open and number == lower) or (upper_open and number == upper):
            raise wrong
        return parsed

    return WrapValidator(check)


Probability = Annotated[Rate, figure("probability per year as a decimal fraction", "(0, 1)", above="0", below="1")]
"""A probability of default: neither impossible nor certain."""
YearlyRate = Annotated[Rate, figure("interest per year as a decimal fraction", "[0, 1]", at_least="0", at_most="1")]
Share = Annotated[Rate, figure("decimal fraction of the whole", "[0, 1]", at_least="0", at_most="1")]
Growth = Annotated[Rate, figure("change per year as a decimal fraction", "[-1, 100]", at_least="-1", at_most="100")]
PositiveMoney = Annotated[Money, figure("CNY", "(0, ∞)", above="0")]
NonNegativeMoney = Annotated[Money, figure("CNY", "[0, ∞)", at_least="0")]
Tenor = Annotated[int, Field(ge=1, le=600), figure("months", "[1, 600]", at_least="1", at_most="600")]
Grace = Annotated[int, Field(ge=0, le=120), figure("months", "[0, 120]", at_least="0", at_most="120")]
Spread = Annotated[
    int, Field(ge=-1000, le=3000), figure("basis points", "[-1000, 3000]", at_least="-1000", at_most="3000")
]
"""A margin over the loan prime rate."""
Pue = Annotated[Rate, figure("total power over IT power", "[1, 10]", at_least="1", at_most="10")]
"""Power usage effectiveness: below 1 a site would give back power it never took."""
Multiple = Annotated[Rate, figure("multiple of the value", "[0, 10]", at_least="0", at_most="10")]
"""A value under stress as a multiple of what it is: 0.6 is 40 % less."""
EffectiveMaturity = Annotated[Rate, figure("years", "[0, 50]", at_least="0", at_most="50")]
"""Effective maturity of a repayment plan, before the bounds of the capital rules."""
YearlySales = Annotated[Rate, figure("EUR million per year", "[0, ∞)", at_least="0")]
Day = Annotated[date, Field(ge=date(1990, 1, 1), le=date(2199, 12, 31))]
"""A day of a loan's life: near enough that months can be counted from it."""
