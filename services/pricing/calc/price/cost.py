"""综合融资成本: what borrowing costs all in, interest and every fee the borrower pays, as a yearly rate."""

from collections.abc import Sequence
from decimal import Decimal

import pyxirr

from domain.money import RATE_SCALE, from_float, rounded
from domain.pricing import QuoteFee
from services.pricing.calc.periods import WIDE
from services.pricing.calc.schedule import level_payment


def comprehensive_cost(amount: Decimal, annual_rate: Decimal, months: int, fees: Sequence[QuoteFee]) -> Decimal | None:
    """Nominal yearly rate: the monthly internal rate of return of the borrower's cash flows times twelve.

    The loan repays in ``months`` equal instalments; the fees the borrower pays are due at drawing. None where the fees
    leave nothing of the loan, or no rate solves the flows.
    """
    paid = sum((fee.amount.amount for fee in fees if fee.payer == "borrower"), Decimal(0))
    if paid >= amount:
        return None
    payment = level_payment(amount, [WIDE.divide(annual_rate, Decimal(12))] * months)
    flows = [float(amount - paid)] + [-float(payment)] * months
    monthly = pyxirr.irr(flows, guess=float(annual_rate) / 12, silent=True)
    return None if monthly is None else from_float(monthly * 12, RATE_SCALE)


def effective(nominal: Decimal) -> Decimal:
    """The effective yearly rate of a nominal one compounded monthly."""
    growth = WIDE.power(WIDE.add(Decimal(1), WIDE.divide(nominal, Decimal(12))), 12)
    return rounded(WIDE.subtract(growth, Decimal(1)), RATE_SCALE)
