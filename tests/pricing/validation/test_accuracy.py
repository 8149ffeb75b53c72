"""Brier, Hosmer-Lemeshow, binomial and Jeffreys beside scikit-learn's and scipy's."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import brier_score_loss

from services.pricing.calc.validation.accuracy import Forecast, brier, hosmer_lemeshow, rate_test

FORECASTS = st.lists(
    st.tuples(st.integers(1, 9999).map(lambda number: Decimal(number) / 10_000), st.booleans()),
    min_size=1,
    max_size=120,
)
INTERVAL = Decimal("0.95")


def test_published_example() -> None:
    """scikit-learn's own: outcomes 0 1 1 0 forecast at .1 .9 .8 .3 give 0.0375."""
    rows = [(Decimal("0.1"), False), (Decimal("0.9"), True), (Decimal("0.8"), True), (Decimal("0.3"), False)]
    found = brier(rows)
    assert (found.score, found.reference) == (Decimal("0.0375"), Decimal("0.25"))
    assert found.skill == Decimal("0.85")


@given(FORECASTS)
def test_brier(rows: list[Forecast]) -> None:
    expected = brier_score_loss([int(bad) for _, bad in rows], [float(pd) for pd, _ in rows], pos_label=1)
    assert float(brier(rows).score) == pytest.approx(expected, abs=1e-12)


def test_skill_needs_both_outcomes() -> None:
    assert brier([(Decimal("0.1"), False)]).skill is None


def test_hosmer_lemeshow_by_hand() -> None:
    """Two groups of 100 at 5 % and 20 %, 8 and 15 defaults: 9 ÷ 4.75 + 25 ÷ 16."""
    rows = [(Decimal("0.05"), number < 8) for number in range(100)]
    rows += [(Decimal("0.20"), number < 15) for number in range(100)]
    found = hosmer_lemeshow(rows, 2)
    assert found.statistic == pytest.approx(Decimal(9) / Decimal("4.75") + Decimal(25) / 16)
    assert float(found.p_value) == pytest.approx(stats.chi2.sf(9 / 4.75 + 25 / 16, 2), rel=1e-12)
    assert found.p_value_fitted is None


@settings(deadline=None)
@given(FORECASTS, st.integers(2, 12))
def test_hosmer_lemeshow(rows: list[Forecast], bins: int) -> None:
    found = hosmer_lemeshow(rows, bins)
    pd = np.array([float(p) for p, _ in rows])
    bad = np.array([defaulted for _, defaulted in rows])
    statistic = 0.0
    for group in found.groups:
        inside = (pd >= float(group.lowest)) & (pd <= float(group.highest))
        n, expected = inside.sum(), pd[inside].sum()
        assert n == group.obligors, "equal forecasts lie in one group"
        statistic += (bad[inside].sum() - expected) ** 2 / (expected * (1 - expected / n))
    assert 1 <= len(found.groups) <= bins
    assert sum(group.obligors for group in found.groups) == len(rows)
    assert float(found.statistic) == pytest.approx(statistic, rel=1e-9)
    assert float(found.p_value) == pytest.approx(stats.chi2.sf(statistic, len(found.groups)), rel=1e-6, abs=1e-12)
    if found.p_value_fitted is not None:
        assert float(found.p_value_fitted) == pytest.approx(
            stats.chi2.sf(statistic, len(found.groups) - 2), rel=1e-6, abs=1e-12
        )
    assert hosmer_lemeshow(rows[::-1], bins) == found


@pytest.mark.parametrize(
    ("obligors", "defaults", "pd"), [(1000, 12, "0.0075"), (50, 0, "0.18"), (7, 7, "0.5"), (4000, 90, "0.025")]
)
def test_rates_beside_scipy(obligors: int, defaults: int, pd: str) -> None:
    found = rate_test(obligors, defaults, Decimal(pd), INTERVAL)
    upper = stats.binomtest(defaults, obligors, float(pd), alternative="greater").pvalue
    lower = stats.binomtest(defaults, obligors, float(pd), alternative="less").pvalue
    posterior = stats.beta(defaults + 0.5, obligors - defaults + 0.5)
    assert float(found.binomial) == pytest.approx(upper, rel=1e-10)
    assert float(found.too_high) == pytest.approx(lower, rel=1e-10)
    assert float(found.jeffreys) == pytest.approx(posterior.cdf(float(pd)), rel=1e-10)
    assert found.rate == Decimal(defaults) / obligors
    assert float(found.low) == pytest.approx(posterior.ppf(0.025) if defaults else 0, abs=2e-10)
    assert float(found.high) == pytest.approx(posterior.ppf(0.975) if defaults < obligors else 1, abs=2e-10)


@settings(deadline=None, max_examples=40)
@given(obligors=st.integers(2, 2000), share=st.floats(0, 1), pd=st.integers(5, 9990))
def test_more_defaults_speak_louder_against_a_pd(obligors: int, share: float, pd: int) -> None:
    defaults = round((obligors - 1) * share)
    fewer, more = (rate_test(obligors, d, Decimal(pd) / 10_000, INTERVAL) for d in (defaults, defaults + 1))
    assert more.jeffreys <= fewer.jeffreys
    assert more.binomial <= fewer.binomial


@pytest.mark.parametrize(
    ("obligors", "defaults", "pd"), [(0, 0, "0.1"), (5, 6, "0.1"), (5, -1, "0.1"), (5, 1, "0"), (5, 1, "1")]
)
def test_nonsense_is_refused(obligors: int, defaults: int, pd: str) -> None:
    with pytest.raises(ValueError):
        rate_test(obligors, defaults, Decimal(pd), INTERVAL)


def test_no_forecast_no_figure() -> None:
    with pytest.raises(ValueError):
        brier([])
    with pytest.raises(ValueError):
        hosmer_lemeshow([], 10)
