"""Tail probabilities in decimals: the same digits on every machine, which float64 libraries do not promise.

Regularised incomplete beta (binomial tails, Jeffreys posterior) and gamma (chi-square tail) by the continued fractions
and series of DLMF chapter 8; the logarithm of gamma by Stirling's series (DLMF 5.11.1). Results are good to at least
20 digits and are rounded by whoever states them.
"""

from collections.abc import Iterator
from decimal import Decimal, localcontext
from itertools import count

from services.pricing.calc.validation.statistic import CONTEXT

_TINY = Decimal(10) ** -60
_ENOUGH = Decimal(10) ** -32
_MOST_TERMS = 200_000
_HALF_LOG_TWO_PI = Decimal("0.9189385332046727417803297364056176398613974736377834128171515")
_SHIFT = 40
_STIRLING = (
    (1, 12),
    (-1, 360),
    (1, 1260),
    (-1, 1680),
    (1, 1188),
    (-691, 360_360),
    (1, 156),
    (-3617, 122_400),
    (43_867, 244_188),
    (-174_611, 125_400),
    (77_683, 5796),
    (-236_364_091, 1_506_960),
)
"""B(2k) / (2k (2k − 1)), k = 1 … 12: beyond an argument of 40 the next term lies below 10^-33."""


def log_gamma(x: Decimal) -> Decimal:
    """Natural logarithm of the gamma function at ``x`` > 0."""
    with localcontext(CONTEXT):
        shift = Decimal(1)
        while x < _SHIFT:
            shift *= x
            x += 1
        series = Decimal(0)
        for above, below in reversed(_STIRLING):
            series = series / (x * x) + Decimal(above) / Decimal(below)
        return (x - Decimal("0.5")) * x.ln() - x + _HALF_LOG_TWO_PI + series / x - shift.ln()


def beta_cdf(x: Decimal, a: Decimal, b: Decimal) -> Decimal:
    """Probability that a Beta(a, b) variable is at most ``x``; ``a``, ``b`` > 0."""
    if x <= 0:
        return Decimal(0)
    if x >= 1:
        return Decimal(1)
    with localcontext(CONTEXT):
        # The fraction converges fast only below the mean; above it the complement is taken.
        if x * (a + b + 2) > a + 1:
            return 1 - _lower_beta(1 - x, b, a)
        return _lower_beta(x, a, b)


def binomial_at_least(events: int, trials: int, p: Decimal) -> Decimal:
    """Probability of at least ``events`` events in ``trials`` independent trials of probability ``p``."""
    return Decimal(1) if events <= 0 else beta_cdf(p, Decimal(events), Decimal(trials - events + 1))


def beta_quantile(probability: Decimal, a: Decimal, b: Decimal) -> Decimal:
    """The ``x`` below which a Beta(a, b) variable lies with ``probability`` in (0, 1), to 10 decimal places."""
    low, high = Decimal(0), Decimal(1)
    with localcontext(CONTEXT):
        while high - low > Decimal("1e-10"):
            middle = (low + high) / 2
            if beta_cdf(middle, a, b) < probability:
                low = middle
            else:
                high = middle
        return (low + high) / 2


def chi_square_at_least(statistic: Decimal, degrees: int) -> Decimal:
    """Probability that a chi-square variable of ``degrees`` (≥ 1) degrees of freedom is at least ``statistic``."""
    if statistic <= 0:
        return Decimal(1)
    with localcontext(CONTEXT):
        a, x = Decimal(degrees) / 2, statistic / 2
        front = (a * x.ln() - x - log_gamma(a)).exp()
        if x < a + 1:
            return 1 - front * _gamma_series(a, x)
        return front * _continued_fraction(_gamma_terms(a, x))


def _gamma_series(a: Decimal, x: Decimal) -> Decimal:
    """``Σ xⁿ / (a (a + 1) … (a + n))`` (DLMF 8.11.4)."""
    term = total = 1 / a
    for n in count(1):
        term *= x / (a + n)
        total += term
        if term < total * _ENOUGH:
            break
    return total


def _gamma_terms(a: Decimal, x: Decimal) -> Iterator[tuple[Decimal, Decimal]]:
    """The fraction of the upper incomplete gamma function (DLMF 8.9.2, contracted)."""
    yield Decimal(1), x + 1 - a
    for k in count(1):
        yield -k * (k - a), x + 2 * k + 1 - a


def _lower_beta(x: Decimal, a: Decimal, b: Decimal) -> Decimal:
    """The regularised incomplete beta function below the mean (DLMF 8.17.22)."""
    exponent = log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * x.ln() + b * (1 - x).ln()
    return exponent.exp() / a * _continued_fraction(_beta_terms(x, a, b))


def _beta_terms(x: Decimal, a: Decimal, b: Decimal) -> Iterator[tuple[Decimal, Decimal]]:
    one = Decimal(1)
    yield one, one
    for m in count(0):
        if m:
            yield m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)), one
        yield -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)), one


def _continued_fraction(terms: Iterator[tuple[Decimal, Decimal]]) -> Decimal:
    """``a1/(b1 + a2/(b2 + …))`` of terms (a, b), by Lentz's method as Thompson and Barnett changed it."""
    value, c, d = _TINY, _TINY, Decimal(0)
    for _, (a, b) in zip(range(_MOST_TERMS), terms, strict=False):
        d = 1 / (b + a * d or _TINY)
        c = b + a / c or _TINY
        value *= c * d
        if abs(c * d - 1) < _ENOUGH:
            return value
    raise ArithmeticError("a tail probability did not settle")
