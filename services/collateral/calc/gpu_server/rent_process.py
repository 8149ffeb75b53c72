"""What market rents may do (domain paper §3.5 step 6): log mean reversion around a falling path with generation jumps.

``μ_t = ln p_0 − δ·t/12 + Σ_{τ≤t} ln(1 + J_τ)`` is the marginal-cost path, ``X_t = μ_t − ½·v_t + Y_t`` the logarithm of the
rent, ``dY = −κ·Y dt + σ dW`` from ``Y_0 = 0`` and ``v_t = σ²(1 − e^{−2κt})/2κ`` its variance; so ``E[p_t] = e^{μ_t}``
exactly. Because ``v_{t+s} = v_t·e^{−2κs} + v_s``, the expectation seen from month t is

    ``E[p_{t+s} | Y_t] = e^{μ_{t+s}} · exp(Y_t·e^{−κs} − ½·v_t·e^{−2κs})``

which rises with ``Y_t``: whatever rises with rents has its quantile where ``Y_t`` has. All figures here are multiples of
today's rent and depend on policy alone, so they are formed once a policy, in decimals of 34 digits, and are the same on
every machine. Months count from today; δ, κ and σ are per year.
"""

from dataclasses import dataclass
from decimal import Decimal, localcontext
from functools import lru_cache
from statistics import NormalDist

from domain.money import RATE_SCALE, from_float
from policy.engine.collateral import RentPath
from services.collateral.calc.conclusion import FIGURES
from services.collateral.calc.gpu_server.income import expected_rent

_TWELVE = Decimal(12)
_ONE = Decimal(1)


@dataclass(frozen=True)
class RentFactors:
    """Multiples of today's rent over ``months`` months. ``expected[m]`` is ``E[p_m]/p_0``, m = 0 … months.

    ``deviation[t]`` is the standard deviation √v_t; ``fading[s]`` is e^{−κs}; ``in_quantile[t][s]`` is
    ``E[p_{t+s} | Y_t at the policy's quantile] / E[p_{t+s}]``, s = 0 … months − t.
    """

    expected: tuple[Decimal, ...]
    deviation: tuple[Decimal, ...]
    fading: tuple[Decimal, ...]
    in_quantile: tuple[tuple[Decimal, ...], ...]


@lru_cache(maxsize=64)
def rent_factors(path: RentPath, months: int) -> RentFactors:
    """The factors of a policy's rent path up to ``months`` months from today."""
    with localcontext(FIGURES):
        low = standard_quantile(path.quantile)
        deviation = tuple(variance(path, month).sqrt() for month in range(months + 1))
        fading = tuple((-path.reversion * month / _TWELVE).exp() for month in range(months + 1))
        return RentFactors(
            expected=tuple(expected_rent(_ONE, path, month) for month in range(months + 1)),
            deviation=deviation,
            fading=fading,
            in_quantile=tuple(
                tuple(_seen_from(low, deviation[month] * fade) for fade in fading[: months + 1 - month])
                for month in range(months + 1)
            ),
        )


def variance(path: RentPath, month: int) -> Decimal:
    """``v_t``: variance of the log rent; without mean reversion it grows with time for ever."""
    years = month / _TWELVE
    if path.reversion == 0:
        return path.volatility**2 * years
    return path.volatility**2 * (_ONE - (-2 * path.reversion * years).exp()) / (2 * path.reversion)


def standard_quantile(probability: Decimal) -> Decimal:
    """The standard normal quantile, eight places: −1.64485363 at 5 %."""
    return from_float(NormalDist().inv_cdf(float(probability)), RATE_SCALE)


def _seen_from(low: Decimal, deviation: Decimal) -> Decimal:
    # ``deviation`` is √v_t·e^{−κs}: what is left after s months of where the rent stood at t.
    return (low * deviation - deviation * deviation / 2).exp()
