"""Values over the life of the loan, for many cohorts at once: arrays in float64, one row a cohort, one column a month.

The merchant income value seen from month t is ``V(t) = Σ_s max(0, CF_{t+s})·(1 + k)^{−s/12} + SV·(1 + k)^{−R/12}`` with
R the months of life left then (§3.5 steps 2 and 6). It rises with the rent, so its quantile is the value at the rent's
quantile and no simulation within a simulation is needed. It is never more than a younger server's.

A single finding stands on ``value_path``, which does the same in exact decimals; both take the factors of
``rent_process`` and agree to ``AGREEMENT``. Apart from ``mean_path``, only products, sums and comparisons are taken over
arrays here, so that these figures do not depend on the machine either. Every figure is CNY per server.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from math import erfc
from typing import Final

import numpy as np
from numpy.typing import NDArray

from policy.engine.collateral import GpuValuation, IncomeApproach
from services.collateral.calc.gpu_server.market_curve import shares
from services.collateral.calc.gpu_server.rent_process import RentFactors, rent_factors
from services.collateral.calc.gpu_server.value_path import Server

Array = NDArray[np.float64]

AGREEMENT: Final = 1e-9
"""Largest relative difference from the exact path of ``value_path``."""

_TWELVE: Final = Decimal(12)
_BLOCK: Final = 2048
"""Cohorts at a time: the arrays of a block stay within some megabytes, however large the fleet."""


@dataclass(frozen=True)
class Cohorts:
    """Cohorts by what one server of each earns and costs; every array of shape (cohorts,), CNY and months.

    ``gross``: a month's rent of the server at today's rent, after occupancy, availability and tax. Raises
    ``ValueError`` naming the array, its bound and its unit.
    """

    gross: Array
    monthly_cost: Array
    replacement_cost: Array
    age_months: NDArray[np.int64]

    def __post_init__(self) -> None:
        arrays = (self.gross, self.monthly_cost, self.replacement_cost, self.age_months)
        if self.gross.ndim != 1 or len({figures.shape for figures in arrays}) != 1:
            raise ValueError("each array has one figure a cohort")
        for name, figures in (
            ("gross", self.gross),
            ("monthly_cost", self.monthly_cost),
            ("replacement_cost", self.replacement_cost),
        ):
            # NaN compares false and is refused with the rest.
            if figures.size and not (figures.min() >= 0 and figures.max() < np.inf):
                raise ValueError(f"{name} lies in [0, ∞); unit: CNY per server")
        if self.age_months.size and not self.age_months.min() >= 0:
            raise ValueError("age_months lies in [0, ∞); unit: months")

    @classmethod
    def of(cls, servers: Iterable[Server], terms: IncomeApproach) -> "Cohorts":
        """Cohorts from one server of each, in their order."""
        given = list(servers)
        return cls(
            gross=np.array([float(server.gross(terms)) for server in given], dtype=np.float64),
            monthly_cost=np.array([float(server.cost(terms)) for server in given], dtype=np.float64),
            replacement_cost=np.array([float(server.replacement_cost) for server in given], dtype=np.float64),
            age_months=np.array([server.age_months for server in given], dtype=np.int64),
        )

    def __len__(self) -> int:
        return int(self.gross.size)

    def rows(self, chosen: slice) -> "Cohorts":
        """Some of the cohorts."""
        return Cohorts(
            self.gross[chosen], self.monthly_cost[chosen], self.replacement_cost[chosen], self.age_months[chosen]
        )


def quantile_path(cohorts: Cohorts, terms: GpuValuation, months: int) -> Array:
    """``V_q(t)`` for t = 0 … months, shape (cohorts, months + 1): the lower of income quantile and resale curve (§3.6)."""
    return np.minimum(income_quantile_path(cohorts, terms, months), resale_path(cohorts, terms, months))


def income_quantile_path(cohorts: Cohorts, terms: GpuValuation, months: int) -> Array:
    """The merchant income value where the month's rent stands at the policy's quantile; shape (cohorts, months + 1)."""
    given = factors(terms)
    rents = [given.expected[month + 1 :] * low[1:] for month, low in enumerate(given.in_quantile)]
    return _paths(cohorts, terms.income, months, lambda part, month: _earned(part, rents[month]))


def expected_rent_path(cohorts: Cohorts, terms: GpuValuation, months: int) -> Array:
    """The merchant income value along the expected rent (σ → 0); shape (cohorts, months + 1)."""
    given = factors(terms)
    return _paths(cohorts, terms.income, months, lambda part, month: _earned(part, given.expected[month + 1 :]))


def mean_path(cohorts: Cohorts, terms: GpuValuation, months: int) -> Array:
    """``E[V(t)]`` over the rents of month t; shape (cohorts, months + 1).

    Never below ``expected_rent_path``: a server that does not pay is switched off, so dispersion can only add. Each
    month's expectation is that of a call on a lognormal rent struck at the month's costs, in closed form. For a
    server that is not new it is an upper bound, the least of the expectations of younger servers.
    """
    given = factors(terms)

    def earned(part: Cohorts, month: int) -> Array:
        spread = given.deviation[month] * given.fading[1 : given.fading.size - month]
        return _call(part.gross[:, None] * given.expected[month + 1 :], part.monthly_cost[:, None], spread)

    return _paths(cohorts, terms.income, months, earned)


def resale_path(cohorts: Cohorts, terms: GpuValuation, months: int) -> Array:
    """Replacement cost new on the policy's resale curve at the age of each month; shape (cohorts, months + 1)."""
    oldest = int(cohorts.age_months.max(initial=0)) + months
    share = np.array([float(item) for item in shares(terms.resale_curve, oldest)])
    ages = cohorts.age_months[:, None] + np.arange(months + 1)
    path: Array = cohorts.replacement_cost[:, None] * share[ages]
    return path


@dataclass(frozen=True)
class Factors:
    """``RentFactors`` as arrays: of shape (life + 1,), and (life + 1 − t,) for month t of ``in_quantile``."""

    expected: Array
    deviation: Array
    fading: Array
    in_quantile: list[Array]


def factors(terms: GpuValuation) -> Factors:
    """The factors of a policy's rent path over the economic life."""
    exact: RentFactors = rent_factors(terms.income.rent_path, terms.income.economic_life_months)
    return Factors(
        expected=_array(exact.expected),
        deviation=_array(exact.deviation),
        fading=_array(exact.fading),
        in_quantile=[_array(row) for row in exact.in_quantile],
    )


def discounts(terms: IncomeApproach) -> Array:
    """``(1 + k)^{−s/12}``, s = 0 … economic life."""
    monthly = float((1 + terms.discount_rate) ** (-1 / _TWELVE))
    powers: Array = np.multiply.accumulate(np.concatenate(([1.0], np.full(terms.economic_life_months, monthly))))
    return powers


def _array(figures: Iterable[Decimal]) -> Array:
    return np.array([float(item) for item in figures], dtype=np.float64)


def _paths(cohorts: Cohorts, terms: IncomeApproach, months: int, earned: Callable[[Cohorts, int], Array]) -> Array:
    """``earned(cohorts, t)`` gives what each month after t earns, undiscounted, shape (cohorts, life − t)."""
    result = np.empty((len(cohorts), months + 1))
    life = terms.economic_life_months
    held_back = discounts(terms)
    for start in range(0, len(cohorts), _BLOCK):
        block = slice(start, start + _BLOCK)
        part = cohorts.rows(block)
        scrap = float(terms.terminal_share) * part.replacement_cost
        for month in range(months + 1):
            if month >= life:
                result[block, month] = scrap
                continue
            ahead = life - month
            held = np.zeros((len(part), ahead + 1))
            np.cumsum(earned(part, month) * held_back[1 : ahead + 1], axis=1, out=held[:, 1:])
            held += scrap[:, None] * held_back[: ahead + 1]
            # Column R is the value with R months left. A younger server has more of them, and is never worth less.
            fewest = np.maximum(0, life - part.age_months - month)
            held[np.arange(ahead + 1) < fewest[:, None]] = np.inf
            result[block, month] = held.min(axis=1)
    return result


def _earned(part: Cohorts, rents: Array) -> Array:
    cash: Array = np.maximum(0.0, part.gross[:, None] * rents - part.monthly_cost[:, None])
    return cash


def _call(forward: Array, strike: Array, spread: Array) -> Array:
    """``E[max(0, F·e^{sZ − s²/2} − K)] = F·N(d) − K·N(d − s)``, ``d = ln(F/K)/s + s/2``; all of one broadcast shape."""
    forward, strike, spread = np.broadcast_arrays(forward, strike, spread)
    certain = (forward <= 0) | (strike <= 0) | (spread <= 0)
    result: Array = np.maximum(0.0, forward - strike)
    f, k, s = forward[~certain], strike[~certain], spread[~certain]
    d = np.log(f / k) / s + s / 2
    result[~certain] = f * _below(d) - k * _below(d - s)
    return result


_COMPLEMENTARY_ERROR = np.frompyfunc(erfc, 1, 1)


def _below(x: Array) -> Array:
    """The probability that a standard normal figure is at most ``x``."""
    probability: Array = 0.5 * _COMPLEMENTARY_ERROR(-x / np.sqrt(2.0)).astype(np.float64)
    return probability
