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
