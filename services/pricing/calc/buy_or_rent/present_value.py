"""Present values of one server, owned or rented, at full precision."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce

from domain.buy_or_rent import CostName
from domain.requests.cash_flows import HOURS_PER_MONTH
from services.pricing.calc.periods import WIDE

_MONTHS = 12


@dataclass(frozen=True)
class OwnTerms:
    """What a server of one's own costs, every line known. CNY, per server; rates per year."""

    price: Decimal
    power_per_month: Decimal
    rack_per_month: Decimal
    maintenance_rate: Decimal
    sla_per_month: Decimal
    residual_share: Decimal


@dataclass(frozen=True)
class RentTerms:
    """CNY per server and month in the first year, and the change at every twelfth month."""

    per_month: Decimal
    yearly_change: Decimal


def total(amounts: Iterable[Decimal]) -> Decimal:
    """The sum at full precision."""
    return reduce(WIDE.add, amounts, Decimal(0))


def power_per_month(server_kw: Decimal, pue: Decimal, tariff: Decimal) -> Decimal:
    """CNY a month at 730 hours."""
    return WIDE.multiply(WIDE.multiply(server_kw, pue), WIDE.multiply(tariff, HOURS_PER_MONTH))


def discount_factors(yearly: Decimal, months: int) -> tuple[Decimal, ...]:
    """What one yuan at the end of months 1 … ``months`` is worth before the first, at an effective yearly rate."""
    monthly = WIDE.power(1 + yearly, WIDE.divide(Decimal(-1), Decimal(_MONTHS)))
    factors = [monthly]
    while len(factors) < months:
        factors.append(WIDE.multiply(factors[-1], monthly))
    return tuple(factors)


def owned(terms: OwnTerms, factors: Sequence[Decimal]) -> dict[CostName, Decimal]:
    """The cost lines of a server over the horizon: it is paid for whether it is used or not."""
    whole = total(factors)
    upkeep = WIDE.divide(WIDE.multiply(terms.price, terms.maintenance_rate), Decimal(_MONTHS))
    return {
        "purchase": terms.price,
        "power": WIDE.multiply(terms.power_per_month, whole),
        "rack": WIDE.multiply(terms.rack_per_month, whole),
        "maintenance": WIDE.multiply(upkeep, whole),
        "sla": WIDE.multiply(terms.sla_per_month, whole),
        "residual": WIDE.minus(WIDE.multiply(WIDE.multiply(terms.price, terms.residual_share), factors[-1])),
    }


def rents(terms: RentTerms, factors: Sequence[Decimal]) -> tuple[Decimal, ...]:
    """The discounted rent of each month."""
    return tuple(
        WIDE.multiply(WIDE.multiply(terms.per_month, WIDE.power(1 + terms.yearly_change, index // _MONTHS)), factor)
        for index, factor in enumerate(factors)
    )
