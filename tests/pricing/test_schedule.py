"""Schedules: periods, business days, grace, and QuantLib beside us."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
import QuantLib as ql
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.application import RepaymentMethod
from domain.finding import Outcome
from domain.money import yuan
from domain.pricing import Schedule
from domain.repayment import PROFILED
from services.pricing.calc.conclusion import Conclusion, Inadmissible
from services.pricing.calc.periods import periods
from services.pricing.calc.schedule import repayment_plan
from tests.pricing import requests
from tests.pricing.conftest import book
from tests.pricing.vintages import CALENDAR, dated


def planned(**changes: Any) -> Conclusion[Schedule]:
    return repayment_plan(requests.schedule(book(), **changes), book(), dated("calendar.cn", CALENDAR))


def plan(**changes: Any) -> Schedule:
    conclusion = planned(**changes)
    assert conclusion.value is not None
    return conclusion.value


def test_quarterly_periods_end_on_the_20th_of_the_quarter_and_at_maturity() -> None:
    found = plan(drawn_on=date(2026, 3, 2), tenor_months=12, frequency="quarterly", method="equal_principal")
    assert [item.period_end for item in found.instalments] == [
        date(2026, 3, 20),
        date(2026, 6, 20),
        date(2026, 9, 20),
        date(2026, 12, 20),
        date(2027, 3, 1),
    ]
    assert [item.days for item in found.instalments] == [19, 92, 92, 91, 71]
    assert sum(item.days for item in found.instalments) == (date(2027, 3, 2) - date(2026, 3, 2)).days


def test_due_dates_move_to_business_days_and_periods_do_not() -> None:
    found = plan(drawn_on=date(2026, 1, 21), tenor_months=12, method="equal_principal")
    by_end = {item.period_end: item for item in found.instalments}
    # 21 February 2026 is a Saturday, 21 June a Sunday, 21 September a Monday.
    assert by_end[date(2026, 2, 20)].due == date(2026, 2, 23)
    assert by_end[date(2026, 6, 20)].due == date(2026, 6, 22)
    assert by_end[date(2026, 9, 20)].due == date(2026, 9, 21)
    assert by_end[date(2026, 6, 20)].days == 31


def test_a_due_date_in_the_national_holiday_waits_for_its_end() -> None:
    found = plan(drawn_on=date(2026, 9, 21), tenor_months=6, method="bullet", frequency="monthly")
    final = plan(drawn_on=date(2026, 4, 1), tenor_months=6, method="bullet", frequency="monthly")
    assert found.instalments[0].due == date(2026, 10, 21)
    assert final.final_maturity == date(2026, 10, 8)


def test_dates_beyond_the_published_calendar_are_provisional() -> None:
    conclusion = planned(drawn_on=date(2026, 3, 21), tenor_months=12)
    assert conclusion.value is not None
    for item in conclusion.value.instalments:
        assert item.provisional is (item.due > date(2026, 12, 31))
    assert "DUE_DATES_PROVISIONAL" in {reason.code for reason in conclusion.reasons}
    assert conclusion.outcome is Outcome.PASS


def test_grace_bears_interest_alone() -> None:
    found = plan(tenor_months=24, grace_months=6, method="equal_principal")
    assert [item.principal == yuan(0) for item in found.instalments] == [True] * 6 + [False] * 18
    assert all(item.interest.amount > 0 for item in found.instalments)
    assert found.instalments[5].balance == yuan(10_000_000)


def test_annuity_pays_the_same_every_time_by_actual_days() -> None:
    found = plan(drawn_on=date(2026, 3, 5), tenor_months=36)
    paid = [item.principal.amount + item.interest.amount for item in found.instalments]
    assert len(set(paid[:-1])) == 1
    assert abs(paid[-1] - paid[0]) < 1


def test_bullet_beyond_a_year_is_referred() -> None:
    conclusion = planned(product="jsb_wc", lender_id="jsb", method="bullet", tenor_months=13)
    assert conclusion.outcome is Outcome.REFER
    assert {reason.code for reason in conclusion.reasons} >= {"INSTALMENTS_REQUIRED"}
    assert planned(product="jsb_wc", lender_id="jsb", method="bullet", tenor_months=9).outcome is Outcome.PASS


def test_what_the_product_does_not_offer_is_referred() -> None:
    codes = {reason.code for reason in planned(method="bullet", tenor_months=6, grace_months=3).reasons}
    assert "METHOD_NOT_OFFERED" in codes
    too_long = planned(product="jsb_wc", lender_id="jsb", method="equal_principal", grace_months=3, tenor_months=12)
    assert "GRACE_TOO_LONG" in {reason.code for reason in too_long.reasons}
    assert too_long.outcome is Outcome.REFER


def test_without_a_price_there_is_no_schedule() -> None:
    conclusion = planned(annual_rate=None)
    assert conclusion.value is None
    assert conclusion.outcome is Outcome.REFER
    assert [reason.subject for reason in conclusion.reasons] == ["annual_rate"]


def test_a_maturity_that_no_calendar_has() -> None:
    with pytest.raises(Inadmissible, match="beyond"):
        planned(drawn_on=date(9990, 1, 1), tenor_months=600)


@settings(max_examples=150, deadline=None)
@given(
    fen=st.integers(min_value=1, max_value=10**13),
    rate=st.decimals(min_value=0, max_value="0.24", places=8),
    tenor=st.integers(min_value=1, max_value=240),
    drawn=st.dates(min_value=date(2024, 1, 1), max_value=date(2040, 12, 31)),
    method=st.sampled_from([method for method in RepaymentMethod if method not in PROFILED]),
    frequency=st.sampled_from(["monthly", "quarterly"]),
    grace=st.integers(min_value=0, max_value=120),
    day_count=st.sampled_from(["act_360", "thirty_360"]),
)
def test_principal_repaid_is_principal_drawn_to_the_fen(
    fen: int,
    rate: Decimal,
    tenor: int,
    drawn: date,
    method: RepaymentMethod,
    frequency: str,
    grace: int,
    day_count: str,
) -> None:
    principal = yuan(Decimal(fen) / 100)
    found = plan(
        principal=principal,
        annual_rate=rate,
        tenor_months=tenor,
        drawn_on=drawn,
        method=method,
        frequency=frequency,
        grace_months=min(grace, tenor - 1),
        day_count=day_count,
    )
    balance = principal.amount
    for number, item in enumerate(found.instalments, start=1):
        assert item.number == number
        assert item.principal.amount >= 0
        balance -= item.principal.amount
        assert item.balance.amount == balance
    assert balance == 0
    assert sum((item.interest.amount for item in found.instalments), Decimal(0)) == found.total_interest.amount
    starts = [item.period_start for item in found.instalments]
    ends = [item.period_end for item in found.instalments]
    assert starts[0] == drawn
    assert starts[1:] == [end + timedelta(days=1) for end in ends[:-1]]


def quantlib_date(day: date) -> ql.Date:
    return ql.Date(day.day, day.month, day.year)


class TestBesideQuantLib:
    """QuantLib's day counts and bond on the same dates."""

    def test_day_counts(self) -> None:
        for drawn in (date(2026, 1, 31), date(2028, 2, 29), date(2026, 3, 2)):
            for day_count, theirs in (("act_360", ql.Actual360()), ("thirty_360", ql.Thirty360(ql.Thirty360.European))):
                for span in periods(drawn, 30, "monthly", day_count, CALENDAR):  # type: ignore[arg-type]
                    start, end = quantlib_date(span.start), quantlib_date(span.contract_due)
                    assert span.days == theirs.dayCount(start, end)

    @pytest.mark.parametrize("method", ["annuity", "equal_principal"])
    def test_interest_of_an_amortising_bond(self, method: str) -> None:
        drawn = date(2026, 3, 21)
        found = plan(method=method, drawn_on=drawn, tenor_months=36)
        start = quantlib_date(drawn)
        ql.Settings.instance().evaluationDate = start
        monthly = ql.Schedule(
            start,
            quantlib_date(date(2029, 3, 21)),
            ql.Period(1, ql.Months),
            ql.NullCalendar(),
            ql.Unadjusted,
            ql.Unadjusted,
            ql.DateGeneration.Forward,
            False,
        )
        notionals = [10_000_000.0, *(float(item.balance.amount) for item in found.instalments[:-1])]
        bond = ql.AmortizingFixedRateBond(0, notionals, monthly, [0.036], ql.Actual360(), ql.Unadjusted, start)
        coupons = [flow.amount() for flow in bond.cashflows() if ql.as_coupon(flow) is not None]
        assert coupons == pytest.approx([float(item.interest.amount) for item in found.instalments], abs=0.0051)

    def test_the_schedule_yields_its_own_rate(self) -> None:
        """Discounted at the contract rate over its own ACT/360 periods, what is paid is worth what was drawn."""
        found = plan(drawn_on=date(2026, 3, 5), tenor_months=36)
        worth, growth = Decimal(0), Decimal(1)
        for item in found.instalments:
            growth *= 1 + Decimal("0.036") * item.days / 360
            worth += (item.principal.amount + item.interest.amount) / growth
        assert abs(worth - 10_000_000) < Decimal("0.5")
