"""What the market pays for used servers: a share of the price new by age, from policy (domain paper §3.2, §3.7)."""

from decimal import Decimal, localcontext
from functools import lru_cache

from policy.engine.gpu_market import ResalePoint
from services.collateral.calc.conclusion import FIGURES


@lru_cache(maxsize=64)
def shares(curve: tuple[ResalePoint, ...], months: int) -> tuple[Decimal, ...]:
    """The share of the price new that a server of 0 … ``months`` months of age fetches.

    Between the points of the curve the logarithm runs straight; past the last one the share stays.
    """
    with localcontext(FIGURES):
        return tuple(_share(curve, month) for month in range(months + 1))


def _share(curve: tuple[ResalePoint, ...], age: int) -> Decimal:
    before = next(point for point in reversed(curve) if point.age_months <= age)
    after = next((point for point in curve if point.age_months > age), None)
    if after is None or before.age_months == age:
        return before.share
    along = Decimal(age - before.age_months) / (after.age_months - before.age_months)
    return (before.share.ln() * (1 - along) + after.share.ln() * along).exp()
