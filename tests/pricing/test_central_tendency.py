"""Calibration of the master scale to a central tendency."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import expit

from policy.engine import RatingScale
from services.pricing.calc.central_tendency import CalibrationRefused, calibrate
from tests.pricing.conftest import book

SCORES = st.lists(st.integers(480, 680).map(Decimal), min_size=1, max_size=40)
TARGETS = st.integers(60, 5000).map(lambda number: Decimal(number) / 100_000)


def scale() -> RatingScale:
    return book().rating_scale("master_scale", date(2026, 3, 2))


def test_one_score_is_moved_onto_the_target() -> None:
    """At 600 the odds are 50; 2 % asks for 49: the offset moves by factor × ln(50 ÷ 49) = 0.582927."""
    found = calibrate([Decimal(600)], Decimal("0.02"), scale())
    assert found.before == Decimal("0.01960784")
    assert found.offset_shift.quantize(Decimal("0.000001")) == Decimal("0.582927")
    assert found.reached == Decimal("0.02")
    assert {step.step for step in found.trace} == {
        "calibration/before",
        "calibration/offset_shift",
        "calibration/reached",
    }


def test_twenty_points_double_the_odds() -> None:
    """A PD of 1 ÷ 26 at 600 is what stood at 580: the shift is the points that double the odds."""
    found = calibrate([Decimal(600)], Decimal("0.03846154"), scale())
    assert abs(found.offset_shift - 20) < Decimal("0.00001")


@settings(deadline=None, max_examples=60)
@given(SCORES, TARGETS)
def test_beside_scipy(scores: list[Decimal], target: Decimal) -> None:
    master = scale()
    found = calibrate(scores, target, master)
    assert abs(found.reached - target) <= Decimal("2e-8")
    factor, floor = 20 / 0.6931471805599453, float(master.floor)
    offset = 600 - factor * 3.912023005428146

    def missed(shift: float) -> float:
        pds = [max(expit((offset + shift - float(score)) / factor), floor) for score in scores]
        return sum(pds) / len(pds) - float(target)

    assert float(found.offset_shift) == pytest.approx(brentq(missed, -2000, 2000, xtol=1e-12), abs=1e-4)


@settings(deadline=None, max_examples=40)
@given(SCORES, TARGETS, TARGETS)
def test_a_higher_tendency_never_lowers_a_pd(scores: list[Decimal], first: Decimal, second: Decimal) -> None:
    low, high = sorted((first, second))
    master = scale()
    lower, higher = (
        master.model_copy(update={"offset_shift": calibrate(scores, target, master).offset_shift})
        for target in (low, high)
    )
    for score in scores:
        assert lower.pd_of(score) <= higher.pd_of(score)


def test_calibrating_again_changes_nothing() -> None:
    scores = [Decimal(number) for number in range(520, 660, 7)]
    first = calibrate(scores, Decimal("0.037"), scale())
    again = calibrate(scores, Decimal("0.037"), scale().model_copy(update={"offset_shift": first.offset_shift}))
    assert again.before == first.reached
    assert abs(again.offset_shift - first.offset_shift) <= Decimal("1e-6")


@pytest.mark.parametrize(
    ("scores", "target"),
    [([], "0.02"), ([10_001], "0.02"), ([600], "0"), ([600], "0.0005"), ([600], "1"), ([600], "1.2")],
)
def test_what_no_shift_can_do(scores: list[int], target: str) -> None:
    with pytest.raises(CalibrationRefused) as refused:
        calibrate(map(Decimal, scores), Decimal(target), scale())
    assert refused.value.message_zh


def test_scores_at_the_edge_of_what_is_allowed() -> None:
    found = calibrate([Decimal(-10_000), Decimal(10_000)], Decimal("0.6"), scale())
    assert abs(found.reached - Decimal("0.6")) <= Decimal("2e-8")
