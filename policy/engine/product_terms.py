"""What a product says beside its figures: whom it is offered to, what its money may be for, and the terms of what is no loan."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, PrivateAttr

from domain.application.text import Code
from domain.model import Value
from domain.money import Rate
from policy.engine.binding import Bindable
from policy.engine.file import RuleId, Sentence, Title
from policy.engine.rules import Moment, Rule, Severity
from policy.engine.source import Pointer
from policy.engine.vocabulary import FactDefinition, FactType, undeclared

GuaranteeMethod = Literal["credit", "guarantee", "mortgage", "pledge"]
"""信用、保证、抵押、质押: the legs of a guarantee mix."""

Share = Annotated[Rate, Field(gt=0, le=1)]
Tenor = Annotated[int, Field(ge=1, le=600)]


class Criterion(Bindable):
    """Whom a product is offered to, by one fact: every value stands in the list by itself, any other is a breach.

    A fact that is unknown refers, as with any rule. Only codes are listed; what compares figures is a rule of ``admission``.
    """

    id: RuleId
    severity: Severity = Severity.BLOCK
    fact: Annotated[str, Field(min_length=1, max_length=64)]
    values: Annotated[tuple[Code, ...], Field(min_length=1, max_length=40)]
    message_zh: Sentence
    message_en: Sentence

    _rule: Rule | None = PrivateAttr(default=None)

    @property
    def rule(self) -> Rule:
        """The criterion as a rule that is broken by every other value."""
        if self._rule is None:
            raise ValueError("the criterion was not bound to a vocabulary: take it from a bundle")
        return self._rule

    def bind(self, vocabulary: Mapping[str, FactDefinition]) -> list[tuple[Pointer, str]]:
        definition = vocabulary.get(self.fact)
        if definition is None:
            return [(("fact",), undeclared(self.fact))]
        if definition.type is not FactType.CODE:
            return [(("fact",), f"{self.fact!r} is no code: figures and flags are asked for by a rule of admission")]
        wrong: list[tuple[Pointer, str]] = [
            (("values", index), f"{value!r} is not a declared value of this fact")
            for index, value in enumerate(self.values)
            if not definition.allows(value)
        ]
        wrong += [
            (("values", index), f"{value!r} is listed twice")
            for index, value in enumerate(self.values)
            if value in self.values[:index]
        ]
        if wrong:
            return wrong
        if definition.values and set(definition.values) == set(self.values):
            return [(("values",), "every declared value is offered: a criterion that excludes nobody is left out")]
        rule = Rule(
            id=self.id,
            severity=self.severity,
            applies=(Moment.SUBMISSION,),
            breached_when=({self.fact: f"not {' | '.join(self.values)}"},),
            message_zh=self.message_zh,
            message_en=self.message_en,
        )
        wrong = [
            ((pointer if pointer[0] in ("message_zh", "message_en") else ("values",)), reason)
            for pointer, reason in rule.bind(vocabulary)
        ]
        self._rule = rule
        return wrong


class PurposeTerms(Value):
    """What one purpose of a product has of its own; where it says nothing, the product's terms stand."""

    purpose: Code
    title_zh: Title
    title_en: Title
    tenor_cap_months: Tenor | None = None
    admission: tuple[Rule, ...] = ()
    """Checked beside the product's own admission where this is the purpose."""
    ring_fenced: bool = False
    """The money lies on an account of its own and pays for nothing else."""


class OffBalance(Value):
    """The marks of a product that is no loan until it is called (保函)."""

    exposure_kind: Code
    """Which row of the table ``conversion_factors`` says how much of it is credit (商业银行资本管理办法 2023, annex on conversion);
    a kind that the table does not list counts whole."""
    annual_fee: Annotated[Rate, Field(gt=0, lt=1)]
    """Fee a year as a fraction of the notional in force."""
    reduces_with: Literal["nothing", "performance"] = "nothing"
    """Whether the notional falls as the contract is performed."""
    electronic: bool = False


class LineReview(Value):
    """When a standing line is looked at again."""

    every_months: Annotated[int, Field(ge=1, le=60)]
    increase_needs_rating_within_months: Annotated[int, Field(ge=1, le=60)]
    """A higher limit stands on a rating no older than this."""
