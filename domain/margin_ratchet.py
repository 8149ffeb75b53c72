"""Margin ratchets (利率调整条款): clauses of a facility agreement that move the margin on fixed dates, and what they give.

A clause is data: what it looks at, and by how many basis points each reading moves the margin. Reports are kept as they
came in, with the day they speak of and the day they were received, so that a reset of years ago gives the same margin
today as it gave then.
"""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Final, Literal, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from domain.application.text import Label, Sha256
from domain.decision import DecisionInputs
from domain.figures import Day, Spread, figure
from domain.finding import FindingValue
from domain.model import Message, Value
from domain.money import Rate
from domain.repayment import Wrong, maturity, refuse

Grade = Annotated[str, StringConstraints(min_length=1, max_length=16, pattern=r"^[A-Za-z0-9][A-Za-z0-9+.-]*$")]
ClauseId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
FactName = Annotated[str, StringConstraints(max_length=80, pattern=r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+$")]
IfUnreported = Literal["refer", "original", "worst"]
"""Where a reset finds no report: a person decides, the clause moves nothing, or its dearest reading applies
(and never a discount)."""
MaximumAge = Annotated[int, Field(ge=1, le=1100), figure("days", "[1, 1100]", at_least="1", at_most="1100")]
"""Days between the day a report speaks of and the reset that may still read it."""
NotchStep = Annotated[int, Field(ge=1, le=200), figure("basis points", "[1, 200]", at_least="1", at_most="200")]
BandStep = Annotated[
    int, Field(ge=-500, le=1000), figure("basis points", "[-500, 1000]", at_least="-500", at_most="1000")
]
Reach = Annotated[int, Field(ge=0, le=1000), figure("basis points", "[0, 1000]", at_least="0", at_most="1000")]
Interval = Annotated[int, Field(ge=1, le=60), figure("months", "[1, 60]", at_least="1", at_most="60")]
FirstReset = Annotated[int, Field(ge=1, le=120), figure("months", "[1, 120]", at_least="1", at_most="120")]


class EsgClause(Value):
    """ESG 挂钩: notches against the grade at signing. Grades stand best first; one notch is one place among them."""

    kind: Literal["esg"] = "esg"
    id: ClauseId
    agency: Label
    grades: Annotated[tuple[Grade, ...], Field(min_length=2, max_length=40)]
    baseline: Grade
    per_notch_bps: NotchStep | None = None
    """Basis points a notch; without it the figure of the pricing policy."""
    both_ways: bool = False
    """A grade below the baseline raises the margin by as much a notch; otherwise it only ends the discount."""
    max_age_days: MaximumAge = 400
    if_unreported: IfUnreported = "refer"

    @model_validator(mode="after")
    def _on_its_scale(self) -> Self:
        if len(set(self.grades)) != len(self.grades) or self.baseline not in self.grades:
            raise PydanticCustomError("grades_wrong", "grades must differ, and the baseline must be one of them")
        return self


class Band(Value):
    """One band of a grid: the values it covers, written as in a policy table, and what it does to the margin."""

    id: ClauseId
    when: Annotated[str, StringConstraints(min_length=1, max_length=120)]
    """``>= 1.50``, ``[1.30, 1.50)``, ``< 1.30``."""
    adjustment_bps: BandStep


class GridClause(Value):
    """A grid over one figure of the policy's vocabulary: compute efficiency (算力算效), or a financial covenant.

    Every value the figure may take lies in exactly one band.
    """

    kind: Literal["compute_efficiency", "covenant"]
    id: ClauseId
    fact: FactName
    bands: Annotated[tuple[Band, ...], Field(min_length=1, max_length=20)]
    max_age_days: MaximumAge = 130
    if_unreported: IfUnreported = "refer"


Clause = Annotated[EsgClause | GridClause, Field(discriminator="kind")]


class RatchetTerms(Value):
    """What the agreement says of its margin. Resets fall on the same day of every ``every_months``-th month."""

    margin_bps: Spread
    """The original margin over the base rate."""
    signed_on: Day
    first_reset: Day
    every_months: Interval
    ends_on: Day
    above_original_bps: Reach = 0
    """The most the margin may rise above the original one; nought unless the contract says so."""
    below_original_bps: Reach | None = None
    """The most all clauses together may take off; ESG has its own cap besides."""
    clauses: Annotated[tuple[Clause, ...], Field(min_length=1, max_length=12)]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        wrong: list[Wrong] = []
        if not self.signed_on <= self.first_reset <= self.ends_on:
            wrong.append((("first_reset",), "dates_out_of_order", "signed_on ≤ first_reset ≤ ends_on is required"))
        months = (self.ends_on.year - self.first_reset.year) * 12 + self.ends_on.month - self.first_reset.month
        if months // self.every_months >= MAXIMUM_RESETS:
            wrong.append((("every_months",), "too_many_resets", "an agreement has at most 120 resets"))
        if len({clause.id for clause in self.clauses}) != len(self.clauses):
            wrong.append((("clauses",), "clause_repeated", "every clause needs an id of its own"))
        agencies = [clause.agency for clause in self.clauses if isinstance(clause, EsgClause)]
        if len(set(agencies)) != len(agencies):
            wrong.append((("clauses",), "agency_repeated", "an agency grades for one clause only"))
        refuse("RatchetTerms", wrong)
        return self


MAXIMUM_RESETS = 120
PERIOD_BEGINS = 21
"""Day of the month on which an interest period begins: the one before ended on the 20th (结息日)."""


class MarginClauses(Value):
    """The clauses as an approver agrees them, before the agreement has its days: months count from its effect."""

    first_reset_months: FirstReset
    every_months: Interval
    above_original_bps: Reach = 0
    below_original_bps: Reach | None = None
    clauses: Annotated[tuple[Clause, ...], Field(min_length=1, max_length=12)]

    def terms(self, margin_bps: int, effective_on: date, ends_on: date) -> "RatchetTerms | None":
        """The clauses with their days. A reset falls on the first day of an interest period, so that a period has one margin.

        None where the loan ends before the first reset. Raises ``ValidationError`` for clauses that contradict each other.
        """
        first = first_period_from(maturity(effective_on, self.first_reset_months))
        if first > ends_on:
            return None
        return RatchetTerms(
            margin_bps=margin_bps,
            signed_on=effective_on,
            first_reset=first,
            every_months=self.every_months,
            ends_on=ends_on,
            above_original_bps=self.above_original_bps,
            below_original_bps=self.below_original_bps,
            clauses=self.clauses,
        )


def first_period_from(day: date) -> date:
    """The first day of the interest period that begins on the day or next after it."""
    begins = day.replace(day=PERIOD_BEGINS)
    return begins if begins >= day else maturity(begins, 1)


def reset_days(terms: RatchetTerms) -> Iterator[date]:
    """The reset dates of an agreement, in order: contract days, which no holiday moves."""
    months = 0
    while (on := maturity(terms.first_reset, months)) <= terms.ends_on:
        yield on
        months += terms.every_months


class GradeReport(Value):
    """A grade an agency gave: the day it speaks of, the day the lender received it, the document that proves it."""

    kind: Literal["grade"] = "grade"
    agency: Label
    grade: Grade
    on: Day
    received_on: Day
    evidence: Sha256


class FigureReport(Value):
    """A figure of a compliance certificate. ``None``: it was reported that the figure is not known."""

    kind: Literal["figure"] = "figure"
    fact: FactName
    figure: Rate | None
    on: Day
    received_on: Day
    evidence: Sha256


Report = Annotated[GradeReport | FigureReport, Field(discriminator="kind")]


class GradeStatement(Value):
    """A grade an agency gave, as somebody reports it: it is received on the day a second person has checked it."""

    kind: Literal["grade"] = "grade"
    agency: Label
    grade: Grade
    on: Day
    evidence: Sha256


class FigureStatement(Value):
    """A figure of a compliance certificate, as somebody reports it. ``None``: the figure is not known."""

    kind: Literal["figure"] = "figure"
    fact: FactName
    figure: Rate | None
    on: Day
    evidence: Sha256


Statement = Annotated[GradeStatement | FigureStatement, Field(discriminator="kind")]


def received(statement: GradeStatement | FigureStatement, on: date) -> GradeReport | FigureReport:
    """The report that a checked statement becomes."""
    said = statement.model_dump()
    if isinstance(statement, GradeStatement):
        return GradeReport.model_validate(said | {"received_on": on})
    return FigureReport.model_validate(said | {"received_on": on})


def subject_of(said: GradeStatement | FigureStatement | GradeReport | FigureReport) -> str:
    """What a statement or report speaks of: the agency, or the figure's name."""
    return said.agency if isinstance(said, GradeStatement | GradeReport) else said.fact


class BaseRateFixing(Value):
    """The loan prime rate the contract last fixed: its tenor, and the day whose publication counts."""

    tenor: Literal["1Y", "5Y"]
    fixed_on: Day


class MarginAgreement(Message):
    """What a facility's process knows of its margin: the clauses with their days, and what every reset is reckoned under."""

    product: str
    lender_id: str
    policy_sha256: str
    pinned_on: date | None = None
    base: BaseRateFixing
    terms: RatchetTerms


class ReportedMargin(Message):
    """A statement on its way: who made it, until somebody else has checked it against its evidence."""

    statement: Statement
    reported_by: str


class MarginResetRequest(DecisionInputs):
    """The margin on ``as_of`` by the agreement's clauses and everything reported until then."""

    base: BaseRateFixing
    terms: RatchetTerms
    reports: Annotated[tuple[Report, ...], Field(max_length=1000)] = ()

    @model_validator(mode="after")
    def _received_after_the_fact(self) -> Self:
        early: list[Wrong] = [
            (
                ("reports", index, "received_on"),
                "received_too_early",
                "no report is received before the day it speaks of",
            )
            for index, report in enumerate(self.reports)
            if report.received_on < report.on
        ]
        refuse("MarginResetRequest", early)
        return self


class ClauseReading(Value):
    """What one clause gave at one reset. ``adjustment_bps`` is None where a person must decide first."""

    clause: str
    observed: str
    """The grade or figure read; empty where nothing was reported in time."""
    observed_on: date | None
    evidence: str | None
    rule: str
    """The band or the count of notches that applied."""
    adjustment_bps: int | None


class MarginReset(Value):
    """One reset: every clause, their sum, the bounds that bit, and the margin from that day on."""

    on: date
    readings: tuple[ClauseReading, ...]
    bounds: tuple[Literal["esg_cap", "below_original", "above_original"], ...]
    margin_bps: int | None
    """None while a clause is undecided; the margin before it then goes on."""


class MarginStanding(FindingValue):
    """The margin in force, and how it came to be. Rates per year."""

    original_margin_bps: int
    margin_bps: int
    """In force on the day: of the last reset that could be concluded, else the original."""
    in_force_since: date
    all_in_rate: Rate
    base_rate: Literal["1Y", "5Y"]
    base_rate_value: Rate
    next_reset: date | None
    history: tuple[MarginReset, ...]
    lowest_margin_bps: int
    highest_margin_bps: int
    """What the clauses can ever make of the margin: what an approver signs for."""

    def headline(self) -> str:
        return f"{self.all_in_rate * 100:.4f} % · {self.original_margin_bps:+d} → {self.margin_bps:+d} bp"


MARGIN_TEXTS: Final = {
    "grades_wrong": (
        "评级等级不得重复，且须包含基准等级",
        "grades must differ, and the baseline must be one of them",
    ),
    "dates_out_of_order": ("须满足 签约日 ≤ 首次重定日 ≤ 终止日", "signed_on ≤ first_reset ≤ ends_on is required"),
    "too_many_resets": ("一份合同至多 120 次重定", "an agreement has at most 120 resets"),
    "clause_repeated": ("每一条款须有自己的编号", "every clause needs an id of its own"),
    "agency_repeated": ("同一评级机构只能用于一个条款", "an agency grades for one clause only"),
}
"""Why clauses are refused, in Chinese and English: told where they are agreed and where they are read."""
