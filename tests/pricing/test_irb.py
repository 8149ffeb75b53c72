"""Internal-ratings capital: worse is never cheaper, and a portfolio at once is the same as loan by loan."""

from decimal import Decimal
from math import isnan
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from services.pricing.calc.irb import irb_terms, risk_weight
from services.pricing.calc.irb_portfolio import AGREEMENT, risk_weights
from services.pricing.calc.normal import distribution, quantile

PDS = st.decimals(min_value="0.0003", max_value="0.25", places=6)
LGDS = st.decimals(min_value=0, max_value=1, places=4)
SALES = st.decimals(min_value=0, max_value=100, places=2)
YEARS = st.decimals(min_value=1, max_value=5, places=3)


@settings(max_examples=200, deadline=None)
@given(pds=st.tuples(PDS, PDS), lgd=LGDS, sales=SALES, maturity=YEARS)
def test_a_higher_pd_never_needs_less_capital(
    pds: tuple[Decimal, Decimal], lgd: Decimal, sales: Decimal, maturity: Decimal
) -> None:
    """Up to a quarter; beyond, the supervisory curve bends down, since loss becomes expected instead of unexpected."""
    better, worse = (risk_weight(pd, lgd, sales_eur_m=sales, maturity=maturity) for pd in sorted(pds))
    assert better <= worse


@settings(max_examples=200, deadline=None)
@given(pd=PDS, lgds=st.tuples(LGDS, LGDS), sales=st.tuples(SALES, SALES), years=st.tuples(YEARS, YEARS))
def test_nor_does_a_higher_lgd_a_larger_firm_or_a_longer_loan(
    pd: Decimal, lgds: tuple[Decimal, Decimal], sales: tuple[Decimal, Decimal], years: tuple[Decimal, Decimal]
) -> None:
    low, high = sorted(lgds)
    small, large = sorted(sales)
    short, long = sorted(years)
    assert risk_weight(pd, low) <= risk_weight(pd, high)
    assert risk_weight(pd, high, sales_eur_m=small) <= risk_weight(pd, high, sales_eur_m=large)
    assert risk_weight(pd, high, maturity=short) <= risk_weight(pd, high, maturity=long)


def test_the_terms_lead_to_the_weight() -> None:
    terms = irb_terms(Decimal("0.01"), Decimal("0.45"), sales_eur_m=Decimal(20))
    assert abs(terms.risk_weight - terms.capital * Decimal("12.5")) <= Decimal("1e-7")
    slope, stressed = terms.maturity_slope, terms.stressed_pd
    by_hand = Decimal("0.45") * (stressed - Decimal("0.01")) / (1 - Decimal("1.5") * slope)
    assert abs(terms.capital - by_hand) <= Decimal("2e-8")


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"pd": "0"}, "PD lies in .* unit: probability"),
        ({"pd": "0.000001"}, "PD lies in"),
        ({"pd": "1"}, "PD lies in"),
        ({"pd": "1.2"}, "PD lies in"),
        ({"pd": "NaN"}, "PD lies in"),
        ({"lgd": "-0.1"}, "LGD lies in .* unit: decimal fraction"),
        ({"lgd": "1.1"}, "LGD lies in"),
        ({"maturity": "0"}, "maturity lies in .* unit: years"),
        ({"maturity": "5.1"}, "maturity lies in"),
        ({"sales_eur_m": "-1"}, "sales lie in .* unit: EUR million"),
        ({"sales_eur_m": "Infinity"}, "sales lie in"),
    ],
)
def test_figures_out_of_bounds_are_refused_with_bound_and_unit(changes: dict[str, str], refusal: str) -> None:
    arguments: dict[str, Any] = {"pd": "0.01", "lgd": "0.45", "sales_eur_m": "20", "maturity": "2.5"} | changes
    pd, lgd = Decimal(arguments.pop("pd")), Decimal(arguments.pop("lgd"))
    with pytest.raises(ValueError, match=refusal):
        risk_weight(pd, lgd, **{name: Decimal(value) for name, value in arguments.items()})


class TestPortfolio:
    def test_it_is_the_exact_weight_loan_by_loan(self) -> None:
        """Over the whole of every argument, on both sides of every clip, with and without firm size."""
        draw = np.random.default_rng(20261122)
        n = 4000
        pds = np.round(10 ** draw.uniform(-5, -0.00001, n), 8).clip(1e-5, 0.99999999)
        lgds = np.round(draw.uniform(0, 1, n), 8)
        sales = np.where(draw.uniform(size=n) < 0.2, np.nan, np.round(draw.uniform(0, 80, n), 2))
        years = np.round(draw.uniform(1, 5, n), 4)
        found = risk_weights(pds, lgds, sales_eur_m=sales, maturity=years)
        for index in range(n):
            size = None if isnan(sales[index]) else Decimal(repr(float(sales[index])))
            exact = risk_weight(
                Decimal(repr(float(pds[index]))),
                Decimal(repr(float(lgds[index]))),
                sales_eur_m=size,
                maturity=Decimal(repr(float(years[index]))),
            )
            assert abs(found[index] - float(exact)) <= AGREEMENT, (pds[index], lgds[index], size, years[index])

    def test_one_figure_stands_for_all_and_blocks_do_not_show(self) -> None:
        pds = np.linspace(0.0003, 0.2, 40_000)
        whole = risk_weights(pds, 0.40)
        assert whole.shape == (40_000,)
        assert np.array_equal(whole, np.concatenate([risk_weights(pds[:7], 0.40), risk_weights(pds[7:], 0.40)]))
        assert risk_weights([], []).shape == (0,)

    def test_the_normal_distribution_is_scipys(self) -> None:
        x = np.linspace(-9, 9, 50_001)
        assert np.max(np.abs(distribution(x) / norm.cdf(x) - 1)) < 1e-13
        p = np.concatenate([10 ** np.linspace(-10, -0.01, 20_000), 1 - 10 ** np.linspace(-10, -0.01, 20_000)])
        assert np.max(np.abs(quantile(p) - norm.ppf(p))) < 1e-13
        with pytest.raises(ValueError, match="probability lies in"):
            quantile(np.array([0.5, 0.0]))

    @pytest.mark.parametrize(
        ("arguments", "refusal"),
        [
            (([0.01, 0.0], 0.4), "PD lies in"),
            (([0.01, float("nan")], 0.4), "PD lies in"),
            (([0.01], [1.2]), "LGD lies in"),
            (([0.01], 0.4, [-1.0]), "sales lie in"),
            (([0.01], 0.4, 20.0, [0.5]), "maturity lies in"),
            (([0.01, 0.02], [0.4, 0.4, 0.4]), "lgd is one figure or as many"),
            (([[0.01]], 0.4), "pd is one array"),
        ],
    )
    def test_a_portfolio_with_an_impossible_figure_is_refused(self, arguments: tuple[Any, ...], refusal: str) -> None:
        pd, lgd, *others = arguments
        names = dict(zip(("sales_eur_m", "maturity"), others, strict=False))
        with pytest.raises(ValueError, match=refusal):
            risk_weights(pd, lgd, **names)
