"""Early warnings after payment: indicators with an amber and a red threshold, and what their number leads to (§6.2)."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, PrivateAttr

from domain.finding import TraceStep
from domain.model import Value
from policy.engine.binding import Bindable
from policy.engine.classification import ClassId
from policy.engine.conditions import Test, Truth, Verdict, all_of, any_of, inputs_of, parse_tests
from policy.engine.file import PolicyFile, RuleId, Sentence, Title
from policy.engine.rules import Condition
from policy.engine.source import Pointer
from policy.engine.vocabulary import FactDefinition, FactValue

Light = Literal["green", "amber", "red", "not_run"]
_Alternatives = tuple[tuple[Test, ...], ...]


class Indicator(Bindable):
    """One thing that is watched. Any alternative of ``red`` turns it red, else any of ``amber`` amber."""

    id: RuleId
    title_zh: Title
    title_en: Title
    measured_by: Sentence
    amber: Annotated[tuple[Condition, ...], Field(min_length=1, max_length=6)]
    red: Annotated[tuple[Condition, ...], Field(min_length=1, max_length=6)]

    _bound: dict[str, _Alternatives] | None = PrivateAttr(default=None)

    def bind(self, vocabulary: Mapping[str, FactDefinition]) -> list[tuple[Pointer, str]]:
        wrong: list[tuple[Pointer, str]] = []
        bound: dict[str, _Alternatives] = {}
        for light, conditions in (("amber", self.amber), ("red", self.red)):
            alternatives = []
            for index, condition in enumerate(conditions):
                tests, faults = parse_tests(condition, vocabulary, against_facts=True)
                wrong.extend(((light, index, name), reason) for name, reason in faults)
                alternatives.append(tests)
            bound[light] = tuple(alternatives)
        self._bound = bound
        return wrong

    def read(self, facts: Mapping[str, FactValue]) -> tuple[Light, TraceStep]:
        """The light and why. An absent fact leaves it ``not_run``, which is no green: nobody looked."""
        if self._bound is None:
            raise ValueError("the indicator was not bound to a vocabulary: take it from a bundle")
        red, amber = (_verdict(self._bound[light], facts) for light in ("red", "amber"))
        light: Light = "green"
        if red.truth is Truth.MET:
            light = "red"
        elif amber.truth is Truth.MET:
            light = "amber"
        elif Truth.OPEN in (red.truth, amber.truth):
            light = "not_run"
        tests = tuple(test for alternatives in self._bound.values() for tests in alternatives for test in tests)
        rule = "; ".join(
            f"{name}: {' or '.join(' and '.join(str(test) for test in tests) for tests in self._bound[name])}"
            for name in ("amber", "red")
        )
        return light, TraceStep(
            step=f"early_warnings/{self.id}", rule=rule, inputs=inputs_of(tests, facts), result=light
        )


def _verdict(alternatives: _Alternatives, facts: Mapping[str, FactValue]) -> Verdict:
    return any_of([all_of([test.verdict(facts) for test in tests]) for tests in alternatives])


class WatchRule(Value):
    """So many ambers or so many reds put a customer on the watch list, within so many days."""

    ambers: Annotated[int, Field(ge=1, le=50)]
    reds: Annotated[int, Field(ge=1, le=50)]
    within_days: Annotated[int, Field(ge=0, le=30)]


class ReviewRule(Value):
    """So many reds start a review of the classification, which ends no better than a class."""

    reds: Annotated[int, Field(ge=1, le=50)]
    at_best: ClassId


class EarlyWarningPolicy(PolicyFile):
    unique = True

    kind: Literal["early_warnings"]
    indicators: Annotated[tuple[Indicator, ...], Field(min_length=1, max_length=100)]
    watch: WatchRule
    review: ReviewRule

    def inconsistencies(self) -> list[tuple[Pointer, str]]:
        wrong: list[tuple[Pointer, str]] = []
        seen: set[str] = set()
        for index, indicator in enumerate(self.indicators):
            if indicator.id in seen:
                wrong.append((("indicators", index, "id"), f"the indicator {indicator.id!r} appears twice"))
            seen.add(indicator.id)
        if self.review.reds < self.watch.reds:
            wrong.append((("review", "reds"), "a review takes at least as many reds as the watch list"))
        return wrong
