"""Coverage: how a loan is sized on its assets' values and its cash flow, and the stresses it is held against (domain
paper §3.6, §3.8; 押品管理指引: stress tests at least once a year).
"""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, model_validator

from domain.application import AssetKind
from domain.model import Value
from domain.money import Rate
from policy.engine.collateral import PriceJump, Share
from policy.engine.file import PolicyFile, RuleId, Title
from policy.engine.source import Pointer

Factor = Annotated[Rate, Field(gt=0, le=10)]
"""A figure under stress as a multiple of what it is: 0.6 is 40 % less."""
_UNMOVED = Decimal(1)


class Stress(Value):
    """One stress. What it does not name stays as it is; several moves come together from the first day on."""

    id: RuleId
    title_zh: Title
    title_en: Title
    rent: Factor = _UNMOVED
    """Market rents. A take-or-pay contract keeps its rent."""
    launch: PriceJump | None = None
    """A generation that nobody expected: its month, and what it does to market rents."""
    occupancy: Share | None = None
    """On the open market, no more than this share of the hours is let."""
    tariff: Factor = _UNMOVED
    """Price of power."""
    replacement_cost: Factor = _UNMOVED
    """Price of the same hardware new: imports that stop or are let in, and the exchange rate."""
    failures: Factor = _UNMOVED
    """Hours lost to failures."""
    offtaker_default_month: Annotated[int, Field(ge=1, le=600)] | None = None
    """From this month on contracts pay nothing, and the servers earn what the open market pays."""
    large_lot: bool = False
    """The servers are sold as a lot that moves the market: the haircut of the collateral policy."""

    @model_validator(mode="after")
    def _moves_something(self) -> "Stress":
        moves = (self.rent, self.tariff, self.replacement_cost, self.failures)
        events = (self.launch, self.occupancy, self.offtaker_default_month)
        if all(move == 1 for move in moves) and all(event is None for event in events) and not self.large_lot:
            raise ValueError("a stress moves something")
        return self


class CoveragePolicy(PolicyFile):
    """One house view of coverage."""

    unique = True

    kind: Literal["coverage"]
    dscr_target: Annotated[Rate, Field(ge=1, le=10)]
    """Coverage a loan is sized at where its product names none."""
    dscr_window_months: Annotated[int, Field(ge=1, le=24)]
    """Coverage covenants are read over so many months."""
    kept_in_full: tuple[AssetKind, ...]
    """Held assets whose value stays; that of any other runs off evenly until its tranche ends."""
    stresses: Annotated[tuple[Stress, ...], Field(min_length=1, max_length=50)]

    def inconsistencies(self) -> list[tuple[Pointer, str]]:
        wrong: list[tuple[Pointer, str]] = []
        seen: set[str] = set()
        for index, stress in enumerate(self.stresses):
            if stress.id in seen:
                wrong.append((("stresses", index, "id"), f"the stress {stress.id!r} appears twice"))
            seen.add(stress.id)
        return wrong
