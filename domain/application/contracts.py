"""Compute contracts with off-takers and buyers (application fields 58-61)."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from domain.application.invoices import Invoice
from domain.application.project import PricePerUnit
from domain.application.text import Code, Count, Key, Label, Months
from domain.facts import Fact
from domain.figures import Day, PositiveMoney, Tenor
from domain.identity import Uscc
from domain.model import Value
from domain.money import NotNegative, Rate


class ContractKind(StrEnum):
    """A framework agreement is not an order: nobody has to take or to pay anything under it."""

    FIRM = "firm"
    TAKE_OR_PAY = "take_or_pay"
    FRAMEWORK = "framework"


MOST_COLLECTIONS = 600
MOST_INVOICES = 500


class ExpectedCollection(Value):
    """A payment of the buyer by the contract, without advance and retention: on a day, or, where the contract counts from
    performance that the loan makes possible, so many months after the drawing.
    """

    due: Day | None = None
    after_months: Tenor | None = None
    amount: PositiveMoney

    @model_validator(mode="after")
    def _one_time(self) -> Self:
        if (self.due is None) == (self.after_months is None):
            raise PydanticCustomError("collection_time", "either due or after_months says when the buyer pays")
        return self


def _not_given(value: object) -> bool:
    return value is None


class ComputeContract(Value):
    key: Key
    number: Label
    buyer_name: Label
    buyer_uscc: Uscc
    buyer_tier: Fact[Code] | None = None
    buyer_related: Fact[bool] | None = None
    kind: Fact[ContractKind] | None = None
    amount: Fact[NotNegative] | None = None
    gpu_model: Fact[Label] | None = None
    quantity: Fact[Count] | None = None
    signed: Fact[date] | None = None
    starts: Fact[date] | None = None
    ends: Fact[date] | None = None
    months: Fact[Months] | None = None
    advance_received: Fact[NotNegative] | None = None
    retention: Fact[NotNegative] | None = None
    collected: Fact[NotNegative] | None = None
    cost_to_complete: Fact[NotNegative] | None = None
    collectible_within_tenor: Fact[NotNegative] | None = None
    assignment_allowed: Fact[bool] | None = None
    ready_to_start: Fact[bool] | None = None
    """Whether what performance needs to begin (site, power, permits, staff) is there."""
    termination_notice_months: Fact[Count] | None = None
    collection_account: Fact[Label] | None = None
    revenue_share: Fact[Rate] | None = None
    """Share of the borrower's next-twelve-month revenue."""
    unit_price: Fact[PricePerUnit] | None = Field(default=None, exclude_if=_not_given)
    """CNY per unit of ``quantity`` as the contract fixes it; not applicable where it leaves the price open."""
    buyer_confirmed: Fact[bool] | None = Field(default=None, exclude_if=_not_given)
    """The buyer confirmed the order through a channel that was not the borrower's to give."""
    buyer_announced: Fact[bool] | None = Field(default=None, exclude_if=_not_given)
    """A listed buyer announced the purchase; not applicable to one that announces nothing."""
    buyer_compute_capex: Fact[PositiveMoney] | None = Field(default=None, exclude_if=_not_given)
    """What the buyer spends on compute in a year, from its accounts."""
    invoices: Annotated[tuple[Invoice, ...], Field(max_length=MOST_INVOICES)] | None = Field(
        default=None, exclude_if=_not_given
    )
    """Invoices to the buyer on which the financing stands."""
    collections: Annotated[tuple[ExpectedCollection, ...], Field(max_length=MOST_COLLECTIONS)] | None = Field(
        default=None, exclude_if=_not_given
    )
    """When the buyer pays what is still outstanding."""
