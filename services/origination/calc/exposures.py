"""Exposure in the three measures that are never one number (大额风险暴露管理办法 §§7, 8 and appendix on conversion)."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Final

from domain.books import CreditLineKind
from domain.model import Value
from domain.money import MONEY_SCALE, Money, Rate, Rounding, rounded

COMMITMENT_FACTOR: Final = Decimal("0.40")
"""Conversion of the undrawn part of a committed facility (商业银行资本管理办法 2023, other commitments)."""


class Position(Value):
    """A line or a commitment as it counts: amounts in CNY, the factor as a fraction."""

    customer: str
    kind: CreditLineKind
    amount: Money
    outstanding: Money
    undrawn_factor: Rate
    effective_from: date
    effective_to: date

    def open_on(self, day: date) -> bool:
        """Whether undrawn money could still be drawn. What is outstanding counts until it is repaid, whatever the date."""
        return self.effective_from <= day <= self.effective_to

    def exposure(self, day: date) -> Decimal:
        """Outstanding in full, plus the undrawn part of an open commitment at its conversion factor, rounded up."""
        if self.kind is CreditLineKind.UMBRELLA:
            return Decimal(0)
        undrawn = max(self.amount.amount - self.outstanding.amount, Decimal(0)) if self.open_on(day) else Decimal(0)
        return self.outstanding.amount + rounded(undrawn * self.undrawn_factor, MONEY_SCALE, Rounding.UP)


def loan_balance(positions: Iterable[Position]) -> Money:
    """Balance of loans: what §7 measures against net capital."""
    total = sum((item.outstanding.amount for item in positions if item.kind is CreditLineKind.LOAN), Decimal(0))
    return Money(amount=total)


def total_exposure(positions: Iterable[Position], day: date) -> Money:
    """All exposures: what §§7 and 8 measure against tier 1."""
    return Money(amount=sum((item.exposure(day) for item in positions), Decimal(0)))
