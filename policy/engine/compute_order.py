"""Compute orders: what makes one firm, how far a buyer's tier carries, concentration (domain paper §6.1, §7 R5)."""

from typing import Annotated, Literal

from pydantic import Field

from domain.model import Value
from domain.money import Rate
from policy.engine.file import PolicyFile
from policy.engine.source import Pointer

Share = Annotated[Rate, Field(ge=0, le=1)]
BuyerTier = Literal["tier_1", "tier_2", "tier_3", "unrated"]
TIERS: tuple[BuyerTier, ...] = ("tier_1", "tier_2", "tier_3", "unrated")


class OfftakerTier(Value):
    """How much of an eligible order a buyer of a tier carries; nought: the tier is not accepted."""

    tier: BuyerTier
    ltv: Share
    may_concentrate: bool = False
    """An investment-grade buyer may be most of the borrower's revenue without its orders carrying less."""


class Concentration(Value):
    """A buyer above this share of the borrower's revenue is a concentration; its orders carry at most ``ltv``."""

    above: Share
    ltv: Share


class ComputeOrderPolicy(PolicyFile):
    """How compute orders are valued from the day on which it comes into force."""

    unique = True

    kind: Literal["compute_order"]
    least_deposit: Share
    """Advance as a share of the contract that binds a buyer who need not take or pay."""
    most_of_buyer_capex: Annotated[Rate, Field(gt=0, le=10)]
    """An order larger than this share of what its buyer spends on compute in a year is for a person to believe."""
    tiers: Annotated[tuple[OfftakerTier, ...], Field(min_length=1)]
    concentration: Concentration
    collection_lag_days: Annotated[int, Field(ge=0, le=180)]
    """How much later than by contract a buyer is taken to pay."""

    def inconsistencies(self) -> list[tuple[Pointer, str]]:
        given = [item.tier for item in self.tiers]
        wrong: list[tuple[Pointer, str]] = [
            (("tiers",), f"{tier!r} has no entry") for tier in TIERS if tier not in given
        ]
        if len(set(given)) != len(given):
            wrong.append((("tiers",), "a tier has more than one entry"))
        carried = {item.tier: item.ltv for item in self.tiers}
        ordered = [carried[tier] for tier in TIERS if tier in carried]
        if ordered != sorted(ordered, reverse=True):
            wrong.append((("tiers",), "a weaker tier never carries more than a stronger one"))
        return wrong

    def of_tier(self, tier: str) -> OfftakerTier | None:
        """The entry of a tier, None for a code that policy does not know."""
        return next((item for item in self.tiers if item.tier == tier), None)
