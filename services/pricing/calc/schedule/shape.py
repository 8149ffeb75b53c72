"""What principal falls due with each instalment: as a level payment, or as amounts planned in advance.

A shape learns of every drawing, change of rate and prepayment, and answers for one instalment after the other. Figures
inside a shape are exact; an amount meets the fen when it falls due. Indices count instalments from 0.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Protocol

from domain.application import Balloon, Custom, RepaymentMethod, Seasonal, Stepped
from domain.money import MONEY_SCALE, rounded
from domain.repayment import LoanTerms, Sculpted, maturity
from services.pricing.calc.periods import WIDE, Period

NIL = Decimal(0)


def fen(value: Decimal) -> Decimal:
    """An amount as it falls due: yuan, rounded half up to the fen."""
    return rounded(value, MONEY_SCALE)


def level_payment(principal: Decimal, accruals: Sequence[Decimal], residual: Decimal = NIL) -> Decimal:
    """The payment that, made after every period, repays ``principal`` with interest down to ``residual``, in yuan at 60
    digits.

    ``accruals`` is the interest on one yuan over each period; with even months it is the annuity of the text books.
    """
    growth, worth = Decimal(1), NIL
    for accrual in accruals:
        growth = WIDE.multiply(growth, WIDE.add(Decimal(1), accrual))
        worth = WIDE.add(worth, WIDE.divide(Decimal(1), growth))
    return WIDE.divide(WIDE.subtract(principal, WIDE.divide(residual, growth)), worth)


class Shape(Protocol):
    """How principal falls due. ``last`` is the instalment that takes all that is left."""

    last: int

    def drawn(self, index: int, amount: Decimal, balance: Decimal, rest: Decimal, rate: Decimal) -> None:
        """``amount`` was drawn before instalment ``index``; the debt is now ``balance``. ``rest`` is the part of a yuan
        that accrues until that instalment at ``rate``.
        """

    def repriced(self, index: int, balance: Decimal, accrued: Decimal, rest: Decimal, rate: Decimal) -> None:
        """The rate is now ``rate``; ``accrued`` interest is still to be paid with the instalment."""

    def reduced(
        self, index: int, amount: Decimal, balance: Decimal, accrued: Decimal, rest: Decimal, rate: Decimal
    ) -> None:
        """``amount`` was prepaid, which leaves ``balance``; what remains is laid out anew."""

    def shortened(
        self, index: int, amount: Decimal, balance: Decimal, accrued: Decimal, rest: Decimal, rate: Decimal
    ) -> None:
        """``amount`` was prepaid, which leaves ``balance``; instalments stay and the last ones fall away."""

    def due(self, index: int, balance: Decimal, interest: Decimal) -> Decimal:
        """Principal due with an instalment that bears ``interest``, to the fen and never more than ``balance``."""


class Level:
    """等额本息, with or without a balloon: principal and interest together are the same every time.

    Each drawing brings a level payment of its own; a new rate and a prepayment that reduces have the whole computed anew
    over the instalments that remain.
    """

    def __init__(self, spans: Sequence[Period], first: int, share: Decimal = NIL) -> None:
        self.last = len(spans) - 1
        self.payment = NIL
        self._spans = spans
        self._first = first
        self._share = share
        self._residual = NIL

    def drawn(self, index: int, amount: Decimal, balance: Decimal, rest: Decimal, rate: Decimal) -> None:
        if balance == amount or index > self.last:
            # Nothing was owed: what went before does not bear on this drawing.
            self.last, self.payment, self._residual = len(self._spans) - 1, NIL, NIL
        residual = WIDE.multiply(self._share, amount)
        own = level_payment(amount, self._accruals(index, rest, rate), residual)
        self.payment = WIDE.add(self.payment, own)
        self._residual = WIDE.add(self._residual, residual)

    def repriced(self, index: int, balance: Decimal, accrued: Decimal, rest: Decimal, rate: Decimal) -> None:
        accruals = self._accruals(index, rest, rate)
        # Interest of the running period that is still unpaid is owed with the instalment, and is worth less today.
        owed = balance if index < self._first else WIDE.add(balance, WIDE.divide(accrued, WIDE.add(Decimal(1), rest)))
        self.payment = level_payment(owed, accruals, self._residual)

    def reduced(
        self, index: int, amount: Decimal, balance: Decimal, accrued: Decimal, rest: Decimal, rate: Decimal
    ) -> None:
        self._residual = WIDE.divide(WIDE.multiply(self._residual, balance), WIDE.add(balance, amount))
        self.repriced(index, balance, accrued, rest, rate)

    def shortened(
        self, index: int, amount: Decimal, balance: Decimal, accrued: Decimal, rest: Decimal, rate: Decimal
    ) -> None:
        self._residual = max(WIDE.subtract(self._residual, amount), NIL)
        start = max(index, self._first)
        accruals = self._accruals(index, rest, rate)
        left = balance if index < self._first else WIDE.add(balance, WIDE.divide(accrued, WIDE.add(Decimal(1), rest)))
        for number, accrual in enumerate(accruals, start=start):
            left = WIDE.subtract(WIDE.multiply(left, WIDE.add(Decimal(1), accrual)), self.payment)
            if left <= 0:
                self.last = number
                return

    def due(self, index: int, balance: Decimal, interest: Decimal) -> Decimal:
        if index >= self.last:
            return balance
        if index < self._first:
            return NIL
        # A first period of many months may bear more interest than the level payment; nothing is added to the debt.
        return min(max(fen(self.payment) - interest, NIL), balance)

    def _accruals(self, index: int, rest: Decimal, rate: Decimal) -> list[Decimal]:
        """Interest on one yuan until each instalment of principal that remains; of the running period only what is
        left of it.
        """
        spans = self._spans[max(index + 1, self._first) : self.last + 1]
        by_days = {span.days: span for span in spans}
        accruals = {days: span.accrual(rate) for days, span in by_days.items()}
        ahead = [accruals[span.days] for span in spans]
        return [rest, *ahead] if index >= self._first else ahead


Spread = Callable[[int, Decimal], list[Decimal]]
"""Spreads an amount over the instalments from an index on: one amount for every instalment of the loan."""


class Planned:
    """Principal planned in advance. Each drawing adds its own amounts; a prepayment that reduces lowers all that remain
    in proportion, one that shortens takes from the last backwards.
    """

    def __init__(self, count: int, spread: Spread) -> None:
        self.last = count - 1
        self._count = count
        self._spread = spread
        self.amounts = [NIL] * count

    def drawn(self, index: int, amount: Decimal, balance: Decimal, rest: Decimal, rate: Decimal) -> None:
        if balance == amount:
            # Nothing was owed: what was planned before does not bear on this drawing.
            self.amounts = [NIL] * self._count
        for at, added in enumerate(self._spread(index, amount)):
            self.amounts[at] = WIDE.add(self.amounts[at], added)
        self.last = self._last_owing(index)

    def repriced(self, index: int, balance: Decimal, accrued: Decimal, rest: Decimal, rate: Decimal) -> None:
        """Principal does not depend on the rate."""

    def reduced(
        self, index: int, amount: Decimal, balance: Decimal, accrued: Decimal, rest: Decimal, rate: Decimal
    ) -> None:
        planned = sum(self.amounts[index:], NIL)
        left = max(WIDE.subtract(planned, amount), NIL)
        for at in range(index, self._count):
            self.amounts[at] = WIDE.divide(WIDE.multiply(self.amounts[at], left), planned) if planned else NIL

    def shortened(
        self, index: int, amount: Decimal, balance: Decimal, accrued: Decimal, rest: Decimal, rate: Decimal
    ) -> None:
        left = amount
        for at in range(self._count - 1, index - 1, -1):
            taken = min(left, self.amounts[at])
            self.amounts[at] = WIDE.subtract(self.amounts[at], taken)
            left = WIDE.subtract(left, taken)
        self.last = self._last_owing(index)

    def due(self, index: int, balance: Decimal, interest: Decimal) -> Decimal:
        return balance if index >= self.last else min(fen(self.amounts[index]), balance)

    def _last_owing(self, index: int) -> int:
        """The last instalment with principal from ``index`` on."""
        return next((at for at in range(self._count - 1, index, -1) if self.amounts[at] > 0), index)


class Stated(Planned):
    """Amounts stated in the contract. They are stated for the whole principal, whenever it is drawn."""

    def __init__(self, amounts: list[Decimal]) -> None:
        super().__init__(len(amounts), lambda index, amount: amounts)
        self.amounts = list(amounts)

    def drawn(self, index: int, amount: Decimal, balance: Decimal, rest: Decimal, rate: Decimal) -> None:
        self.last = self._last_owing(index)


class UnderCeilings(Planned):
    """Principal that keeps the debt at or under what its security carries; each drawing lays out the whole debt anew."""

    def __init__(self, ceilings: list[Decimal | None]) -> None:
        super().__init__(len(ceilings), self._paid_down)
        self._ceilings = ceilings

    def drawn(self, index: int, amount: Decimal, balance: Decimal, rest: Decimal, rate: Decimal) -> None:
        self.amounts = self._paid_down(index, balance)
        self.last = self._last_owing(index)

    def _paid_down(self, index: int, debt: Decimal) -> list[Decimal]:
        amounts = [NIL] * index
        for ceiling in self._ceilings[index:]:
            left = debt if ceiling is None else min(debt, ceiling)
            amounts.append(WIDE.subtract(debt, left))
            debt = left
        return amounts


def shape_of(loan: LoanTerms, spans: Sequence[Period]) -> Shape:
    """The shape of a loan's method. Up to and including the end of grace, interest alone is due."""
    grace_ends = maturity(loan.drawn_on, loan.grace_months)
    first = next((at for at, span in enumerate(spans) if span.contract_due > grace_ends), len(spans) - 1)
    profile = loan.profile
    if loan.method is RepaymentMethod.ANNUITY:
        return Level(spans, first)
    if isinstance(profile, Balloon) and profile.rest == "annuity":
        return Level(spans, first, profile.share)
    if isinstance(profile, Custom):
        stated = {item.number: item.principal.amount for item in profile.instalments}
        return Stated([stated.get(number, NIL) for number in range(1, len(spans) + 1)])
    if isinstance(profile, Sculpted):
        return UnderCeilings(_lowest_ceilings(loan, profile, spans))
    return Planned(len(spans), lambda index, amount: _by_weight(loan, spans, max(index, first), amount))


def _by_weight(loan: LoanTerms, spans: Sequence[Period], start: int, amount: Decimal) -> list[Decimal]:
    weights = _weights(loan, spans, start)
    whole = sum(weights, NIL)
    if not whole:
        weights, whole = [NIL] * (len(spans) - 1) + [Decimal(1)], Decimal(1)
    return [WIDE.divide(WIDE.multiply(amount, weight), whole) for weight in weights]


def _weights(loan: LoanTerms, spans: Sequence[Period], start: int) -> list[Decimal]:
    """The share of each instalment from ``start`` on in what is drawn before it; they need not sum to one."""
    count, profile, one = len(spans), loan.profile, Decimal(1)
    weights = [NIL] * start + [one] * (count - start)
    if loan.method is RepaymentMethod.BULLET:
        weights = [NIL] * (count - 1) + [one]
    elif isinstance(profile, Seasonal):
        weights = [
            weight if span.contract_due.month in profile.months else NIL
            for weight, span in zip(weights, spans, strict=True)
        ]
    elif isinstance(profile, Stepped):
        factor, weight = WIDE.add(one, profile.growth), one
        for at in range(start, count):
            if at > start and (at - start) % profile.every == 0:
                weight = WIDE.multiply(weight, factor)
            weights[at] = weight
    elif isinstance(profile, Balloon):
        even = WIDE.divide(WIDE.subtract(one, profile.share), Decimal(count - start))
        weights = [NIL] * start + [even] * (count - start)
        weights[-1] = WIDE.add(even, profile.share)
    return weights


def _lowest_ceilings(loan: LoanTerms, profile: Sculpted, spans: Sequence[Period]) -> list[Decimal | None]:
    """For each instalment the lowest ceiling until the next one: the debt does not change in between. None where no
    ceiling changes; nothing may be owed after the last.
    """
    months = [maturity(loan.drawn_on, month) for month in range(loan.tenor_months)]
    found: list[Decimal | None] = []
    for span, following in pairwise(spans):
        held = range(bisect_left(months, span.contract_due), bisect_left(months, following.contract_due))
        found.append(min((profile.ceilings[month].amount for month in held), default=None))
    return [*found, NIL]
