"""How a plan stands: ratios never shown better than they are, first breaches, and cash that really cures."""

from decimal import Decimal, localcontext

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.coverage import Threshold
from services.collateral.calc.amortisation.examination import Month, Rules, coverage, examine, loan_to_value
from services.collateral.calc.conclusion import FIGURES
from tests.collateral.conftest import book
from tests.collateral.servers import MODEL_2_ON

COVENANTS = book().collateral(MODEL_2_ON).covenants


def rules(window: int = 3, other: str = "0", reserve: int = 0) -> Rules:
    return Rules(COVENANTS, window, Decimal(other), reserve)


def month(balance: int | str, due: int | str = 0, cash: int | str = 0, value: int | str = 100) -> Month:
    return Month(Decimal(balance), Decimal(due), Decimal(cash), Decimal(value))


def test_worst_ratio_its_month_and_each_first_breach() -> None:
    plan = [month(70), month(78, 10, 13), month(72, 10, 13, 80), month(60, 10, 10, 80), month(0, 10, 9, 80)]
    test = examine(plan, rules(window=1))
    assert (test.worst_ltv, test.worst_ltv_month) == (Decimal("0.9"), 2)
    assert (test.min_dscr, test.min_dscr_month) == (Decimal("0.9"), 4)
    assert [test.first(threshold) for threshold in Threshold] == [1, 2, None, 3, 3]
    # 72 − 0.85 × 80, and 1.10 × 10 − 10 and − 9.
    assert (str(test.cure_ltv.amount), str(test.cure_dscr.amount)) == ("4.00", "3.00")
    assert test.cash_to_cure.amount == 7


def test_coverage_covenants_read_several_months_together() -> None:
    plan = [month(30), month(20, 10, 20), month(10, 10, 10), month(0, 10, 12)]
    alone, together = examine(plan, rules(window=1)), examine(plan, rules(window=3))
    assert alone.first(Threshold.DSCR_DEFAULT) == 2
    assert together.first(Threshold.DSCR_DEFAULT) is None
    assert (together.min_rolling_dscr, together.min_rolling_dscr_month) == (Decimal("1.4"), 3)


def test_a_quarterly_instalment_is_covered_by_its_quarter() -> None:
    plan = [month(30), month(30, 0, 5), month(30, 0, 5), month(15, 15, 5), month(15, 0, 6), month(15, 0, 6)]
    test = examine([*plan, month(0, 15, 6)], rules())
    assert (test.min_dscr, test.min_dscr_month) == (Decimal(1), 3)
    assert (test.min_rolling_dscr, test.min_rolling_dscr_month) == (Decimal(1), 3)


def test_months_of_a_funded_reserve_are_not_tested_for_coverage() -> None:
    plan = [month(30), month(30, 1, 0), month(30, 1, 0), month(0, 31, 62)]
    assert examine(plan, rules()).min_dscr == 0
    test = examine(plan, rules(reserve=2))
    assert (test.min_dscr, test.min_dscr_month) == (2, 3)
    assert test.cure_dscr.amount == 0


def test_what_guarantees_cover_does_not_rest_on_the_assets() -> None:
    test = examine([month(150), month(0, 1, 9)], rules(other="90"))
    assert (test.worst_ltv, test.cure_ltv.amount) == (Decimal("0.6"), 0)


def test_debt_on_worthless_assets_is_beyond_measure_and_breaches_everything() -> None:
    test = examine([month(10), month(10, 1, 2, 0), month(0, 11, 20, 0)], rules())
    assert (test.worst_ltv, test.worst_ltv_month) == (None, 1)
    assert test.first(Threshold.LTV_WATCH) == 1
    assert test.cure_ltv.amount == 10
    assert loan_to_value(Decimal(10_000), Decimal(1)) is None


def test_a_plan_in_which_nothing_falls_due_has_no_coverage() -> None:
    test = examine([month(0), month(0, 0, 5)], rules())
    assert (test.min_dscr, test.min_dscr_month, test.min_rolling_dscr) == (None, None, None)
    assert test.cash_to_cure.amount == 0


def test_ratios_are_never_shown_better_than_they_are() -> None:
    assert loan_to_value(Decimal(1), Decimal(3)) == Decimal("0.33333334")
    assert coverage(Decimal(2), Decimal(3)) == Decimal("0.66666666")
    with localcontext(FIGURES):
        # A debt service sized at 1.20 is covered 1.20 times, not 1.19999999.
        assert coverage(Decimal("53245.50"), Decimal("53245.50") / Decimal("1.2")) == Decimal("1.2")
    assert coverage(Decimal(-5), Decimal(10)) == Decimal("-0.5")


def test_a_ratio_beyond_measure_is_still_a_ratio() -> None:
    """Five million short in a month in which a hundred yuan fall due; and a hair below ten thousand."""
    plan = [month(100), month(0, 100, -5_000_000)]
    test = examine(plan, rules(window=1))
    assert test.min_dscr == -9999
    assert test.first(Threshold.DSCR_DEFAULT) == 1
    assert loan_to_value(Decimal("9999.999999999"), Decimal(1)) is None
    assert loan_to_value(Decimal(9999), Decimal(1)) == 9999


amount = st.decimals(min_value=0, max_value=1_000_000, places=2)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(amount, amount), min_size=1, max_size=30))
def test_the_cure_of_value_cures_and_nothing_less_does(pairs: list[tuple[Decimal, Decimal]]) -> None:
    plan = [Month(balance, Decimal(0), Decimal(0), value) for balance, value in pairs]
    cure = examine(plan, rules()).cure_ltv.amount

    def calls(prepaid: Decimal) -> bool:
        return any(max(Decimal(0), item.balance - prepaid) > COVENANTS.ltv_call * item.value for item in plan)

    assert not calls(cure)
    if cure:
        assert calls(cure - Decimal("0.01"))


@pytest.mark.parametrize("reserve", [0, 2])
def test_a_worse_month_never_betters_the_test(reserve: int) -> None:
    plan = [month(80), month(70, 11, 14), month(60, 11, 14), month(50, 11, 14), month(0, 51, 70)]
    base = examine(plan, rules(reserve=reserve))
    for at in range(1, 5):
        worse = list(plan)
        worse[at] = Month(plan[at].balance, plan[at].debt_service, plan[at].cash_flow - 5, plan[at].value - 20)
        test = examine(worse, rules(reserve=reserve))
        assert test.worst_ltv is not None
        assert base.worst_ltv is not None
        assert test.worst_ltv >= base.worst_ltv
        assert (test.min_dscr or 0) <= (base.min_dscr or 0)
        assert test.cash_to_cure.amount >= base.cash_to_cure.amount
