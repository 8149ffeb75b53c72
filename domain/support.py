"""Public support of a borrower: what is claimed under a programme, and what it comes to.

Support stands beside a contract's rate and never inside it: the lender's rate, floor and return do not know of it.
"""

from typing import Annotated, Literal

from pydantic import Field

from domain.application.text import Code
from domain.decision import not_given
from domain.figures import Day, NonNegativeMoney, PositiveMoney, Tenor
from domain.model import Value
from domain.money import Money


class InterestSubsidyClaim(Value):
    """贴息 on the loan itself."""

    form: Literal["interest_subsidy"] = "interest_subsidy"
    programme: Code
    eligible_use: bool | None
    """Whether documents prove a use the programme supports; None where that is not known."""


class VoucherClaim(Value):
    """算力券 on one compute contract."""

    form: Literal["compute_voucher"] = "compute_voucher"
    programme: Code
    contract_amount: PositiveMoney
    signed_on: Day
    contract_months: Tenor
    supplier_related: bool | None
    standing: Code = "ordinary"
    claimed_this_year: NonNegativeMoney | None
    """What the firm has received under the programme in the calendar year."""
    otherwise_supported: bool | None
    """Whether this contract already had a voucher or another compute subsidy."""
    supplier_listed: bool | None = Field(default=None, exclude_if=not_given)
    """Whether the supplier is on the programme's list, where it has one."""
    pool_taken: NonNegativeMoney | None = Field(default=None, exclude_if=not_given)
    """What others have been granted of the programme's pool, where it has one."""


class StatedClaim(Value):
    """A claim as an application states it: a programme, and what the file knows of the contract. What kind of support it is the
    policy says; a fact that the programme asks for and the file lacks leaves the amount open.
    """

    form: Literal["stated"] = "stated"
    programme: Code
    eligible_use: bool | None = None
    contract_amount: PositiveMoney | None = None
    signed_on: Day | None = None
    contract_months: Tenor | None = None
    supplier_related: bool | None = None
    claimed_this_year: NonNegativeMoney | None = None
    otherwise_supported: bool | None = None


Claim = Annotated[InterestSubsidyClaim | VoucherClaim | StatedClaim, Field(discriminator="form")]


class SupportLine(Value):
    """What one claim comes to. ``amount`` is None while ``missing`` names facts it depends on."""

    programme: str
    version: str
    form: Literal["interest_subsidy", "compute_voucher"]
    lowers: Literal["interest", "need"]
    """An interest subsidy lowers what is paid on the loan, a voucher what must be borrowed for compute."""
    amount: Money | None
    code: str = ""
    """Why nothing is due, or which cap bit."""
    missing: tuple[str, ...] = ()
