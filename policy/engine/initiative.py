"""A lender's own programme for an industry: what it means to bring into the books by when, and what it counts by.

Targets are floors. Nothing of a programme limits a loan: a target that is exceeded is good news.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from domain.application.text import Code
from domain.model import Value
from domain.money import Positive
from policy.engine.file import Day, PolicyFile, PolicyId, Reference, RuleId, Title
from policy.engine.source import Pointer


class Instrument(StrEnum):
    """股 贷 债 保 租: what a programme's money is given as."""

    EQUITY = "equity"
    LOAN = "loan"
    BOND = "bond"
    GUARANTEE = "guarantee"
    LEASE = "lease"


class ProgrammeFloor(Value):
    """What is to be reached by the end of the programme, over some instruments or all of them."""

    id: RuleId
    at_least: Positive
    instruments: Annotated[tuple[Instrument, ...], Field(min_length=1)]
    code: RuleId
    """Reason of a shortfall."""


class GreenChannel(Value):
    """绿色通道: a need that came in through it is answered within so many business days of the visit."""

    id: Code
    title_zh: Title
    title_en: Title
    answer_business_days: Annotated[int, Field(ge=1, le=60)]


class VisitCounts(Value):
    """What the lender has announced of its visits on a day: the checksum of an import of them."""

    on: Day
    visits: Annotated[int, Field(ge=0, le=1_000_000)]
    needs: Annotated[int, Field(ge=0, le=1_000_000)]


class Initiative(PolicyFile):
    """One programme of one lender."""

    kind: Literal["initiative"]
    institution: Code
    since: Day | None = None
    """First day of the programme, where a later version of the file begins after it: what was booked under the earlier ones
    counts on."""
    until: Day | None = None
    """Last day of the programme; what is booked from ``since``, else ``effective_from``, to then counts."""
    counts: Literal["booked", "intentions", "nothing"]
    """Facilities that were granted, or letters of intention, which are no facilities and take up no limit."""
    floors: tuple[ProgrammeFloor, ...] = ()
    tag_lists: tuple[PolicyId, ...] = ()
    """A case counts once it carries a tag of any of these lists."""
    families: tuple[PolicyId, ...] = ()
    """A case counts once its product is sold under any of these names (``product_family``)."""
    green_channels: tuple[GreenChannel, ...] = ()
    visit_counts: tuple[VisitCounts, ...] = ()
    awards_projects: bool = False
    """Whether it puts out projects that a firm can win (揭榜挂帅)."""

    @property
    def began(self) -> date:
        """First day whose bookings count."""
        return self.since or self.effective_from

    def references(self) -> list[Reference]:
        return [
            *((("tag_lists", index), "tag_list", name) for index, name in enumerate(self.tag_lists)),
            *((("families", index), "product_family", name) for index, name in enumerate(self.families)),
        ]

    def inconsistencies(self) -> list[tuple[Pointer, str]]:
        wrong: list[tuple[Pointer, str]] = []
        if self.since is not None and self.effective_from < self.since:
            wrong.append((("since",), "the programme begins after its file"))
        if self.until is not None and self.until < self.effective_from:
            wrong.append((("until",), "the programme ends before it begins"))
        if self.floors and self.counts == "nothing":
            wrong.append((("counts",), "there are floors and nothing to count"))
        for field in ("floors", "green_channels"):
            ids = [item.id for item in getattr(self, field)]
            wrong.extend(
                ((field, index, "id"), f"{name!r} is there twice")
                for index, name in enumerate(ids)
                if name in ids[:index]
            )
        for index, floor in enumerate(self.floors):
            if len(set(floor.instruments)) != len(floor.instruments):
                wrong.append((("floors", index, "instruments"), "an instrument is listed twice"))
        days = [item.on for item in self.visit_counts]
        if days != sorted(set(days)):
            wrong.append((("visit_counts",), "counts are announced once a day, in order of their days"))
        return wrong
