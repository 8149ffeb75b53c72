"""Repayment in lock-step with collections: the loan on an order falls as its buyer pays, and ends when it has paid."""

import calendar
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from domain.application import ExpectedCollection


@dataclass(frozen=True)
class Plan:
    """``months``: until the last payment that counts has come in, rounded up. ``left[n]``: what is still to come in
    after n months, n = 0 … months; of a plan that promises more than is outstanding no more than that."""

    months: int
    left: tuple[Decimal, ...]


def plan(
    collections: Sequence[ExpectedCollection], outstanding: Decimal, as_of: date, lag_days: int, longest_months: int
) -> Plan:
    """What comes in within ``longest_months``, each payment ``lag_days`` late. What was due before is not counted: it is
    overdue, and nobody knows when it comes."""
    coming: dict[int, Decimal] = {}
    for due, item in _to_come(collections, as_of):
        month = months_until(due + timedelta(days=lag_days), as_of)
        if month <= longest_months:
            coming[month] = coming.get(month, Decimal(0)) + item.amount.amount
    total = min(outstanding, sum(coming.values(), Decimal(0)))
    months = max(coming, default=0)
    left = [total]
    for month in range(1, months + 1):
        left.append(max(Decimal(0), left[-1] - coming.get(month, Decimal(0))))
    while len(left) > 1 and left[-2] == 0:
        left.pop()
    return Plan(len(left) - 1, tuple(left))


def planned(collections: Sequence[ExpectedCollection], as_of: date) -> Decimal:
    """The sum of all payments that are still to come by the plan."""
    return sum((item.amount.amount for _, item in _to_come(collections, as_of)), Decimal(0))


def _to_come(collections: Sequence[ExpectedCollection], as_of: date) -> Iterator[tuple[date, ExpectedCollection]]:
    for item in collections:
        due = item.due or _months_on(as_of, item.after_months or 0)
        if due > as_of:
            yield due, item


def _months_on(day: date, months: int) -> date:
    """The same day so many months on, the last of a month that is too short; a drawing is taken to be made today."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def months_until(day: date, as_of: date) -> int:
    """Whole months from ``as_of`` to the first monthly day on or after ``day``; 0 for a day that is past."""
    if day <= as_of:
        return 0
    months = (day.year - as_of.year) * 12 + day.month - as_of.month
    # The 31st falls on the last day of a shorter month.
    monthly_day = min(as_of.day, calendar.monthrange(day.year, day.month)[1])
    return months + (day.day > monthly_day)
