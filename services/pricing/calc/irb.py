"""Risk weight of a corporate exposure by the foundation internal-ratings approach.

Basel Committee, CRE31 (corporate exposures) and 商业银行资本管理办法 (2023), annex on internal ratings:

``R = 0.12·w + 0.24·(1 − w) − 0.04·(1 − (S − 5)/45)``, ``w = (1 − e^(−50·PD)) / (1 − e^(−50))``, S = yearly sales in
EUR m clipped to [5, 50];  ``b = (0.11852 − 0.05478·ln PD)²``; ``K = (LGD·N((G(PD) + √R·G(0.999)) / √(1 − R)) −
PD·LGD) · (1 + (M − 2.5)·b) / (1 − 1.5·b)``;  risk weight ``= 12.5·K`` (the 2017 text has no scaling factor).
"""

from decimal import Decimal
from math import exp, log, sqrt
from statistics import NormalDist

from domain.money import RATE_SCALE, from_float

SUPERVISORY_MATURITY = Decimal("2.5")
"""Effective maturity under the foundation approach, in years."""
_CONFIDENCE = 0.999
_NORMAL = NormalDist()


def risk_weight(
    pd: Decimal, lgd: Decimal, *, sales_eur_m: Decimal | None = None, maturity: Decimal = SUPERVISORY_MATURITY
) -> Decimal:
    """Risk weight as a fraction (1 is 100 %), scale 8.

    ``pd`` in (0, 1) per year, ``lgd`` in [0, 1], ``maturity`` in years. Without ``sales_eur_m`` (yearly sales in EUR
    million) no firm-size adjustment is made. Raises ``ValueError`` outside these bounds.
    """
    if not 0 < pd < 1:
        raise ValueError("PD lies in (0, 1)")
    if not 0 <= lgd <= 1:
        raise ValueError("LGD lies in [0, 1]")
    p, loss = float(pd), float(lgd)
    weight = (1 - exp(-50 * p)) / (1 - exp(-50))
    correlation = 0.12 * weight + 0.24 * (1 - weight)
    if sales_eur_m is not None:
        size = min(max(float(sales_eur_m), 5.0), 50.0)
        correlation -= 0.04 * (1 - (size - 5) / 45)
    slope = (0.11852 - 0.05478 * log(p)) ** 2
    stressed = _NORMAL.cdf(
        (_NORMAL.inv_cdf(p) + sqrt(correlation) * _NORMAL.inv_cdf(_CONFIDENCE)) / sqrt(1 - correlation)
    )
    capital = (loss * stressed - p * loss) * (1 + (float(maturity) - 2.5) * slope) / (1 - 1.5 * slope)
    return from_float(max(12.5 * capital, 0.0), RATE_SCALE)
