"""What a stress does to a server, to the terms it is valued by, and to the cash flow of a loan."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from domain.debt_service import monthly
from domain.limit import CashFlowSegment
from policy.engine.collateral import GpuValuation, IncomeApproach
from policy.engine.coverage import Stress
from services.collateral.calc.gpu_server.income import expected_rent
from services.collateral.calc.gpu_server.value_path import Server

_NIL = Decimal(0)
_TWELVE = Decimal(12)


@dataclass(frozen=True)
class Fleet:
    """Servers of one cohort that the cash flow comes from."""

    server: Server
    count: int


def moved_server(server: Server, stress: Stress) -> Server:
    """The server with the stress on its rents, occupancy, power and price new."""
    lines = server.economics
    most = lines.occupancy if stress.occupancy is None else min(lines.occupancy, stress.occupancy)
    return replace(
        server,
        replacement_cost=server.replacement_cost * stress.replacement_cost,
        economics=replace(
            lines,
            rent_per_gpu_hour=lines.rent_per_gpu_hour * stress.rent,
            occupancy=most,
            tariff_per_kwh=lines.tariff_per_kwh * stress.tariff,
        ),
    )


def moved_terms(terms: GpuValuation, stress: Stress) -> GpuValuation:
    """The terms with the stress's launch among the expected ones, and its failures."""
    income = terms.income
    path = income.rent_path
    if stress.launch is not None:
        path = path.model_copy(update={"jumps": (*path.jumps, stress.launch)})
    moved = income.model_copy(update={"rent_path": path, "availability": _availability(income, stress)})
    return terms.model_copy(update={"income": moved})


def moved_cash(
    segments: Sequence[CashFlowSegment], months: int, fleets: Sequence[Fleet], terms: GpuValuation, stress: Stress
) -> list[Decimal]:
    """Cash flow of months 1 … ``months`` under a stress, CNY.

    Contracts keep their rent and pay for the hours delivered; power and spare parts cost what they cost under stress. Once
    the off-takers default, contracts bring nothing and their running costs end; every server earns the expected market
    rent, and stands still where that does not pay.
    """
    income = moved_terms(terms, stress).income
    delivered = income.availability / terms.income.availability if terms.income.availability else _NIL
    dearer = sum((fleet.count * _added_cost(fleet.server, terms.income, stress) for fleet in fleets), _NIL)
    given = monthly(segments, months)
    begins = next((month for month, (revenue, _) in enumerate(given, start=1) if revenue), months + 1)
    cash = []
    for month, (revenue, cost) in enumerate(given, start=1):
        if stress.offtaker_default_month is not None and month >= max(begins, stress.offtaker_default_month):
            cash.append(sum((fleet.count * _merchant(fleet.server, month, income, stress) for fleet in fleets), _NIL))
        else:
            cash.append(revenue * delivered - cost - (dearer if cost else _NIL))
    return cash


def _availability(income: IncomeApproach, stress: Stress) -> Decimal:
    return max(_NIL, 1 - (1 - income.availability) * stress.failures)


def _added_cost(server: Server, income: IncomeApproach, stress: Stress) -> Decimal:
    """What a server's running costs more a month."""
    lines = server.economics
    power = lines.server_kw * lines.pue * income.hours_per_month * lines.tariff_per_kwh
    maintenance = lines.maintenance_rate * server.replacement_cost / _TWELVE
    return power * (stress.tariff - 1) + maintenance * (stress.replacement_cost - 1)


def _merchant(server: Server, month: int, income: IncomeApproach, stress: Stress) -> Decimal:
    """What a server earns on the open market in a month, CNY; nothing past its life."""
    if server.age_months + month > income.economic_life_months:
        return _NIL
    moved = moved_server(server, stress)
    earned = moved.gross(income) * expected_rent(Decimal(1), income.rent_path, month)
    return max(_NIL, earned - moved.cost(income))
