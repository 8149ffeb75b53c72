"""What every policy file has: an id, a version, its time in force and where it comes from."""

import re
from datetime import date
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from domain.model import Value
from policy.engine.source import Pointer

PolicyId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,63}$")]
RuleId = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_-]{1,63}$")]
Title = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Sentence = Annotated[str, StringConstraints(min_length=1, max_length=500)]

DAY_TEXT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def _one_spelling(given: object) -> object:
    if isinstance(given, str) and DAY_TEXT.fullmatch(given) is None:
        raise ValueError(f"{given[:40]!r} is not a day written YYYY-MM-DD")
    return given


Day = Annotated[date, BeforeValidator(_one_spelling)]
"""A day in its one spelling: a figure read as seconds since 1970 would put a policy in force on a day nobody wrote."""

Reference = tuple[Pointer, str, str]
"""Where a file names another: pointer, kind and id of what it names."""


class PolicyFile(Value):
    """One version of one policy. Published versions never change; a correction is a new version."""

    unique: ClassVar[bool] = False
    """Whether a book holds exactly one policy of this kind (one authority matrix, one pricing policy)."""

    kind: Any
    id: PolicyId
    version: Annotated[str, StringConstraints(pattern=r"^[0-9]+(\.[0-9]+){0,2}$")]
    effective_from: Day
    effective_to: Day | None = None
    """Last day in force; without it the version stands until a later one begins."""
    title_zh: Title
    title_en: Title
    source: Annotated[tuple[Sentence, ...], Field(min_length=1)]
    """The article, paper or resolution the content follows, and what is the house's own choice."""

    @model_validator(mode="after")
    def _dates_in_order(self) -> "PolicyFile":
        if self.effective_to is not None and self.effective_to < self.effective_from:
            raise ValueError("effective_to lies before effective_from")
        return self

    def references(self) -> list[Reference]:
        """Every other policy this file names."""
        return []

    def inconsistencies(self) -> list[tuple[Pointer, str]]:
        """What the fields, each valid by itself, get wrong together."""
        return []
