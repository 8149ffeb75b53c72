"""One clause read on one day: the report it may look at, and the basis points that follow from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar

from domain.margin_ratchet import (
    ClauseReading,
    EsgClause,
    FigureReport,
    GradeReport,
    GridClause,
)
from policy.engine import FactDefinition, FactType, TableBody, evaluate, faults_of
from policy.engine.pricing import EsgRatchet
from services.pricing.calc.conclusion import Inadmissible, Trace

R = TypeVar("R", GradeReport, FigureReport)

_FIGURES = (FactType.NUMBER, FactType.INTEGER)
_OUTPUT = "adjustment_bps"


@dataclass(frozen=True)
class Reach:
    """The least and the most a clause can add to the margin, in basis points."""

    least: int
    most: int


@dataclass(frozen=True)
class ReadableEsg:
    """An ESG clause with the notch it counts by."""

    clause: EsgClause
    per_notch_bps: int

    @property
    def reach(self) -> Reach:
        place = self.clause.grades.index(self.clause.baseline)
        below = len(self.clause.grades) - 1 - place if self.clause.both_ways else 0
        return Reach(-place * self.per_notch_bps, below * self.per_notch_bps)

    def read(self, reports: Sequence[GradeReport], on: date, trace: Trace) -> ClauseReading:
        """Notches up against the baseline lower the margin; notches down raise it only where both ways are agreed."""
        clause = self.clause
        own = [report for report in reports if report.agency == clause.agency]
        report = latest(own, on, clause.max_age_days)
        if report is None:
            return unreported(clause, self.reach, on, trace)
        up = clause.grades.index(clause.baseline) - clause.grades.index(report.grade)
        counted = up if clause.both_ways else max(up, 0)
        adjustment = -counted * self.per_notch_bps
        trace.term(
            f"{on.isoformat()}/{clause.id}",
            "−(notches above the baseline) × bp a notch" + ("" if clause.both_ways else ", never a surcharge"),
            adjustment,
            agency=clause.agency,
            baseline=clause.baseline,
            grade=report.grade,
            graded_on=report.on,
            notches=up,
            per_notch_bps=self.per_notch_bps,
            evidence=report.evidence,
        )
        return ClauseReading(
            clause=clause.id,
            observed=report.grade,
            observed_on=report.on,
            evidence=report.evidence,
            rule=f"{up:+d}",
            adjustment_bps=adjustment,
        )


@dataclass(frozen=True)
class ReadableGrid:
    """A grid clause whose bands are proved to cover every value once."""

    clause: GridClause
    table: TableBody
    definition: FactDefinition

    @property
    def reach(self) -> Reach:
        steps = [band.adjustment_bps for band in self.clause.bands]
        return Reach(min(steps), max(steps))

    def read(self, reports: Sequence[FigureReport], on: date, trace: Trace) -> ClauseReading:
        """The band the last figure reported in time lies in."""
        clause = self.clause
        report = latest([item for item in reports if item.fact == clause.fact], on, clause.max_age_days)
        if report is None or report.figure is None:
            return unreported(clause, self.reach, on, trace)
        decision = evaluate(self.table, {clause.fact: report.figure}, f"margin_reset/{on.isoformat()}/{clause.id}")
        trace.take(decision.trace)
        if not decision.decided:
            return unreported(clause, self.reach, on, trace)
        return ClauseReading(
            clause=clause.id,
            observed=format(report.figure, "f"),
            observed_on=report.on,
            evidence=report.evidence,
            rule=str(decision.row),
            adjustment_bps=int(decision.number(_OUTPUT)),
        )


def readable(
    clauses: Sequence[EsgClause | GridClause], esg: EsgRatchet, vocabulary: Mapping[str, FactDefinition]
) -> tuple[ReadableEsg | ReadableGrid, ...]:
    """The clauses ready to be read.

    Raises ``Inadmissible`` naming every grid over something that is no figure of the vocabulary, else every grid whose
    bands cannot be read, leave a gap or overlap.
    """
    foreign = tuple(
        f"terms/clauses/{index}/fact"
        for index, clause in enumerate(clauses)
        if isinstance(clause, GridClause)
        and (clause.fact not in vocabulary or vocabulary[clause.fact].type not in _FIGURES)
    )
    if foreign:
        raise Inadmissible(foreign, "fact_unknown", "不是政策词汇表中的数值", "is no figure of the policy's vocabulary")
    made: list[ReadableEsg | ReadableGrid] = []
    broken: list[str] = []
    for index, clause in enumerate(clauses):
        if isinstance(clause, EsgClause):
            made.append(ReadableEsg(clause, clause.per_notch_bps or esg.per_notch_bps))
            continue
        table = _table(clause)
        if faults_of(table, vocabulary):
            broken.append(f"terms/clauses/{index}/bands")
        made.append(ReadableGrid(clause, table, vocabulary[clause.fact]))
    if broken:
        raise Inadmissible(
            tuple(broken),
            "bands_not_whole",
            "各档须可读，且对每一取值恰有一档：不得有缺口、重叠或重复编号",
            "the bands must be readable and cover every value exactly once: no gap, no overlap, no id twice",
        )
    return tuple(made)


def _table(clause: GridClause) -> TableBody:
    return TableBody.model_validate(
        {
            "inputs": [clause.fact],
            "outputs": [{"name": _OUTPUT, "type": "number"}],
            "hit": "unique",
            "rows": [
                {"id": band.id, "when": {clause.fact: band.when}, "then": {_OUTPUT: str(band.adjustment_bps)}}
                for band in clause.bands
            ],
        }
    )


def latest(reports: Sequence[R], on: date, max_age_days: int) -> R | None:
    """The report a reset reads: received by that day, of the latest day, and of several for one day the last received.

    What was received later never changes an earlier reset. None where the latest is too old.
    """
    received = [report for report in reports if report.received_on <= on]
    found = max(received, key=lambda report: (report.on, report.received_on), default=None)
    return None if found is None or found.on < on - timedelta(days=max_age_days) else found


def unreported(clause: EsgClause | GridClause, reach: Reach, on: date, trace: Trace) -> ClauseReading:
    """What the clause itself says of a reset without a report."""
    adjustment: int | None = {"refer": None, "original": 0, "worst": max(reach.most, 0)}[clause.if_unreported]
    trace.term(
        f"{on.isoformat()}/{clause.id}",
        f"no report of the last {clause.max_age_days} days: {clause.if_unreported}",
        adjustment,
    )
    return ClauseReading(
        clause=clause.id,
        observed="",
        observed_on=None,
        evidence=None,
        rule=f"unreported: {clause.if_unreported}",
        adjustment_bps=adjustment,
    )
