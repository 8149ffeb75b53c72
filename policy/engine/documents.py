"""Documents a case must have, and the conditions of the facility agreement."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from domain.application import AssetKind
from domain.collateral import SecurityKind
from domain.facility import ConditionKind
from domain.model import Value
from domain.stages import PROCESS_ORDER, Stage
from policy.engine.controls import Days
from policy.engine.file import PolicyFile, PolicyId, Reference, RuleId, Sentence, Title
from policy.engine.source import Pointer


class RequiredDocument(Value):
    """A document by kind: the stage that cannot be left without it, and how old it may be there."""

    kind: PolicyId
    stage: Stage
    title_zh: Title
    title_en: Title
    required: bool = True
    shelf_life_days: Days | None = None
    """Counted from the document's ``as_of`` date; ``None`` does not age."""


class ChecklistFile(PolicyFile):
    """Documents for some products; a case needs those of every checklist that names its product."""

    kind: Literal["checklist"]
    products: Annotated[tuple[PolicyId, ...], Field(min_length=1)]
    documents: Annotated[tuple[RequiredDocument, ...], Field(min_length=1)]

    def references(self) -> list[Reference]:
        return [(("products", index), "product", name) for index, name in enumerate(self.products)]

    def inconsistencies(self) -> list[tuple[Pointer, str]]:
        wrong: list[tuple[Pointer, str]] = []
        seen: set[tuple[str, Stage]] = set()
        for index, item in enumerate(self.documents):
            if (item.kind, item.stage) in seen:
                wrong.append((("documents", index), f"{item.kind!r} appears twice at {item.stage.value!r}"))
            seen.add((item.kind, item.stage))
            if item.stage not in PROCESS_ORDER:
                wrong.append((("documents", index, "stage"), f"{item.stage.value!r} is not a stage of the process"))
        return wrong


class FacilityCondition(Value):
    """A condition precedent or subsequent, as it becomes a clause of the agreement.

    A subsequent condition counts ``due_days`` calendar days from an event and says what follows when it is missed.
    ``asset_kinds`` limits it to cases secured by such assets; ``security_kind`` names the security it perfects.
    """

    id: RuleId
    kind: ConditionKind
    title_zh: Title
    title_en: Title
    counts_from: Literal["effective", "payment", "delivery"] | None = None
    due_days: Days | None = None
    consequence_zh: Sentence | None = None
    consequence_en: Sentence | None = None
    security_kind: SecurityKind | None = None
    asset_kinds: tuple[AssetKind, ...] = ()
    evidence: Annotated[tuple[PolicyId, ...], Field(min_length=1)]
    """Document kinds that prove it."""
    waiver_body: PolicyId | None = None
    """The body that may waive it; without one nobody may."""
    basis: Sentence

    @model_validator(mode="after")
    def _subsequent_has_deadline(self) -> "FacilityCondition":
        deadline = (self.counts_from, self.due_days, self.consequence_zh, self.consequence_en)
        if self.kind is ConditionKind.SUBSEQUENT and None in deadline:
            raise ValueError("a subsequent condition has counts_from, due_days and its consequence in both languages")
        if self.kind is ConditionKind.PRECEDENT and deadline != (None, None, None, None):
            raise ValueError("a condition precedent has no deadline: nothing is paid before it is met")
        return self


class ConditionSet(PolicyFile):
    """The conditions of some products. ``per`` tells conditions of the facility from those of every utilisation."""

    kind: Literal["conditions"]
    products: Annotated[tuple[PolicyId, ...], Field(min_length=1)]
    conditions: Annotated[tuple[FacilityCondition, ...], Field(min_length=1)]

    @property
    def precedent(self) -> tuple[FacilityCondition, ...]:
        return tuple(item for item in self.conditions if item.kind is ConditionKind.PRECEDENT)

    @property
    def subsequent(self) -> tuple[FacilityCondition, ...]:
        return tuple(item for item in self.conditions if item.kind is ConditionKind.SUBSEQUENT)

    def references(self) -> list[Reference]:
        return [(("products", index), "product", name) for index, name in enumerate(self.products)]

    def inconsistencies(self) -> list[tuple[Pointer, str]]:
        seen: set[str] = set()
        wrong: list[tuple[Pointer, str]] = []
        for index, item in enumerate(self.conditions):
            if item.id in seen:
                wrong.append((("conditions", index, "id"), f"the condition id {item.id!r} appears twice"))
            seen.add(item.id)
        return wrong
