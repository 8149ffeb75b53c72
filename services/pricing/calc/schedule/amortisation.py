"""One loan from its first drawing to nil: interest by the day on what is owed, principal as its shape says.

Interest is simple inside a period, is taken together for all balances and rates of the period, and is rounded half up to
the fen once. The last instalment takes what rounding left, so that the principal repaid is the principal drawn.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from pydantic import TypeAdapter

from domain.calendar import BusinessCalendar
from domain.pricing import Instalment
from domain.repayment import PROFILED, Draw, LoanTerms, Prepayment, RateStep
from services.pricing.calc.conclusion import Inadmissible, Trace
from services.pricing.calc.periods import WIDE, DayCount, Period, days_between
from services.pricing.calc.schedule.shape import NIL, Shape, fen, shape_of

_INSTALMENTS = TypeAdapter(tuple[Instalment, ...])


@dataclass(frozen=True)
class _Event:
    """Something that changes a loan on a day. On one day the rate changes first, then is prepaid, then drawn."""

    on: date
    rank: int
    place: int
    item: RateStep | Prepayment | Draw


def lay_out(
    loan: LoanTerms,
    rate: Decimal,
    spans: Sequence[Period],
    day_count: DayCount,
    days: BusinessCalendar,
    trace: Trace,
) -> tuple[Instalment, ...]:
    """The instalments of a loan at ``rate`` per year over ``spans``; prepayments are rows of their own among them.

    Raises ``Inadmissible`` for a prepayment of more than is owed on its day.
    """
    return _Running(loan, rate, spans, day_count, days, trace).to_nil()


class _Running:
    """A loan on its way: what is owed, at which rate, and what has accrued in the running period."""

    def __init__(
        self,
        loan: LoanTerms,
        rate: Decimal,
        spans: Sequence[Period],
        day_count: DayCount,
        days: BusinessCalendar,
        trace: Trace,
    ) -> None:
        self._loan, self._rate, self._spans, self._day_count = loan, rate, spans, day_count
        self._calendar, self._trace = days, trace
        self._yuan: dict[int, Decimal] = {}
        self._shape: Shape = shape_of(loan, spans)
        self._events = _events(loan)
        self._rows: list[dict[str, object]] = []
        self._drawn = NIL
        self._ends_early = loan.method in PROFILED
        self._accrued = NIL
        first = sum((draw.amount.amount for draw in loan.draws if draw.on == loan.drawn_on), NIL)
        self._balance = first if loan.draws else loan.principal
        self._shape.drawn(0, self._balance, self._balance, spans[0].accrual(rate), rate)

    def to_nil(self) -> tuple[Instalment, ...]:
        for index, span in enumerate(self._spans):
            self._through(index, span)
            if self._ended():
                break
        # A prepayment after the loan has ended repays what nobody owes.
        self._refuse([event.place for event in self._events if isinstance(event.item, Prepayment)])
        # Checked together at the end: row by row the checks would take longer than the plan.
        return _INSTALMENTS.validate_python(self._rows)

    def _through(self, index: int, span: Period) -> None:
        """One interest period, with everything that happens in it, to what falls due at its end."""
        since = span.start
        while self._events and self._events[0].on <= span.end:
            event = self._events.popleft()
            self._accrue(since, event.on)
            since = event.on
            self._meet(event, index, span)
            if self._ended():
                return
        self._accrue(since, span.contract_due)
        self._fall_due(index, span)

    def _ended(self) -> bool:
        """Whether nothing is owed and nothing will be drawn, so that no instalment follows.

        The plain methods have all their instalments, whatever rounding leaves for the last of them.
        """
        return (
            self._ends_early and not self._balance and not any(isinstance(event.item, Draw) for event in self._events)
        )

    def _accrue(self, since: date, until: date) -> None:
        self._accrued = WIDE.add(self._accrued, WIDE.multiply(self._balance, self._on_one_yuan(since, until)))

    def _on_one_yuan(self, since: date, until: date) -> Decimal:
        counted = days_between(since, until, self._day_count)
        # A plan has few lengths of period.
        known = self._yuan.get(counted)
        if known is None:
            known = WIDE.divide(WIDE.multiply(self._rate, Decimal(counted)), Decimal(360))
            self._yuan[counted] = known
        return known

    def _fall_due(self, index: int, span: Period) -> None:
        interest = max(fen(self._accrued), NIL)
        principal = self._shape.due(index, self._balance, interest)
        self._accrued = NIL
        self._balance -= principal
        self._row(span.start, span.end, span.due, span.days, principal, interest)

    def _meet(self, event: _Event, index: int, span: Period) -> None:
        match event.item:
            case RateStep(annual_rate=rate):
                self._rate = rate
                self._yuan.clear()
                rest = self._on_one_yuan(event.on, span.contract_due)
                self._shape.repriced(index, self._balance, self._accrued, rest, rate)
                self._trace.term(
                    f"rate/{event.place + 1}", "the rate from this day on", rate, on=event.on, owed=self._balance
                )
            case Draw(amount=drawn):
                self._balance += drawn.amount
                self._drawn += drawn.amount
                rest = self._on_one_yuan(event.on, span.contract_due)
                self._shape.drawn(index, drawn.amount, self._balance, rest, self._rate)
                self._trace.term(f"draw/{event.place + 1}", "owed + drawn", self._balance, on=event.on, drawn=drawn)
            case Prepayment():
                self._prepay(event.item, event.place, index, span)

    def _prepay(self, item: Prepayment, place: int, index: int, span: Period) -> None:
        amount, owed = item.amount.amount, self._balance
        if amount > owed:
            self._refuse([place])
        # Of the interest accrued and not yet paid, the part of what is prepaid goes with it; the rest waits.
        interest = max(fen(WIDE.divide(WIDE.multiply(self._accrued, amount), owed)), NIL)
        self._trace.term(
            f"prepayment/{place + 1}",
            f"accrued × prepaid ÷ owed, rounded half up to the fen; {item.effect}",
            interest,
            on=item.on,
            prepaid=item.amount,
            owed=owed,
        )
        self._accrued = WIDE.subtract(self._accrued, interest)
        self._balance -= amount
        self._ends_early = True
        change = self._shape.reduced if item.effect == "reduce" else self._shape.shortened
        rest = self._on_one_yuan(item.on, span.contract_due)
        change(index, amount, self._balance, self._accrued, rest, self._rate)
        counted = days_between(span.start, item.on, self._day_count)
        due = self._calendar.following(item.on)
        self._row(span.start, item.on - timedelta(days=1), due, counted, amount, interest, prepayment=True)

    def _refuse(self, places: list[int]) -> None:
        if places:
            raise Inadmissible(
                tuple(self._loan.pointer("prepayments", place, "amount") for place in places),
                "prepayment_above_balance",
                "提前还款金额超过当日贷款余额；单位：元",
                "more is prepaid than is owed on that day; unit: CNY",
            )

    def _row(
        self,
        start: date,
        end: date,
        due: date,
        counted: int,
        principal: Decimal,
        interest: Decimal,
        *,
        prepayment: bool = False,
    ) -> None:
        self._rows.append(
            {
                "number": len(self._rows) + 1,
                "period_start": start,
                "period_end": end,
                "due": due,
                "days": counted,
                "principal": {"amount": principal},
                "interest": {"amount": interest},
                "balance": {"amount": self._balance},
                "provisional": self._calendar.is_provisional(due),
                "drawn": {"amount": self._drawn} if self._drawn else None,
                "kind": "prepayment" if prepayment else "scheduled",
            }
        )
        self._drawn = NIL


def _events(loan: LoanTerms) -> deque[_Event]:
    found = [
        *(_Event(step.on, 0, place, step) for place, step in enumerate(loan.rate_steps)),
        *(_Event(item.on, 1, place, item) for place, item in enumerate(loan.prepayments)),
        *(_Event(draw.on, 2, place, draw) for place, draw in enumerate(loan.draws) if draw.on > loan.drawn_on),
    ]
    return deque(sorted(found, key=lambda event: (event.on, event.rank, event.place)))
