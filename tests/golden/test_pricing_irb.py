"""Domain paper §5.7: every printed cell of the Basel tables, and those computed for the paper, within 0.011 points.

Columns: LGD 45 % and 40 %, sales of EUR 50m and 5m; risk weights in per cent.
"""

from decimal import Decimal

import pytest
from scipy.stats import norm

from services.pricing.calc.irb import risk_weight
from services.pricing.calc.irb_portfolio import risk_weights

PRINTED = {
    "0.03": ("14.44", "11.30", "12.84", "10.04"),
    "0.10": ("29.65", "23.30", "26.36", "20.71"),
    "0.40": ("62.72", "49.49", "55.75", "43.99"),
    "0.75": ("82.78", "65.14", "73.58", "57.91"),
    "1.30": ("100.95", "78.77", "89.73", "70.02"),
    "2.00": ("114.86", "88.55", "102.09", "78.71"),
    "3.00": ("128.44", "97.58", "114.17", "86.74"),
    "5.00": ("149.85", "112.26", "133.20", "99.79"),
    "10.0": ("193.09", "146.51", "171.63", "130.23"),
    "20.0": ("238.23", "188.42", "211.76", "167.48"),
}
COLUMNS = (("0.45", "50"), ("0.45", "5"), ("0.40", "50"), ("0.40", "5"))
CELLS = [
    (pd, lgd, sales, cell) for pd, cells in PRINTED.items() for (lgd, sales), cell in zip(COLUMNS, cells, strict=True)
]


@pytest.mark.parametrize(("pd", "lgd", "sales", "cell"), CELLS)
def test_risk_weight_of_the_table(pd: str, lgd: str, sales: str, cell: str) -> None:
    weight = risk_weight(Decimal(pd) / 100, Decimal(lgd), sales_eur_m=Decimal(sales))
    assert abs(weight * 100 - Decimal(cell)) <= Decimal("0.011")


PRINTED_BY_BASEL = {
    # Basel II, annex 5: LGD 45 %, sales of EUR 50m and 5m; CRE99 as republished by SAMA: LGD 40 %, the same.
    "0.03": ("14.44", "11.30", None, None),
    "0.05": ("19.65", "15.39", "17.47", "13.69"),
    "0.10": ("29.65", "23.30", "26.36", "20.71"),
    "0.25": ("49.47", "39.01", "43.97", "34.68"),
    "0.40": ("62.72", "49.49", "55.75", "43.99"),
    "0.50": ("69.61", "54.91", "61.88", "48.81"),
    "0.75": ("82.78", "65.14", "73.58", "57.91"),
    "1.00": ("92.32", "72.40", "82.06", "64.35"),
    "1.30": ("100.95", "78.77", "89.73", "70.02"),
    "1.50": ("105.59", "82.11", None, None),
    "2.00": ("114.86", "88.55", None, None),
    "2.50": ("122.16", "93.43", None, None),
    "3.00": ("128.44", "97.58", None, None),
}
OFFICIAL = [
    (pd, lgd, sales, cell)
    for pd, cells in PRINTED_BY_BASEL.items()
    for (lgd, sales), cell in zip(COLUMNS, cells, strict=True)
    if cell is not None
]


@pytest.mark.parametrize(("pd", "lgd", "sales", "cell"), OFFICIAL)
def test_risk_weight_as_the_committee_prints_it(pd: str, lgd: str, sales: str, cell: str) -> None:
    exact = risk_weight(Decimal(pd) / 100, Decimal(lgd), sales_eur_m=Decimal(sales))
    at_once = risk_weights([float(pd) / 100], float(lgd), sales_eur_m=float(sales))[0]
    assert abs(exact * 100 - Decimal(cell)) <= Decimal("0.011")
    assert abs(at_once * 100 - float(cell)) <= 0.011


def test_the_normal_distribution_agrees_with_an_independent_one() -> None:
    """The same formula on scipy's distribution, maturity other than 2.5 years included."""
    for pd, lgd, maturity in ((0.0005, 0.40, 1.0), (0.0135, 0.40, 5.0), (0.18, 0.45, 2.5)):
        weight = (1 - 2.718281828459045 ** (-50 * pd)) / (1 - 2.718281828459045**-50)
        r = 0.12 * weight + 0.24 * (1 - weight)
        b = (0.11852 - 0.05478 * float(Decimal(str(pd)).ln())) ** 2
        k = lgd * norm.cdf((norm.ppf(pd) + r**0.5 * norm.ppf(0.999)) / (1 - r) ** 0.5) - pd * lgd
        expected = 12.5 * k * (1 + (maturity - 2.5) * b) / (1 - 1.5 * b)
        found = risk_weight(Decimal(str(pd)), Decimal(str(lgd)), maturity=Decimal(str(maturity)))
        assert float(found) == pytest.approx(expected, abs=2e-8)


def test_without_sales_no_size_adjustment_is_made() -> None:
    assert risk_weight(Decimal("0.01"), Decimal("0.45")) == risk_weight(
        Decimal("0.01"), Decimal("0.45"), sales_eur_m=Decimal(50)
    )


@pytest.mark.parametrize(("pd", "lgd"), [("0", "0.4"), ("1", "0.4"), ("1.2", "0.4"), ("0.01", "-0.1"), ("0.01", "1.1")])
def test_what_is_no_probability_has_no_risk_weight(pd: str, lgd: str) -> None:
    with pytest.raises(ValueError, match="lies in"):
        risk_weight(Decimal(pd), Decimal(lgd))
