"""Interest periods of a loan: they end on the 20th (结息日), and what accrued falls due on the day after."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Context, Decimal
from typing import Literal

from domain.calendar import BusinessCalendar
from domain.repayment import maturity

SETTLEMENT_DAY = 20
_QUARTER_ENDS = (3, 6, 9, 12)
DayCount = Literal["act_360", "thirty_360"]
WIDE = Context(prec=60)
"""Precision of everything before the one rounding: a quotient that is a tie at the fen is exact at this width."""


@dataclass(frozen=True)
class Period:
    """One interest period, both days included; ``due`` is the day after it, moved to a business day.

    A due date that moves does not move the period: interest is counted by the contract's days.
    """

    start: date
    end: date
    due: date
    days: int
    provisional: bool

    def accrual(self, annual_rate: Decimal) -> Decimal:
        """Simple interest on one yuan over the period, at 60 digits."""
        return WIDE.divide(WIDE.multiply(annual_rate, Decimal(self.days)), Decimal(360))

    @property
    def contract_due(self) -> date:
        """The due date before it was moved."""
        return self.end + timedelta(days=1)


def periods(
    drawn_on: date,
    tenor_months: int,
    frequency: Literal["monthly", "quarterly"],
    day_count: DayCount,
    days: BusinessCalendar,
) -> tuple[Period, ...]:
    """The periods from drawing to maturity; the day of drawing bears interest, the day of maturity does not.

    Raises ``OverflowError`` or ``ValueError`` where the maturity lies beyond the calendar of dates.
    """
    end_of_loan = maturity(drawn_on, tenor_months)
    found: list[Period] = []
    start = drawn_on
    for settlement in _settlements(drawn_on, frequency):
        end = min(settlement, end_of_loan - timedelta(days=1))
        contract_due = end + timedelta(days=1)
        due = days.following(contract_due)
        found.append(Period(start, end, due, days_between(start, contract_due, day_count), days.is_provisional(due)))
        start = contract_due
        if start >= end_of_loan:
            return tuple(found)
    raise AssertionError("settlement days do not end")


def _settlements(first: date, frequency: Literal["monthly", "quarterly"]) -> Iterator[date]:
    year, month = first.year, first.month
    while True:
        settles = frequency == "monthly" or month in _QUARTER_ENDS
        if settles and (day := date(year, month, SETTLEMENT_DAY)) >= first:
            yield day
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)


def days_between(start: date, end: date, day_count: DayCount) -> int:
    """Days from ``start`` to ``end``, the last not counted: as they are, or with twelve months of thirty (30E/360)."""
    if day_count == "act_360":
        return (end - start).days
    return (end.year - start.year) * 360 + (end.month - start.month) * 30 + min(end.day, 30) - min(start.day, 30)
