"""Whether a product is what the borrower needs: ordinary criteria first, and no old loan under a new label (rows A31, C5, E7)."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from policy.engine.file import PolicyFile, PolicyId, Reference, Sentence
from policy.engine.rules import Rule, Severity, repeated_ids
from policy.engine.source import Pointer


class ProductFitPolicy(PolicyFile):
    """The lender's own questions to every case.

    ``ordinary`` is the first pass of a product marked ``two_pass``: the three statements as an ordinary loan reads them. Kept
    by all rules, an innovative product is not needed, which is said and stops nothing. Broken, the card class decides: those of
    ``innovative_classes`` go the innovative way, the others are dealt with by ``neither``.
    """

    unique: ClassVar[bool] = True

    kind: Literal["product_fit"]
    ordinary: Annotated[tuple[Rule, ...], Field(min_length=1)]
    innovative_classes: Annotated[tuple[Literal["A", "B", "C"], ...], Field(min_length=1)]
    neither: Severity
    """How hard it bites that neither pass is won."""
    neither_zh: Sentence
    neither_en: Sentence
    relabelling: Annotated[tuple[Rule, ...], Field(min_length=1)]
    """Signs of an existing loan under a new label, asked of every product."""
    stage_table: PolicyId
    """Decision table: life stage of the borrower and purpose of the loan → ``severity``, ``code``."""

    def references(self) -> list[Reference]:
        return [(("stage_table",), "decision_table", self.stage_table)]

    def inconsistencies(self) -> list[tuple[Pointer, str]]:
        wrong = [*repeated_ids(self.ordinary, "ordinary"), *repeated_ids(self.relabelling, "relabelling")]
        wrong += [
            (("innovative_classes", index), f"{item!r} is listed twice")
            for index, item in enumerate(self.innovative_classes)
            if item in self.innovative_classes[:index]
        ]
        return wrong
