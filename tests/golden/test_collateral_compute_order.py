"""Compute orders by the row ids of the domain paper and the corrections (A4, R5, R9, A23), model 2."""

from decimal import Decimal
from typing import Any

import pytest

from domain.finding import Outcome
from domain.money import Money, yuan
from services.collateral.calc.conclusion import Conclusion
from tests.collateral.data_assets import codes, money, named, order, step, valued

WHOLE = {
    "take_or_pay": True,
    "collections": [{"due": "2027-08-01", "amount": money(10_000_000)}],
    "cost_to_complete": money(9_500_000),
}


def credit(conclusion: Conclusion) -> Money:
    return conclusion.value.lending_value.times(conclusion.value.ltv)


def test_row_a4_eighty_percent_of_a_firm_order_of_a_listed_buyer() -> None:
    """Contract 10.00m, asked 9m → 8.00m."""
    conclusion = valued(order(WHOLE, advance_received=money(0)))
    assert conclusion.outcome is Outcome.PASS, conclusion.reasons
    assert credit(conclusion) == yuan("8000000.00")
    assert step(conclusion, "compute_order/advance").result == "8000000.00"


@pytest.mark.parametrize(
    ("changes", "subject", "advance"),
    [
        ({}, {"advance_received": money(2_000_000), "retention": money(500_000)}, "6000000.00"),
        ({"collectible_within_tenor": money(5_000_000)}, {}, "4000000.00"),
        ({"cost_to_complete": money(6_000_000)}, {}, "6000000.00"),
    ],
)
def test_row_a4_corrected_three_terms_bind_in_turn(
    changes: dict[str, Any], subject: dict[str, Any], advance: str
) -> None:
    """min(80 % of contract less advances and retention, 80 % of what is collectible in the tenor, cost to complete)."""
    conclusion = valued(order(WHOLE | changes, **({"advance_received": money(0)} | subject)))
    assert step(conclusion, "compute_order/advance").result == advance
    assert conclusion.value.ceilings[0].amount == yuan(advance)


def test_row_a4_corrected_the_start_up_condition_is_tested() -> None:
    conclusion = valued(order({"ready_to_start": False}))
    assert codes(conclusion) == ["ORDER_NOT_STARTABLE"]
    assert credit(conclusion) == yuan(0)


def test_row_r5_a_framework_without_deposit_model_volume_or_date_says_so_all_at_once() -> None:
    """The 3.69bn framework contract: no prepayment, no GPU model, no volume, no delivery date; nothing was delivered."""
    soft = {"take_or_pay": False, "model_stated": False, "quantity_stated": False, "start_stated": False}
    conclusion = valued(
        order(
            soft | {"buyer_confirmed": False},
            amount=money(3_690_000_000),
            advance_received=money(0),
            firm=False,
        )
    )
    assert {
        ("NOT_A_RECEIVABLE", ""),
        ("ORDER_NOT_BINDING", ""),
        ("ORDER_NOT_CONFIRMED", ""),
        ("ORDER_TERM_ABSENT", "model"),
        ("ORDER_TERM_ABSENT", "quantity"),
        ("ORDER_TERM_ABSENT", "start"),
        ("ORDER_TOO_LARGE_FOR_BUYER", "922.5 %"),
    } == named(conclusion)
    assert (conclusion.outcome, conclusion.value.reconciled_value) == (Outcome.REFER, yuan(0))


@pytest.mark.parametrize(("advance", "binding"), [(500_000, True), (499_999, False)])
def test_row_r5_take_or_pay_or_a_deposit_of_five_percent(advance: int, binding: bool) -> None:
    conclusion = valued(order(advance_received=money(advance)))
    assert ("ORDER_NOT_BINDING" not in codes(conclusion)) is binding


def test_row_r9_a_related_buyer_counts_nothing() -> None:
    assert credit(valued(order(buyer_related=True))) == yuan(0)


def test_row_a23_one_customer_above_half_attaches_the_concentration_covenant() -> None:
    """A first-tier buyer may concentrate and the covenant is attached; another's orders carry less and are referred."""
    first = valued(order({"revenue_share": "0.51"}))
    assert (first.outcome, codes(first), first.value.ltv) == (Outcome.PASS, ["OFFTAKER_CONC"], Decimal("0.80"))
    second = valued(order({"revenue_share": "0.51"}, buyer_tier="tier_2"))
    assert (second.outcome, codes(second), second.value.ltv) == (Outcome.REFER, ["OFFTAKER_CONC"], Decimal("0.60"))
    assert codes(valued(order({"revenue_share": "0.50"}, buyer_tier="tier_2"))) == []
