"""What guarantees carry where authority and drawings are judged: as much as in the limit, no more."""

from datetime import date
from typing import Any

import pytest

from domain.application import ApplicationContent
from policy.engine import LimitPolicy, load_book
from services.origination.calc.case_facts import valid_guarantees
from tests.origination.seed import BOOK

ACCOUNTS: dict[str, Any] = {
    "net_assets": {"value": {"amount": "90.00"}},
    "guarantees_given": {"value": {"amount": "30.00"}},
}


@pytest.fixture(scope="module")
def rules() -> LimitPolicy:
    found = load_book(BOOK).limits(date(2026, 11, 2))
    assert found is not None
    return found


def offered(*changes: dict[str, Any]) -> ApplicationContent:
    plain = {"party_key": "parent", "amount": {"amount": "50.00"}, "share": "1", "resolution_sha256": "a" * 64}
    return ApplicationContent.model_validate({"lender_id": "nxb", "guarantees": [plain | change for change in changes]})


@pytest.mark.parametrize(
    ("changes", "carried"),
    [
        ([ACCOUNTS], "50.00"),
        ([ACCOUNTS, ACCOUNTS], "60.00"),
        ([ACCOUNTS, ACCOUNTS | {"party_key": "founder"}], "100.00"),
        ([ACCOUNTS | {"net_assets": {"value": {"amount": "-5.00"}}}], "0.00"),
        ([ACCOUNTS | {"share": "0.3333"}], "16.66"),
        ([ACCOUNTS | {"net_assets": {"state": "undisclosed"}}], "50.00"),
        ([{}], "50.00"),
        ([{"resolution_sha256": None}], "0.00"),
        ([{"listed": True}], "0.00"),
        ([], "0.00"),
    ],
)
def test_what_guarantees_carry(rules: LimitPolicy, changes: list[dict[str, Any]], carried: str) -> None:
    assert str(valid_guarantees(offered(*changes), rules).amount) == carried


def test_a_case_from_before_the_limit_policy_is_judged_as_it_was() -> None:
    assert load_book(BOOK).limits(date(2026, 9, 30)) is None
    assert str(valid_guarantees(offered(ACCOUNTS | {"share": "0.5"}, ACCOUNTS), None).amount) == "100.00"
