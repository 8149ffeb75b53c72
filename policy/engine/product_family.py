"""Product families: the one name under which a bank sells several products, and what they have in common."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from domain.application.text import Code
from domain.model import Value
from domain.money import Money
from policy.engine.binding import Bindable
from policy.engine.file import PolicyFile, PolicyId, Title
from policy.engine.source import Pointer
from policy.engine.vocabulary import FactDefinition, undeclared


class Board(Bindable):
    """A part of the industry as the bank divides it (板块), by segments of the chain."""

    id: PolicyId
    title_zh: Title
    title_en: Title
    segments: Annotated[tuple[Code, ...], Field(min_length=1)]
    fact: Annotated[str, Field(min_length=1, max_length=64)] = "borrower.segment"
    """What the segments are values of."""

    def bind(self, vocabulary: Mapping[str, FactDefinition]) -> list[tuple[Pointer, str]]:
        definition = vocabulary.get(self.fact)
        if definition is None:
            return [(("fact",), undeclared(self.fact))]
        return [
            (("segments", index), f"{segment!r} is not a declared value of this fact")
            for index, segment in enumerate(self.segments)
            if not definition.allows(segment)
        ]


class Track(Value):
    """A line of business inside the industry (赛道), as applications name it."""

    id: PolicyId
    title_zh: Title
    title_en: Title


class ProductFamily(PolicyFile):
    """A family of products. Nothing is lent under it but under its members (``Product.family``)."""

    kind: Literal["product_family"]
    lenders: Annotated[tuple[Code, ...], Field(min_length=1)]
    boards: tuple[Board, ...] = ()
    tracks: tuple[Track, ...] = ()
    borrower_cap: Money | None = None
    """Most that one borrower may have under all members together, drawn or not."""
    count_claimed: Title | None = None
    """How many products the source says there are, in its own words: 20余种 is no figure."""

    def board_of(self, segment: str) -> Board | None:
        """The board a segment of the chain belongs to."""
        return next((board for board in self.boards if segment in board.segments), None)

    def inconsistencies(self) -> list[tuple[Pointer, str]]:
        wrong: list[tuple[Pointer, str]] = []
        owners: dict[str, str] = {}
        for index, board in enumerate(self.boards):
            if board.id in {item.id for item in self.boards[:index]}:
                wrong.append((("boards", index, "id"), f"the board {board.id!r} appears twice"))
            for place, segment in enumerate(board.segments):
                owner = owners.setdefault(segment, board.id)
                if owner != board.id or segment in board.segments[:place]:
                    wrong.append((("boards", index, "segments", place), f"{segment!r} is already of {owner!r}"))
        for index, track in enumerate(self.tracks):
            if track.id in {item.id for item in self.tracks[:index]}:
                wrong.append((("tracks", index, "id"), f"the track {track.id!r} appears twice"))
        return wrong
