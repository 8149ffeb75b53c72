"""Bundles: one hash on every machine, versions by date, and publications that only ever add."""

import json
import os
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from domain.canonical import canonical
from domain.money import yuan
from policy.engine import (
    Bundle,
    FactValue,
    PolicyFaults,
    PolicyNotInForce,
    check_book,
    check_rules,
    evaluate,
    load_book,
    publication_faults,
    read_book,
    rules_in_force,
    score,
    succession_faults,
)
from tests.policy.small_books import book, faults, table, write

BOOK = Path(__file__).parents[2] / "policy" / "book"


def version(number: int, begins: str, result: str, ends: str | None = None) -> str:
    text = table(f"{{id: A, then: {{result: {result}}}}}", inputs="loan.months", hit="first")
    until = f"\neffective_to: {ends}" if ends else ""
    return text.replace("version: 1", f"version: {number}").replace(
        "effective_from: 2024-01-01", f"effective_from: {begins}{until}"
    )


def result_on(bundle: Bundle, day: date) -> str:
    return bundle.table("sample", day).table.rows[0].then["result"]


def test_a_book_comes_back_from_its_stored_bytes_as_it_was() -> None:
    bundle = load_book(BOOK)
    stored = json.loads(canonical(bundle.canonical()))
    again = Bundle.from_canonical(stored)
    assert again.sha256 == bundle.sha256
    assert again.files() == bundle.files()


def test_the_hash_does_not_depend_on_hash_seed_directory_comments_or_key_order(tmp_path: Path) -> None:
    program = "import sys; from policy.engine import load_book; print(load_book(sys.argv[1]).sha256)"
    hashes = set()
    for seed in ("0", "1", "4711"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run(
            [sys.executable, "-c", program, str(BOOK)], env=environment, capture_output=True, text=True, check=True
        )
        hashes.add(done.stdout.strip())
    assert hashes == {load_book(BOOK).sha256}

    (tmp_path / "a" / "deep").mkdir(parents=True)
    (tmp_path / "b").mkdir()
    first = book(tmp_path / "a", sample=version(1, "2024-01-01", "x"))
    write(tmp_path / "b", zz="# moved and commented\n" + version(1, "2024-01-01", "x"))
    reordered = (tmp_path / "b" / "zz.yaml").read_text().splitlines()
    head, body = reordered[:8], reordered[8:]
    (tmp_path / "b" / "zz.yaml").write_text("\n".join([*head[:2], *reversed(head[2:]), *body]) + "\n")
    second = book(tmp_path / "b")
    assert first.sha256 == second.sha256


def test_line_ends_byte_order_mark_locale_time_zone_and_folder_are_no_content(tmp_path: Path) -> None:
    """A book checked out on another machine: other line ends, another editor, another place and time."""
    elsewhere = tmp_path / "elsewhere"
    for source in BOOK.rglob("*.yaml"):
        moved = elsewhere / source.relative_to(BOOK)
        moved.parent.mkdir(parents=True, exist_ok=True)
        moved.write_bytes(b"\xef\xbb\xbf" + source.read_bytes().replace(b"\n", b"\r\n"))
    program = (
        "import sys; from domain.canonical import canonical; from policy.engine import load_book;"
        "sys.stdout.buffer.write(canonical(load_book(sys.argv[1]).canonical()))"
    )
    environment = {**os.environ, "LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "TZ": "Pacific/Kiritimati"}
    done = subprocess.run(
        [sys.executable, "-c", program, str(elsewhere)],
        env={**environment, "PYTHONPATH": str(BOOK.parents[1])},
        cwd=tmp_path,
        capture_output=True,
        check=True,
    )
    assert done.stdout == canonical(load_book(BOOK).canonical())


def test_any_change_of_content_changes_the_hash(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one = book(tmp_path / "a", sample=version(1, "2024-01-01", "x"))
    two = book(tmp_path / "b", sample=version(1, "2024-01-01", "y"))
    assert one.sha256 != two.sha256


def test_the_version_in_force_is_the_last_to_have_begun_unless_it_ended(tmp_path: Path) -> None:
    bundle = book(
        tmp_path,
        one=version(1, "2024-01-01", "first"),
        two=version(2, "2024-07-01", "second"),
        three=version(10, "2025-01-01", "third", ends="2025-06-30"),
    )
    assert result_on(bundle, date(2024, 6, 30)) == "first"
    assert result_on(bundle, date(2024, 7, 1)) == "second"
    assert result_on(bundle, date(2025, 6, 30)) == "third"
    for day in (date(2023, 12, 31), date(2025, 7, 1)):
        with pytest.raises(PolicyNotInForce, match="decision_table sample"):
            bundle.table("sample", day)
    assert bundle.ref(bundle.table("sample", date(2025, 1, 1))).model_dump() == {
        "id": "sample",
        "version": "10",
        "sha256": bundle.sha256,
    }
    assert [item["version"] for item in bundle.canonical()["files"]] == ["1", "2", "10", "1"]


def test_versions_that_cannot_be_told_apart_are_refused(tmp_path: Path) -> None:
    found = faults(
        tmp_path,
        one=version(1, "2024-01-01", "a"),
        same=version(1, "2024-02-01", "b"),
        day=version(2, "2024-01-01", "c"),
    )
    assert any("has the same id and version" in fault for fault in found)
    assert any("begins that day" in fault for fault in found)


def test_a_kind_of_which_there_is_one_has_one_id(tmp_path: Path) -> None:
    text = (BOOK / "controls" / "business_day.yaml").read_text()
    found = faults(tmp_path, one=text, two=text.replace("id: business_day", "id: other_day"))
    assert len(found) == 1
    assert "a book has one business_day policy" in found[0]


def test_a_file_is_read_with_the_words_of_its_own_time(tmp_path: Path) -> None:
    """A fact declared later is none of an earlier file's, and a value added later leaves older tables standing."""
    write(tmp_path, sample=version(1, "2023-01-01", "x"))
    assert "'loan.months' is not a declared fact" in "\n".join(faults(tmp_path))


def test_a_fact_has_one_owner(tmp_path: Path) -> None:
    more = """
        kind: vocabulary
        id: more
        version: 1
        effective_from: 2024-01-01
        title_zh: 事实
        title_en: Facts
        source: [Test]
        facts:
          loan.months: {type: integer, title_zh: 期限, title_en: Months}
    """
    assert "declares this fact already" in "\n".join(faults(tmp_path, other=more))


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"format": "2", "files": []},
        {"format": "1", "files": [], "extra": "x"},
        {"format": "1", "files": {"a": "b"}},
        {"format": "1", "files": [1]},
        {"format": "1", "files": [{"kind": "sla", "business_days": {"approval": 1}}]},
        {"format": "1", "files": [{"kind": "sla", "rate": 0.1}]},
        {"format": "1", "files": [{"kind": ["sla"]}]},
    ],
)
def test_bytes_that_were_never_a_checked_book_are_refused(data: dict[str, object]) -> None:
    with pytest.raises(PolicyFaults):
        Bundle.from_canonical(data)


def test_files_out_of_order_are_not_a_second_spelling_of_a_bundle() -> None:
    data = load_book(BOOK).canonical()
    with pytest.raises(PolicyFaults, match="order"):
        Bundle.from_canonical({**data, "files": list(reversed(data["files"]))})


def test_a_publication_only_adds(tmp_path: Path) -> None:
    names = ("published", "added", "changed", "lost")
    for name in names:
        (tmp_path / name).mkdir()
    first, second = version(1, "2024-01-01", "x"), version(2, "2024-07-01", "y")
    published = book(tmp_path / "published", one=first)
    assert succession_faults(published, book(tmp_path / "added", one=first, two=second)) == []
    changed = check_book(write(tmp_path / "added", one=version(1, "2024-01-01", "z")), published)
    assert changed.succession == (
        "decision_table sample 1 was published and has changed: a correction is a new version",
    )
    assert not changed.publishable
    lost = check_book(
        write(tmp_path / "lost", two=second, vocabulary=(tmp_path / "published" / "vocabulary.yaml").read_text()),
        published,
    )
    assert lost.succession == ("decision_table sample 1 was published and is missing",)
    assert check_book(tmp_path / "published", published).publishable


def test_a_block_in_force_today_applies_to_a_case_pinned_before(tmp_path: Path) -> None:
    def rules(begins: str, *items: tuple[str, str, str]) -> str:
        lines = "\n".join(
            f"  - {{id: {name}, article: Test, severity: {severity}, applies: [utilisation], "
            f"breached_when: [{{loan.months: '{cell}'}}], message_zh: 违反, message_en: breached}}"
            for name, severity, cell in items
        )
        return (
            f"kind: regulation\nid: sample\nversion: 1\neffective_from: {begins}\ntitle_zh: 规\ntitle_en: Rules\n"
            f"source: [Test]\nrules:\n{lines}\n"
        )

    for name in ("then", "now"):
        (tmp_path / name).mkdir()
    then = book(tmp_path / "then", old=rules("2024-01-01", ("KEPT", "REFER", "> 60"), ("TIGHTER", "BLOCK", "> 60")))
    new = rules("2025-01-01", ("TIGHTER", "BLOCK", "> 36"), ("NEW", "BLOCK", "> 48"), ("SOFT", "REFER", "> 12"))
    now = book(tmp_path / "now", new=new)
    standing = rules_in_force(then, now, "utilisation", "city_bank", date(2024, 6, 1), date(2025, 6, 1))
    assert [(rule.id, rule.breached_when[0]["loan.months"]) for rule in standing] == [
        ("KEPT", "> 60"),
        ("NEW", "> 48"),
        ("TIGHTER", "> 36"),
    ]


def test_a_case_decided_from_stored_policy_is_traced_in_the_same_words() -> None:
    """Key order is no part of the hash, so it must be no part of a trace either."""
    read, stored = (load_book(BOOK), Bundle.from_canonical(json.loads(canonical(load_book(BOOK).canonical()))))
    facts: dict[str, FactValue] = {
        "loan.class": "fixed_asset",
        "product.entrusted_only": False,
        "payment.payee_related": True,
        "payment.payee_total": yuan(9_000_000),
        "exposure.customer_after": yuan(500_000_000),
        "lender.tier1_capital": yuan(3_000_000_000),
        "borrower.new_relationship": True,
    }
    on = date(2026, 1, 5)
    for moment in ("approval", "utilisation"):
        one, other = (check_rules(bundle.regulations(moment, "city_bank", on), facts) for bundle in (read, stored))
        assert one == other
        assert len(one.trace) > 10
    assert evaluate(read.table("payment_mode", on), facts) == evaluate(stored.table("payment_mode", on), facts)
    card = read.scorecard("card_jsb_v1", on), stored.scorecard("card_jsb_v1", on)
    assert score(card[0], facts) == score(card[1], facts)


def test_a_bundle_cannot_be_changed_through_what_it_hands_out() -> None:
    bundle = load_book(BOOK)
    bundle.canonical()["files"].clear()
    assert bundle.canonical()["files"]
    assert Bundle.from_canonical(bundle.canonical()).sha256 == bundle.sha256


def test_what_every_case_needs_is_there_before_a_bundle_is_published(tmp_path: Path) -> None:
    whole = load_book(BOOK)
    assert publication_faults(whole, None, date(2026, 1, 5)) == []
    assert publication_faults(whole, whole, date(2026, 1, 5)) == []
    early = publication_faults(whole, None, date(2024, 6, 30))
    assert "no authority policy is in force on 2024-06-30" in early
    assert "no product is in force on 2024-06-30" in early
    rewritten = publication_faults(book(tmp_path), whole, date(2026, 1, 5))
    assert "product jsb_wc 1 was published and is missing" in rewritten


RULES = """
    kind: regulation
    id: {name}
    version: {version}
    effective_from: {begins}
    title_zh: 规
    title_en: Rules
    source: [Test]
    rules:
      - id: SAME
        article: Test
        severity: WARN
        applies: [approval]
        breached_when: [{{firm.listed: "true"}}]
        message_zh: 违反
        message_en: breached
"""


def test_one_rule_id_has_one_file_on_any_day(tmp_path: Path) -> None:
    first = RULES.format(name="first", version=1, begins="2024-02-01")
    second = RULES.format(name="second", version=1, begins="2024-05-01")
    assert faults(tmp_path, first=first, second=second) == [
        "second.yaml:5: effective_from: on 2024-05-01 the rule id 'SAME' is also one of 'first'"
    ]
    moved = RULES.format(name="first", version=2, begins="2024-05-01").replace("SAME", "OTHER")
    assert faults(tmp_path, first=first, second=second, moved=moved) == []


def test_a_bookable_product_has_its_conditions_in_one_place(tmp_path: Path) -> None:
    tmp_path = Path(shutil.copytree(BOOK, tmp_path / "book"))
    again = (BOOK / "conditions" / "working_capital.yaml").read_text(encoding="utf-8")
    (tmp_path / "again.yaml").write_text(again.replace("id: conditions_working_capital", "id: conditions_twice"))
    twice = [fault.reason for fault in read_book(tmp_path)[1]]
    assert len(twice) == 1
    assert "the product 'jsb_wc' has its conditions in" in twice[0]
    (tmp_path / "again.yaml").unlink()
    (tmp_path / "conditions" / "working_capital.yaml").unlink()
    none = [(fault.file, fault.reason) for fault in read_book(tmp_path)[1]]
    assert none == [("products/jsb_wc.yaml", "effective_from: on 2024-07-01 no conditions name the product 'jsb_wc'")]
