"""Support programmes: what a file of one must say."""

from datetime import date
from pathlib import Path
from textwrap import dedent

import pytest

from policy.engine import ComputeVoucherTerms, PolicyNotInForce, load_book
from tests.policy.small_books import HEAD, book, faults

BOOK = Path(__file__).parents[2] / "policy" / "book"


def programme(terms: str) -> str:
    return f"kind: programme\nid: sample\n{dedent(HEAD)}terms: {terms}\n"


VOUCHER = "{{form: compute_voucher, share: {share}, yearly_caps: {caps}, signed_from: {start}, signed_until: {end}}}"
CAP = "{ordinary: {amount: 2_000_000.00, currency: CNY}}"


def voucher(share: str = "0.20", caps: str = CAP, start: str = "2024-01-01", end: str = "2025-12-31") -> str:
    return programme(VOUCHER.format(share=share, caps=caps, start=start, end=end))


def test_a_programme_is_found_by_name_and_day(tmp_path: Path) -> None:
    bundle = book(tmp_path, sample=voucher())
    assert isinstance(bundle.programme("sample", date(2024, 6, 1)).terms, ComputeVoucherTerms)
    with pytest.raises(PolicyNotInForce):
        bundle.programme("sample", date(2023, 12, 31))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (voucher(share="1.2"), "less than or equal to 1"),
        (voucher(share="0"), "greater than 0"),
        (voucher(caps="{champion: {amount: 1.00, currency: CNY}}"), "no cap for the standing 'ordinary'"),
        (voucher(caps="{ordinary: {amount: 0.00, currency: CNY}}"), "a cap is more than nought"),
        (voucher(end="2023-12-31"), "the window ends before it begins"),
        (programme("{form: gift}"), "form"),
        (programme("{form: compute_voucher, yearly_caps: " + CAP + "}"), "there are caps and no share they could hold"),
        (
            programme("{form: compute_voucher, share: 0.5, yearly_caps: " + CAP + ", pool: {amount: 0.00}}"),
            "a pool is more than nought",
        ),
        (programme("{form: compute_voucher, supplier_list: suppliers}"), "a list of suppliers is a series list.…"),
    ],
)
def test_a_programme_that_cannot_be_meant_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    found = faults(tmp_path, sample=text)
    assert len(found) == 1, found
    assert expected in found[0]


def test_the_programmes_of_the_book() -> None:
    on = date(2025, 6, 2)
    bundle = load_book(BOOK)
    forms = {
        name: bundle.programme(name, on).terms.form
        for name in ("bj_voucher", "zh_voucher", "equipment_renewal_subsidy")
    }
    assert forms == {
        "bj_voucher": "compute_voucher",
        "zh_voucher": "compute_voucher",
        "equipment_renewal_subsidy": "interest_subsidy",
    }


def tags(family: str = "programme", rows: str = "[{id: one, title_zh: 一, title_en: One}]") -> str:
    return f"kind: tag_list\nid: list\n{dedent(HEAD)}family: {family}\ntags: {rows}\n"


def initiative(**fields: str) -> str:
    body = {"institution": "bank", "counts": "booked", "tag_lists": "[list]"} | fields
    lines = "".join(f"{name}: {text}\n" for name, text in body.items())
    return f"kind: initiative\nid: plan\n{dedent(HEAD)}{lines}"


FLOOR = "{id: TOTAL, at_least: {amount: 5.00}, instruments: [loan], code: TARGET_SHORT}"


def test_a_lenders_programme_and_its_tags_are_found_by_day(tmp_path: Path) -> None:
    bundle = book(tmp_path, plan=initiative(floors=f"[{FLOOR}]"), tags=tags())
    on = date(2024, 6, 1)
    assert [floor.id for floor in bundle.initiative("plan", on).floors] == ["TOTAL"]
    assert list(bundle.tag_lists(on)) == ["list"]
    with pytest.raises(PolicyNotInForce):
        bundle.initiative("plan", date(2023, 12, 31))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (initiative(tag_lists="[nowhere]"), "there is no tag_list 'nowhere'"),
        (initiative(until="2023-01-01"), "the programme ends before it begins"),
        (initiative(counts="nothing", floors=f"[{FLOOR}]"), "there are floors and nothing to count"),
        (initiative(floors=f"[{FLOOR}, {FLOOR}]"), "'TOTAL' is there twice"),
        (initiative(floors=f"[{FLOOR.replace('[loan]', '[loan, loan]')}]"), "an instrument is listed twice"),
        (initiative(floors=f"[{FLOOR.replace('5.00', '0.00')}]"), "greater than zero"),
        (
            initiative(visit_counts="[{on: 2025-07-25, visits: 2, needs: 1}, {on: 2025-07-25, visits: 3, needs: 1}]"),
            "counts are announced once a day",
        ),
    ],
)
def test_a_lenders_programme_that_cannot_be_meant_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    found = faults(tmp_path, plan=text, tags=tags())
    assert len(found) == 1, found
    assert expected in found[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (tags(rows="[]"), "at least 1 item"),
        (tags(family="weather"), "family"),
        (
            tags(rows="[{id: one, title_zh: 一, title_en: One}, {id: one, title_zh: 一, title_en: One}]"),
            "the tag 'one' is listed twice",
        ),
        (
            tags(rows="[{id: one, title_zh: 一, title_en: One, route_to: desk}]"),
            "only a region's tag routes a case",
        ),
    ],
)
def test_a_list_of_tags_that_cannot_be_meant_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    found = faults(tmp_path, tags=text)
    assert len(found) == 1, found
    assert expected in found[0]
