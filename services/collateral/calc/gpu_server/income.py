"""Income approach, merchant lens (domain paper §3.5 steps 2 and 6): what the server earns on the open market until it is
scrapped. The contract of the case is never part of it, because a default and the loss of the contract come together.

The mean path of rents is exact: with the Jensen term of §3.5 step 6 the expectation of the log-OU price is the declining
marginal-cost path with its generation jumps, whatever the volatility.
"""

from dataclasses import dataclass
from decimal import Decimal

from policy.engine.collateral import IncomeApproach, RentPath

_TWELVE = Decimal(12)


@dataclass(frozen=True)
class RunningEconomics:
    """The complete cash lines of one server, before VAT. Rents and tariffs per hour, other costs per month, CNY."""

    rent_per_gpu_hour: Decimal
    occupancy: Decimal
    server_kw: Decimal
    tariff_per_kwh: Decimal
    pue: Decimal
    rack_per_month: Decimal
    maintenance_rate: Decimal
    """O&M per year as a share of replacement cost new."""
    sla_per_month: Decimal


def expected_rent(today: Decimal, path: RentPath, month: int) -> Decimal:
    """The expected market rent per GPU-hour ``month`` months from today (``E[p_t] = e^{μ_t}``)."""
    rent = today * (-path.annual_decline * month / _TWELVE).exp()
    for jump in path.jumps:
        if jump.month <= month:
            rent *= 1 + jump.change
    return rent


def monthly_cost(economics: RunningEconomics, replacement_cost: Decimal, terms: IncomeApproach) -> Decimal:
    """Power, rack, O&M and service-level compensation of one server in a month.

    Purchase and depreciation are not among them: together they would count the investment twice (E4).
    """
    power = economics.server_kw * economics.pue * terms.hours_per_month * economics.tariff_per_kwh
    maintenance = economics.maintenance_rate * replacement_cost / _TWELVE
    return power + economics.rack_per_month + maintenance + economics.sla_per_month


def merchant_cash_flow(
    rent: Decimal, gpus: int, economics: RunningEconomics, replacement_cost: Decimal, terms: IncomeApproach
) -> Decimal:
    """Net cash of one server in a month at a rent per GPU-hour."""
    hours = gpus * terms.hours_per_month * economics.occupancy * terms.availability
    return hours * rent * (1 - terms.tax) - monthly_cost(economics, replacement_cost, terms)


def contracted_cash_flow(
    monthly_rent: Decimal, economics: RunningEconomics, replacement_cost: Decimal, terms: IncomeApproach
) -> Decimal:
    """Net cash of one server in a month under a take-or-pay rent per server and month (the cash-flow lens)."""
    received = monthly_rent * terms.availability * (1 - terms.tax)
    return received - monthly_cost(economics, replacement_cost, terms)


def merchant_value(
    economics: RunningEconomics,
    gpus: int,
    replacement_cost: Decimal,
    terms: IncomeApproach,
    *,
    age_months: int,
    in_month: int = 0,
) -> Decimal:
    """``V_inc`` on the mean path, per server, seen ``in_month`` months from today for a server ``age_months`` old today.

    A month that would cost more than it earns counts zero (the server is switched off). Golden case G-GPU-1.
    """
    remaining = max(0, terms.economic_life_months - age_months - in_month)
    monthly_discount = (1 + terms.discount_rate) ** (-1 / _TWELVE)
    value = Decimal(0)
    discount = Decimal(1)
    for step in range(1, remaining + 1):
        discount *= monthly_discount
        rent = expected_rent(economics.rent_per_gpu_hour, terms.rent_path, in_month + step)
        cash = merchant_cash_flow(rent, gpus, economics, replacement_cost, terms)
        value += max(Decimal(0), cash) * discount
    return value + terms.terminal_share * replacement_cost * discount


def lendable_income(
    economics: RunningEconomics, gpus: int, replacement_cost: Decimal, terms: IncomeApproach, age_months: int
) -> Decimal:
    """The income value that may be lent on: never more than a younger server's.

    Where running barely pays, being nearer to the scrap value would make an older server worth more by the formula;
    a lender does not follow that (§8 invariant 7).
    """
    return min(
        merchant_value(economics, gpus, replacement_cost, terms, age_months=age)
        for age in range(min(age_months, terms.economic_life_months) + 1)
    )
