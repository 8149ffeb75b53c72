"""What a server will be worth month by month, in exact decimals: the path that stands in a finding.

Three curves per server (domain paper §3.5 step 6, §3.6): the merchant income value along the expected rent, the same where
the rent stands at the policy's quantile in that month, and the market's resale curve. What may be lent against in a month
is the lower of the last two.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from itertools import accumulate

from policy.engine.collateral import GpuValuation, IncomeApproach
from services.collateral.calc.conclusion import FIGURES
from services.collateral.calc.gpu_server.income import RunningEconomics, monthly_cost
from services.collateral.calc.gpu_server.market_curve import shares
from services.collateral.calc.gpu_server.rent_process import RentFactors, rent_factors


@dataclass(frozen=True)
class Server:
    """One server as it is valued: its complete cash lines, GPUs, replacement cost new (CNY) and age today in months."""

    economics: RunningEconomics
    gpus: int
    replacement_cost: Decimal
    age_months: int

    def gross(self, terms: IncomeApproach) -> Decimal:
        """CNY a month at today's rent, after occupancy, availability and tax."""
        hours = self.gpus * terms.hours_per_month * self.economics.occupancy * terms.availability
        return hours * self.economics.rent_per_gpu_hour * (1 - terms.tax)

    def cost(self, terms: IncomeApproach) -> Decimal:
        """CNY a month of power, rack, O&M and service levels."""
        return monthly_cost(self.economics, self.replacement_cost, terms)


@dataclass(frozen=True)
class ValuePath:
    """CNY per server in months 0, 1, … from today; ``lendable`` is the lower of ``quantile`` and ``market``."""

    expected: tuple[Decimal, ...]
    quantile: tuple[Decimal, ...]
    market: tuple[Decimal, ...]

    @property
    def lendable(self) -> tuple[Decimal, ...]:
        return tuple(min(pair) for pair in zip(self.quantile, self.market, strict=True))


def value_path(server: Server, terms: GpuValuation, months: int) -> ValuePath:
    """The path of a server from today to ``months`` months from today. Golden case G-GPU-1."""
    income = terms.income
    life = income.economic_life_months
    factors = rent_factors(income.rent_path, life)
    resale = shares(terms.resale_curve, server.age_months + months)
    with localcontext(FIGURES):
        discounts = _discounts(income)
        gross, cost, scrap = server.gross(income), server.cost(income), income.terminal_share * server.replacement_cost

        def seen_from(month: int, shocked: bool) -> Decimal:
            if month >= life:
                return scrap
            rents = _rents(factors, month, shocked)
            cash = (max(Decimal(0), gross * rent - cost) * discounts[s] for s, rent in enumerate(rents, start=1))
            earned = list(accumulate(cash, initial=Decimal(0)))
            # Were the server younger it would have more months left: a lender never takes the older for the better one.
            fewest = max(0, life - server.age_months - month)
            return min(earned[left] + scrap * discounts[left] for left in range(fewest, life - month + 1))

        return ValuePath(
            expected=tuple(seen_from(month, False) for month in range(months + 1)),
            quantile=tuple(seen_from(month, True) for month in range(months + 1)),
            market=tuple(server.replacement_cost * resale[server.age_months + month] for month in range(months + 1)),
        )


def _rents(factors: RentFactors, month: int, shocked: bool) -> Sequence[Decimal]:
    ahead = factors.expected[month + 1 :]
    if not shocked:
        return ahead
    return [rent * low for rent, low in zip(ahead, factors.in_quantile[month][1:], strict=True)]


def _discounts(terms: IncomeApproach) -> list[Decimal]:
    monthly = (1 + terms.discount_rate) ** (Decimal(-1) / 12)
    return list(accumulate([monthly] * terms.economic_life_months, lambda held, m: held * m, initial=Decimal(1)))
