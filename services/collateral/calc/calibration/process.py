"""Fits the rent process of the domain paper §3.5 step 6 to an observed history.

``ln p_t = a_s − δ·t + Σ_{τ ≤ t} ln(1 + J_τ) + Y_t``, ``dY = −κ·Y dt + σ dW`` with Y stationary at the start of every segment.
A segment is a stretch of one composition without a gap: over a break or a gap the level a_s begins anew and nothing is
interpolated. Steps may be of any length: given Y at one observation the next is normal with mean ``Y·e^{−κΔ}`` and variance
``σ²(1 − e^{−2κΔ}) / 2κ`` exactly.

For a given κ everything else is a linear regression; κ itself is found by the restricted likelihood (Patterson and Thompson
1971), which allows for the levels, the trend and the jumps having been estimated from the same data. The plain likelihood
would find much more mean reversion than there is in a history of a few years. Times in years, δ, κ and σ per year.
"""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

SLOWEST: Final = 0.02
"""κ of a half-life of 35 years: below it no history of rents can tell reversion from none."""
LEAST_FREEDOM: Final = 30
"""Observations beyond the number of coefficients: with a dozen any wave looks like a trend."""
MOST_SEGMENTS: Final = 40
MOST_JUMPS: Final = 100
_FASTEST_DECAY: Final = 0.02
"""e^{−κΔ} over the median step at the fastest κ that is looked at."""
_POINTS: Final = 400
_CONFIDENCE: Final = 0.95
_NORMAL: Final = NormalDist().inv_cdf((1 + _CONFIDENCE) / 2)
_HALF_CHI_SQUARE: Final = _NORMAL**2 / 2
"""Half the 95 % quantile of χ² with one degree of freedom: how far a log likelihood may lie below its highest."""


class TooFew(ValueError):
    """A history that cannot bear as many parameters."""


@dataclass(frozen=True)
class History:
    """Observations of one price in order of time. ``segment`` counts from 0; ``jumps`` are times of launches, in years."""

    years: Array
    logs: Array
    segment: NDArray[np.int64]
    jumps: Array


@dataclass(frozen=True)
class Estimate:
    """A figure with its standard error and 95 % interval; an end is None where the data set no bound on that side."""

    value: float
    error: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Fit:
    """``decline`` δ, ``reversion`` κ, ``volatility`` σ; ``jumps`` as relative changes J, None where the data cannot tell one
    from the level of its segment. ``path`` is a_s − δ·t + Σ ln(1 + J); ``innovations`` are what the model does not expect,
    in standard deviations; the first of each segment is its distance from the path."""

    decline: Estimate
    reversion: Estimate
    volatility: Estimate
    jumps: tuple[Estimate | None, ...]
    path: Array
    innovations: Array
    log_likelihood: float


def fit(history: History) -> Fit:
    """The parameters of a history with their errors. Raises :class:`TooFew`."""
    if history.segment.size and history.segment.max() >= MOST_SEGMENTS:
        raise TooFew(f"more than {MOST_SEGMENTS} segments")
    if history.jumps.size > MOST_JUMPS:
        raise TooFew(f"more than {MOST_JUMPS} launches")
    design, told = _design(history)
    rows, columns = design.shape
    if rows < columns + LEAST_FREEDOM:
        raise TooFew(f"{rows} observations for {columns} levels, trend and jumps")
    profile = _profile(history, design)
    best = _highest(profile)
    at = _regression(history, design, best)
    variance = at.sum_of_squares / (rows - columns)
    beta, errors = _averaged(history, design, profile)
    reversion = _reversion(profile, best)
    volatility = _volatility(profile, variance)
    return Fit(
        decline=_symmetric(float(beta[0]), float(errors[0])),
        reversion=reversion,
        volatility=volatility,
        jumps=tuple(None if column is None else _jump(float(beta[column]), float(errors[column])) for column in told),
        path=design @ beta,
        innovations=at.residuals / np.sqrt(variance),
        log_likelihood=at.restricted(rows - columns),
    )


# --- the regression for a given κ ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Regression:
    """Generalised least squares with the covariance of Y for σ = 1."""

    beta: Array
    covariance: Array
    sum_of_squares: float
    residuals: Array
    log_determinants: float
    """ln|C| + ln|X'C⁻¹X|."""

    def restricted(self, freedom: int) -> float:
        """Restricted log likelihood at the best σ, up to a constant."""
        return float(-0.5 * (freedom * np.log(self.sum_of_squares / freedom) + self.log_determinants))


def _design(history: History) -> tuple[Array, list[int | None]]:
    """Columns: −t, a level for each segment, a step for each launch that falls inside a segment."""
    segments = int(history.segment.max()) + 1 if history.segment.size else 0
    columns: list[Array] = [-(history.years - history.years.mean())]
    columns += [(history.segment == number).astype(np.float64) for number in range(segments)]
    told: list[int | None] = []
    for time in history.jumps:
        after = history.years >= time
        around = {int(number) for number in history.segment[after]} & {int(n) for n in history.segment[~after]}
        if around:
            told.append(len(columns))
            columns.append(after.astype(np.float64))
        else:
            told.append(None)
    return np.column_stack(columns), told


def _whitened(history: History, kappa: float, values: Array) -> tuple[Array, float]:
    """Values with the correlation of Y (σ = 1) taken out, and ln of the determinant of its covariance."""
    steps = np.diff(history.years)
    inside = np.diff(history.segment) == 0
    stationary = 1.0 / (2.0 * kappa)
    decay = np.where(inside, np.exp(-kappa * steps), 0.0)
    variances = np.concatenate([[stationary], stationary * -np.expm1(-2.0 * kappa * np.where(inside, steps, np.inf))])
    previous = np.zeros_like(values)
    previous[1:] = values[:-1] * (decay[:, None] if values.ndim == 2 else decay)
    scale = np.sqrt(variances)
    return (values - previous) / (scale[:, None] if values.ndim == 2 else scale), float(np.log(variances).sum())


def _regression(history: History, design: Array, kappa: float) -> _Regression:
    white, determinant = _whitened(history, kappa, design)
    target, _ = _whitened(history, kappa, history.logs)
    # Columns differ in size by orders of magnitude when κ is small: scaled, the system stays well conditioned.
    scale = np.sqrt((white**2).sum(axis=0))
    orthogonal, triangle = np.linalg.qr(white / scale)
    beta = np.linalg.solve(triangle, orthogonal.T @ target) / scale
    inverse = np.linalg.inv(triangle)
    residuals = target - white @ beta
    log_normal = 2.0 * float(np.log(np.abs(np.diag(triangle))).sum() + np.log(scale).sum())
    return _Regression(
        beta=beta,
        covariance=(inverse @ inverse.T) / np.outer(scale, scale),
        sum_of_squares=float(residuals @ residuals),
        residuals=residuals,
        log_determinants=determinant + log_normal,
    )


# --- what the data say of κ and σ ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Profile:
    """Over a grid of ln κ: restricted log likelihood at the best σ, and what it is formed of."""

    logs: Array
    likelihood: Array
    sums: Array
    determinants: Array
    freedom: int
    at: Callable[[float], float]


def _profile(history: History, design: Array) -> _Profile:
    steps = np.diff(history.years)[np.diff(history.segment) == 0]
    if not steps.size or steps.min() <= 0:
        raise TooFew("no two observations of one segment, or two of one day")
    fastest = -np.log(_FASTEST_DECAY) / float(np.median(steps))
    logs = np.linspace(np.log(SLOWEST), np.log(fastest), _POINTS)
    freedom = design.shape[0] - design.shape[1]
    found = [_regression(history, design, float(np.exp(item))) for item in logs]
    if min(item.sum_of_squares for item in found) <= 1e-12 * freedom:
        raise TooFew("the prices do not move")
    return _Profile(
        logs=logs,
        likelihood=np.array([item.restricted(freedom) for item in found]),
        sums=np.array([item.sum_of_squares for item in found]),
        determinants=np.array([item.log_determinants for item in found]),
        freedom=freedom,
        at=lambda log: _regression(history, design, float(np.exp(log))).restricted(freedom),
    )


def _highest(profile: _Profile) -> float:
    """κ of the highest restricted likelihood: the best of the grid, refined between its neighbours (golden section)."""
    index = int(np.argmax(profile.likelihood))
    low, high = profile.logs[max(0, index - 1)], profile.logs[min(_POINTS - 1, index + 1)]
    ratio = (np.sqrt(5.0) - 1.0) / 2.0
    while high - low > 1e-7:
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        if profile.at(float(left)) >= profile.at(float(right)):
            high = right
        else:
            low = left
    return float(np.exp((low + high) / 2.0))


def _reversion(profile: _Profile, best: float) -> Estimate:
    """κ with its likelihood interval; an end at the edge of what was looked at is no end."""
    top = max(profile.at(float(np.log(best))), float(profile.likelihood.max()))
    allowed = profile.likelihood >= top - _HALF_CHI_SQUARE
    inside = np.flatnonzero(allowed)
    first, last = (int(inside[0]), int(inside[-1])) if inside.size else (0, _POINTS - 1)
    low = None if first == 0 else float(np.exp(_crossing(profile, first - 1, first, top)))
    high = None if last == _POINTS - 1 else float(np.exp(_crossing(profile, last, last + 1, top)))
    weights = _weights(profile)
    kappas = np.exp(profile.logs)
    mean = float(weights @ kappas)
    return Estimate(best, float(np.sqrt(weights @ (kappas - mean) ** 2)), low, high)


def _crossing(profile: _Profile, left: int, right: int, top: float) -> float:
    """ln κ between two points of the grid at which the likelihood crosses the mark; linear between them."""
    mark = top - _HALF_CHI_SQUARE
    one, other = float(profile.likelihood[left]), float(profile.likelihood[right])
    share = 0.5 if one == other else (mark - one) / (other - one)
    return float(profile.logs[left] + min(1.0, max(0.0, share)) * (profile.logs[right] - profile.logs[left]))


def _volatility(profile: _Profile, variance: float) -> Estimate:
    """σ with its likelihood interval, κ being whatever fits each σ best."""

    def likelihood(square: float) -> float:
        return float((-0.5 * (profile.freedom * np.log(square) + profile.determinants + profile.sums / square)).max())

    logs = np.linspace(np.log(variance) - 4.0, np.log(variance) + 4.0, 1601)
    found = np.array([likelihood(float(np.exp(item))) for item in logs])
    top = float(found.max())
    inside = np.flatnonzero(found >= top - _HALF_CHI_SQUARE)
    low, high = (float(np.exp(logs[int(inside[end])] / 2.0)) for end in (0, -1))
    weights = np.exp(found - top)
    weights /= weights.sum()
    sigmas = np.exp(logs / 2.0)
    mean = float(weights @ sigmas)
    return Estimate(
        float(np.sqrt(variance)),
        float(np.sqrt(weights @ (sigmas - mean) ** 2)),
        None if int(inside[0]) == 0 else low,
        None if int(inside[-1]) == logs.size - 1 else high,
    )


def _weights(profile: _Profile) -> Array:
    """What the data give to each κ of the grid, none of them preferred beforehand on a logarithmic scale."""
    weights: Array = np.exp(profile.likelihood - profile.likelihood.max())
    weights /= weights.sum()
    return weights


def _averaged(history: History, design: Array, profile: _Profile) -> tuple[Array, Array]:
    """Coefficients and errors averaged over what the data leave open of κ: a trend is much less certain where the price
    hardly reverts to it, and an error formed at the best κ alone would not know."""
    weights = _weights(profile)
    counted = np.flatnonzero(weights > 1e-6)
    weights = weights[counted] / weights[counted].sum()
    means, squares = [], []
    for index in counted:
        found = _regression(history, design, float(np.exp(profile.logs[index])))
        means.append(found.beta)
        squares.append(np.diag(found.covariance) * found.sum_of_squares / profile.freedom)
    betas = np.array(means)
    mean = weights @ betas
    spread = weights @ (np.array(squares) + (betas - mean) ** 2)
    return mean, np.sqrt(spread)


def _symmetric(value: float, error: float) -> Estimate:
    return Estimate(value, error, value - _NORMAL * error, value + _NORMAL * error)


def _jump(step: float, error: float) -> Estimate:
    """A step of the log price as a relative change; its interval is that of the step."""
    low, high = step - _NORMAL * error, step + _NORMAL * error
    return Estimate(float(np.expm1(step)), float(np.exp(step) * error), float(np.expm1(low)), float(np.expm1(high)))
