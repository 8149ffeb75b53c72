"""What both models of a cohort's value have in common: the result, the completeness of the cash lines, and the whole of
what was found per server.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from domain.collateral import Approach, CohortSubject, ServerEconomics
from domain.finding import Reason, TraceStep
from domain.gpu_valuation import ValuePath
from domain.money import RATE_SCALE, Money, Rounding, rounded
from policy.engine.collateral import GpuValuation
from services.collateral.calc.conclusion import reason
from services.collateral.calc.gpu_server import cost, income, reconciliation

LARGEST: Final = Decimal(10) ** 18
"""What a money column holds; a figure beyond it is a slip of the keyboard, not a server."""

_MERCHANT_BASES = (None, "on_demand", "spot")


@dataclass(frozen=True)
class Appraisal:
    """Money for the whole cohort. ``reconciled`` is None where no value could be formed; then nothing may be lent."""

    approaches: tuple[Approach, ...]
    reconciled: Money | None
    lending: Money
    orderly: Money | None
    forced: Money | None
    referred: bool
    reasons: tuple[Reason, ...]
    trace: tuple[TraceStep, ...]
    remaining_months: int
    path: ValuePath | None = None


def complete(given: ServerEconomics | None) -> tuple[income.RunningEconomics | None, tuple[Reason, ...]]:
    """The cash lines when every one is there; else a reason for each that is missing (E4: zero is allowed)."""
    if given is None:
        return None, (reason("ECONOMICS_NOT_GIVEN"),)
    rent, occupancy = given.rent_per_gpu_hour, given.occupancy
    kilowatts, tariff, pue = given.server_kw, given.tariff_per_kwh, given.pue
    rack, maintenance, sla = given.rack_per_month, given.maintenance_rate, given.sla_per_month
    if given.rent_basis not in _MERCHANT_BASES:
        return None, (reason("RENT_NOT_MERCHANT", str(given.rent_basis)),)
    if (
        rent is None
        or occupancy is None
        or kilowatts is None
        or tariff is None
        or pue is None
        or rack is None
        or maintenance is None
        or sla is None
    ):
        lines = {
            "rent_per_gpu_hour": rent,
            "occupancy": occupancy,
            "server_kw": kilowatts,
            "tariff_per_kwh": tariff,
            "pue": pue,
            "rack_per_month": rack,
            "maintenance_rate": maintenance,
            "sla_per_month": sla,
        }
        return None, tuple(reason("INCOMPLETE_COST_STACK", name) for name, line in lines.items() if line is None)
    return (
        income.RunningEconomics(rent, occupancy, kilowatts, tariff, pue, rack.amount, maintenance, sla.amount),
        (),
    )


def obsolescence(
    cohort: CohortSubject,
    economics: income.RunningEconomics,
    age: int,
    terms: GpuValuation,
    market_utilisation: Decimal,
) -> cost.Obsolescence:
    """The three depreciations of a server. ``market_utilisation``: the share of its hours that the market sells."""
    price = cohort.replacement_cost_new.amount
    # How hard a server was driven before us is rarely known; full load is the reading that lends least.
    driven = cohort.historic_utilisation if cohort.historic_utilisation is not None else Decimal(1)
    repairs = cohort.unrepaired_fault_cost.amount if cohort.unrepaired_fault_cost is not None else Decimal(0)
    newest = cohort.modern_equivalent
    rate = terms.income.discount_rate if terms.cost.excess_power_rate is None else terms.cost.excess_power_rate
    return cost.Obsolescence(
        physical=cost.physical(age, driven, repairs, price, terms.cost),
        functional=cost.functional(newest, economics, price, age, terms.income, rate) if newest is not None else None,
        economic=cost.economic(market_utilisation, terms.cost),
    )


def whole(per_server: Decimal, cohort: CohortSubject, mode: Rounding = Rounding.HALF_UP) -> Money:
    """The value of all servers: rounded per server, then counted."""
    return Money(amount=rounded(per_server, 2, mode) * cohort.servers)


def approach(
    name: str, per_server: Decimal, cohort: CohortSubject, result: reconciliation.Reconciled, code: str = ""
) -> Approach:
    """An approach that ran, with its weight; ``code`` qualifies it."""
    return Approach.model_validate(
        {
            "name": name,
            "value": whole(per_server, cohort),
            "weight": rounded(result.weights[name], RATE_SCALE),
            "code": code,
        }
    )


def refused(reasons: tuple[Reason, ...]) -> Appraisal:
    """No value could be formed: nothing may be lent, and a person is told why."""
    code = reasons[0].code
    return Appraisal(
        approaches=(
            Approach(name="cost", value=None, weight=Decimal(0), code=code),
            Approach(name="income", value=None, weight=Decimal(0), code=code),
            Approach(name="market", value=None, weight=Decimal(0), code="COMPARABLES_TOO_FEW"),
        ),
        reconciled=None,
        lending=Money(amount=Decimal(0)),
        orderly=None,
        forced=None,
        referred=True,
        reasons=reasons,
        trace=(),
        remaining_months=0,
    )
