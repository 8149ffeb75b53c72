"""A refused book: every fault of every file at once, each where an editor finds it, and none that is not one."""

from copy import deepcopy
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy.engine import Bundle, PolicyFaults, read_book
from tests.policy.small_books import VOCABULARY, book, faults, table, write
from tests.policy.test_scorecard import SCALE, card

GAP = table('{id: A, when: {plant.pue: "<= 1.3"}, then: {result: a}}', inputs="plant.pue")
OTHERWISE = table("{id: A, then: {result: a}}", inputs="plant.pue", hit="first")


def without(text: str, line: str) -> str:
    assert line in text
    return text.replace(line, "")


@pytest.mark.parametrize("left_out", ["source: [Test]\n", "effective_from: 2024-01-01\n", "title_zh: 标题\n"])
def test_what_its_head_lacks_does_not_hide_a_gap_further_down(tmp_path: Path, left_out: str) -> None:
    found = faults(tmp_path, sample=without(GAP, left_out))
    assert [fault.partition(": ")[2] for fault in found] == [
        f"{left_out.partition(':')[0]}: Field required",
        "table/rows: no row covers plant.pue in (1.3, 10)",
    ]


def test_a_row_that_is_none_does_not_hide_what_the_others_get_wrong(tmp_path: Path) -> None:
    text = table(
        """
        {id: "no id at all", then: {result: a}}
        {id: A, when: {firm.size: huge}, then: {result: a}}
        {id: B, when: {firm.colour: red}, then: {result: a}}
        """,
        inputs="firm.size",
    )
    found = faults(tmp_path, sample=text)
    assert [fault.split(": ")[0] for fault in found] == ["sample.yaml:15", "sample.yaml:16", "sample.yaml:17"]
    assert "table/rows/0/id" in found[0]
    assert "table/rows/1/when/firm.size: 'huge' is not a declared value of this fact" in found[1]
    assert "table/rows/2/when/firm.colour: 'firm.colour' is not an input of this table" in found[2]


def test_a_wrong_characteristic_does_not_hide_the_others(tmp_path: Path) -> None:
    broken = card(**{"points:__4": "points: many", "when:__small": "when: tiny", "weight:__6": "weight: 0"})
    found = "\n".join(faults(tmp_path, scale=SCALE, card=broken.replace("source: [Test]\n", "")))
    for said in (
        "source: Field required",
        "factors/0/characteristics/0/points: must be a decimal number",
        "factors/1/weight: Input should be greater than 0",
        "factors/1/characteristics/0/bins/0/when: 'tiny' is not a declared value",
    ):
        assert said in found
    assert "no bin covers" not in found


def test_sums_are_checked_where_only_the_head_is_wrong(tmp_path: Path) -> None:
    broken = card(**{"weight:__4": "weight: 5"}).replace("version: 1", "version: first")
    found = "\n".join(faults(tmp_path, scale=SCALE, card=broken))
    assert "version: String should match" in found
    assert "the characteristics add up to 4.00000000, the weight is 5.00000000" in found


def test_a_vocabulary_with_a_fault_makes_no_table_a_liar(tmp_path: Path) -> None:
    write(tmp_path, sample=GAP, vocabulary=VOCABULARY.replace("version: 1", "version: x"))
    found = faults_of(tmp_path)
    assert [fault.split(": ")[0] for fault in found] == ["sample.yaml:14", "vocabulary.yaml:4"]
    assert "no row covers" in found[0]


def test_a_fact_declared_wrongly_is_one_fault_and_not_one_more_wherever_it_is_used(tmp_path: Path) -> None:
    wrong = VOCABULARY.replace("type: number, minimum: 1", "type: figure, minimum: 1")
    also = table("{id: B, then: {result: a}}", inputs="firm.shade", hit="first").replace("id: sample", "id: also")
    write(tmp_path, sample=GAP, also=also, vocabulary=wrong)
    found = faults_of(tmp_path)
    assert len(found) == 2
    assert "also.yaml:10: table/inputs/0: 'firm.shade' is not a declared fact" in found[0]
    assert "vocabulary.yaml:12: facts/plant.pue/type" in found[1]


def test_a_refused_version_of_a_vocabulary_still_lends_its_words_from_its_own_day_on(tmp_path: Path) -> None:
    later = VOCABULARY.replace("version: 1", "version: 2").replace("2024-01-01", "2024-06-01")
    later = later.replace("values: [small, large]", "values: [small, large, huge]").replace("title_en: Facts", "")
    text = table("{id: A, when: {firm.size: huge}, then: {result: a}}", inputs="firm.size", hit="collect")
    early = faults(tmp_path, later=later, sample=text)
    assert [fault.split(": ")[0] for fault in early] == ["later.yaml:2", "sample.yaml:15"]
    timely = faults(tmp_path, later=later, sample=text.replace("2024-01-01", "2024-06-01"))
    assert [fault.split(": ")[0] for fault in timely] == ["later.yaml:2"]


def test_nobody_is_blamed_for_naming_a_file_that_has_its_own_fault(tmp_path: Path) -> None:
    found = faults(tmp_path, scale=SCALE.replace("base: 480", "base: much"), card=card())
    assert len(found) == 1
    assert "scale.yaml" in found[0]
    nowhere = faults(tmp_path, scale=SCALE.replace("id: scale", "id: other"), card=card())
    assert any("there is no rating_scale 'scale'" in fault for fault in nowhere)


def test_a_card_whose_scale_ends_before_it_is_refused(tmp_path: Path) -> None:
    ends = SCALE.replace("effective_from: 2024-01-01", "effective_from: 2024-01-01\neffective_to: 2024-12-31")
    found = faults(tmp_path, scale=ends, card=card())
    assert len(found) == 1
    assert found[0].endswith("rating_scale: no rating_scale 'scale' is in force on 2025-01-01")
    shorter = card().replace("effective_from: 2024-01-01", "effective_from: 2024-01-01\neffective_to: 2024-12-31")
    assert faults(tmp_path, scale=ends, card=shorter) == []
    renewed = SCALE.replace("version: 1", "version: 2").replace("2024-01-01", "2025-01-01")
    assert faults(tmp_path, scale=ends, card=card(), renewed=renewed) == []


@pytest.mark.parametrize("written", ["1704067200", "2024-01-01T00:00:00", "20240101", "0", "2024-W01-1"])
def test_a_day_has_one_spelling(tmp_path: Path, written: str) -> None:
    for text in (
        OTHERWISE.replace("effective_from: 2024-01-01", f"effective_from: {written}"),
        OTHERWISE.replace("effective_from: 2024-01-01", f"effective_from: 2024-01-01\neffective_to: {written}"),
        table(f'{{id: A, when: {{firm.founded: "< {written}"}}, then: {{result: a}}}}', inputs="firm.founded"),
    ):
        found = faults(tmp_path, sample=text)
        assert len(found) == 1, found
        assert "YYYY-MM-DD" in found[0]


@pytest.mark.parametrize("blank", ["['  ']", "['']", "[]", "''", "~"])
def test_a_source_says_something(tmp_path: Path, blank: str) -> None:
    found = faults(tmp_path, sample=OTHERWISE.replace("source: [Test]", f"source: {blank}"))
    assert found
    assert all(fault.startswith("sample.yaml:8: source") for fault in found)


def test_bounds_in_percent_are_refused_where_the_fact_is_a_fraction(tmp_path: Path) -> None:
    """``> 130`` of a figure between 1 and 10 would stand in a rule for ever and never fire."""
    rows = """
        {id: A, when: {plant.pue: "<= 130"}, then: {result: a}}
        {id: B, when: {plant.pue: "> 130"}, then: {result: b}}
    """
    found = faults(tmp_path, sample=table(rows, inputs="plant.pue"))
    assert [fault.split(": ", 1)[1] for fault in found] == [
        "table/rows/0/when/plant.pue: '<= 130': 130 lies outside the bounds of this fact",
        "table/rows/1/when/plant.pue: '> 130': 130 lies outside the bounds of this fact",
    ]
    never = table('{id: A, when: {plant.pue: "> 10"}, then: {result: a}}', inputs="plant.pue", hit="collect")
    assert faults(tmp_path, sample=never)[0].endswith("'> 10' covers no value that this fact can have")


@pytest.mark.parametrize(
    ("definition", "said"),
    [
        ("{type: number, minimum: 3, maximum: 2, title_zh: 甲, title_en: A}", "the minimum lies above the maximum"),
        ("{type: date, minimum: 20240101, title_zh: 甲, title_en: A}", "is not a day written YYYY-MM-DD"),
        ("{type: code, values: [a, a], title_zh: 甲, title_en: A}", "a value is listed twice"),
        ("{type: boolean, minimum: 0, title_zh: 甲, title_en: A}", "only a fact with an order has bounds"),
        ("{type: number, title_zh: ' ', title_en: A}", "title_zh: String should have at least 1 character"),
    ],
)
def test_a_fact_that_nothing_can_be_is_refused_where_it_is_declared(tmp_path: Path, definition: str, said: str) -> None:
    write(tmp_path, vocabulary=VOCABULARY + f"      plant.extra: {definition}\n")
    (found,) = faults_of(tmp_path)
    assert found.startswith("vocabulary.yaml:18: facts/plant.extra")
    assert said in found


def test_a_file_that_cannot_be_read_is_a_fault_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    write(tmp_path, vocabulary=VOCABULARY)
    monkeypatch.setattr(Path, "read_bytes", refused)
    assert faults_of(tmp_path) == ["vocabulary.yaml:1: the file cannot be read: Permission denied"]


@pytest.mark.parametrize(("cell", "gap"), [("< 9999-12-31", "= 9999-12-31"), ("> 0001-01-01", "= 0001-01-01")])
def test_the_first_and_the_last_day_there_are_bound_a_table_like_any_other(tmp_path: Path, cell: str, gap: str) -> None:
    text = table(f'{{id: A, when: {{firm.founded: "{cell}"}}, then: {{result: a}}}}', inputs="firm.founded")
    (found,) = faults(tmp_path, sample=text)
    assert found.endswith(f"no row covers firm.founded {gap}")


def faults_of(directory: Path) -> list[str]:
    return [str(fault) for fault in read_book(directory)[1]]


JUNK: list[Any] = [
    None,
    "",
    "*",
    "n/a",
    "1e9",
    "-1",
    "9999-12-31",
    "<= 9999-12-31",
    "[1, 2]",
    "{a.b}",
    [],
    {},
    [None],
    {"a": []},
]


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_whatever_stands_in_a_bundle_it_is_refused_and_never_a_crash(data: st.DataObject) -> None:
    """A bundle comes over the wire too: nonsense in any place of any file gives faults, whatever else is looked at."""
    bundle: Any = sample_book().canonical()
    for _ in range(data.draw(st.integers(1, 3))):
        node = data.draw(st.sampled_from(bundle["files"]))
        while isinstance(node, dict | list) and node:
            key = data.draw(st.sampled_from(sorted(node) if isinstance(node, dict) else range(len(node))))
            if not isinstance(node[key], dict | list) or data.draw(st.booleans()):
                node[key] = deepcopy(data.draw(st.sampled_from(JUNK)))
                break
            node = node[key]
    try:
        read = Bundle.from_canonical(bundle).canonical()
    except PolicyFaults:
        return
    assert read == bundle


@cache
def sample_book() -> Bundle:
    with TemporaryDirectory() as directory:
        return book(Path(directory), scale=SCALE, card=card(), sample=OTHERWISE)
