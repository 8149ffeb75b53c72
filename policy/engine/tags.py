"""Tags a case may carry: policy documents it follows, regions, investors, strategic flags, the axes of a bank's programme.

A tag says what a case belongs to. It enters no score, no limit, no exposure and no guarantee; a region's tag also says whose
desk the case goes to.
"""

from typing import Annotated, Literal

from pydantic import Field

from domain.application.text import Code
from domain.model import Value
from policy.engine.file import PolicyFile, Title
from policy.engine.source import Pointer

TagFamily = Literal["policy_document", "region", "investor", "strategic_flag", "programme", "service", "research"]
ON_APPLICATIONS: frozenset[TagFamily] = frozenset(
    {"policy_document", "region", "investor", "strategic_flag", "programme"}
)
"""Families an application may carry; services are what a customer is referred to, research what the bank writes on."""


class Tag(Value):
    id: Code
    title_zh: Title
    title_en: Title
    route_to: Code | None = None
    """Desk that a case of this region is shown to."""


class TagList(PolicyFile):
    """A closed list of tags. What is not on it is refused, never filed as text."""

    kind: Literal["tag_list"]
    family: TagFamily
    needs_document_number: bool = False
    """A tag is only worth what the document says that grants it: without its number it is refused."""
    tags: Annotated[tuple[Tag, ...], Field(min_length=1)]

    def inconsistencies(self) -> list[tuple[Pointer, str]]:
        wrong: list[tuple[Pointer, str]] = []
        seen: set[str] = set()
        for index, tag in enumerate(self.tags):
            if tag.id in seen:
                wrong.append((("tags", index, "id"), f"the tag {tag.id!r} is listed twice"))
            seen.add(tag.id)
            if tag.route_to is not None and self.family != "region":
                wrong.append((("tags", index, "route_to"), "only a region's tag routes a case"))
        return wrong
