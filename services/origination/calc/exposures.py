"""Exposure in the three measures that are never one number (大额风险暴露管理办法 §§7, 8 and appendix on conversion).

Loan balance stands against net capital, large exposure (off-balance items converted) against tier 1, unified credit (统一授信,
every kind at its notional amount) against the lender's own ceilings.
"""

from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from typing import Final

from domain.application import LineKind
from domain.books import CreditLineKind
from domain.model import Value
from domain.money import MONEY_SCALE, Money, Rate, Rounding, rounded
from policy.engine import Bundle, Product, evaluate

FACTORS: Final = "conversion_factors"
"""The policy table: by ``exposure.kind`` the conversion ``factor``, the weight in ``unified`` credit, and ``loan_balance``."""
COMMITMENT: Final = "commitment"
_OFF_BALANCE: Final = frozenset({CreditLineKind.GUARANTEE, CreditLineKind.TRADE})
_ON_BALANCE: Final = frozenset({"loan", "bond", "lease"})


class Conversion(Value):
    """How a kind of credit counts, as fractions of its amount."""

    factor: Rate
    unified: Rate
    loan_balance: bool


LOAN: Final = Conversion(factor=Decimal(1), unified=Decimal(1), loan_balance=True)
WHOLE: Final = Conversion(factor=Decimal(1), unified=Decimal(1), loan_balance=False)
Conversions = Callable[[str], Conversion]
"""The conversion of a kind of credit on a day."""


def conversions(bundle: Bundle, on: date) -> Conversions:
    """The table of a bundle on a day. A kind that it does not list, and every kind where the bundle has no such table, counts
    whole: what is not known to convert is not reduced."""
    try:
        table = bundle.table(FACTORS, on)
    except LookupError:
        return lambda kind: WHOLE.model_copy(update={"loan_balance": kind == "loan"})

    def of(kind: str) -> Conversion:
        decision = evaluate(table, {"exposure.kind": kind})
        if not decision.decided or not decision.outputs:
            return WHOLE
        return Conversion(
            factor=decision.number("factor"),
            unified=decision.number("unified"),
            loan_balance=decision.outputs["loan_balance"] is True,
        )

    return of


def exposure_kind(product: Product) -> str:
    """Kind of credit of a product."""
    if product.off_balance is not None:
        return product.off_balance.exposure_kind
    return "lease" if product.line_kind is LineKind.LEASE else "loan"


def conversion_of(product: Product, bundle: Bundle, on: date) -> Conversion:
    """How what is asked for under a product counts in the three measures."""
    return conversions(bundle, on)(exposure_kind(product))


class Position(Value):
    """A line, a commitment or a reservation as it counts: amounts in CNY, factors as fractions."""

    customer: str
    loan: bool
    """Whether what is outstanding is part of the loan balance."""
    amount: Money
    outstanding: Money
    drawn_factor: Rate = Decimal(1)
    undrawn_factor: Rate
    unified_factor: Rate = Decimal(1)
    effective_from: date
    effective_to: date

    @classmethod
    def of_line(
        cls,
        kind: CreditLineKind,
        *,
        customer: str,
        amount: Money,
        outstanding: Money,
        undrawn_factor: Decimal,
        effective_from: date,
        effective_to: date,
    ) -> "Position":
        """A line of the lender's other books, which carries its factor. An umbrella is a ceiling and counts nothing."""
        nothing = kind is CreditLineKind.UMBRELLA
        return cls(
            customer=customer,
            loan=kind is CreditLineKind.LOAN,
            amount=amount,
            outstanding=outstanding,
            drawn_factor=undrawn_factor if kind in _OFF_BALANCE else Decimal(1),
            undrawn_factor=Decimal(0) if nothing else undrawn_factor,
            unified_factor=Decimal(0) if nothing else Decimal(1),
            effective_from=effective_from,
            effective_to=effective_to,
        )

    @classmethod
    def of_commitment(
        cls,
        kind: str,
        conversion: Conversions,
        *,
        customer: str,
        amount: Money,
        outstanding: Money,
        effective_from: date,
        effective_to: date,
    ) -> "Position":
        """What was promised here: the undrawn part of a loan converts as a commitment, a guarantee by its own factor, issued
        or not (house choice: a single guarantee is issued as soon as it may be)."""
        own = conversion(kind)
        return cls(
            customer=customer,
            loan=own.loan_balance,
            amount=amount,
            outstanding=outstanding,
            drawn_factor=own.factor,
            undrawn_factor=conversion(COMMITMENT).factor if kind in _ON_BALANCE else own.factor,
            unified_factor=own.unified,
            effective_from=effective_from,
            effective_to=effective_to,
        )

    def undrawn(self, day: date) -> Decimal:
        """What could still be drawn on a day. What is outstanding counts until it is repaid, whatever the date."""
        if not self.effective_from <= day <= self.effective_to:
            return Decimal(0)
        return max(self.amount.amount - self.outstanding.amount, Decimal(0))

    def exposure(self, day: date) -> Decimal:
        """Credit equivalent: what is outstanding and what may still be drawn, each at its conversion factor, rounded up."""
        converted = self.outstanding.amount * self.drawn_factor + self.undrawn(day) * self.undrawn_factor
        return rounded(converted, MONEY_SCALE, Rounding.UP)

    def unified(self, day: date) -> Decimal:
        """Notional amount: what is outstanding and what may still be drawn, nothing converted."""
        notional = (self.outstanding.amount + self.undrawn(day)) * self.unified_factor
        return rounded(notional, MONEY_SCALE, Rounding.UP)


def loan_balance(positions: Iterable[Position]) -> Money:
    """Balance of loans: what §7 measures against net capital."""
    return Money(amount=sum((item.outstanding.amount for item in positions if item.loan), Decimal(0)))


def total_exposure(positions: Iterable[Position], day: date) -> Money:
    """All exposures: what §§7 and 8 measure against tier 1."""
    return Money(amount=sum((item.exposure(day) for item in positions), Decimal(0)))


def unified_credit(positions: Iterable[Position], day: date) -> Money:
    """Unified credit: every kind of credit at its notional amount."""
    return Money(amount=sum((item.unified(day) for item in positions), Decimal(0)))
