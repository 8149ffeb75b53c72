"""Repayment terms beside QuantLib: coupons of changing notionals and rates, and due dates on the published calendar."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
import QuantLib as ql

from domain.money import yuan
from domain.pricing import Instalment
from services.pricing.calc.schedule import repayment_plan
from tests.pricing import requests
from tests.pricing.conftest import book
from tests.pricing.vintages import CALENDAR, dated

DRAWN = date(2026, 3, 21)


def plan(**changes: Any) -> tuple[Instalment, ...]:
    found = repayment_plan(requests.schedule(book(), **changes), book(), dated("calendar.cn", CALENDAR))
    assert found.value is not None
    return found.value.instalments


def theirs(day: date) -> ql.Date:
    return ql.Date(day.day, day.month, day.year)


def ours(day: ql.Date) -> date:
    return date(day.year(), day.month(), day.dayOfMonth())


def published() -> ql.BespokeCalendar:
    """QuantLib on our own table: its calendar of China would answer for years nobody has published."""
    calendar = ql.BespokeCalendar("cn")
    calendar.addWeekend(ql.Saturday)
    calendar.addWeekend(ql.Sunday)
    for day in CALENDAR.holidays:
        calendar.addHoliday(theirs(day))
    for day in CALENDAR.working_weekends:
        calendar.removeHoliday(theirs(day))
    return calendar


def periods_of(rows: tuple[Instalment, ...]) -> ql.Schedule:
    days = [rows[0].period_start, *(row.period_end + timedelta(days=1) for row in rows)]
    return ql.Schedule([theirs(day) for day in days])


def coupons(rows: tuple[Instalment, ...], owed: list[Decimal], rates: list[str]) -> list[float]:
    """QuantLib's ACT/360 coupons on ``owed`` at ``rates``, one of each for every period."""
    leg = ql.FixedRateLeg(
        periods_of(rows), ql.Actual360(), [float(amount) for amount in owed], [float(rate) for rate in rates]
    )
    return [flow.amount() for flow in leg]


@pytest.mark.parametrize("frequency", ["monthly", "quarterly"])
def test_due_dates_on_the_published_calendar(frequency: str) -> None:
    rows = plan(drawn_on=date(2026, 1, 21), tenor_months=11, frequency=frequency, method="equal_principal")
    calendar = published()
    for row in rows:
        assert row.due == ours(calendar.adjust(theirs(row.period_end + timedelta(days=1)), ql.Following))


def test_every_day_of_the_year_is_open_or_closed_alike() -> None:
    calendar = published()
    for number in range(365):
        day = date(2026, 1, 1) + timedelta(days=number)
        assert CALENDAR.is_business_day(day) is calendar.isBusinessDay(theirs(day))


@pytest.mark.parametrize(
    ("method", "profile"),
    [
        ("balloon", {"method": "balloon", "share": "0.4"}),
        ("balloon", {"method": "balloon", "share": "0.4", "rest": "equal_principal"}),
        ("seasonal", {"method": "seasonal", "months": [3, 6, 9, 12]}),
        ("stepped", {"method": "stepped", "every": 6, "growth": "0.1"}),
        ("sculpted", {"method": "sculpted", "ceilings": [yuan(10_000_000 - 277_000 * n) for n in range(36)]}),
    ],
)
def test_interest_of_every_profile(method: str, profile: dict[str, Any]) -> None:
    rows = plan(method=method, profile=profile, drawn_on=DRAWN, tenor_months=36)
    owed = [Decimal(10_000_000), *(row.balance.amount for row in rows[:-1])]
    assert coupons(rows, owed, ["0.036"] * len(rows)) == pytest.approx(
        [float(row.interest.amount) for row in rows], abs=0.0051
    )


def test_interest_while_the_rate_steps_and_more_is_drawn() -> None:
    draws = ({"on": DRAWN, "amount": yuan(4_000_000)}, {"on": date(2026, 9, 21), "amount": yuan(6_000_000)})
    steps = ({"on": date(2027, 3, 21), "annual_rate": "0.041"}, {"on": date(2028, 3, 21), "annual_rate": "0.046"})
    rows = plan(method="annuity", drawn_on=DRAWN, tenor_months=36, draws=draws, rate_steps=steps)
    owed = [Decimal(4_000_000), *(row.balance.amount for row in rows[:-1])]
    owed[6] += Decimal(6_000_000)
    rates = ["0.036"] * 12 + ["0.041"] * 12 + ["0.046"] * 12
    assert coupons(rows, owed, rates) == pytest.approx([float(row.interest.amount) for row in rows], abs=0.0051)


def test_a_bond_of_the_plan_is_worth_its_principal_at_its_own_rate() -> None:
    """Even quarters, 30/360: QuantLib prices the balloon's payments at par at the contract rate."""
    profile = {"method": "balloon", "share": "0.25"}
    rows = plan(
        method="balloon",
        profile=profile,
        drawn_on=DRAWN,
        tenor_months=60,
        frequency="quarterly",
        day_count="thirty_360",
    )
    start = theirs(DRAWN)
    ql.Settings.instance().evaluationDate = start
    owed = [10_000_000.0, *(float(row.balance.amount) for row in rows[:-1])]
    day_count = ql.Thirty360(ql.Thirty360.European)
    quarters = ql.Schedule(
        start,
        theirs(date(2031, 3, 21)),
        ql.Period(3, ql.Months),
        ql.NullCalendar(),
        ql.Unadjusted,
        ql.Unadjusted,
        ql.DateGeneration.Forward,
        False,
    )
    bond = ql.AmortizingFixedRateBond(0, owed, quarters, [0.036], day_count, ql.Unadjusted, start)
    rate = ql.InterestRate(0.036, day_count, ql.Compounded, ql.Quarterly)
    assert ql.CashFlows.npv(bond.cashflows(), rate, False, start, start) == pytest.approx(10_000_000, abs=0.02)
