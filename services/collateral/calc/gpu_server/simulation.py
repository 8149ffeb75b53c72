"""The same rents by chance: the cross-check of the quantile path, and what the closed form cannot do, launches at random.

Monte Carlo with PCG64 and a seed that is part of the result, so that a run can be repeated. float64 throughout; no decision
stands on it. Also the geometric Brownian motion that others use for such hardware, for comparison.
"""

from dataclasses import dataclass
from math import exp, sqrt

import numpy as np

from policy.engine.collateral import GpuValuation, RentPath
from policy.engine.gpu_market import RandomLaunches
from services.collateral.calc.gpu_server.price_process import Array, Cohorts, discounts, factors
from services.collateral.calc.gpu_server.rent_process import standard_quantile, variance

MOST_PATHS = 5_000_000


@dataclass(frozen=True)
class Simulated:
    """Merchant income values of one server in one month over ``paths`` rents, CNY. ``mean_error`` is the standard error."""

    mean: float
    mean_error: float
    quantile: float
    seed: int
    paths: int


def monte_carlo(
    cohorts: Cohorts,
    terms: GpuValuation,
    month: int,
    *,
    seed: int,
    paths: int,
    launches: RandomLaunches | None = None,
) -> Simulated:
    """Values of a single cohort in ``month``, seen over simulated rents, month by month.

    ``launches``: generations come at random (a Poisson count a month, normal relative changes) instead of at policy's
    known months. ``paths`` 100 to 5,000,000. Raises ``ValueError`` naming argument and bound.
    """
    if len(cohorts) != 1:
        raise ValueError("one cohort is simulated at a time")
    if not 100 <= paths <= MOST_PATHS:
        raise ValueError(f"paths lies in [100, {MOST_PATHS}]")
    if month < 0:
        raise ValueError("month lies in [0, ∞); unit: months")
    source = np.random.Generator(np.random.PCG64(seed))
    path = terms.income.rent_path
    deviation, level = np.zeros(paths), np.ones(paths)
    fade, step = exp(-float(path.reversion) / 12), sqrt(float(variance(path, 1)))
    for _ in range(month):
        deviation = deviation * fade + step * source.standard_normal(paths)
        if launches is not None:
            level *= _launched(source, launches, paths)
    values = _values(cohorts, terms, month, deviation, level, launches)
    return Simulated(
        mean=float(values.mean()),
        mean_error=float(values.std(ddof=1) / sqrt(paths)),
        quantile=float(np.quantile(values, float(path.quantile))),
        seed=seed,
        paths=paths,
    )


def brownian_quantile(value: float, path: RentPath, month: int, *, drift: float) -> float:
    """``V_0·exp((m − ½σ²)·t + z·σ·√t)``: a value whose logarithm wanders without reverting, drift m per year (§3.5)."""
    years, deviation = month / 12, float(path.volatility)
    low = float(standard_quantile(path.quantile))
    return value * exp((drift - deviation**2 / 2) * years + low * deviation * sqrt(years))


def _launched(source: np.random.Generator, launches: RandomLaunches, paths: int) -> Array:
    """What the launches of one month multiply the level of rents by."""
    factor = np.ones(paths)
    counts = source.poisson(float(launches.per_month), paths)
    for turn in range(int(counts.max(initial=0))):
        struck = counts > turn
        change = source.normal(float(launches.mean_change), float(launches.deviation), int(struck.sum()))
        # A rent never turns negative, however far out in the tail a change is drawn.
        factor[struck] *= np.maximum(1 + change, 0.0)
    return factor


def _values(
    cohorts: Cohorts,
    terms: GpuValuation,
    month: int,
    deviation: Array,
    level: Array,
    launches: RandomLaunches | None,
) -> Array:
    income = terms.income
    ahead = max(0, income.economic_life_months - month)
    fewest = max(0, ahead - int(cohorts.age_months[0]))
    given, held_back = factors(terms), discounts(income)
    gross, cost = float(cohorts.gross[0]), float(cohorts.monthly_cost[0])
    scrap = float(income.terminal_share) * float(cohorts.replacement_cost[0])
    spread = float(given.deviation[month]) if ahead else 0.0
    earned = np.zeros_like(deviation)
    values = np.full_like(deviation, scrap if not ahead else np.inf)
    for left in range(ahead + 1):
        if left:
            fading = float(given.fading[left])
            seen = np.exp(deviation * fading - (spread * fading) ** 2 / 2)
            rent = _expected(given.expected, income.rent_path, month, left, launches)
            earned += np.maximum(0.0, gross * rent * level * seen - cost) * held_back[left]
        if left >= fewest:
            np.minimum(values, earned + scrap * held_back[left], out=values)
    return values


def _expected(expected: Array, path: RentPath, month: int, left: int, launches: RandomLaunches | None) -> float:
    """``E[p_{t+s}]/p_0`` before what the simulated deviation and the launches until month t have made of it."""
    if launches is None:
        return float(expected[month + left])
    decline = exp(-float(path.annual_decline) * (month + left) / 12)
    return decline * exp(float(launches.per_month) * float(launches.mean_change) * left)
