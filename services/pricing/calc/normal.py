"""The normal distribution over arrays, in float64: for portfolios, where one call a loan takes too long.

Distribution: W. J. Cody, "Rational Chebyshev approximations for the error function", Math. Comp. 23 (1969). Quantile:
M. J. Wichura, "Algorithm AS 241", Applied Statistics 37 (1988). Both hold about sixteen digits where they are used here.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Cody 1969: |x| <= 0.46875 (error function), to 4, and beyond (complementary), highest power first.
_NEAR_TOP: Final = (
    1.85777706184603153e-1,
    3.16112374387056560e00,
    1.13864154151050156e02,
    3.77485237685302021e02,
    3.20937758913846947e03,
)
_NEAR_BOTTOM: Final = (
    1.0,
    2.36012909523441209e01,
    2.44024637934444173e02,
    1.28261652607737228e03,
    2.84423683343917062e03,
)
_MIDDLE_TOP: Final = (
    2.15311535474403846e-8,
    5.64188496988670089e-1,
    8.88314979438837594e00,
    6.61191906371416295e01,
    2.98635138197400131e02,
    8.81952221241769090e02,
    1.71204761263407058e03,
    2.05107837782607147e03,
    1.23033935479799725e03,
)
_MIDDLE_BOTTOM: Final = (
    1.0,
    1.57449261107098347e01,
    1.17693950891312499e02,
    5.37181101862009858e02,
    1.62138957456669019e03,
    3.29079923573345963e03,
    4.36261909014324716e03,
    3.43936767414372164e03,
    1.23033935480374942e03,
)
_FAR_TOP: Final = (
    1.63153871373020978e-2,
    3.05326634961232344e-1,
    3.60344899949804439e-1,
    1.25781726111229246e-1,
    1.60837851487422766e-2,
    6.58749161529837803e-4,
)
_FAR_BOTTOM: Final = (
    1.0,
    2.56852019228982242e00,
    1.87295284992346725e00,
    5.27905102951428412e-1,
    6.05183413124413191e-2,
    2.33520497626869185e-3,
)
_NEAR, _MIDDLE, _SURE = 0.46875, 4.0, 26.0
_ONE_OVER_ROOT_PI: Final = 0.5641895835477562869

# Wichura 1988: |p - 1/2| <= 0.425 and the tails down to 1e-10 (r at most 5), highest power first.
_CENTRE_TOP: Final = (
    2.5090809287301226727e3,
    3.3430575583588128105e4,
    6.7265770927008700853e4,
    4.5921953931549871457e4,
    1.3731693765509461125e4,
    1.9715909503065514427e3,
    1.3314166789178437745e2,
    3.3871328727963666080e0,
)
_CENTRE_BOTTOM: Final = (
    5.2264952788528545610e3,
    2.8729085735721942674e4,
    3.9307895800092710610e4,
    2.1213794301586595867e4,
    5.3941960214247511077e3,
    6.8718700749205790830e2,
    4.2313330701600911252e1,
    1.0,
)
_TAIL_TOP: Final = (
    7.74545014278341407640e-4,
    2.27238449892691845833e-2,
    2.41780725177450611770e-1,
    1.27045825245236838258e0,
    3.64784832476320460504e0,
    5.76949722146069140550e0,
    4.63033784615654529590e0,
    1.42343711074968357734e0,
)
_TAIL_BOTTOM: Final = (
    1.05075007164441684324e-9,
    5.47593808499534494600e-4,
    1.51986665636164571966e-2,
    1.48103976427480074590e-1,
    6.89767334985100004550e-1,
    1.67638483018380384940e0,
    2.05319162663775882187e0,
    1.0,
)
_CENTRE, _TAIL_SPLIT = 0.425, 1.6


def distribution(x: Array) -> Array:
    """N(x): the probability that a standard normal figure is at most ``x``, for each element; same shape."""
    return 0.5 * _complementary_error(-x / np.sqrt(2.0))


def quantile(p: Array) -> Array:
    """G(p), the inverse of ``distribution``, for each element of [1e-10, 1 - 1e-10]; same shape.

    Raises ``ValueError`` outside those bounds.
    """
    if p.size and not (p.min() >= 1e-10 and p.max() <= 1 - 1e-10):
        raise ValueError("probability lies in [1e-10, 1 - 1e-10]; unit: decimal fraction")
    from_centre = p - 0.5
    spread = _CENTRE * _CENTRE - from_centre * from_centre
    result: Array = from_centre * np.polyval(_CENTRE_TOP, spread) / np.polyval(_CENTRE_BOTTOM, spread)
    tail = np.abs(from_centre) > _CENTRE
    r = np.sqrt(-np.log(np.minimum(p[tail], 1.0 - p[tail]))) - _TAIL_SPLIT
    far = np.polyval(_TAIL_TOP, r) / np.polyval(_TAIL_BOTTOM, r)
    result[tail] = np.copysign(far, from_centre[tail])
    return result


def _complementary_error(x: Array) -> Array:
    size = np.minimum(np.abs(x), _SURE)
    result = np.empty_like(size)
    near, beyond = size <= _NEAR, size > _MIDDLE
    middle = ~near & ~beyond
    part = size[near]
    square = part * part
    result[near] = 1.0 - part * np.polyval(_NEAR_TOP, square) / np.polyval(_NEAR_BOTTOM, square)
    part = size[middle]
    result[middle] = np.exp(-part * part) * np.polyval(_MIDDLE_TOP, part) / np.polyval(_MIDDLE_BOTTOM, part)
    part = size[beyond]
    inverse = 1.0 / (part * part)
    bent = inverse * np.polyval(_FAR_TOP, inverse) / np.polyval(_FAR_BOTTOM, inverse)
    result[beyond] = np.exp(-part * part) / part * (_ONE_OVER_ROOT_PI - bent)
    return np.where(x < 0, 2.0 - result, result)
