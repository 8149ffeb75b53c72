"""One claim of a compute voucher: what the register knows of the contract, and what is due by the programme's terms."""

import unicodedata
from dataclasses import dataclass
from typing import Final

from domain.money import Money
from domain.support import VoucherClaim
from domain.support_claims import SupportClaimBody, SupportClaimState
from policy.engine import ComputeVoucherTerms, voucher_due

BELOW_A_CENT: Final = "VOUCHER_BELOW_A_CENT"
"""Why nothing is due where no cap bit: the programme's share of the contract, rounded down, is nothing."""


@dataclass(frozen=True)
class RegisterFacts:
    """What stands in the register and the lists before the claim."""

    received_this_year: Money
    """By the firm under the programme."""
    pool_taken: Money
    """By all firms under the programme."""
    claimed_under: tuple[str, ...]
    """Other programmes that give money for the same contract."""
    supplier_listed: bool | None
    """None where the programme has no list, or the bank does not keep it."""


@dataclass(frozen=True)
class ClaimDecision:
    state: SupportClaimState
    amount: Money | None
    code: str = ""
    missing: tuple[str, ...] = ()


def contract_key(number: str) -> str:
    """A contract's number as it is compared: no spaces, marks, width or case. Empty where nothing is left of it."""
    plain = unicodedata.normalize("NFKC", number).casefold()
    return "".join(mark for mark in plain if mark.isalnum())


def decided(terms: ComputeVoucherTerms, body: SupportClaimBody, known: RegisterFacts) -> ClaimDecision:
    """What a claim comes to. A contract that another programme pays for is supported elsewhere, whatever was stated.

    Raises ``LookupError`` for a standing the programme does not know.
    """
    claim = VoucherClaim(
        programme=body.programme,
        contract_amount=body.contract_amount,
        signed_on=body.signed_on,
        contract_months=body.contract_months,
        supplier_related=body.supplier_related,
        standing=body.standing,
        claimed_this_year=known.received_this_year,
        otherwise_supported=True if known.claimed_under else body.supported_elsewhere,
        supplier_listed=known.supplier_listed,
        pool_taken=known.pool_taken,
    )
    due = voucher_due(terms, claim)
    if due.barred:
        return ClaimDecision(SupportClaimState.REFUSED, due.amount, due.code)
    if due.amount is None:
        return ClaimDecision(SupportClaimState.OPEN, None, missing=due.missing)
    if due.amount.amount == 0:
        return ClaimDecision(SupportClaimState.REFUSED, due.amount, due.code or BELOW_A_CENT)
    return ClaimDecision(SupportClaimState.ENTERED, due.amount, due.code)
