"""Compute orders, model 2: what makes one firm, what its buyer carries, and repayment as the buyer pays."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.application import ExpectedCollection
from domain.collateral import ValuationRequest
from domain.finding import Outcome
from domain.money import yuan
from services.collateral.calc.compute_order.collection import months_until, plan
from services.collateral.calc.valuation import COMPUTE_ORDER_MODEL, MODEL, model
from tests.collateral.conftest import book
from tests.collateral.data_assets import ON, RIGHTS, codes, money, named, order, step, valued
from tests.collateral.requests import valuation


def test_a_firm_order_passes_and_repays_as_its_buyer_pays() -> None:
    """3.0m by 1 February, 3.0m by 1 May, 3.5m by 1 August, each 30 days late: months 5, 7 and 10."""
    value = valued(order()).value
    assert (value.lending_value, value.ltv, value.tenor_cap_months) == (yuan(9_500_000), Decimal("0.80"), 10)
    assert [item.month for item in value.ceilings] == list(range(11))
    assert [value.ceilings[month].amount for month in (0, 4, 5, 6, 7, 9, 10)] == [
        yuan(amount) for amount in (7_600_000, 7_600_000, 5_200_000, 5_200_000, 2_800_000, 2_800_000, 0)
    ]


@pytest.mark.parametrize(
    ("changes", "subject", "reason"),
    [
        ({}, {"firm": False}, ("NOT_A_RECEIVABLE", "")),
        ({}, {"assignment_allowed": False}, ("NOT_ASSIGNABLE", "")),
        ({}, {"buyer_related": True}, ("RELATED_DEBTOR", "")),
        ({"buyer_confirmed": False}, {}, ("ORDER_NOT_CONFIRMED", "")),
        ({"ready_to_start": False}, {}, ("ORDER_NOT_STARTABLE", "")),
        ({"price_stated": False}, {}, ("ORDER_TERM_ABSENT", "price")),
        ({}, {"advance_received": money(0)}, ("ORDER_NOT_BINDING", "")),
    ],
)
def test_each_test_of_a_firm_order_voids_it(
    changes: dict[str, Any], subject: dict[str, Any], reason: tuple[str, str]
) -> None:
    conclusion = valued(order(changes, **subject))
    assert named(conclusion) == {reason}
    assert (conclusion.outcome, conclusion.value.reconciled_value) == (Outcome.REFER, yuan(0))
    assert conclusion.value.ceilings == ()


def test_nothing_known_is_named_fact_by_fact_and_leaves_no_value() -> None:
    known = order()
    empty = dict.fromkeys(known["order"])
    gone = dict.fromkeys(("amount", "advance_received", "retention", "collected", "firm", "buyer_tier"))
    conclusion = valued(order(empty, **gone, buyer_related=None, assignment_allowed=None))
    assert conclusion.value.reconciled_value is None
    assert named(conclusion) == {
        ("FIRMNESS_UNKNOWN", ""),
        ("BUYER_RELATION_UNKNOWN", ""),
        ("ASSIGNABILITY_UNKNOWN", ""),
        *(("ORDER_FACT_UNKNOWN", f"order/{name}_stated") for name in ("model", "quantity", "price", "start")),
        *(
            ("ORDER_FACT_UNKNOWN", f"order/{name}")
            for name in ("take_or_pay", "buyer_confirmed", "ready_to_start", "ends")
        ),
        ("ORDER_FACT_UNKNOWN", "buyer_tier"),
        *(("AMOUNT_UNKNOWN", name) for name in ("amount", "advance_received", "retention", "collected")),
        ("AMOUNT_UNKNOWN", "order/cost_to_complete"),
        ("AMOUNT_UNKNOWN", "order/collectible_within_tenor"),
        ("ANNOUNCEMENT_NOT_SEARCHED", ""),
        ("BUYER_CAPEX_UNKNOWN", ""),
    }


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"announcement": "absent"}, "ANNOUNCEMENT_ABSENT"),
        ({"announcement": None}, "ANNOUNCEMENT_NOT_SEARCHED"),
        ({"buyer_compute_capex": None}, "BUYER_CAPEX_UNKNOWN"),
        ({"buyer_compute_capex": money(19_999_999)}, "ORDER_TOO_LARGE_FOR_BUYER"),
        ({"collections": None}, "COLLECTIONS_NOT_STATED"),
        ({"collections": [{"due": "2027-02-01", "amount": money(9_000_000)}]}, "COLLECTIONS_DO_NOT_RECONCILE"),
    ],
)
def test_doubts_leave_the_value_standing_for_a_person(changes: dict[str, Any], code: str) -> None:
    conclusion = valued(order(changes))
    assert (conclusion.outcome, codes(conclusion)) == (Outcome.REFER, [code])
    assert conclusion.value.lending_value > yuan(0)


@pytest.mark.parametrize(
    ("tier", "ltv"), [("tier_1", "0.80"), ("tier_2", "0.70"), ("tier_3", "0.50"), ("unrated", "0")]
)
def test_a_weaker_buyer_carries_less(tier: str, ltv: str) -> None:
    conclusion = valued(order(buyer_tier=tier))
    assert conclusion.value.ltv == Decimal(ltv)
    assert ("OFFTAKER_TIER_NOT_ACCEPTED" in codes(conclusion)) is (ltv == "0")


def test_a_tier_that_nobody_knows_carries_nothing() -> None:
    conclusion = valued(order(buyer_tier="platinum"))
    assert (conclusion.value.ltv, codes(conclusion)) == (Decimal(0), ["OFFTAKER_TIER_NOT_ACCEPTED"])


def test_a_share_nobody_knows_is_a_concentration() -> None:
    conclusion = valued(order({"revenue_share": None}, buyer_tier="tier_2"))
    assert (conclusion.outcome, codes(conclusion)) == (Outcome.REFER, ["TOP_BUYER_UNKNOWN"])
    assert conclusion.value.ltv == Decimal("0.60")


def test_without_a_plan_the_tenor_follows_the_end_of_the_contract() -> None:
    value = valued(order({"collections": None})).value
    assert (value.tenor_cap_months, value.ceilings) == (12, ())


def test_what_comes_in_after_the_kinds_tenor_is_not_collectible() -> None:
    late = [{"due": "2027-02-01", "amount": money(4_000_000)}, {"due": "2031-01-01", "amount": money(5_500_000)}]
    conclusion = valued(order({"collections": late}))
    assert conclusion.value.lending_value == yuan(4_000_000)
    assert conclusion.value.tenor_cap_months == 5


def test_what_is_overdue_is_not_counted_on() -> None:
    overdue = [{"due": "2026-10-01", "amount": money(4_000_000)}, {"due": "2027-02-01", "amount": money(5_500_000)}]
    conclusion = valued(order({"collections": overdue}))
    assert conclusion.value.lending_value == yuan(5_500_000)
    assert codes(conclusion) == ["COLLECTIONS_DO_NOT_RECONCILE"]


def test_what_came_in_leaves_plan_and_outstanding_alike() -> None:
    """At a revaluation the first 3.0m are paid: the plan still adds up to what is outstanding."""
    paid = [{"due": "2026-10-01", "amount": money(3_000_000)}, {"due": "2027-02-01", "amount": money(6_500_000)}]
    conclusion = valued(order({"collections": paid}, collected=money(3_000_000)))
    assert (conclusion.outcome, conclusion.value.lending_value) == (Outcome.PASS, yuan(6_500_000))


def test_the_first_model_answers_before_the_policy_and_for_receivables() -> None:
    body = ValuationRequest.model_validate(valuation(order()))
    policy = book().collateral(ON)
    assert (model(body.subject, policy, RIGHTS), model(body.subject, policy)) == (COMPUTE_ORDER_MODEL, MODEL)
    receivable = ValuationRequest.model_validate(valuation(order() | {"asset_kind": "receivable"}))
    assert model(receivable.subject, policy, RIGHTS) == MODEL


def test_all_nonsense_is_refused_at_once() -> None:
    wrong = {
        "revenue_share": "1.2",
        "buyer_compute_capex": money(0),
        "cost_to_complete": money(-1),
        "collections": [{"due": "2027-02-01", "amount": money(0)}],
        "announcement": "maybe",
    }
    with pytest.raises(ValidationError) as refused:
        ValuationRequest.model_validate(valuation(order(wrong)))
    assert {str(fault["loc"][-1]) for fault in refused.value.errors()} == {
        "revenue_share",
        "buyer_compute_capex",
        "cost_to_complete",
        "amount",
        "announcement",
    }


@pytest.mark.parametrize(
    ("day", "months"),
    [("2026-11-02", 0), ("2026-11-03", 1), ("2026-12-02", 1), ("2026-12-03", 2), ("2027-11-02", 12), ("2020-01-01", 0)],
)
def test_months_are_counted_to_the_first_monthly_day_not_before(day: str, months: int) -> None:
    assert months_until(date.fromisoformat(day), ON) == months


def test_the_thirty_first_falls_on_the_last_day_of_a_shorter_month() -> None:
    assert months_until(date(2027, 2, 28), date(2027, 1, 31)) == 1
    assert months_until(date(2027, 3, 1), date(2027, 1, 31)) == 2


payments = st.lists(st.tuples(st.integers(1, 1500), st.integers(1, 5_000_000)), min_size=1, max_size=12)


@settings(max_examples=60, deadline=None)
@given(payments=payments, outstanding=st.integers(0, 20_000_000), lag=st.integers(0, 180), later=st.integers(0, 180))
def test_a_later_payment_never_raises_what_is_counted_and_the_plan_only_falls(
    payments: list[tuple[int, int]], outstanding: int, lag: int, later: int
) -> None:
    collections = [
        ExpectedCollection.model_validate({"due": ON + timedelta(days=days), "amount": money(amount)})
        for days, amount in payments
    ]
    soon = plan(collections, Decimal(outstanding), ON, lag, 36)
    late = plan(collections, Decimal(outstanding), ON, lag + later, 36)
    assert late.left[0] <= soon.left[0] <= outstanding
    assert list(soon.left) == sorted(soon.left, reverse=True)
    assert len(soon.left) == soon.months + 1
    assert soon.left[-1] == 0 or soon.months == 0


@settings(max_examples=30, deadline=None)
@given(amount=st.integers(1, 20_000_000), retention=st.integers(0, 9_000_000), more=st.integers(0, 9_000_000))
def test_more_retention_never_raises_what_is_advanced(amount: int, retention: int, more: int) -> None:
    def advanced(kept: int) -> Decimal:
        conclusion = valued(order({"take_or_pay": True}, amount=money(amount), retention=money(kept)))
        return Decimal(step(conclusion, "compute_order/advance").result)

    assert advanced(retention + more) <= advanced(retention)


def test_payments_counted_from_the_drawing_are_taken_from_the_business_date() -> None:
    relative = [{"after_months": months, "amount": money(4_750_000)} for months in (3, 6)]
    value = valued(order({"collections": relative})).value
    assert [value.ceilings[month].amount for month in (0, 4, 5, 6, 7)] == [
        yuan(amount) for amount in (7_600_000, 7_600_000, 3_800_000, 3_800_000, 0)
    ]


@pytest.mark.parametrize("time", [{}, {"due": "2027-02-01", "after_months": 3}])
def test_a_payment_has_one_time(time: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="either due or after_months"):
        ExpectedCollection.model_validate({"amount": money(1)} | time)
