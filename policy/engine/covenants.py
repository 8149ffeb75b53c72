"""Covenants that attach themselves: undertakings of the agreement, each with the test that says in which cases."""

from typing import Annotated, Literal

from pydantic import Field

from policy.engine.file import PolicyFile, Title
from policy.engine.rules import Rule, repeated_ids
from policy.engine.source import Pointer


class Covenant(Rule):
    """An undertaking for as long as the facility lasts. It attaches where ``breached_when`` is met, and where it cannot be told
    because a fact is not known; its message says why."""

    title_zh: Title
    title_en: Title


class CovenantFile(PolicyFile):
    """Covenants of the house, whatever the product."""

    kind: Literal["covenants"]
    covenants: Annotated[tuple[Covenant, ...], Field(min_length=1)]

    def inconsistencies(self) -> list[tuple[Pointer, str]]:
        return list(repeated_ids(self.covenants, "covenants"))
