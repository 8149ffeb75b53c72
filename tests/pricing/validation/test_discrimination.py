"""AUC, Gini and KS beside scikit-learn's and scipy's; DeLong's error beside its definition."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import roc_auc_score, roc_curve

from services.pricing.calc.validation.discrimination import Ranked, discrimination

SCORES = st.lists(st.tuples(st.integers(0, 40).map(Decimal), st.booleans()), min_size=2, max_size=80).filter(
    lambda rows: len({bad for _, bad in rows}) == 2
)


def test_published_example() -> None:
    """scikit-learn's own: outcomes 0 0 1 1 with risks .1 .4 .35 .8 give 0.75."""
    risks = ["0.1", "0.4", "0.35", "0.8"]
    found = discrimination([(-Decimal(risk), bad) for risk, bad in zip(risks, (False, False, True, True), strict=True)])
    assert (found.auc, found.gini) == (Decimal("0.75"), Decimal("0.5"))


@given(SCORES)
def test_beside_scikit_learn_and_scipy(rows: list[Ranked]) -> None:
    found = discrimination(rows)
    bad = [float(score) for score, defaulted in rows if defaulted]
    good = [float(score) for score, defaulted in rows if not defaulted]
    assert float(found.auc) == pytest.approx(
        roc_auc_score([defaulted for _, defaulted in rows], [-float(score) for score, _ in rows]), abs=1e-12
    )
    assert float(found.auc) == pytest.approx(stats.mannwhitneyu(good, bad).statistic / len(good) / len(bad), abs=1e-12)
    assert float(found.ks) == pytest.approx(stats.ks_2samp(good, bad).statistic, abs=1e-12)
    assert abs(found.gini - (2 * found.auc - 1)) < Decimal("1e-20")


@given(SCORES)
def test_the_curve_is_the_one_of_scikit_learn(rows: list[Ranked]) -> None:
    false_rate, true_rate, _ = roc_curve(
        [bad for _, bad in rows], [-float(score) for score, _ in rows], drop_intermediate=False
    )
    drawn = [(float(good), float(bad)) for good, bad in discrimination(rows).curve]
    assert drawn == [pytest.approx(point, abs=1e-12) for point in zip(false_rate, true_rate, strict=True)]


@given(SCORES)
def test_error_by_definition(rows: list[Ranked]) -> None:
    """DeLong: the variance of the mean placement of each side, from all pairs one by one."""
    found = discrimination(rows)
    bad = np.array([float(score) for score, defaulted in rows if defaulted])
    good = np.array([float(score) for score, defaulted in rows if not defaulted])
    if len(bad) < 2 or len(good) < 2:
        assert found.standard_error is None
        return
    wins = (bad[:, None] < good[None, :]) + 0.5 * (bad[:, None] == good[None, :])
    variance = wins.mean(axis=1).var(ddof=1) / len(bad) + wins.mean(axis=0).var(ddof=1) / len(good)
    assert found.standard_error is not None
    assert float(found.standard_error) == pytest.approx(variance**0.5, abs=1e-9)


@given(SCORES)
def test_only_the_order_counts(rows: list[Ranked]) -> None:
    found, stretched = discrimination(rows), discrimination([(score**3 + 5, bad) for score, bad in reversed(rows)])
    assert (found.auc, found.ks, found.curve) == (stretched.auc, stretched.ks, stretched.curve)


def test_a_perfect_card_and_one_the_wrong_way_about() -> None:
    rows = [(Decimal(score), score < 5) for score in range(20)]
    assert (discrimination(rows).auc, discrimination(rows).ks, discrimination(rows).ks_at) == (1, 1, 4)
    assert discrimination([(-score, bad) for score, bad in rows]).auc == 0


@pytest.mark.parametrize("rows", [[], [(Decimal(1), True)], [(Decimal(1), False), (Decimal(2), False)]])
def test_nothing_to_tell_apart(rows: list[Ranked]) -> None:
    with pytest.raises(ValueError, match="defaulted"):
        discrimination(rows)
