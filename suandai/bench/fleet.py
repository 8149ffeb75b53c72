"""What it costs to value a fleet anew: a million servers as arrays, beside the same work server by server. Nothing is stored.

Each result is compared with what stands beside it before it is timed.
"""

import resource
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from policy.engine import load_book
from policy.engine.collateral import GpuValuation
from services.collateral.calc.fleet.cohorts import Grouped, grouped
from services.collateral.calc.gpu_server.income import RunningEconomics
from services.collateral.calc.gpu_server.price_process import (
    AGREEMENT,
    Array,
    Cohorts,
    income_quantile_path,
    quantile_path,
)
from services.collateral.calc.gpu_server.simulation import monte_carlo
from services.collateral.calc.gpu_server.value_path import Server, value_path
from suandai.bench.figures import Figure, figure

Told = Callable[[str], None]

MONTHS = 60
_MODELS, _AGES, _CONTRACTS = 10, 25, 2
"""500 cohorts."""
_IN_FORCE = date(2026, 12, 1)
_SEED = 20261201


@dataclass(frozen=True)
class FleetSizes:
    """How much is measured. The defaults take about half a minute on one processor."""

    servers: int = 1_000_000
    single_servers: int = 20_000
    paths: int = 200_000
    rounds: int = 3


QUICK = FleetSizes(servers=100_000, single_servers=4_000, paths=50_000, rounds=1)


class Disagreement(RuntimeError):
    """Two ways to one value came to different ones: their times compare nothing."""


@dataclass(frozen=True)
class Fleet:
    """Servers one by one: codes of model, age in months and contract, and what one of each model and contract earns."""

    model: NDArray[np.int64]
    age: NDArray[np.int64]
    contract: NDArray[np.int64]
    gross: Array
    """By model and contract, CNY a month."""
    cost: Array
    price: Array
    """By model."""

    def cohorts(self, chosen: NDArray[np.int64]) -> Cohorts:
        """The servers at these places, one row each."""
        model, contract = self.model[chosen], self.contract[chosen]
        return Cohorts(
            gross=self.gross[model, contract],
            monthly_cost=self.cost[model, contract],
            replacement_cost=self.price[model],
            age_months=self.age[chosen],
        )


def all_figures(sizes: FleetSizes, told: Told) -> list[Figure]:
    """The fleet as arrays, and in a database of its own. Raises ``StackError`` where that does not start."""
    from suandai.bench.fleet_books import fleet_books_figures

    return [*fleet_figures(sizes, told), *fleet_books_figures(sizes.servers, told)]


def fleet_figures(sizes: FleetSizes, told: Told) -> list[Figure]:
    """Every figure of a fleet that needs no bank. Raises ``Disagreement`` where what is compared does not agree."""
    terms = load_book(Path(__file__).parents[2] / "policy" / "book").collateral(_IN_FORCE).gpu
    fleet = fleet_of(sizes.servers, terms)
    told(f"{sizes.servers:,} servers in {_MODELS * _AGES * _CONTRACTS} cohorts, {MONTHS} months")
    return [*_valued(fleet, terms, sizes), _error(fleet, terms, sizes)]


def fleet_of(servers: int, terms: GpuValuation) -> Fleet:
    """A fleet in which every cohort has a server as long as there are enough of them."""
    place = np.arange(servers, dtype=np.int64)
    kinds = [[_server(model, contract) for contract in range(_CONTRACTS)] for model in range(_MODELS)]
    return Fleet(
        model=place % _MODELS,
        age=(place // _MODELS) % _AGES * 2,
        contract=(place // (_MODELS * _AGES)) % _CONTRACTS,
        gross=np.array([[float(item.gross(terms.income)) for item in row] for row in kinds]),
        cost=np.array([[float(item.cost(terms.income)) for item in row] for row in kinds]),
        price=np.array([float(row[0].replacement_cost) for row in kinds]),
    )


def _server(model: int, contract: int, age_months: int = 0) -> Server:
    lines = RunningEconomics(
        rent_per_gpu_hour=Decimal(8 + model),
        occupancy=Decimal("0.75") - Decimal("0.10") * contract,
        server_kw=Decimal(8),
        tariff_per_kwh=Decimal("0.55"),
        pue=Decimal("1.25"),
        rack_per_month=Decimal(6000),
        maintenance_rate=Decimal("0.03"),
        sla_per_month=Decimal(500),
    )
    return Server(lines, 8, Decimal(1_400_000 + 150_000 * model), age_months)


def whole_fleet(fleet: Fleet, terms: GpuValuation) -> tuple[Grouped, Array, Array]:
    """Cohorts, their paths per server, and the fleet's path: what is timed."""
    cohorts = grouped(fleet.model, fleet.age, fleet.contract)
    paths = quantile_path(fleet.cohorts(cohorts.first), terms, MONTHS)
    total: Array = cohorts.servers @ paths
    return cohorts, paths, total


def _valued(fleet: Fleet, terms: GpuValuation, sizes: FleetSizes) -> Iterator[Figure]:
    cohorts, paths, _ = whole_fleet(fleet, terms)
    sample = np.linspace(0, sizes.servers - 1, min(sizes.single_servers, sizes.servers)).astype(np.int64)
    begun = time.perf_counter()
    singles = quantile_path(fleet.cohorts(sample), terms, MONTHS)
    alone = (time.perf_counter() - begun) / len(sample) * sizes.servers
    if not np.array_equal(singles, paths[cohorts.cohort[sample]]):
        raise Disagreement("a server by itself has another value than in its cohort")
    _compare_exact(fleet, cohorts, paths, terms)
    taken = min(_timed(lambda: whole_fleet(fleet, terms)) for _ in range(sizes.rounds))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    name = f"fleet_{_count(sizes.servers)}_s"
    aside = f"{len(sample):,} servers valued one by one as arrays, extrapolated; every value of them the same"
    yield figure(
        name,
        taken,
        "s",
        beside=alone,
        note=(
            f"{sizes.servers:,} servers grouped, {len(cohorts.first)} cohorts × {MONTHS + 1} months, one process, at most "
            f"{peak:.0f} MiB of it; beside: {aside}; aim < 2 on 2 processors"
        ),
    )
    yield figure("fleet_vs_per_server", alone / taken, "1", note=f"times faster by cohort; {aside}")


def _compare_exact(fleet: Fleet, cohorts: Grouped, paths: Array, terms: GpuValuation) -> None:
    """A few cohorts in exact decimals, as a finding has them."""
    for place in range(0, len(cohorts.first), max(1, len(cohorts.first) // 5)):
        at = cohorts.first[place]
        server = _server(int(fleet.model[at]), int(fleet.contract[at]), int(fleet.age[at]))
        exact = value_path(server, terms, MONTHS).lendable
        if not np.allclose(paths[place], [float(value) for value in exact], rtol=10 * AGREEMENT, atol=0):
            raise Disagreement("the arrays differ from the exact path")


def _error(fleet: Fleet, terms: GpuValuation, sizes: FleetSizes) -> Figure:
    """The largest difference of the semi-analytic quantile from a simulated one."""
    worst = 0.0
    for model in (0, _MODELS // 2, _MODELS - 1):
        cohorts = fleet.cohorts(np.array([model], dtype=np.int64))
        quantiles = income_quantile_path(cohorts, terms, 36)[0]
        for month in (12, 24, 36):
            simulated = monte_carlo(cohorts, terms, month, seed=_SEED, paths=sizes.paths)
            worst = max(worst, abs(simulated.quantile / quantiles[month] - 1))
    note = (
        f"largest relative difference of the 5 % quantile of income, 3 servers × 3 months, from {sizes.paths:,} simulated "
        f"paths (PCG64, seed {_SEED}); aim ≤ 0.005"
    )
    return figure("quantile_vs_monte_carlo_error", worst, "1", note=note)


def _timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _count(servers: int) -> str:
    return f"{servers // 1_000_000}m" if servers % 1_000_000 == 0 else f"{servers // 1000}k"
