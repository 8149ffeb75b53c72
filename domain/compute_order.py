"""What tells a firm compute order from a soft one, and when its buyer pays (domain paper §7 R5; corrections A4).

``None`` is not known, and never counts as "no" or as nought.
"""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from domain.application import ExpectedCollection
from domain.application.contracts import MOST_COLLECTIONS
from domain.figures import NonNegativeMoney, PositiveMoney, Share
from domain.model import Value
from domain.money import Money


class RepaymentCeiling(Value):
    """The most that may be owed ``month`` months after the business date."""

    month: Annotated[int, Field(ge=0, le=600)]
    amount: Money


class OrderFacts(Value):
    """Everything beyond amount, advance, retention and buyer that the second model of compute orders asks for."""

    take_or_pay: bool | None
    """The buyer pays whether or not it takes; without it a deposit has to bind the buyer."""
    model_stated: bool | None
    """The contract names the GPU model; so for quantity, price and start. False: it leaves it open."""
    quantity_stated: bool | None
    price_stated: bool | None
    start_stated: bool | None
    ends: date | None
    buyer_confirmed: bool | None
    """The buyer confirmed the order through a channel that was not the borrower's to give."""
    announcement: Literal["found", "absent", "not_applicable"] | None
    """A listed buyer's own announcement of the purchase; not applicable to one that announces nothing."""
    buyer_compute_capex: PositiveMoney | None
    """What the buyer spends on compute in a year, from its accounts."""
    ready_to_start: bool | None
    cost_to_complete: NonNegativeMoney | None
    collectible_within_tenor: NonNegativeMoney | None
    revenue_share: Share | None
    """Of the borrower's revenue of the next twelve months, that of this buyer."""
    collections: Annotated[tuple[ExpectedCollection, ...], Field(max_length=MOST_COLLECTIONS)] | None = None
    """None where no plan of payments is known; then the tenor follows the end of the contract."""
