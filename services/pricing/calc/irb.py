"""Risk weight of a corporate exposure by the foundation internal-ratings approach.

Basel Committee, CRE31 (corporate exposures) and 商业银行资本管理办法 (2023), annex on internal ratings:

``R = 0.12·w + 0.24·(1 − w) − 0.04·(1 − (S − 5)/45)``, ``w = (1 − e^(−50·PD)) / (1 − e^(−50))``, S = yearly sales in
EUR m clipped to [5, 50];  ``b = (0.11852 − 0.05478·ln PD)²``; ``K = (LGD·N((G(PD) + √R·G(0.999)) / √(1 − R)) −
PD·LGD) · (1 + (M − 2.5)·b) / (1 − 1.5·b)``;  risk weight ``= 12.5·K`` (the 2017 text has no scaling factor).
"""

from dataclasses import dataclass
from decimal import Decimal
from math import exp, log, sqrt
from statistics import NormalDist

from domain.money import RATE_SCALE, from_float

PD_FROM = Decimal("0.00001")
"""Below, the maturity adjustment runs to its pole (1 − 1.5·b is nought near 0.0003 %) and the formula has no meaning."""
SUPERVISORY_MATURITY = Decimal("2.5")
"""Effective maturity under the foundation approach, in years."""
MATURITY_FROM, MATURITY_TO = Decimal(1), Decimal(5)
"""Bounds of an effective maturity that is computed, in years (CRE32.46)."""
SALES_FROM, SALES_TO = Decimal(5), Decimal(50)
"""Between these yearly sales, in EUR million, the correlation falls with the size of the firm."""
_CONFIDENCE = 0.999
_NORMAL = NormalDist()


@dataclass(frozen=True)
class IrbTerms:
    """The terms of the formula, each a fraction at scale 8; ``capital`` is K, per unit of exposure."""

    correlation: Decimal
    maturity_slope: Decimal
    stressed_pd: Decimal
    capital: Decimal
    risk_weight: Decimal


def risk_weight(
    pd: Decimal, lgd: Decimal, *, sales_eur_m: Decimal | None = None, maturity: Decimal = SUPERVISORY_MATURITY
) -> Decimal:
    """Risk weight as a fraction (1 is 100 %), scale 8.

    ``pd`` in [0.00001, 1) per year, ``lgd`` in [0, 1], ``maturity`` in years, [1, 5]. Without ``sales_eur_m`` (yearly sales
    in EUR million, not negative) no firm-size adjustment is made. Raises ``ValueError`` outside these bounds.
    """
    return irb_terms(pd, lgd, sales_eur_m=sales_eur_m, maturity=maturity).risk_weight


def irb_terms(
    pd: Decimal, lgd: Decimal, *, sales_eur_m: Decimal | None = None, maturity: Decimal = SUPERVISORY_MATURITY
) -> IrbTerms:
    """The risk weight with the terms that lead to it; arguments and refusals as those of ``risk_weight``."""
    if not (pd.is_finite() and PD_FROM <= pd < 1):
        raise ValueError("PD lies in [0.00001, 1); unit: probability per year as a decimal fraction")
    if not (lgd.is_finite() and 0 <= lgd <= 1):
        raise ValueError("LGD lies in [0, 1]; unit: decimal fraction of the exposure")
    if not (maturity.is_finite() and MATURITY_FROM <= maturity <= MATURITY_TO):
        raise ValueError("effective maturity lies in [1, 5]; unit: years")
    if sales_eur_m is not None and not (sales_eur_m.is_finite() and sales_eur_m >= 0):
        raise ValueError("sales lie in [0, ∞); unit: EUR million per year")
    p, loss = float(pd), float(lgd)
    weight = (1 - exp(-50 * p)) / (1 - exp(-50))
    correlation = 0.12 * weight + 0.24 * (1 - weight)
    if sales_eur_m is not None:
        size = min(max(float(sales_eur_m), float(SALES_FROM)), float(SALES_TO))
        correlation -= 0.04 * (1 - (size - 5) / 45)
    slope = (0.11852 - 0.05478 * log(p)) ** 2
    stressed = _NORMAL.cdf(
        (_NORMAL.inv_cdf(p) + sqrt(correlation) * _NORMAL.inv_cdf(_CONFIDENCE)) / sqrt(1 - correlation)
    )
    capital = (loss * stressed - p * loss) * (1 + (float(maturity) - 2.5) * slope) / (1 - 1.5 * slope)
    return IrbTerms(
        correlation=from_float(correlation, RATE_SCALE),
        maturity_slope=from_float(slope, RATE_SCALE),
        stressed_pd=from_float(stressed, RATE_SCALE),
        capital=from_float(max(capital, 0.0), RATE_SCALE),
        risk_weight=from_float(max(12.5 * capital, 0.0), RATE_SCALE),
    )
