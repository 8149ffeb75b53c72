"""Conditions over facts, in three values: met, not met, or not decidable because a fact is absent."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from enum import Enum

from policy.engine.cells import Cell, parse_cell
from policy.engine.vocabulary import (
    ORDERED,
    AbsentState,
    FactDefinition,
    FactType,
    FactValue,
    Scalar,
    parse_scalar,
    read_fact,
    scalar_text,
    undeclared,
)

_EXACT = Context(prec=60)
_AGAINST_FACT = re.compile(r"^(<=|>=|<|>|=|!=)\s*(?:([0-9._]+)\s*\*\s*)?([a-z][a-z0-9_]*\.[a-z0-9_.]+)$")


class Truth(Enum):
    MET = "met"
    NOT_MET = "not_met"
    OPEN = "open"
    """Not decidable: a fact that matters is absent."""


@dataclass(frozen=True, order=True)
class Referral:
    """A fact that was needed and is absent, and in which way."""

    fact: str
    state: AbsentState


@dataclass(frozen=True)
class Verdict:
    truth: Truth
    referred: tuple[Referral, ...] = ()


ReadFact = tuple[Scalar | None, AbsentState | None]
"""A fact as :func:`read_fact` reads it: its value, or why there is none."""

MET, NOT_MET = Verdict(Truth.MET), Verdict(Truth.NOT_MET)


@dataclass(frozen=True)
class AgainstFact:
    """A comparison with another fact: ``> 0.10 * lender.net_capital``."""

    text: str
    sign: str
    factor: Decimal
    other: str
    definition: FactDefinition

    def holds(self, left: Scalar, right: Scalar) -> bool:
        if isinstance(right, Decimal):
            right = _EXACT.multiply(self.factor, right)
        match self.sign:
            case "=":
                return left == right
            case "!=":
                return left != right
            case "<":
                return left < right  # type: ignore[operator]
            case "<=":
                return left <= right  # type: ignore[operator]
            case ">":
                return left > right  # type: ignore[operator]
            case _:
                return left >= right  # type: ignore[operator]


@dataclass(frozen=True)
class Test:
    """One fact and what is asked of it."""

    fact: str
    definition: FactDefinition
    cell: Cell | AgainstFact
    not_applicable_decides: bool = False
    """Where a column has an ``n/a`` row, not applicable is a value like any other and misses the other rows."""

    def verdict(self, facts: Mapping[str, FactValue]) -> Verdict:
        return self.verdict_of(
            {name: read_fact(name, definition, facts) for name, definition in definitions_asked((self,)).items()}
        )

    def verdict_of(self, read: Mapping[str, ReadFact]) -> Verdict:
        """As :meth:`verdict`, on facts that were read already: every one of :func:`definitions_asked`."""
        if isinstance(self.cell, Cell):
            if self.cell.anything:
                return MET
            return self.verdict_on(*read[self.fact])
        left, left_absent = read[self.fact]
        right, right_absent = read[self.cell.other]
        missing = [
            Referral(name, state)
            for name, state in ((self.fact, left_absent), (self.cell.other, right_absent))
            if state is not None
        ]
        if missing or left is None or right is None:
            return Verdict(Truth.OPEN, tuple(missing))
        return Verdict(Truth.MET if self.cell.holds(left, right) else Truth.NOT_MET)

    def verdict_on(self, value: Scalar | None, absent: AbsentState | None) -> Verdict:
        """The verdict of a cell on a fact as ``read_fact`` reads it: for many cells that ask the same fact."""
        assert isinstance(self.cell, Cell)
        if self.cell.anything:
            return MET
        if absent == "not_applicable" and self.cell.not_applicable:
            return MET
        if absent == "not_applicable" and self.not_applicable_decides:
            return NOT_MET
        if value is None:
            assert absent is not None
            return Verdict(Truth.OPEN, (Referral(self.fact, absent),))
        return MET if self.cell.covers(value) else NOT_MET

    def facts_named(self) -> tuple[str, ...]:
        return (self.fact,) if isinstance(self.cell, Cell) else (self.fact, self.cell.other)

    def __str__(self) -> str:
        return f"{self.fact} {self.cell.text}"


def all_of(verdicts: list[Verdict]) -> Verdict:
    """Met when all are; not met as soon as one is not, whatever else is unknown."""
    referred: list[Referral] = []
    for verdict in verdicts:
        if verdict.truth is Truth.NOT_MET:
            return NOT_MET
        referred.extend(verdict.referred)
    return Verdict(Truth.OPEN, tuple(dict.fromkeys(referred))) if referred else MET


def any_of(verdicts: list[Verdict]) -> Verdict:
    """Met as soon as one is; open when none is met and one cannot be decided."""
    referred: list[Referral] = []
    for verdict in verdicts:
        if verdict.truth is Truth.MET:
            return MET
        referred.extend(verdict.referred)
    return Verdict(Truth.OPEN, tuple(dict.fromkeys(referred))) if referred else NOT_MET


def parse_tests(
    condition: Mapping[str, str], vocabulary: Mapping[str, FactDefinition], *, against_facts: bool
) -> tuple[tuple[Test, ...], list[tuple[str, str]]]:
    """Parse a map of fact to cell. Returns the tests, and (fact, reason) for everything wrong."""
    tests: list[Test] = []
    wrong: list[tuple[str, str]] = []
    for name, text in condition.items():
        definition = vocabulary.get(name)
        if definition is None:
            wrong.append((name, undeclared(name)))
            continue
        try:
            tests.append(Test(name, definition, _parse(text, definition, vocabulary, against_facts)))
        except ValueError as error:
            wrong.append((name, str(error)))
    return tuple(tests), wrong


def _parse(
    text: str, definition: FactDefinition, vocabulary: Mapping[str, FactDefinition], against_facts: bool
) -> Cell | AgainstFact:
    match = _AGAINST_FACT.match(text.strip())
    if match is None:
        return parse_cell(text, definition)
    sign, factor, name = match.groups()
    if not against_facts:
        raise ValueError(f"{text!r}: a table cell cannot speak of another fact")
    other = vocabulary.get(name)
    if other is None:
        raise ValueError(undeclared(name))
    if other.type is not definition.type:
        raise ValueError(f"{text!r} compares a {definition.type.value} with a {other.type.value}")
    if definition.type not in ORDERED and sign not in ("=", "!="):
        raise ValueError(f"{text!r}: a {definition.type.value} has no order")
    if factor is not None and definition.type in (FactType.DATE, FactType.CODE, FactType.BOOLEAN):
        raise ValueError(f"{text!r}: a {definition.type.value} cannot be multiplied")
    multiplier = parse_scalar(FactType.NUMBER, factor) if factor is not None else Decimal(1)
    assert isinstance(multiplier, Decimal)
    return AgainstFact(text.strip(), sign, multiplier, name, other)


def definitions_asked(tests: tuple[Test, ...]) -> dict[str, FactDefinition]:
    """The facts that some tests look at with their definitions, in the order of the tests; ``*`` looks at nothing."""
    asked: dict[str, FactDefinition] = {}
    for test in tests:
        if isinstance(test.cell, AgainstFact):
            asked.setdefault(test.fact, test.definition)
            asked.setdefault(test.cell.other, test.cell.definition)
        elif not test.cell.anything:
            asked.setdefault(test.fact, test.definition)
    return asked


def inputs_of(tests: tuple[Test, ...], facts: Mapping[str, FactValue]) -> dict[str, str]:
    """The facts some tests looked at, as text for a trace; an absent one says how it is absent."""
    return {
        name: shown_fact(*read_fact(name, definition, facts)) for name, definition in definitions_asked(tests).items()
    }


def shown_fact(value: Scalar | None, absent: AbsentState | None) -> str:
    """A fact as traces show it."""
    if absent is not None:
        return absent
    return scalar_text(value) if value is not None else ""
