"""综合融资成本: what borrowing costs all in, interest and every fee the borrower pays, as a yearly rate."""

from collections.abc import Sequence
from decimal import Decimal

from domain.money import RATE_SCALE, rounded
from domain.pricing import QuoteFee
from services.pricing.calc.periods import WIDE

_MONTHS = Decimal(12)
_CLOSE = Decimal("1e-30")
_STEPS = 400


LARGEST_COST = Decimal(10_000)
"""A yearly cost of this size has no place in a finding, and no meaning."""


def comprehensive_cost(amount: Decimal, annual_rate: Decimal, months: int, fees: Sequence[QuoteFee]) -> Decimal | None:
    """Nominal yearly rate: the monthly internal rate of return of the borrower's cash flows times twelve.

    The loan repays in ``months`` equal instalments; the fees the borrower pays are due at drawing. None where the fees
    leave nothing of the loan. Decimals throughout and rounded once: the same digits on every machine.
    """
    return cost_of(amount, paid_by_borrower(fees), annual_rate, months)


def paid_by_borrower(fees: Sequence[QuoteFee]) -> Decimal:
    """What the borrower pays beside interest, in yuan."""
    return sum((fee.amount.amount for fee in fees if fee.payer == "borrower"), Decimal(0))


def cost_of(amount: Decimal, paid: Decimal, annual_rate: Decimal, months: int) -> Decimal | None:
    """As ``comprehensive_cost``, of fees of ``paid`` yuan in all."""
    if paid >= amount:
        return None
    at_rate, _ = _annuity(WIDE.divide(annual_rate, _MONTHS), months)
    # What one yuan of instalment is worth to a borrower who received the loan less its fees.
    wanted = WIDE.divide(WIDE.multiply(amount - paid, at_rate), amount)
    monthly = _rate_of(wanted, WIDE.divide(annual_rate, _MONTHS), months)
    return rounded(WIDE.multiply(monthly, _MONTHS), RATE_SCALE)


def stated(cost: Decimal | None) -> Decimal | None:
    """A cost of borrowing that a rate can hold: fees that leave next to nothing of a loan have none."""
    return cost if cost is not None and abs(cost) < LARGEST_COST else None


def effective(nominal: Decimal) -> Decimal:
    """The effective yearly rate of a nominal one compounded monthly."""
    growth = WIDE.power(WIDE.add(Decimal(1), WIDE.divide(nominal, _MONTHS)), 12)
    return rounded(WIDE.subtract(growth, Decimal(1)), RATE_SCALE)


def _rate_of(wanted: Decimal, start: Decimal, months: int) -> Decimal:
    """The rate per month at which ``months`` payments of one yuan are worth ``wanted``, not less than ``start``.

    The worth falls and is convex in the rate, so that Newton's steps from a rate that is too low never overshoot.
    """
    rate = start
    for _ in range(_STEPS):
        worth, slope = _annuity(rate, months)
        step = WIDE.divide(WIDE.subtract(wanted, worth), slope)
        rate = WIDE.add(rate, step)
        if abs(step) <= _CLOSE:
            return rate
    raise AssertionError("Newton's steps on a convex function do not end")


def _annuity(rate: Decimal, months: int) -> tuple[Decimal, Decimal]:
    """What ``months`` payments of one yuan are worth at ``rate`` per month, and how that changes with the rate."""
    count = Decimal(months)
    if abs(rate) <= _CLOSE:
        return count, -count * (count + 1) / 2
    growth = WIDE.add(Decimal(1), rate)
    last = WIDE.divide(Decimal(1), WIDE.power(growth, months))
    worth = WIDE.divide(WIDE.subtract(Decimal(1), last), rate)
    slope = WIDE.divide(WIDE.subtract(WIDE.divide(WIDE.multiply(count, last), growth), worth), rate)
    return worth, slope
