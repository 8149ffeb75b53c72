"""Market records: a figure is what was printed, a statement's figures are there, and a misprint is not taken in."""

from pathlib import Path
from textwrap import dedent

import pytest

from tests.policy.small_books import HEAD, book, faults

FIGURE = (
    "{{id: size, title_zh: {title}, title_en: Size, {parts}, unit: CNY, basis: market, nature: observed,"
    " as_of: 2024-12-31, source: a paper}}"
)
DEAL = "{{id: first, institution: bank, title_zh: {title}, title_en: First, stands_for: loan, source: a paper{more}}}"
GLOSSARY = f"""kind: glossary
id: words
{dedent(HEAD)}terms: [{{id: aidc, zh: 智算中心, en: AI data centre}}]
refused:
  - id: one
    text: Automatic Identification and Data Capture
    instead: AIDC is an AI data centre
    refused_in: [deals, figures, statements, terms]
    source: a paper
  - {{id: two, text: 算力券, instead: a loan is a 算力贷, refused_in: [deals], source: a paper}}
"""


def records(**parts: str) -> str:
    lines = "".join(f"{name}: [{text}]\n" for name, text in parts.items())
    return f"kind: market_records\nid: sample\n{dedent(HEAD)}{lines}"


def figure(parts: str = "form: exact, value: 100_000_000, printed: 1亿", title: str = "规模") -> str:
    return records(figures=FIGURE.format(parts=parts, title=title))


def deal(more: str = "", title: str = "首笔算力贷") -> str:
    return records(deals=DEAL.format(more=more, title=title))


def test_records_that_say_what_was_printed_are_taken(tmp_path: Path) -> None:
    book(tmp_path, sample=figure(), words=GLOSSARY)
    book(tmp_path, sample=deal(", amount: {form: level, at_least: 10_000_000, below: 100_000_000, printed: 千万元级}"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (figure("form: exact, value: 10_000_000, printed: 1亿"), "'1亿' does not say this"),
        (figure("form: exact, value: 100_000_000, printed: 近1亿"), "'近1亿' does not say this"),
        (figure(f"form: exact, value: 1, printed: {'1' * 61}"), "at most 60 characters"),
        (figure("form: exact"), "the parts of the figure do not belong to its form"),
        (figure("form: exact, value: 1, at_least: 1"), "the parts of the figure do not belong to its form"),
        (figure("form: level, at_least: 10, below: 10"), "a range ends above where it begins"),
        (figure("form: exact, value: 1e9"), "must be a decimal number written as text"),
        (deal(", amount: {form: exact, value: 1, printed: 1亿}"), "'1亿' does not say this"),
        (deal(", parts: [{form: exact, value: 1, printed: 1亿}]"), "'1亿' does not say this"),
        (deal(", signed: 2025-03-28, signed_text: 3月底"), "a deal has a day, or the words"),
        (records(deals=""), "there are no records"),
        (
            records(statements="{id: s, title_zh: 说, title_en: Says, says: it, figures: [none], source: a paper}"),
            "there is no figure 'none' here",
        ),
    ],
)
def test_records_that_cannot_be_meant_are_refused(tmp_path: Path, text: str, expected: str) -> None:
    found = faults(tmp_path, sample=text)
    assert len(found) == 1, found
    assert expected in found[0]


def test_a_record_is_there_once(tmp_path: Path) -> None:
    one = FIGURE.format(parts="form: exact, value: 1", title="规模")
    found = faults(tmp_path, sample=records(figures=f"{one}, {one}"))
    assert len(found) == 1
    assert "'size' is there twice" in found[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (figure(title="AIDC (Automatic Identification and Data Capture)"), "AIDC is an AI data centre"),
        (deal(title="首笔算力券"), "a loan is a 算力贷"),
        (
            records(
                statements="{id: s, title_zh: 说, title_en: Says, source: a paper,"
                " says: AIDC is automatic identification and data capture}"
            ),
            "AIDC is an AI data centre",
        ),
    ],
)
def test_m9_a_misprint_is_not_taken_in(tmp_path: Path, text: str, expected: str) -> None:
    found = faults(tmp_path, sample=text, words=GLOSSARY)
    assert len(found) == 1, found
    assert "is refused here" in found[0]
    assert expected in found[0]


def test_m9_a_voucher_may_be_called_one(tmp_path: Path) -> None:
    book(tmp_path, sample=figure(title="算力券规模"), words=GLOSSARY)


def test_m9_the_glossary_itself_has_no_misprint(tmp_path: Path) -> None:
    found = faults(
        tmp_path, words=GLOSSARY.replace("en: AI data centre", "en: Automatic Identification and Data Capture")
    )
    assert len(found) == 1, found
    assert "terms/0" in found[0]
