"""Enforcement of security: how what an asset was sold for is divided (民法典 §§389, 410, 413, 414-416, 456)."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from domain.figures import Day, NonNegativeMoney, PositiveMoney
from domain.finding import FindingValue
from domain.model import Value
from domain.money import Money

ClaimKey = Annotated[str, Field(min_length=1, max_length=80)]


class SecuredClaim(Value):
    """A creditor's claim with its right in the asset. ``registered_on`` is absent where the right is not registered, or no
    longer."""

    key: ClaimKey
    amount: PositiveMoney
    registered_on: Day | None = None
    purchase_money: bool = False
    """Registered within ten days of the delivery of what it paid for (§416)."""
    possessory: bool = False
    """A lien of whoever holds the thing (§456)."""


class ProceedsRequest(Value):
    """``POST /v1/proceeds-divisions``: one asset, what it fetched, and everybody with a right in it."""

    as_of: Day
    sold_by: Literal["agreement", "auction", "sale"]
    market_price: PositiveMoney | None
    """What such a thing fetches on the market; an agreed price follows it (§410). ``None`` is not known."""
    proceeds: NonNegativeMoney
    costs: NonNegativeMoney
    """Of enforcement; they come first (§389)."""
    claims: Annotated[tuple[SecuredClaim, ...], Field(min_length=1, max_length=100)]

    @model_validator(mode="after")
    def _each_claim_once(self) -> Self:
        if len({claim.key for claim in self.claims}) < len(self.claims):
            raise PydanticCustomError("repeated", "each claim must be named once")
        return self


class ClaimShare(Value):
    """What a claim receives, by its rank (1 first) and the article it stands on; ``short`` stays the debtor's debt (§413)."""

    key: ClaimKey
    rank: int
    article: str
    receives: Money
    short: Money


class ProceedsDivision(FindingValue):
    """Costs, shares in order of rank, and the surplus, which is the owner's (§413)."""

    costs_paid: Money
    shares: tuple[ClaimShare, ...]
    surplus: Money
    short: Money

    def headline(self) -> str:
        return f"{len(self.shares)} claims · surplus {self.surplus} · short {self.short}"
