"""A plan of equal principal as QuantLib lays it out: the same periods, notionals, day count and business days.

QuantLib is a tool of development; only a measurement imports this.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

import QuantLib as ql

from domain.calendar import BusinessCalendar
from domain.pricing import Instalment


class QuantLibPlan:
    """What falls due and when, at ``annual_rate`` by ACT/360 on what is owed in each period of ``rows``."""

    def __init__(
        self, rows: Sequence[Instalment], calendar: BusinessCalendar, principal: Decimal, annual_rate: Decimal
    ) -> None:
        self._first = rows[0].period_start
        self._last = rows[-1].period_end + timedelta(days=1)
        self._owed = [float(principal), *(float(row.balance.amount) for row in rows[:-1])]
        self._rate = float(annual_rate)
        self._calendar = ql.BespokeCalendar("cn")
        self._calendar.addWeekend(ql.Saturday)
        self._calendar.addWeekend(ql.Sunday)
        for day in calendar.holidays:
            self._calendar.addHoliday(_theirs(day))
        for day in calendar.working_weekends:
            self._calendar.removeHoliday(_theirs(day))

    def flows(self) -> list[tuple[date, float]]:
        """Due date and interest of every instalment."""
        spans = ql.Schedule(
            _theirs(self._first),
            _theirs(self._last),
            ql.Period(1, ql.Months),
            ql.NullCalendar(),
            ql.Unadjusted,
            ql.Unadjusted,
            ql.DateGeneration.Forward,
            False,
        )
        leg = ql.FixedRateLeg(spans, ql.Actual360(), self._owed, [self._rate])
        ends = list(spans)[1:]
        return [
            (_ours(self._calendar.adjust(end, ql.Following)), flow.amount())
            for end, flow in zip(ends, leg, strict=True)
        ]


def _theirs(day: date) -> ql.Date:
    return ql.Date(day.day, day.month, day.year)


def _ours(day: ql.Date) -> date:
    return date(day.year(), day.month(), day.dayOfMonth())
