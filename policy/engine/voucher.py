"""What a compute voucher (算力券) comes to on one contract: the terms of its programme, what is known of the claim, and no more."""

from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Final

from domain.money import MONEY_SCALE, ZERO, Money, Rounding, rounded
from domain.support import VoucherClaim
from policy.engine.programme import ComputeVoucherTerms

_WIDE: Final = Context(prec=60)


@dataclass(frozen=True)
class VoucherDue:
    """``amount`` is None while ``missing`` names facts it depends on; ``code`` says why nothing is due, or which cap bit."""

    amount: Money | None
    code: str = ""
    barred: bool = False
    """The contract is not supported at all, whatever it costs."""
    missing: tuple[str, ...] = ()
    cap: Money | None = None
    received: Money = ZERO
    """Of the same year: before this claim, and by claims that stand before it."""


def voucher_due(terms: ComputeVoucherTerms, claim: VoucherClaim, granted: Money = ZERO) -> VoucherDue:
    """The voucher: its share of the price, rounded down, within what is left of the firm's year and of the programme's pool.

    ``granted`` is what claims before this one take of the same year. Raises ``LookupError`` for a standing the programme does
    not know.
    """
    cap = terms.yearly_caps.get(claim.standing)
    if cap is None and terms.yearly_caps:
        raise LookupError(claim.standing)
    if code := _bar(terms, claim):
        return VoucherDue(ZERO, code, barred=True, cap=cap)
    missing = tuple(name for name, needed in _needed(terms, claim) if needed is None)
    if missing or terms.share is None or cap is None or claim.claimed_this_year is None:
        return VoucherDue(None, missing=missing, cap=cap)
    earned = rounded(_WIDE.multiply(claim.contract_amount.amount, terms.share), MONEY_SCALE, Rounding.DOWN)
    received = claim.claimed_this_year + granted
    amount, code = earned, ""
    left = max(cap.amount - received.amount, Decimal(0))
    if left < amount:
        amount, code = left, "VOUCHER_CAP"
    if terms.pool is not None and claim.pool_taken is not None:
        left = max(terms.pool.amount - claim.pool_taken.amount - granted.amount, Decimal(0))
        if left < amount:
            amount, code = left, "VOUCHER_POOL"
    return VoucherDue(Money(amount=amount), code, cap=cap, received=received)


def _bar(terms: ComputeVoucherTerms, claim: VoucherClaim) -> str:
    """Why a contract is not supported at all."""
    if terms.unrelated_supplier and claim.supplier_related:
        return "VOUCHER_RELATED_SUPPLIER"
    if terms.supplier_list is not None and claim.supplier_listed is False:
        return "VOUCHER_SUPPLIER_NOT_LISTED"
    if claim.otherwise_supported:
        return "VOUCHER_SECOND_CLAIM"
    if terms.longest_contract_months is not None and claim.contract_months > terms.longest_contract_months:
        return "VOUCHER_CONTRACT_TOO_LONG"
    early = terms.signed_from is not None and claim.signed_on < terms.signed_from
    late = terms.signed_until is not None and claim.signed_on > terms.signed_until
    return "VOUCHER_WINDOW" if early or late else ""


def _needed(terms: ComputeVoucherTerms, claim: VoucherClaim) -> tuple[tuple[str, object], ...]:
    """What the amount depends on, by name; None where it is not known."""
    return (
        ("supplier_related", claim.supplier_related if terms.unrelated_supplier else False),
        ("supplier_listed", claim.supplier_listed if terms.supplier_list is not None else True),
        ("claimed_this_year", claim.claimed_this_year),
        ("otherwise_supported", claim.otherwise_supported),
        ("pool_taken", claim.pool_taken if terms.pool is not None else ZERO),
        ("programme_share", terms.share),
    )
