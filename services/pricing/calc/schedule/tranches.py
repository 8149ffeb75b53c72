"""Several tranches as one plan: what the borrower owes on each day, all of them together."""

from collections import deque
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby

from domain.money import Money
from domain.pricing import Instalment
from domain.repayment import LoanTerms
from services.pricing.calc.periods import DayCount, days_between

_DAY = timedelta(days=1)
_NIL = Decimal(0)


def together(
    loans: Sequence[LoanTerms], plans: Sequence[tuple[Instalment, ...]], day_count: DayCount
) -> tuple[Instalment, ...]:
    """One row for each day on which a tranche has something due by contract: principal and interest are the sums, the
    balance is what all tranches owe after it. Rows follow each other without a gap from the first drawing.
    """
    draws = deque(sorted(draw for loan in loans for draw in drawings(loan)))
    start = draws[0][0]
    rows: list[Instalment] = []
    balance = _drawn_before(draws, start + _DAY)
    due_first = sorted((item for plan in plans for item in plan), key=lambda item: item.period_end)
    for end, group in groupby(due_first, key=lambda item: item.period_end):
        items, contract_due = list(group), end + _DAY
        principal = sum((item.principal.amount for item in items), _NIL)
        drawn = _drawn_before(draws, contract_due)
        balance += drawn - principal
        rows.append(
            Instalment(
                number=len(rows) + 1,
                period_start=start,
                period_end=end,
                due=items[0].due,
                days=days_between(start, contract_due, day_count),
                principal=Money(amount=principal),
                interest=Money(amount=sum((item.interest.amount for item in items), _NIL)),
                balance=Money(amount=balance),
                provisional=items[0].provisional,
                drawn=Money(amount=drawn) if drawn else None,
                kind="prepayment" if all(item.kind == "prepayment" for item in items) else "scheduled",
            )
        )
        start = contract_due
    return tuple(rows)


def _drawn_before(draws: deque[tuple[date, Decimal]], day: date) -> Decimal:
    """What is drawn before a day; it is taken off the list."""
    drawn = _NIL
    while draws and draws[0][0] < day:
        drawn += draws.popleft()[1]
    return drawn


def drawings(loan: LoanTerms) -> tuple[tuple[date, Decimal], ...]:
    """When a loan is drawn, and how much of it each time."""
    return tuple((draw.on, draw.amount.amount) for draw in loan.draws) or ((loan.drawn_on, loan.principal),)
