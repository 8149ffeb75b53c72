"""Reading policy YAML: text stays text, faults know their line."""

from pathlib import Path

import pytest

from policy.engine import read_book
from policy.engine.source import MAX_FILE_BYTES, parse_source
from tests.policy.small_books import faults, write


def test_scalars_stay_the_text_their_author_wrote() -> None:
    source, wrong = parse_source("a: 0.10\nb: 1e3\nc: yes\nd: 2024-01-01\ne: ~\nf: 'null'\ng: 010\n", "x.yaml")
    assert wrong == []
    assert source is not None
    assert source.data == {"a": "0.10", "b": "1e3", "c": "yes", "d": "2024-01-01", "e": None, "f": "null", "g": "010"}


def test_every_node_knows_its_line_and_a_missing_one_that_of_its_parent() -> None:
    source, _ = parse_source("a: 1\nb:\n  - c: 1\n    d: 2\n", "x.yaml")
    assert source is not None
    assert source.line(("b", 0, "d")) == 4
    assert source.line(("b", 0, "missing")) == 3
    assert source.line(()) == 1


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("a: 1\nb: &x 2\n", 2, "anchors"),
        ("a: 1\nb: !!python/object:os.system 2\n", 2, "tags"),
        ("a: 1\nb: [1, 2\n", 3, "not YAML"),
        ("a: 1\nb: 2\na: 3\n", 3, "'a' appears twice"),
        ("- 1\n", 1, "a policy file is a map"),
        ("? [1, 2]\n: 3\n", 1, "a key must be plain text"),
        ("a: \x00\n", 1, "not YAML"),
        ("", 1, "a policy file is a map"),
    ],
)
def test_notation_that_hides_meaning_is_refused_with_its_line(text: str, line: int, reason: str) -> None:
    _, wrong = parse_source(text, "x.yaml")
    assert [(fault.line, reason in fault.reason) for fault in wrong] == [(line, True)]


def test_nesting_without_end_is_a_fault_and_not_a_crash() -> None:
    _, wrong = parse_source("[" * 2000, "x.yaml")
    assert len(wrong) == 1


def test_files_that_are_not_policy_text_are_faults_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "bytes.yaml").write_bytes(b"kind: \xff\xfe")
    (tmp_path / "large.yaml").write_bytes(b"#" * (MAX_FILE_BYTES + 1))
    found = faults(tmp_path, other="kind: nonsense\n")
    (tmp_path / "old.yml").write_text("kind: product\n")
    found = [str(fault) for fault in read_book(tmp_path)[1]]
    assert [fault.split(":")[0] for fault in found] == ["bytes.yaml", "large.yaml", "old.yml", "other.yaml"]
    assert "UTF-8" in found[0]
    assert "larger than" in found[1]
    assert ".yaml" in found[2]
    assert "kind is one of" in found[3]


def test_a_directory_without_policy_or_that_is_none_is_a_fault(tmp_path: Path) -> None:
    assert [fault.reason for fault in read_book(tmp_path)[1]] == ["there are no policy files"]
    assert [fault.reason for fault in read_book(tmp_path / "none")[1]] == ["there is no such directory"]


def test_everything_wrong_in_every_file_is_reported_at_once(tmp_path: Path) -> None:
    write(
        tmp_path,
        first="""\
            kind: decision_table
            id: first
            version: one
            effective_from: 2024-13-01
            title_zh: 表
            title_en: Table
            surprise: 1
            table:
              inputs: [loan.amount]
              hit: unique
              outputs: [{name: result, type: code}]
              rows: [{id: A, then: {result: a}}]
        """,
        second="""\
            kind: sla
            id: second
            version: 1
            effective_from: 2024-06-01
            effective_to: 2024-05-01
            title_zh: 时限
            title_en: Levels
            source: [Test]
            owner_confirmation_hours: 0
            stuck_after_minutes: 5
            business_days: {no_such_task: 1}
        """,
    )
    found = [str(fault) for fault in read_book(tmp_path)[1]]
    assert [fault.partition(" ")[0] for fault in found] == [
        "first.yaml:1:",
        "first.yaml:3:",
        "first.yaml:4:",
        "first.yaml:7:",
        "first.yaml:9:",
        "second.yaml:9:",
        "second.yaml:11:",
    ]
    assert "source: Field required" in found[0]
    assert "version" in found[1]
    assert "effective_from" in found[2]
    assert "surprise" in found[3]
    assert "'loan.amount' is not a declared fact" in found[4]
    assert "no_such_task" in found[6]
