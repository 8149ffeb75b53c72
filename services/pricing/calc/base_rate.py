"""Which loan prime rate a loan prices off. Up to five years the one-year rate; 1-5 years may take either."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, cast

from domain.reference import Lpr
from policy.engine import PricingPolicy, evaluate
from services.pricing.calc.conclusion import Trace

LprTenor = Literal["1Y", "5Y"]
EITHER_FROM, EITHER_TO = 12, 60
"""Above the first and up to the second tenor, in months, a loan may price off either rate."""


@dataclass(frozen=True)
class BaseRate:
    tenor: LprTenor
    value: Decimal
    """Per year, as a fraction."""


def base_rate(
    pricing: PricingPolicy, tenor_months: int, lpr: Lpr, asked: LprTenor | None, step: str, trace: Trace
) -> BaseRate:
    """The loan prime rate by the policy's table; the tenor asked for is taken where a loan may choose."""
    decision = evaluate(pricing.base_rate, {"loan.tenor_months": tenor_months}, f"{step}/base_rate")
    trace.take(decision.trace)
    tenor = cast(LprTenor, decision.code("base_rate"))
    if asked is not None and EITHER_FROM < tenor_months <= EITHER_TO:
        tenor = asked
    return BaseRate(tenor, lpr.one_year if tenor == "1Y" else lpr.five_year)
