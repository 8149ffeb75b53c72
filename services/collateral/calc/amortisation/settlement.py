"""How exact figures become amounts and ratios of a plan.

Arithmetic at 34 digits leaves a trace at the far end of a quotient: 53,245.50 over a debt service of exactly a 1.2th of it
must not be shown as 1.19999999. So a figure is brought to twenty places before it is rounded in one direction.
"""

from decimal import Decimal
from typing import Final

from domain.money import MONEY_SCALE, RATE_SCALE, Money, Rounding, rounded

_SETTLED: Final = 20


def may_be_owed(exact: Decimal) -> Money:
    """What a lender may give: down."""
    return Money(amount=rounded(rounded(exact, _SETTLED), MONEY_SCALE, Rounding.DOWN))


def falls_due(exact: Decimal) -> Money:
    """What is paid: half up."""
    return Money(amount=rounded(exact, MONEY_SCALE))


def must_be_brought(exact: Decimal) -> Money:
    """What a borrower must bring: up."""
    return Money(amount=rounded(rounded(exact, _SETTLED), MONEY_SCALE, Rounding.UP))


def at_least(exact: Decimal) -> Decimal:
    """A ratio that is better the higher it is: never shown better than it is."""
    return rounded(rounded(exact, _SETTLED), RATE_SCALE, Rounding.DOWN)


def at_most(exact: Decimal) -> Decimal:
    """A ratio that is better the lower it is: never shown better than it is."""
    return rounded(rounded(exact, _SETTLED), RATE_SCALE, Rounding.UP)
