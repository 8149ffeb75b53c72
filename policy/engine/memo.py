"""What a credit memo must say in the investigators' own words (rows E6, E7)."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from domain.model import Value
from policy.engine.file import PolicyFile, PolicyId, Sentence, Title
from policy.engine.source import Pointer


class MemoField(Value):
    """One thing the memo speaks of; ``asks`` is what whoever writes it is asked."""

    id: PolicyId
    section: Literal["risk_view", "difficulty"]
    title_zh: Title
    title_en: Title
    asks_zh: Sentence
    asks_en: Sentence


class MemoTemplate(PolicyFile):
    """The fields without which an investigation is not completed, and no memo goes to review."""

    unique: ClassVar[bool] = True

    kind: Literal["memo_template"]
    least_characters: Annotated[int, Field(ge=1, le=500)]
    """Of every field: a word is no view of a risk."""
    fields: Annotated[tuple[MemoField, ...], Field(min_length=1, max_length=50)]

    def inconsistencies(self) -> list[tuple[Pointer, str]]:
        names = [item.id for item in self.fields]
        return [
            (("fields", index, "id"), f"the field {name!r} appears twice")
            for index, name in enumerate(names)
            if name in names[:index]
        ]
