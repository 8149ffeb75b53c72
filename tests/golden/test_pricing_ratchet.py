"""Row A6, the ESG-linked loan, and the bounds that seed and corrections set it."""

from datetime import date
from decimal import Decimal
from typing import Any

from domain.finding import Outcome
from domain.margin_ratchet import MarginResetRequest, MarginStanding
from services.pricing.calc.conclusion import Conclusion
from services.pricing.calc.ratchet import margin_standing
from tests.pricing.conftest import book
from tests.pricing.ratchets import esg, grade, request
from tests.pricing.vintages import LPR, dated


def standing(asked: MarginResetRequest) -> Conclusion[MarginStanding]:
    return margin_standing(asked, book(), dated("lpr", LPR))


def value(asked: MarginResetRequest) -> MarginStanding:
    found = standing(asked)
    assert found.outcome is Outcome.PASS, found.reasons
    assert found.value is not None
    return found.value


def graded(to: str, **terms: Any) -> MarginStanding:
    return value(request(terms={"clauses": [esg()]} | terms, reports=[grade(to)]))


def test_a6_one_notch_up_takes_ten_basis_points_off_3_60_percent() -> None:
    found = graded("A")
    assert found.all_in_rate == Decimal("0.0350")
    assert (found.original_margin_bps, found.margin_bps) == (60, 50)
    assert found.in_force_since == date(2026, 1, 15)


def test_a6_the_discount_is_25_basis_points_at_most() -> None:
    assert [graded(to).margin_bps for to in ("BBB", "A", "AA", "AAA")] == [60, 50, 40, 35]
    assert graded("AAA").history[-1].bounds == ("esg_cap",)


def test_a6_a_fall_below_the_baseline_never_raises_the_rate_above_the_original() -> None:
    assert graded("CCC").margin_bps == 60


def test_a6_unless_the_contract_says_so() -> None:
    assert graded("B", clauses=[esg(both_ways=True)], above_original_bps=15).margin_bps == 75
    assert graded("B", clauses=[esg(both_ways=True)]).margin_bps == 60
