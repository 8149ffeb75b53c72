"""From points to a probability of default and a grade."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy.engine import RatingScale, load_book

SCALE: RatingScale = load_book(Path(__file__).parents[2] / "policy" / "book").rating_scale(
    "master_scale", date(2026, 1, 5)
)
POINTS = st.decimals(min_value=0, max_value=100, places=4, allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("score", "percent"),
    [("560", "7.4074"), ("580", "3.8462"), ("600", "1.9608"), ("620", "0.9901"), ("640", "0.4975")],
)
def test_textbook_odds(score: str, percent: str) -> None:
    """600 points are odds of 50 to 1, and 20 points double them (domain paper §5.3)."""
    assert round(SCALE.pd_of(Decimal(score)) * 100, 4) == Decimal(percent)


def test_card_points_map_onto_the_scale() -> None:
    assert [SCALE.score_of(Decimal(points)) for points in (60, 70, 78)] == [600, 620, 636]


def test_no_pd_below_the_floor() -> None:
    assert SCALE.pd_of(Decimal(1000)) == Decimal("0.0005")


def test_a_boundary_is_the_geometric_mean_and_belongs_to_the_worse_grade() -> None:
    """Between R9 (8.5 %) and R10 (18 %): √(0.085 × 0.18) = 0.12369…"""
    assert SCALE.grade_of(Decimal("0.12369316")) == "R9"
    assert SCALE.grade_of(Decimal("0.12369317")) == "R10"
    assert SCALE.grade_of(Decimal("0.0005")) == "R1"
    assert SCALE.grade_of(Decimal("0.9")) == "R10"
    for grade in SCALE.grades:
        assert SCALE.grade_of(grade.midpoint) == grade.id


@settings(deadline=None)
@given(better=POINTS, worse=POINTS)
def test_more_points_never_raise_the_pd_or_worsen_the_grade(better: Decimal, worse: Decimal) -> None:
    if better < worse:
        better, worse = worse, better
    low, high = (SCALE.pd_of(SCALE.score_of(points)) for points in (better, worse))
    assert low <= high
    order = [grade.id for grade in SCALE.grades]
    assert order.index(SCALE.grade_of(low)) <= order.index(SCALE.grade_of(high))
