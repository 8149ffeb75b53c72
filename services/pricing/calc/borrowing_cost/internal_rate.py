"""The internal rate of return of dated cash flows, in decimals: the same digits on every machine.

``Σ flow_k · v^{day_k} = 0`` is solved for the discount factor of one day, ``v = (1 + r)^{−1/year}``. Day counts are
whole numbers, so that every power is a product and nothing passes through a binary float.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Context, Decimal
from itertools import accumulate, pairwise
from typing import Literal

from domain.money import RATE_SCALE, rounded

TimeCount = Literal["act_365", "thirty_360"]
DatedFlow = tuple[date, Decimal]
"""A day and what is received (positive) or paid (negative) on it."""

_DIGITS = Context(prec=40)
_LOWEST, _HIGHEST = Decimal("-0.99"), Decimal(1000)
_CLOSE = Decimal("1e-26")
_STEPS = 200


def internal_rate(flows: Sequence[DatedFlow], time: TimeCount) -> Decimal | None:
    """The effective yearly rate of flows in any order, scale 8.

    None where no single rate solves them: they never change sign, or so often that more than one could (neither the
    flows nor their running total change sign exactly once), or the rate lies outside −99 % … 100,000 %.
    """
    net = _netted(flows)
    lowest = _lowest(net)
    if lowest is None:
        return None
    first = net[0][0]
    days = [_days(first, on, time) for on, _ in net]
    gaps = [later - earlier for earlier, later in pairwise(days)]
    amounts = [amount for _, amount in net]
    year = 365 if time == "act_365" else 360
    factor = _root(amounts, gaps, _factor(_HIGHEST, year), _factor(lowest, year))
    if factor is None:
        return None
    growth = _DIGITS.divide(Decimal(1), _DIGITS.power(factor, year))
    return rounded(_DIGITS.subtract(growth, Decimal(1)), RATE_SCALE)


def nominal(effective: Decimal) -> Decimal:
    """Twelve times the monthly rate that compounds to the effective yearly one, scale 8."""
    growth = _DIGITS.power(1 + effective, _DIGITS.divide(Decimal(1), Decimal(12)))
    return rounded(_DIGITS.multiply(Decimal(12), _DIGITS.subtract(growth, Decimal(1))), RATE_SCALE)


def _netted(flows: Sequence[DatedFlow]) -> list[DatedFlow]:
    by_day: dict[date, Decimal] = {}
    for on, amount in flows:
        by_day[on] = by_day.get(on, Decimal(0)) + amount
    return [(on, by_day[on]) for on in sorted(by_day) if by_day[on]]


def _lowest(net: Sequence[DatedFlow]) -> Decimal | None:
    """From where up there is one rate at most: anywhere where the flows change sign once (Descartes), from nought where
    their running total does (Norstrom). None where neither holds.
    """
    amounts = [amount for _, amount in net]
    if _changes(amounts) == 1:
        return _LOWEST
    return Decimal(0) if _changes(list(accumulate(amounts))) == 1 else None


def _changes(amounts: Sequence[Decimal]) -> int:
    signs = [amount > 0 for amount in amounts if amount]
    return sum(one is not other for one, other in pairwise(signs))


def _days(start: date, end: date, time: TimeCount) -> int:
    if time == "act_365":
        return (end - start).days
    return (end.year - start.year) * 360 + (end.month - start.month) * 30 + min(end.day, 30) - min(start.day, 30)


def _factor(rate: Decimal, year: int) -> Decimal:
    return _DIGITS.power(1 + rate, _DIGITS.divide(Decimal(-1), Decimal(year)))


def _root(amounts: Sequence[Decimal], gaps: Sequence[int], low: Decimal, high: Decimal) -> Decimal | None:
    """Newton's steps, halved into the bracket wherever one would leave it."""
    at_low, _ = _worth(amounts, gaps, low)
    at_high, _ = _worth(amounts, gaps, high)
    if (at_low > 0) is (at_high > 0):
        return None
    guess = Decimal(1)
    for _ in range(_STEPS):
        worth, slope = _worth(amounts, gaps, guess)
        if (worth > 0) is (at_low > 0):
            low = guess
        else:
            high = guess
        if worth == 0:
            return guess
        following = _DIGITS.subtract(guess, _DIGITS.divide(worth, slope)) if slope else high
        if not low < following < high:
            following = _DIGITS.divide(_DIGITS.add(low, high), Decimal(2))
        if abs(_DIGITS.subtract(following, guess)) < _CLOSE:
            return following
        guess = following
    return None


def _worth(amounts: Sequence[Decimal], gaps: Sequence[int], factor: Decimal) -> tuple[Decimal, Decimal]:
    """The present value at a daily discount factor, and its slope, from the last flow to the first."""
    powers = {gap: _DIGITS.power(factor, gap) for gap in set(gaps)}
    worth, slope = amounts[-1], Decimal(0)
    for amount, gap in zip(reversed(amounts[:-1]), reversed(gaps), strict=True):
        power = powers[gap]
        slope = _DIGITS.add(
            _DIGITS.multiply(slope, power),
            _DIGITS.divide(_DIGITS.multiply(_DIGITS.multiply(worth, power), Decimal(gap)), factor),
        )
        worth = _DIGITS.add(_DIGITS.multiply(worth, power), amount)
    return worth, slope
