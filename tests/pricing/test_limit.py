"""Limits: what is absent is named, what is worse never lends more."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.finding import Outcome
from domain.limit import CashFlowSegment, InvestmentNeed, Limit, LimitRequest
from domain.money import Money, yuan
from services.pricing.calc.conclusion import Conclusion, Inadmissible
from services.pricing.calc.limit import limit
from tests.pricing import requests
from tests.pricing.conftest import book
from tests.pricing.vintages import LPR, dated, lender


def concluded(request: LimitRequest) -> Conclusion[Limit]:
    return limit(request, book(), dated("lender.nxb", lender()), dated("lpr", LPR))


def value(request: LimitRequest) -> Limit:
    found = concluded(request).value
    assert found is not None
    return found


def missing(conclusion: Conclusion[Limit]) -> dict[str, tuple[str, ...]]:
    assert conclusion.value is not None
    return {cap.name.value: cap.missing for cap in conclusion.value.caps if cap.missing}


def test_an_ordinary_case_passes_with_five_caps() -> None:
    conclusion = concluded(requests.limit(book()))
    assert conclusion.outcome is Outcome.PASS
    assert conclusion.value is not None
    assert [cap.name.value for cap in conclusion.value.caps] == [
        "product",
        "need",
        "capacity",
        "collateral",
        "regulatory",
    ]
    assert conclusion.value.binding == "asked"
    assert conclusion.value.limit == yuan(80_000_000)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"cash_flows": None}, {"capacity": ("cash_flows",)}),
        ({"limit_multiplier": None}, {"capacity": ("limit_multiplier",)}),
        ({"card_class": None}, {"collateral": ("card_class",)}),
        ({"unvalued": ("gpu/8xh100",)}, {"collateral": ("collateral/gpu/8xh100",)}),
        (
            {"guarantees": (requests.guarantee(1, valid=None),)},
            {"collateral": ("guarantees/parent/validity",)},
        ),
        (
            {
                "need": InvestmentNeed(
                    headline_investment=yuan(100_000_000),
                    uses_total=None,
                    sources_total=None,
                    eligible_capital=None,
                    paid_in_capital=None,
                )
            },
            {"need": ("need/uses_total",)},
        ),
    ],
)
def test_what_is_not_known_forms_no_cap_and_refers(
    change: dict[str, Any], expected: dict[str, tuple[str, ...]]
) -> None:
    conclusion = concluded(requests.limit(book(), **change))
    assert conclusion.outcome is Outcome.REFER
    assert missing(conclusion) == expected
    assert conclusion.value is not None
    assert conclusion.value.binding is None
    absent = {reason.subject for reason in conclusion.reasons if reason.code == "FACT_ABSENT"}
    assert absent == {name for names in expected.values() for name in names}


def test_no_cash_flow_is_not_an_unknown_one() -> None:
    conclusion = concluded(requests.limit(book(), cash_flows=()))
    assert conclusion.outcome is Outcome.FAIL
    assert conclusion.value is not None
    assert conclusion.value.limit == yuan(0)
    assert conclusion.value.binding == "capacity"


def test_undecidable_capital_refers_and_is_not_nought() -> None:
    need = InvestmentNeed(
        headline_investment=yuan(100_000_000),
        uses_total=yuan(100_000_000),
        sources_total=yuan(100_000_000),
        eligible_capital=None,
        paid_in_capital=None,
    )
    conclusion = concluded(requests.limit(book(), need=need))
    assert conclusion.outcome is Outcome.REFER
    assert conclusion.value is not None
    assert conclusion.value.project_capital is not None
    assert conclusion.value.project_capital.short is None
    assert conclusion.value.project_capital.drawable is None


def test_an_asset_never_carries_more_than_its_kind() -> None:
    generous = requests.limit(
        book(), collateral=(requests.asset("hall", "civil_works", 50_000_000, "0.95"),), guarantees=(), card_class="C"
    )
    assert value(generous).limit == yuan(30_000_000)


def test_a_product_is_asked_for_by_its_own_need() -> None:
    with pytest.raises(Inadmissible) as refusal:
        concluded(requests.limit(book(), product="jsb_wc", lender_id="jsb"))
    assert refusal.value.fields == ("need/kind",)


@pytest.mark.parametrize(
    ("change", "field"), [({"product": "nobodys_loan"}, "product"), ({"lender_id": "jsb"}, "lender_id")]
)
def test_a_product_that_is_not_there_or_not_the_lenders(change: dict[str, Any], field: str) -> None:
    with pytest.raises(Inadmissible) as refusal:
        concluded(requests.limit(book(), **change))
    assert refusal.value.fields == (field,)


def test_the_trace_holds_every_cap_and_the_valuation_it_stands_on() -> None:
    conclusion = concluded(requests.limit(book()))
    steps = {step.step: step for step in conclusion.trace}
    for name in ("limit/product", "limit/need", "limit/capacity", "limit/collateral", "limit/limit"):
        assert name in steps
    assert steps["limit/collateral/0"].inputs["valuation"] == "c" * 64
    assert {"limit/regulatory/LEX_SINGLE_10", "limit/regulatory/LEX_GROUP_20"} <= set(steps)


AMOUNTS = st.integers(min_value=0, max_value=300_000_000)


def varied(
    value_of_asset: int, guaranteed: int, loans: int, revenue: int, uses: int, tenor: int, multiplier: Decimal
) -> LimitRequest:
    return requests.limit(
        book(),
        asked=yuan(250_000_000),
        tenor_months=tenor,
        need=InvestmentNeed(
            headline_investment=yuan(300_000_000),
            uses_total=yuan(uses),
            sources_total=yuan(300_000_000),
            eligible_capital=yuan(60_000_000),
            paid_in_capital=yuan(60_000_000),
        ),
        limit_multiplier=multiplier,
        collateral=(requests.asset("hall", "civil_works", value_of_asset, "0.60"),),
        guarantees=(requests.guarantee(guaranteed),),
        cash_flows=(CashFlowSegment(from_month=1, to_month=120, revenue=yuan(revenue), cost=yuan(100_000)),),
        exposures=requests.exposures(
            customer_loans=yuan(loans),
            customer_exposure=yuan(loans),
            group_exposure=yuan(loans),
            net_capital=yuan(3_000_000_000),
        ),
    )


@settings(max_examples=150, deadline=None)
@given(
    asset=AMOUNTS,
    guaranteed=AMOUNTS,
    loans=AMOUNTS,
    revenue=st.integers(min_value=0, max_value=6_000_000),
    uses=AMOUNTS,
    tenor=st.integers(min_value=1, max_value=150),
    multiplier=st.decimals(min_value=0, max_value=1, places=2),
    worse=st.sampled_from(["asset", "guaranteed", "loans", "revenue", "uses", "multiplier"]),
    by=st.decimals(min_value=0, max_value=1, places=3),
)
def test_what_is_worse_never_raises_the_limit(
    asset: int,
    guaranteed: int,
    loans: int,
    revenue: int,
    uses: int,
    tenor: int,
    multiplier: Decimal,
    worse: str,
    by: Decimal,
) -> None:
    base = {
        "value_of_asset": asset,
        "guaranteed": guaranteed,
        "loans": loans,
        "revenue": revenue,
        "uses": uses,
    }
    before = value(varied(**base, tenor=tenor, multiplier=multiplier))
    changed, factor = dict(base), multiplier
    if worse == "multiplier":
        factor = (multiplier * by).quantize(Decimal("0.01"))
    elif worse == "loans":
        changed["loans"] = loans + int(by * 100_000_000)
    else:
        name = "value_of_asset" if worse == "asset" else worse
        changed[name] = int(base[name] * by)
    after = value(varied(**changed, tenor=tenor, multiplier=factor))
    assert after.limit.amount <= before.limit.amount
    for cap in after.caps:
        assert cap.amount is None or after.limit.amount <= cap.amount.amount
    assert after.limit.amount % 10_000 == 0


@settings(max_examples=60, deadline=None)
@given(asked=st.integers(min_value=1, max_value=90_000_000_000))
def test_never_more_than_asked_and_rounded_down(asked: int) -> None:
    found = value(requests.limit(book(), asked=Money(amount=Decimal(asked) / 100)))
    assert found.limit.amount <= Decimal(asked) / 100
    assert found.limit.amount % 10_000 == 0
