"""Decision tables: no gap, no overlap, no default for what nobody knows."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from domain.facts import Absent, FactState, Known
from domain.money import yuan
from policy.engine import Decision, FactTypeError, FactValue, Referral, TableBody, evaluate
from tests.policy.small_books import book, faults, table

ON = date(2024, 6, 1)

TENOR = table(
    """
    {id: SHORT, when: {loan.months: "<= 36"}, then: {result: short}}
    {id: LONG_SMALL, when: {loan.months: "> 36", firm.size: small}, then: {result: refused}}
    {id: LONG_LARGE, when: {loan.months: "> 36", firm.size: large}, then: {result: long}}
    """,
    inputs="loan.months, firm.size",
)
FIRST = table(
    """
    {id: BIG, when: {loan.amount: "> 10_000_000.00"}, then: {result: entrusted}}
    {id: LISTED, when: {firm.listed: "true"}, then: {result: listed}}
    {id: OTHERWISE, then: {result: self}}
    """,
    inputs="loan.amount, firm.listed",
    hit="first",
)
WITH_NOT_APPLICABLE = table(
    """
    {id: NONE, when: {plant.pue: "n/a"}, then: {result: no_plant}}
    {id: GOOD, when: {plant.pue: "<= 1.3"}, then: {result: good}}
    {id: BAD, when: {plant.pue: "> 1.3"}, then: {result: bad}}
    """,
    inputs="plant.pue",
)


def decide(tmp_path: Path, text: str, facts: dict[str, FactValue]) -> Decision:
    return evaluate(book(tmp_path, sample=text).table("sample", ON), facts)


def test_a_decided_case_names_its_row_its_outputs_and_its_inputs(tmp_path: Path) -> None:
    decision = decide(tmp_path, TENOR, {"loan.months": 60, "firm.size": "large"})
    assert (decision.row, decision.code("result"), decision.decided) == ("LONG_LARGE", "long", True)
    (step,) = decision.trace
    assert step.step == "sample/LONG_LARGE"
    assert step.rule == "loan.months > 36; firm.size large"
    assert step.inputs == {"loan.months": "60", "firm.size": "large"}
    assert step.result == "result=long"


def test_a_fact_no_standing_row_asks_for_is_not_needed(tmp_path: Path) -> None:
    assert decide(tmp_path, TENOR, {"loan.months": 12}).row == "SHORT"


@pytest.mark.parametrize("missing", [None, Absent(state="unknown"), Absent(state="undisclosed"), FactState.UNKNOWN])
def test_what_nobody_knows_selects_no_row_and_is_named(tmp_path: Path, missing: FactValue) -> None:
    for text, row in ((TENOR, {"loan.months": 60, "firm.size": missing}), (FIRST, {"loan.amount": missing})):
        decision = decide(tmp_path, text, row)
        assert decision.row is None
        assert decision.rows == ()
        assert not decision.decided
        assert decision.referred[0].fact in ("firm.size", "loan.amount")
        with pytest.raises(LookupError):
            decision.code("result")


def test_an_otherwise_row_is_reached_only_by_cases_that_miss_every_row_before_it(tmp_path: Path) -> None:
    assert decide(tmp_path, FIRST, {"loan.amount": yuan(10_000_000), "firm.listed": False}).row == "OTHERWISE"
    assert decide(tmp_path, FIRST, {"loan.amount": yuan("10000000.01")}).row == "BIG"
    undecided = decide(tmp_path, FIRST, {"loan.amount": yuan(5)})
    assert undecided.referred == (Referral("firm.listed", "not_given"),)
    assert undecided.trace[-1].result == "undecided"


def test_not_applicable_is_decided_only_where_the_table_says_so(tmp_path: Path) -> None:
    nothing = Absent(state="not_applicable")
    assert decide(tmp_path, WITH_NOT_APPLICABLE, {"plant.pue": nothing}).row == "NONE"
    assert decide(tmp_path, WITH_NOT_APPLICABLE, {"plant.pue": Known(value=Decimal("1.3"))}).row == "GOOD"
    assert not decide(tmp_path, WITH_NOT_APPLICABLE, {"plant.pue": Absent(state="unknown")}).decided
    assert decide(tmp_path, TENOR, {"loan.months": nothing}).referred[0].state == "not_applicable"


def test_values_outside_the_vocabulary_refer_and_wrong_types_are_the_callers_error(tmp_path: Path) -> None:
    assert decide(tmp_path, TENOR, {"loan.months": 60, "firm.size": "giant"}).referred == (
        Referral("firm.size", "unlisted"),
    )
    assert decide(tmp_path, TENOR, {"loan.months": 0, "firm.size": "small"}).referred == (
        Referral("loan.months", "out_of_range"),
    )
    for wrong in (1.5, "60", True, Decimal("NaN"), Decimal("1.5")):
        with pytest.raises(FactTypeError, match=r"loan\.months"):
            decide(tmp_path, TENOR, {"loan.months": wrong})  # type: ignore[dict-item]


def test_a_collect_table_gives_every_row_that_is_met_and_names_what_may_add_more(tmp_path: Path) -> None:
    text = table(
        """
        {id: SMALL, when: {firm.size: small}, then: {result: a}}
        {id: LISTED, when: {firm.listed: "true"}, then: {result: b}}
        {id: SHORT, when: {loan.months: "< 12"}, then: {result: c}}
        """,
        inputs="firm.size, firm.listed, loan.months",
        hit="collect",
    )
    decision = decide(tmp_path, text, {"firm.size": "small", "loan.months": 24})
    assert [row for row, _ in decision.rows] == ["SMALL"]
    assert decision.referred == (Referral("firm.listed", "not_given"),)


def test_gaps_overlaps_and_unreachable_rows_are_found_with_their_lines(tmp_path: Path) -> None:
    gap = table('{id: A, when: {loan.months: "<= 36"}, then: {result: a}}', inputs="loan.months")
    assert faults(tmp_path, sample=gap) == ["sample.yaml:14: table/rows: no row covers loan.months > 36"]
    overlap = table(
        """
        {id: A, when: {loan.months: "<= 36"}, then: {result: a}}
        {id: B, when: {loan.months: ">= 36"}, then: {result: b}}
        """,
        inputs="loan.months",
    )
    assert faults(tmp_path, sample=overlap) == [
        "sample.yaml:16: table/rows/1: the rows A and B both cover loan.months = 36"
    ]
    hidden = table(
        """
        {id: A, when: {loan.months: ">= 1"}, then: {result: a}}
        {id: B, when: {loan.months: "12"}, then: {result: b}}
        """,
        inputs="loan.months",
        hit="first",
    )
    assert faults(tmp_path, sample=hidden) == [
        "sample.yaml:16: table/rows/1: the row B is never reached: earlier rows cover it"
    ]


def test_a_gap_in_one_corner_of_many_columns_is_found(tmp_path: Path) -> None:
    text = table(
        """
        {id: A, when: {firm.size: small}, then: {result: a}}
        {id: B, when: {firm.size: large, firm.listed: "true"}, then: {result: b}}
        {id: C, when: {firm.size: large, firm.listed: "false", loan.months: "< 60"}, then: {result: c}}
        {id: D, when: {firm.size: large, firm.listed: "false", loan.months: "> 60"}, then: {result: d}}
        """,
        inputs="firm.size, firm.listed, loan.months",
    )
    assert faults(tmp_path, sample=text) == [
        "sample.yaml:14: table/rows: no row covers firm.size large, firm.listed false, loan.months = 60"
    ]


def test_names_cells_and_outputs_that_do_not_fit_are_all_reported(tmp_path: Path) -> None:
    text = table(
        """
        {id: A, when: {loan.months: "<< 3", firm.colour: red}, then: {result: z}}
        {id: A, when: {firm.size: huge}, then: {outcome: a}}
        """,
        inputs="loan.months, firm.size, firm.shape",
        outputs="{name: result, type: code, values: [a, b]}",
    )
    found = faults(tmp_path, sample=text)
    assert [fault.split(": ", 2)[0] for fault in found] == [
        *["sample.yaml:10"],
        *["sample.yaml:15"] * 3,
        *["sample.yaml:16"] * 4,
    ]
    whole = "\n".join(found)
    for said in (
        "'firm.shape' is not a declared fact",
        "'firm.colour' is not an input of this table",
        "'z' is not a declared value of this output",
        "the row id 'A' appears twice",
        "'huge' is not a declared value of this fact",
        "'outcome' is not an output of this table",
        "the output 'result' is missing",
    ):
        assert said in whole


def test_a_table_taken_from_no_bundle_is_not_evaluated() -> None:
    loose = TableBody.model_validate(
        {
            "inputs": ["x"],
            "outputs": [{"name": "y", "type": "code"}],
            "hit": "first",
            "rows": [{"id": "A", "then": {"y": "z"}}],
        }
    )
    with pytest.raises(ValueError, match="bundle"):
        evaluate(loose, {})


def test_a_table_that_cuts_its_cases_into_too_many_is_refused_in_bounded_time(tmp_path: Path) -> None:
    """Sixty rows that each cut every column elsewhere: every column multiplies the cases."""
    rows = "\n".join(
        f'{{id: R{n}, when: {{loan.months: "[{n * 7 + 1}, {n * 7 + 91}]", loan.amount: "[{n * 11}, {n * 11 + 160}]", '
        f'plant.pue: "[{1 + n / 10}, {2 + n / 10}]", firm.founded: "[{2000 + n % 20}-01-0{1 + n % 9}, 2025-01-0{1 + n % 9}]"}}, '
        f"then: {{result: a}}}}"
        for n in range(60)
    )
    rows += "\n{id: OTHERWISE, then: {result: a}}"
    text = table(rows, inputs="loan.months, loan.amount, plant.pue, firm.founded", hit="first")
    assert any("split the table" in fault for fault in faults(tmp_path, sample=text))
