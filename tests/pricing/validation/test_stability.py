"""PSI beside scipy's entropy; bands of scores; counts of overrides."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from services.pricing.calc.validation.stability import by_edges, overrides, population_stability, score_edges

COUNTS = st.lists(st.tuples(st.integers(1, 500), st.integers(1, 500)), min_size=1, max_size=12)
SCORES = st.lists(st.integers(0, 60).map(Decimal), min_size=1, max_size=80)


@given(COUNTS)
def test_the_index_is_the_symmetric_divergence(pairs: list[tuple[int, int]]) -> None:
    then = {str(index): before for index, (before, _) in enumerate(pairs)}
    now = {str(index): after for index, (_, after) in enumerate(pairs)}
    e, a = (np.array(list(counts.values()), float) for counts in (then, now))
    expected = stats.entropy(a, e) + stats.entropy(e, a)
    assert float(population_stability(then, now).psi) == pytest.approx(expected, abs=1e-12)


def test_an_unchanged_population_has_moved_by_nothing() -> None:
    assert population_stability({"a": 10, "b": 30}, {"a": 20, "b": 60}).psi == 0


def test_an_empty_side_counts_half_and_says_so() -> None:
    found = population_stability({"a": 10, "b": 90, "c": 0}, {"b": 50})
    assert [(band.label, band.filled) for band in found.bands] == [("a", True), ("b", False)]
    expected = (0.01 - 0.1) * np.log(0.1) + (1 - 0.9) * np.log(1 / 0.9)
    assert float(found.psi) == pytest.approx(expected)


def test_nothing_to_compare() -> None:
    for then, now in (({}, {"a": 1}), ({"a": 1}, {}), ({"a": 1}, {"b": 1})):
        with pytest.raises(ValueError):
            population_stability(then, now)


@given(SCORES, SCORES, st.integers(2, 12))
def test_every_score_lies_in_one_band(then: list[Decimal], now: list[Decimal], bins: int) -> None:
    edges = score_edges(then, bins)
    assert len(edges) < bins
    assert list(edges) == sorted(set(edges))
    for scores in (then, now):
        counts = by_edges(scores, edges)
        assert sum(counts.values()) == len(scores)
        below = 0
        for edge in edges:
            below += counts[f"≤ {edge}"]
            assert below == sum(1 for score in scores if score <= edge)
    assert all(by_edges(then, edges).values()), "no band of the reference is empty"


def test_bands_of_a_hundred_different_scores_hold_ten_each() -> None:
    scores = [Decimal(number) for number in range(100)]
    assert list(by_edges(scores, score_edges(scores, 10)).values()) == [10] * 10


def test_overrides() -> None:
    moved = [("R3", "R3")] * 6 + [("R3", "R2"), ("R3", "R5"), ("R1", "R4"), ("R5", "R1")]
    found = overrides(moved, ["R1", "R2", "R3", "R4", "R5"], 2)
    assert (found.better, found.worse, found.beyond) == (2, 2, 2)
    assert found.rate == Decimal("0.4")
    assert found.notches == {-4: 1, -1: 1, 2: 1, 3: 1}
    for pairs in ([], [("R1", "R9")]):
        with pytest.raises(ValueError):
            overrides(pairs, ["R1"], 2)
