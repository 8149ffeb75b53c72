"""How data assets and orders are valued is policy: what cannot be meant is refused when loaded, with file and line."""

from datetime import date
from pathlib import Path

import pytest

from policy.engine import load_book
from tests.policy.small_books import book, faults

BOOK = Path(__file__).parents[2] / "policy" / "book"
DATA = (BOOK / "collateral" / "data_assets.yaml").read_text("utf-8")
ORDERS = (BOOK / "collateral" / "compute_orders.yaml").read_text("utf-8")


@pytest.mark.parametrize(
    ("told", "instead", "expected"),
    [
        ("accuracy: 0.25", "accuracy: 0.26", "the weights of the dimensions add up to 1"),
        ("    accessibility: 0.10\n", "", "every dimension has a weight"),
        ("technology: 0.05", "technology: 0.04", "between least and most"),
        ("personal_data: 0.05", "personal_data: 0.11", "between least and most"),
        ("royalty: 0.1", "royalty: 0.2", "the weights of the approaches add up to 1"),
        ("  cost: 0.4\n  income: 0.3", "  cost: 0\n  income: 0.7", "cost has a weight"),
        ("shared_factor: 0.8", "shared_factor: 1.0\n  exclusive_factor_of: 1", "exclusive_factor_of"),
        ("exclusive_factor: 1.0", "exclusive_factor: 0.7", "a shared right is not worth more"),
        ("cost_only_ltv: 0.10", "cost_only_ltv: 0.25", "cost alone never carries more"),
        ("minimum_trades: 3", "minimum_trades: 0", "greater than or equal to 1"),
    ],
)
def test_a_policy_of_data_assets_that_cannot_be_meant_is_refused(
    tmp_path: Path, told: str, instead: str, expected: str
) -> None:
    assert DATA.count(told) == 1
    found = faults(tmp_path, data=DATA.replace(told, instead))
    assert len(found) == 1, found
    assert found[0].startswith("data.yaml:")
    assert expected in found[0]


@pytest.mark.parametrize(
    ("told", "instead", "expected"),
    [
        ("  - {tier: tier_3, ltv: 0.50}\n", "", "'tier_3' has no entry"),
        ("tier: tier_3", "tier: tier_2", "more than one entry"),
        ("tier: tier_3, ltv: 0.50", "tier: tier_3, ltv: 0.75", "a weaker tier never carries more"),
        ("tier: tier_3", "tier: tier_9", "Input should be 'tier_1'"),
        ("collection_lag_days: 30", "collection_lag_days: -1", "greater than or equal to 0"),
    ],
)
def test_a_policy_of_orders_that_cannot_be_meant_is_refused(
    tmp_path: Path, told: str, instead: str, expected: str
) -> None:
    assert ORDERS.count(told) == 1
    found = faults(tmp_path, orders=ORDERS.replace(told, instead))
    assert any(expected in fault for fault in found), found
    assert all(fault.startswith("orders.yaml:") for fault in found)


def test_a_book_has_one_policy_of_each(tmp_path: Path) -> None:
    second = DATA.replace("id: data_assets", "id: more_data_assets")
    assert any("a book has one data_asset policy" in fault for fault in faults(tmp_path, one=DATA, two=second))


def test_before_the_first_version_there_is_none(tmp_path: Path) -> None:
    small = book(tmp_path)
    whole = load_book(BOOK)
    for day, found in ((date(2026, 9, 30), False), (date(2026, 10, 1), True)):
        assert (whole.data_assets(day) is not None) is found
        assert (whole.compute_orders(day) is not None) is found
        assert small.data_assets(day) is small.compute_orders(day) is None


def test_tiers_are_those_of_the_vocabulary() -> None:
    """A tier that the vocabulary has and the policy lacks would carry nothing without anybody having decided so."""
    day = date(2026, 10, 1)
    policy = load_book(BOOK).compute_orders(day)
    assert policy is not None
    assert {item.tier for item in policy.tiers} == set(load_book(BOOK).vocabulary(day)["contract.buyer_tier"].values)
