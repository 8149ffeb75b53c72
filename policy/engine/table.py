"""Decision tables: typed cells, checked for gaps and overlaps when loaded, evaluated with a trace."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, PrivateAttr, StringConstraints

from domain.finding import TraceStep
from domain.model import Value
from policy.engine.binding import Bindable
from policy.engine.cells import WILDCARD, Cell
from policy.engine.completeness import Column, Unprovable, gaps, overlaps, unreachable
from policy.engine.conditions import Referral, Test, Truth, all_of, inputs_of, parse_tests
from policy.engine.file import PolicyFile
from policy.engine.source import Pointer
from policy.engine.vocabulary import FactDefinition, FactType, FactValue, Scalar, parse_scalar, scalar_text, undeclared

RowId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]


class HitPolicy(StrEnum):
    UNIQUE = "unique"
    """Exactly one row for any case; a gap or an overlap is a fault of the file."""
    FIRST = "first"
    """The first row that is met; the rows together leave no gap, and none is out of reach."""
    COLLECT = "collect"
    """Every row that is met, possibly none."""


class Output(Value):
    """A column of results. ``values`` lists the codes it may hold."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
    type: FactType
    values: tuple[str, ...] = ()


class Row(Value):
    """A row: ``when`` maps facts to cells (a fact left out is ``*``), ``then`` gives every output."""

    id: RowId
    when: dict[str, str] = Field(default_factory=dict)
    then: dict[str, str]
    note: str = ""


@dataclass(frozen=True)
class _BoundRow:
    id: str
    tests: tuple[Test, ...]
    outputs: Mapping[str, Scalar]


class TableBody(Bindable):
    """The table itself; stands alone in a decision table file or inside another policy."""

    inputs: Annotated[tuple[str, ...], Field(min_length=1, max_length=12)]
    outputs: Annotated[tuple[Output, ...], Field(min_length=1)]
    hit: HitPolicy
    rows: Annotated[tuple[Row, ...], Field(min_length=1, max_length=1000)]

    _bound: tuple[_BoundRow, ...] | None = PrivateAttr(default=None)

    @property
    def bound(self) -> tuple[_BoundRow, ...]:
        if self._bound is None:
            raise ValueError("the table was not bound to a vocabulary: take it from a bundle")
        return self._bound

    def bind(self, vocabulary: Mapping[str, FactDefinition]) -> list[tuple[Pointer, str]]:
        wrong: list[tuple[Pointer, str]] = []
        for index, name in enumerate(self.inputs):
            if name not in vocabulary:
                wrong.append((("inputs", index), undeclared(name)))
        seen: set[str] = set()
        rows: list[_BoundRow] = []
        for index, row in enumerate(self.rows):
            at: Pointer = ("rows", index)
            if row.id in seen:
                wrong.append(((*at, "id"), f"the row id {row.id!r} appears twice"))
            seen.add(row.id)
            columns = {name: row.when[name] for name in self.inputs if name in row.when}
            for name in row.when.keys() - columns.keys():
                wrong.append(((*at, "when", name), f"{name!r} is not an input of this table"))
            tests, faults = parse_tests(
                {name: cell for name, cell in columns.items() if name in vocabulary}, vocabulary, against_facts=False
            )
            wrong.extend(((*at, "when", name), reason) for name, reason in faults)
            outputs = self._outputs(row, at, wrong)
            rows.append(_BoundRow(row.id, tests, outputs))
        self._bound = tuple(self._with_not_applicable(rows))
        return wrong

    def _outputs(self, row: Row, at: Pointer, wrong: list[tuple[Pointer, str]]) -> dict[str, Scalar]:
        values: dict[str, Scalar] = {}
        declared = {output.name: output for output in self.outputs}
        for name in row.then.keys() - declared.keys():
            wrong.append(((*at, "then", name), f"{name!r} is not an output of this table"))
        for name, output in declared.items():
            if name not in row.then:
                wrong.append(((*at, "then"), f"the output {name!r} is missing"))
                continue
            try:
                values[name] = parse_scalar(output.type, row.then[name])
            except ValueError as error:
                wrong.append(((*at, "then", name), str(error)))
                continue
            if output.values and values[name] not in output.values:
                wrong.append(((*at, "then", name), f"{row.then[name]!r} is not a declared value of this output"))
        return values

    def _with_not_applicable(self, rows: list[_BoundRow]) -> list[_BoundRow]:
        speaking = {
            test.fact for row in rows for test in row.tests if isinstance(test.cell, Cell) and test.cell.not_applicable
        }
        return [
            _BoundRow(
                row.id,
                tuple(replace(test, not_applicable_decides=test.fact in speaking) for test in row.tests),
                row.outputs,
            )
            for row in rows
        ]

    def incompleteness(self, vocabulary: Mapping[str, FactDefinition]) -> list[tuple[Pointer, str]]:
        try:
            return self._gaps_and_overlaps(self.bound, vocabulary)
        except Unprovable as unprovable:
            return [(("rows",), str(unprovable))]

    def _gaps_and_overlaps(
        self, rows: tuple[_BoundRow, ...], vocabulary: Mapping[str, FactDefinition]
    ) -> list[tuple[Pointer, str]]:
        columns = []
        for name in self.inputs:
            by_row = [{test.fact: test.cell for test in row.tests}.get(name, WILDCARD) for row in rows]
            columns.append(Column(name, vocabulary[name], tuple(c for c in by_row if isinstance(c, Cell))))
        wrong: list[tuple[Pointer, str]] = []
        if self.hit is not HitPolicy.COLLECT:
            wrong.extend((("rows",), f"no row covers {gap}") for gap in gaps(columns, len(rows)))
        if self.hit is HitPolicy.UNIQUE:
            for first, second, where in overlaps(columns, len(rows)):
                wrong.append((("rows", second), f"the rows {rows[first].id} and {rows[second].id} both cover {where}"))
        if self.hit is HitPolicy.FIRST:
            for index in unreachable(columns, len(rows)):
                wrong.append((("rows", index), f"the row {rows[index].id} is never reached: earlier rows cover it"))
        return wrong


class DecisionTable(PolicyFile):
    """A decision table that other policy or code names by id."""

    kind: Literal["decision_table"]
    table: TableBody


@dataclass(frozen=True)
class Decision:
    """What a table concludes.

    ``rows`` holds the ids and outputs of every row that was met; tables of one hit have one, given as ``row`` and
    ``outputs``. While ``referred`` names facts, nothing was decided and ``row`` is ``None`` (a collect table may have
    both: the rows that are met whatever the absent facts turn out to be).
    """

    rows: tuple[tuple[str, Mapping[str, Scalar]], ...]
    trace: tuple[TraceStep, ...]
    referred: tuple[Referral, ...]

    @property
    def decided(self) -> bool:
        return not self.referred

    @property
    def row(self) -> str | None:
        return self.rows[0][0] if self.rows else None

    @property
    def outputs(self) -> Mapping[str, Scalar]:
        return self.rows[0][1] if self.rows else {}

    def number(self, name: str) -> Decimal:
        """A numeric output. Raises ``LookupError`` while the table is undecided."""
        value = self.outputs[name]
        if not isinstance(value, Decimal):
            raise TypeError(f"the output {name} is not a number")
        return value

    def code(self, name: str) -> str:
        """An output that is a code. Raises ``LookupError`` while the table is undecided."""
        value = self.outputs[name]
        if not isinstance(value, str):
            raise TypeError(f"the output {name} is not a code")
        return value


def evaluate(table: DecisionTable | TableBody, facts: Mapping[str, FactValue], step: str = "") -> Decision:
    """Evaluate a table. Absent facts never select a row: they are referred by name.

    ``step`` prefixes the trace; by default the id of the table.
    """
    body = table.table if isinstance(table, DecisionTable) else table
    name = step or (table.id if isinstance(table, DecisionTable) else "table")
    met: list[tuple[str, Mapping[str, Scalar]]] = []
    trace: list[TraceStep] = []
    referred: list[Referral] = []
    for row in body.bound:
        verdict = all_of([test.verdict(facts) for test in row.tests])
        if verdict.truth is Truth.NOT_MET:
            continue
        if verdict.truth is Truth.OPEN:
            referred.extend(verdict.referred)
            trace.append(_step(f"{name}/{row.id}", row.tests, facts, "undecided"))
            if body.hit is HitPolicy.FIRST:
                break
            continue
        met.append((row.id, row.outputs))
        result = "; ".join(f"{output}={scalar_text(value)}" for output, value in row.outputs.items())
        trace.append(_step(f"{name}/{row.id}", row.tests, facts, result))
        if body.hit is HitPolicy.FIRST:
            break
    if referred and body.hit is not HitPolicy.COLLECT:
        met = []
    return Decision(tuple(met), tuple(trace), tuple(dict.fromkeys(referred)))


def _step(step: str, tests: tuple[Test, ...], facts: Mapping[str, FactValue], result: str) -> TraceStep:
    return TraceStep(
        step=step,
        rule="; ".join(str(test) for test in tests) or "otherwise",
        inputs=inputs_of(tests, facts),
        result=result,
    )
