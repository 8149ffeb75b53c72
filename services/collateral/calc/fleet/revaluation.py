"""What an index move does to a fleet: the value path of every cohort before and after it (model ``fleet_revaluation``).

Paths are formed as arrays (``gpu_server.price_process``) and brought to the fen per server once; a cohort's value is its
servers' times their number, to the fen.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from domain.finding import ModelRef
from domain.money import MONEY_SCALE, Rounding, from_float
from policy.engine.collateral import GpuValuation
from services.collateral.calc.gpu_server.price_process import Cohorts, quantile_path

MODEL = ModelRef(id="fleet_revaluation", version="1.0.0")
MOST_MONTHS = 120


@dataclass(frozen=True)
class CohortPath:
    """``V_q`` of one cohort, CNY for all its servers, at month 0, 1, …; ``before`` is month 0 without the move."""

    before: Decimal
    values: tuple[Decimal, ...]


def revalued(
    cohorts: Cohorts, servers: Sequence[int], rent_factors: Sequence[Decimal], terms: GpuValuation, months: int
) -> tuple[CohortPath, ...]:
    """Every cohort's path to ``months`` months from today, once rents have moved.

    ``servers``: how many each cohort has. ``rent_factors``: its rents after the move as a multiple of those before. Raises
    ``ValueError`` naming what is out of bounds.
    """
    if not len(cohorts) == len(servers) == len(rent_factors):
        raise ValueError("each cohort has a number of servers and a rent factor")
    if not 0 <= months <= MOST_MONTHS:
        raise ValueError(f"months lies in [0, {MOST_MONTHS}]; unit: months")
    if any(count < 0 for count in servers) or any(factor < 0 for factor in rent_factors):
        raise ValueError("servers and rent factors lie in [0, ∞)")
    after = quantile_path(moved(cohorts, rent_factors), terms, months)
    before = quantile_path(cohorts, terms, 0)[:, 0]
    return tuple(
        CohortPath(_fen(start) * count, tuple(_fen(value) * count for value in path))
        for start, path, count in zip(before, after, servers, strict=True)
    )


def moved(cohorts: Cohorts, rent_factors: Sequence[Decimal]) -> Cohorts:
    """The cohorts with every rent multiplied; costs stay."""
    factors: NDArray[np.float64] = np.array([float(factor) for factor in rent_factors], dtype=np.float64)
    return replace(cohorts, gross=cohorts.gross * factors)


def _fen(value: float) -> Decimal:
    return from_float(float(value), MONEY_SCALE, Rounding.DOWN)
