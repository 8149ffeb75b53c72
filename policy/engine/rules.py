"""Rules: a condition that is a breach, when the rule applies, how hard it bites, and what it says in both languages."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, PrivateAttr, model_validator

from domain.finding import Outcome, Reason, TraceStep, worst
from policy.engine.binding import Bindable
from policy.engine.conditions import (
    ReadFact,
    Referral,
    Test,
    Truth,
    Verdict,
    all_of,
    any_of,
    definitions_asked,
    parse_tests,
    shown_fact,
)
from policy.engine.file import Day, PolicyFile, RuleId, Sentence
from policy.engine.source import Pointer
from policy.engine.vocabulary import FactDefinition, FactType, FactValue, read_fact, scalar_text, undeclared

_PLACE = re.compile(r"\{([^{}]*)\}")


LenderLicence = Literal["bank", "city_bank", "rural_bank", "finance_lease"]
"""The licences that regulations tell apart, as in the lender's books. ``bank`` is a national or joint-stock bank."""


class Moment(StrEnum):
    """When in a case a rule is checked."""

    SUBMISSION = "submission"
    APPROVAL = "approval"
    CONTRACT = "contract"
    UTILISATION = "utilisation"
    POSSESSION = "possession"
    """An asset taken for a debt is held (抵债资产)."""


class Severity(StrEnum):
    BLOCK = "BLOCK"
    """The case cannot go on; nobody may waive it inside the bank."""
    REFER = "REFER"
    """A person decides."""
    WARN = "WARN"
    """Stated in the file; stops nothing."""


Condition = Annotated[dict[str, str], Field(min_length=1, max_length=12)]
"""Facts and what is asked of each; met when all are."""


class Rule(Bindable):
    """One rule. ``scope`` says which cases it speaks of, ``breached_when`` lists alternatives of which one is a breach.

    Messages may show facts: ``{payment.amount}``.
    """

    id: RuleId
    severity: Severity
    applies: Annotated[tuple[Moment, ...], Field(min_length=1)]
    scope: dict[str, str] = Field(default_factory=dict)
    breached_when: Annotated[tuple[Condition, ...], Field(min_length=1, max_length=12)]
    silent_when_not_applicable: tuple[str, ...] = ()
    """Facts of which the rule says nothing where they do not apply. Without an entry, not applicable refers: nobody
    escapes a rule by declaring a fact inapplicable."""
    message_zh: Sentence
    message_en: Sentence

    _bound: "_BoundRule | None" = PrivateAttr(default=None)

    def bind(self, vocabulary: Mapping[str, FactDefinition]) -> list[tuple[Pointer, str]]:
        wrong: list[tuple[Pointer, str]] = []
        parsed, faults = parse_tests(self.scope, vocabulary, against_facts=True)
        scope = self._silenced(parsed)
        wrong.extend((("scope", name), reason) for name, reason in faults)
        breaches = []
        for index, condition in enumerate(self.breached_when):
            tests, faults = parse_tests(condition, vocabulary, against_facts=True)
            wrong.extend((("breached_when", index, name), reason) for name, reason in faults)
            breaches.append(self._silenced(tests))
        tested = {test.fact for tests in (scope, *breaches) for test in tests}
        for index, name in enumerate(self.silent_when_not_applicable):
            if name not in tested:
                wrong.append((("silent_when_not_applicable", index), f"the rule does not ask for {name!r}"))
        shown: dict[str, FactDefinition] = {}
        for field, message in (("message_zh", self.message_zh), ("message_en", self.message_en)):
            for name in _PLACE.findall(message):
                if name not in vocabulary:
                    wrong.append(((field,), f"the message shows {name!r}: {undeclared(name)}"))
                else:
                    shown[name] = vocabulary[name]
        self._bound = _BoundRule.of(scope, tuple(breaches), shown)
        return wrong

    def asked(self) -> frozenset[str]:
        """The facts that its scope and its breaches speak of."""
        return frozenset(name for condition in (self.scope, *self.breached_when) for name in condition)

    def _silenced(self, tests: tuple[Test, ...]) -> tuple[Test, ...]:
        return tuple(
            replace(test, not_applicable_decides=True) if test.fact in self.silent_when_not_applicable else test
            for test in tests
        )

    @property
    def _parsed(self) -> "_BoundRule":
        bound = self._bound
        if bound is None:
            raise ValueError("the rule was not bound to a vocabulary: take it from a bundle")
        return bound

    @property
    def scope_tests(self) -> tuple[Test, ...]:
        """The scope as parsed."""
        return self._parsed.scope

    @property
    def breaches(self) -> tuple[tuple[Test, ...], ...]:
        """The alternatives of ``breached_when`` as parsed."""
        return self._parsed.breaches

    def facts_asked(self) -> tuple[str, ...]:
        """Every fact the rule may ask for, in the order written."""
        bound = self._parsed
        return tuple(dict.fromkeys(name for test in bound.tests for name in test.facts_named()))

    def check(self, facts: Mapping[str, FactValue], step: str = "") -> "RuleCheck":
        """Check the rule against a case's facts."""
        bound = self._parsed
        read = {name: read_fact(name, definition, facts) for name, definition in bound.asked}
        truth, referred, result = bound.concluded(read)
        trace = TraceStep(
            step=f"{step}/{self.id}" if step else self.id,
            rule=bound.text,
            inputs={name: shown_fact(*found) for name, found in read.items()},
            result=result,
        )
        return RuleCheck(self, truth, referred, trace)

    def reason(self, facts: Mapping[str, FactValue]) -> Reason:
        """Why the rule bites, with the case's figures in both languages."""
        return Reason(
            code=self.id, message_zh=self._say(self.message_zh, facts), message_en=self._say(self.message_en, facts)
        )

    def _say(self, message: str, facts: Mapping[str, FactValue]) -> str:
        definitions = self._parsed.shown

        def shown(match: re.Match[str]) -> str:
            name = match.group(1)
            value, absent = read_fact(name, definitions[name], facts)
            if definitions[name].type is FactType.MONEY and isinstance(value, Decimal):
                return f"{value:,.2f}"
            return scalar_text(value) if value is not None else str(absent)

        return _PLACE.sub(shown, message)


@dataclass(frozen=True, slots=True)
class _BoundRule:
    """A rule as it is checked a thousand times: parsed once, each of its facts read once, its text written once."""

    scope: tuple[Test, ...]
    breaches: tuple[tuple[Test, ...], ...]
    asked: tuple[tuple[str, FactDefinition], ...]
    """The facts that decide it, in the order in which traces show them."""
    shown: Mapping[str, FactDefinition]
    text: str

    @classmethod
    def of(
        cls, scope: tuple[Test, ...], breaches: tuple[tuple[Test, ...], ...], shown: Mapping[str, FactDefinition]
    ) -> "_BoundRule":
        alternatives = " or ".join("; ".join(str(test) for test in tests) for tests in breaches)
        when = "; ".join(str(test) for test in scope)
        text = f"if {when}: breached when {alternatives}" if when else f"breached when {alternatives}"
        asked = definitions_asked((*scope, *(test for tests in breaches for test in tests)))
        return cls(scope, breaches, tuple(asked.items()), shown, text)

    @property
    def tests(self) -> tuple[Test, ...]:
        return (*self.scope, *(test for alternative in self.breaches for test in alternative))

    def concluded(self, read: Mapping[str, ReadFact]) -> tuple[Truth, tuple[Referral, ...], str]:
        """Whether the rule is breached, what that waits for, and the word for it in a trace."""
        scope = all_of([test.verdict_of(read) for test in self.scope])
        if scope.truth is Truth.NOT_MET:
            return Truth.NOT_MET, (), "out of scope"
        breach = any_of([all_of([test.verdict_of(read) for test in tests]) for tests in self.breaches])
        if breach.truth is Truth.NOT_MET:
            return Truth.NOT_MET, (), "kept"
        both: Verdict = all_of([scope, breach])
        return both.truth, both.referred, "breached" if both.truth is Truth.MET else "undecided"


class Regulation(Rule):
    """A rule from outside the house, with its article and the lenders it binds. No ``licences`` means every lender."""

    article: Sentence
    licences: tuple[LenderLicence, ...] = ()
    effective_from: Day | None = None
    effective_to: Day | None = None
    """Only where the article has other dates than its file."""

    @model_validator(mode="after")
    def _dates_in_order(self) -> "Regulation":
        if self.effective_from and self.effective_to and self.effective_to < self.effective_from:
            raise ValueError("effective_to lies before effective_from")
        return self

    def in_force(self, moment: Moment, licence: LenderLicence, on: date) -> bool:
        """Whether the rule speaks to a lender of this licence at this moment on that day."""
        return (
            moment in self.applies
            and (not self.licences or licence in self.licences)
            and (self.effective_from is None or self.effective_from <= on)
            and (self.effective_to is None or on <= self.effective_to)
        )


class RegulationFile(PolicyFile):
    """Regulations that come into force together."""

    kind: Literal["regulation"]
    rules: Annotated[tuple[Regulation, ...], Field(min_length=1)]

    def inconsistencies(self) -> list[tuple[Pointer, str]]:
        return repeated_ids(self.rules)


def repeated_ids(rules: tuple[Rule, ...], at: str = "rules") -> list[tuple[Pointer, str]]:
    """Rule ids used twice in one file."""
    seen: set[str] = set()
    wrong: list[tuple[Pointer, str]] = []
    for index, rule in enumerate(rules):
        if rule.id in seen:
            wrong.append(((at, index, "id"), f"the rule id {rule.id!r} appears twice"))
        seen.add(rule.id)
    return wrong


@dataclass(frozen=True)
class RuleCheck:
    """One rule against one case: ``MET`` is a breach, ``OPEN`` not decidable."""

    rule: Rule
    truth: Truth
    referred: tuple[Referral, ...]
    trace: TraceStep


@dataclass(frozen=True)
class Breach:
    rule_id: str
    severity: Severity
    reason: Reason


@dataclass(frozen=True)
class RulesDecision:
    """All rules against one case. ``reasons`` holds every breach and every absent fact that left a rule undecided."""

    outcome: Outcome
    breaches: tuple[Breach, ...]
    referred: tuple[Referral, ...]
    reasons: tuple[Reason, ...]
    trace: tuple[TraceStep, ...]


def check_rules(rules: Iterable[Rule], facts: Mapping[str, FactValue], step: str = "") -> RulesDecision:
    """Check rules. BLOCK fails, REFER refers, WARN only says so; an absent fact refers unless the rule only warns.

    No rules at all is ``not_run``: nothing was checked, so nothing passed.
    """
    outcomes: list[Outcome] = []
    breaches: list[Breach] = []
    referred: dict[Referral, list[str]] = {}
    reasons: list[Reason] = []
    trace: list[TraceStep] = []
    for rule in rules:
        check = rule.check(facts, step)
        trace.append(check.trace)
        outcomes.append(Outcome.PASS)
        if check.truth is Truth.MET:
            reason = rule.reason(facts)
            reasons.append(reason)
            breaches.append(Breach(rule.id, rule.severity, reason))
            outcomes.append(
                {Severity.BLOCK: Outcome.FAIL, Severity.REFER: Outcome.REFER}.get(rule.severity, Outcome.PASS)
            )
        elif check.truth is Truth.OPEN:
            for referral in check.referred:
                referred.setdefault(referral, []).append(rule.id)
            outcomes.append(Outcome.PASS if rule.severity is Severity.WARN else Outcome.REFER)
    reasons.extend(absent_reason(referral, rule_ids) for referral, rule_ids in referred.items())
    return RulesDecision(worst(outcomes), tuple(breaches), tuple(referred), tuple(reasons), tuple(trace))


_STATE_ZH = {
    "not_given": "未提供",
    "unknown": "未知",
    "undisclosed": "未披露",
    "not_applicable": "不适用",
    "unlisted": "不在政策列举范围内",
    "out_of_range": "超出合理范围",
}


def absent_reason(referral: Referral, needed_by: Iterable[str]) -> Reason:
    """The reason that names a fact somebody must supply, and what needs it."""
    needed = ", ".join(needed_by)
    return Reason(
        code="FACT_ABSENT",
        message_zh=f"{referral.fact} {_STATE_ZH[referral.state]}，无法判定 {needed}",
        message_en=f"{referral.fact} is {referral.state.replace('_', ' ')}: {needed} cannot be decided",
        subject=referral.fact,
    )
