"""The register of claims under voucher programmes: one claim a contract and programme, and no money counted twice.

A voucher lowers what must be borrowed for compute. It is no income: no capacity or coverage is reckoned with it.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Self
from uuid import UUID

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from domain.application.text import Code, Label, Remark, Sha256
from domain.figures import Day, PositiveMoney, Tenor
from domain.identity import Uscc
from domain.model import Value
from domain.money import Money


class SupportClaimBody(Value):
    """``POST /v1/support-claims``. What was received before, and who else supported the contract, the register knows."""

    programme: Code
    claimed_on: Day
    """The programme's terms are those of this day, and its calendar year is the one the cap belongs to."""
    firm_uscc: Uscc
    contract_number: Label
    contract_amount: PositiveMoney
    """Of the contract, or what was paid under it where the programme supports what was paid."""
    signed_on: Day
    contract_months: Tenor
    supplier_uscc: Uscc
    supplier_related: bool | None = None
    """None where nobody has looked; a programme that excludes related suppliers then leaves the claim open."""
    standing: Code = "ordinary"
    supported_elsewhere: bool | None = None
    """Whether the contract has other public support that this register does not hold; None where that is not known."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.signed_on > self.claimed_on:
            raise PydanticCustomError("claim_before_contract", "must not be claimed before the contract is signed")
        if self.supplier_uscc == self.firm_uscc:
            raise PydanticCustomError("own_supplier", "a firm does not supply itself")
        return self


class SupportClaimState(StrEnum):
    OPEN = "open"
    """A fact is missing on which the amount depends; nothing is due yet and nothing is taken of any cap."""
    REFUSED = "refused"
    """The programme does not support the contract."""
    ENTERED = "entered"
    """The amount is due and taken of cap and pool; a second person has to confirm it."""
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"


class SupportClaimWithdrawal(Value):
    reason: Remark


class SupportClaimView(Value):
    claim_id: UUID
    programme: Code
    programme_version: str
    policy_sha256: Sha256
    state: SupportClaimState
    claimed_on: date
    year: int
    firm_uscc: str
    contract_number: str
    contract_amount: Money
    signed_on: date
    contract_months: int
    supplier_uscc: str
    standing: str
    amount: Money | None
    """None while ``missing`` names facts it depends on."""
    code: str
    """Why nothing is due, or which cap bit."""
    missing: tuple[str, ...]
    claimed_under: tuple[str, ...]
    """Other programmes under which the same contract was claimed when this claim was entered."""
    branch: str
    entered_by: str
    confirmed_by: str | None
    withdrawn_by: str | None
    reason: str
    created_at: datetime
    version: int
