"""Risk weights of a whole portfolio at once: the formula of ``irb`` over arrays, for repricing and stress.

float64 throughout. Against ``irb.risk_weight``, which stands in every finding, the difference is at most 1e-8 (the
scale of a risk weight is 1e-8, and the exact one is rounded to it). A decision on a single loan never stands on this
module; a portfolio's sum may.
"""

import numpy as np
from numpy.typing import ArrayLike

from services.pricing.calc.irb import MATURITY_FROM, MATURITY_TO, PD_FROM, SALES_FROM, SALES_TO, SUPERVISORY_MATURITY
from services.pricing.calc.normal import Array, distribution, quantile

AGREEMENT = 1e-8
"""Largest difference from the exact risk weight, as a fraction (1 is 100 %)."""
_PD_TO = 1 - 1e-8
_BLOCK = 16_384
"""Loans at a time: the arrays of a block stay in the processor's cache."""
_ROOT_STRESS = 3.0902323061678132
"""G(0.999)."""


def risk_weights(
    pd: ArrayLike,
    lgd: ArrayLike,
    *,
    sales_eur_m: ArrayLike | None = None,
    maturity: ArrayLike = float(SUPERVISORY_MATURITY),
) -> Array:
    """Risk weights as fractions, one a loan; shape (n,).

    ``pd`` (n,) per year in [0.00001, 1 − 1e-8], ``lgd`` in [0, 1], ``sales_eur_m`` yearly sales in EUR million, not
    negative, with NaN where a loan has no firm-size adjustment, ``maturity`` in years, [1, 5]; the last three are
    (n,) or one figure for all. Raises ``ValueError`` naming the argument, its bound and its unit.
    """
    p = np.ascontiguousarray(pd, dtype=np.float64)
    if p.ndim != 1:
        raise ValueError("pd is one array of n loans")
    loss, years = _spread("lgd", lgd, p), _spread("maturity", maturity, p)
    sales = _spread("sales_eur_m", np.nan if sales_eur_m is None else sales_eur_m, p)
    _within(p, float(PD_FROM), _PD_TO, "PD lies in [0.00001, 1 - 1e-8]; unit: probability per year as a fraction")
    _within(loss, 0.0, 1.0, "LGD lies in [0, 1]; unit: decimal fraction of the exposure")
    _within(years, float(MATURITY_FROM), float(MATURITY_TO), "effective maturity lies in [1, 5]; unit: years")
    _within(sales[~np.isnan(sales)], 0.0, np.finfo(np.float64).max, "sales lie in [0, ∞); unit: EUR million per year")
    result = np.empty_like(p)
    for start in range(0, p.size, _BLOCK):
        part = slice(start, start + _BLOCK)
        result[part] = _block(p[part], loss[part], sales[part], years[part])
    return result


def _block(pd: Array, lgd: Array, sales: Array, maturity: Array) -> Array:
    weight = (1 - np.exp(-50 * pd)) / (1 - np.exp(-50.0))
    size = np.clip(np.nan_to_num(sales, nan=float(SALES_TO)), float(SALES_FROM), float(SALES_TO))
    correlation = 0.12 * weight + 0.24 * (1 - weight) - 0.04 * (1 - (size - 5) / 45)
    slope = (0.11852 - 0.05478 * np.log(pd)) ** 2
    stressed = distribution((quantile(pd) + np.sqrt(correlation) * _ROOT_STRESS) / np.sqrt(1 - correlation))
    capital = lgd * (stressed - pd) * (1 + (maturity - 2.5) * slope) / (1 - 1.5 * slope)
    weights: Array = np.maximum(12.5 * capital, 0.0)
    return weights


def _spread(name: str, figures: ArrayLike, over: Array) -> Array:
    given = np.asarray(figures, dtype=np.float64)
    if given.ndim and given.shape != over.shape:
        raise ValueError(f"{name} is one figure or as many as there are loans")
    return np.broadcast_to(given, over.shape)


def _within(figures: Array, lowest: float, highest: float, refusal: str) -> None:
    # NaN compares false with both bounds and is refused with the rest.
    if figures.size and not (figures.min() >= lowest and figures.max() <= highest):
        raise ValueError(refusal)
