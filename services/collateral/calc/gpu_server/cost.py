"""Cost approach (domain paper §3.5 step 1): replacement cost new less physical, functional and economic obsolescence."""

from dataclasses import dataclass
from decimal import Decimal

from domain.collateral import ModernEquivalent
from policy.engine.collateral import CostApproach, IncomeApproach
from services.collateral.calc.gpu_server.income import RunningEconomics

_ONE = Decimal(1)


@dataclass(frozen=True)
class Obsolescence:
    """The three depreciations as fractions of replacement cost new. ``functional`` is None where it was not assessed."""

    physical: Decimal
    functional: Decimal | None
    economic: Decimal

    def value_of(self, replacement_cost: Decimal) -> Decimal:
        """What remains of the replacement cost new; never negative."""
        remaining = (_ONE - self.physical) * (_ONE - self.economic)
        if self.functional is not None:
            remaining *= _ONE - self.functional
        return replacement_cost * remaining


def physical(
    age_months: int, utilisation: Decimal, repair_cost: Decimal, replacement_cost: Decimal, terms: CostApproach
) -> Decimal:
    """``min(1, a_eff / L_ph)·(1 − s) + r``, at most 1. Hours above the overuse threshold age a server faster."""
    overuse = max(Decimal(0), utilisation - terms.overuse_threshold)
    ageing = _ONE + terms.overuse_ageing * overuse / terms.overuse_span
    used = min(_ONE, age_months * ageing / terms.physical_life_months)
    return min(_ONE, used * (_ONE - terms.salvage) + repair_cost / replacement_cost)


def functional(
    newest: ModernEquivalent,
    economics: RunningEconomics,
    replacement_cost: Decimal,
    age_months: int,
    terms: IncomeApproach,
    rate: Decimal,
) -> Decimal:
    """The cheaper way to the same work: purchase price of equal throughput, and the power saved over the remaining life.

    ``rate`` per year capitalises the power saved.
    """
    equal_work = newest.price.amount / newest.throughput_ratio
    excess_capital = max(Decimal(0), replacement_cost - equal_work)
    excess_kw = max(Decimal(0), economics.server_kw - newest.server_kw / newest.throughput_ratio)
    saved = excess_kw * economics.pue * terms.hours_per_month * economics.tariff_per_kwh
    monthly = (_ONE + rate) ** (_ONE / -12)
    remaining = max(0, terms.economic_life_months - age_months)
    annuity = sum((monthly**month for month in range(1, remaining + 1)), Decimal(0))
    return min(_ONE, (excess_capital + saved * annuity) / replacement_cost)


def economic(market_utilisation: Decimal, terms: CostApproach) -> Decimal:
    """Inutility: ``1 − (U_mkt / U_norm)^x``; a market busier than normal adds nothing. Golden: U .50, x .6 → .2727."""
    if market_utilisation <= 0:
        return _ONE
    busy: Decimal = (market_utilisation / terms.normal_utilisation) ** terms.inutility_exponent
    return max(Decimal(0), _ONE - busy)
