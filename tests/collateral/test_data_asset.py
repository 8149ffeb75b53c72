"""Data assets, model 2: the gate, what is not known, how the approaches come together, and that worse is never worth more."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.canonical import canonical, sha256_of
from domain.collateral import IntangibleSubject, ValuationRequest
from domain.finding import Outcome
from domain.money import yuan
from policy.engine.data_asset import DataAssetPolicy, DiscountTerms
from services.collateral.calc.valuation import DATA_ASSET_MODEL, MODEL, NO_POLICIES, RightsPolicies, model
from tests.collateral.conftest import book
from tests.collateral.data_assets import ON, RIGHTS, codes, data_asset, facts, money, named, step, trade, valued, year
from tests.collateral.requests import request, valuation

SHUTTING = [
    ({"certificate": False}, {}, "DATA_RIGHT"),
    ({"personal_data": True}, {}, "PIPL_BLOCK"),
    ({}, {"right": "holding"}, "NO_OPERATING_RIGHT"),
    ({}, {"right": "processing"}, "NO_OPERATING_RIGHT"),
    ({}, {"transferable": False}, "NOT_TRANSFERABLE"),
    ({}, {"sublicensing": "forbidden"}, "SUBLICENSING_FORBIDDEN"),
    ({}, {"public_authorisation": "beyond"}, "PUBLIC_DATA_BEYOND_AUTHORISATION"),
    ({}, {"important_data": "not_assessed"}, "IMPORTANT_DATA_NOT_ASSESSED"),
    ({}, {"escrowed": False}, "DATA_NOT_ESCROWED"),
]


@pytest.mark.parametrize(("subject", "rights", "code"), SHUTTING)
def test_each_hard_stop_makes_the_value_nought(subject: dict[str, Any], rights: dict[str, Any], code: str) -> None:
    conclusion = valued(data_asset({"rights": rights}, **subject))
    assert codes(conclusion) == [code]
    assert (conclusion.outcome, conclusion.value.reconciled_value) == (Outcome.REFER, yuan(0))
    assert (conclusion.value.lending_value, conclusion.value.eligible) == (yuan(0), False)


def test_an_earlier_pledge_shuts_the_gate() -> None:
    conclusion = valued(data_asset(), encumbered=True)
    assert codes(conclusion) == ["PRIOR_RIGHT"]
    assert conclusion.value.reconciled_value == yuan(0)


def test_every_hard_stop_is_told_at_once() -> None:
    rights = {name: value for _, change, _ in SHUTTING for name, value in change.items()}
    conclusion = valued(data_asset({"rights": rights}, certificate=False, personal_data=True), encumbered=True)
    assert set(codes(conclusion)) == {code for _, _, code in SHUTTING} | {"PRIOR_RIGHT"}


def test_nothing_known_is_named_fact_by_fact_and_leaves_no_value() -> None:
    empty: dict[str, Any] = {
        part: {name: () if name == "not_limited_by" else None for name in facts()[part]}
        for part in ("rights", "quality", "costs", "utility", "life")
    }
    empty |= {"forecast": None, "royalty_rate": None, "trades": [], "top_buyer_share": None}
    conclusion = valued(data_asset(empty, certificate=None, personal_data=None), encumbered=None)
    assert conclusion.value.reconciled_value is None, "not known to be worth nothing"
    assert conclusion.value.lending_value == yuan(0)
    assert {subject for _, subject in named(conclusion) if subject} == {
        *(f"rights/{name}" for name in empty["rights"] if name != "exclusive"),
        *(f"quality/{name}" for name in empty["quality"] if name != "tested_on"),
        *(f"costs/{name}" for name in empty["costs"]),
        *(f"utility/{name}" for name in empty["utility"]),
        "life/legal_months",
        "life/refresh_months",
        "life/contract_months",
    }
    assert {"CERTIFICATE_UNKNOWN", "PERSONAL_DATA_UNKNOWN", "ENCUMBRANCE_NOT_SEARCHED"} <= set(codes(conclusion))
    assert "FACT_ABSENT" not in codes(conclusion), "the same is not said twice"


def test_a_cost_without_facts_is_not_lent_on_any_more() -> None:
    """The first model lent 30 % of the cost in the books; the second asks for what it is worth."""
    old = {"kind": "intangible", "asset_kind": "data_asset", "cost": money(3_500_000)}
    subject = old | {"certificate": True, "personal_data": False}
    conclusion = valued(subject)
    assert "DATA_FACTS_NOT_GIVEN" in codes(conclusion)
    assert (conclusion.value.reconciled_value, conclusion.value.lending_value) == (None, yuan(0))
    assert valued(subject, NO_POLICIES).value.lending_value == yuan(3_500_000)


def test_the_first_model_answers_before_the_policy_and_for_software() -> None:
    data = ValuationRequest.model_validate(valuation(data_asset()))
    policy = book().collateral(ON)
    assert (model(data.subject, policy, RIGHTS), model(data.subject, policy)) == (DATA_ASSET_MODEL, MODEL)
    software = {"kind": "intangible", "asset_kind": "software", "cost": money(1), "certificate": None}
    assert model(request(software | {"personal_data": None}).subject, policy, RIGHTS) == MODEL
    assert book().data_assets(date(2026, 9, 30)) is None


def test_a_request_of_the_first_model_keeps_its_hash() -> None:
    """What was filed before the second model must still be found under the hash of its inputs."""
    old = {"kind": "intangible", "asset_kind": "data_asset", "cost": money("3500000.00"), "certificate": True}
    subject = IntangibleSubject.model_validate(old | {"personal_data": False})
    plain = old | {"personal_data": False, "cost": {"amount": "3500000.00", "currency": "CNY"}}
    assert sha256_of(subject) == sha256_of(plain)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"quality": {"tested_on": None}}, "QUALITY_STALE"),
        ({"quality": {"tested_on": "2026-08-03"}}, "QUALITY_STALE"),
        ({"quality": {"tested_on": "2026-11-03"}}, "QUALITY_STALE"),
        ({"rights": {"exclusive": None}}, "EXCLUSIVITY_UNKNOWN"),
        ({"top_buyer_share": None}, "TOP_BUYER_UNKNOWN"),
        ({"royalty_rate": "0.01"}, "APPROACHES_DISAGREE"),
    ],
)
def test_what_a_valuer_looks_at_leaves_the_value_standing(changes: dict[str, Any], code: str) -> None:
    conclusion = valued(data_asset(changes))
    assert (conclusion.outcome, codes(conclusion)) == (Outcome.REFER, [code])
    assert conclusion.value.lending_value > yuan(0)


def test_what_is_not_known_of_buyers_or_exclusivity_counts_as_the_worse() -> None:
    assert valued(data_asset({"top_buyer_share": None})).value.ltv == Decimal("0.20")
    unknown = valued(data_asset({"rights": {"exclusive": None}})).value.lending_value
    assert unknown == valued(data_asset({"rights": {"exclusive": False}})).value.lending_value
    assert unknown < valued(data_asset()).value.lending_value


def test_approaches_that_did_not_run_say_why_and_have_no_weight() -> None:
    value = valued(data_asset({"forecast": None, "trades": [trade(), trade()]})).value
    assert {item.name: (item.weight, item.code) for item in value.approaches} == {
        "cost": (Decimal(1), ""),
        "income": (Decimal(0), "FORECAST_NOT_GIVEN"),
        "royalty": (Decimal(0), "FORECAST_NOT_GIVEN"),
        "market": (Decimal(0), "TRADES_TOO_FEW"),
    }
    assert (value.reconciled_value, value.ltv) == (yuan("3504847.50"), Decimal("0.10"))
    assert valued(data_asset({"royalty_rate": None})).value.approaches[2].code == "ROYALTY_NOT_GIVEN"


def test_a_forecast_of_no_years_is_no_forecast() -> None:
    """It does not say that the data earn nothing."""
    for trades in ([], [trade(), trade(), trade()]):
        empty, none = (valued(data_asset({"forecast": given, "trades": trades})).value for given in ([], None))
        assert empty == none


@pytest.mark.parametrize(
    ("odd", "why"),
    [
        ({"traded_on": "2025-11-01"}, "days old"),
        ({"traded_on": "2026-11-03"}, "after the business date"),
        ({"quality": "1.5", "volume": "1.5"}, "adjusted by more"),
    ],
)
def test_a_trade_too_old_to_come_or_too_unlike_tells_nothing(odd: dict[str, Any], why: str) -> None:
    conclusion = valued(data_asset({"trades": [trade(), trade(), trade(price=money(90_000_000), **odd)]}))
    assert conclusion.value.approaches[3].code == "TRADES_TOO_FEW"
    assert why in step(conclusion, "data_asset/market").inputs["trade.2"]


def test_one_odd_sale_does_not_move_the_market() -> None:
    given = [trade(), trade(price=money(3_400_000)), trade(price=money(3_600_000)), trade(price=money(90_000_000))]
    assert valued(data_asset({"trades": given[:3]})).value.approaches[3].value == yuan("3400000.00")
    assert valued(data_asset({"trades": given})).value.approaches[3].value == yuan("3500000.00")


def test_the_shortest_bound_is_the_life_and_what_sets_none_is_said() -> None:
    assert step(valued(data_asset()), "data_asset/life").result == "30"
    assert (
        step(valued(data_asset({"life": {"contract_months": 6, "not_limited_by": []}})), "data_asset/life").result
        == "6"
    )
    unbounded = {"not_limited_by": ["legal", "refresh", "contract"]}
    assert step(valued(data_asset({"life": unbounded})), "data_asset/life").result == "60"
    expired = valued(data_asset({"life": {"legal_months": 0}}))
    assert ("LIFE_TOO_SHORT" in codes(expired), expired.value.eligible) == (True, False)


def test_a_loss_before_better_years_counts_and_one_at_the_end_is_not_borne() -> None:
    loss, gain = year(ebit=money(-4_000_000)), year()
    whole = {"life": {"legal_months": 60, "refresh_months": 60}}
    first, last, none = (
        valued(data_asset(whole | {"forecast": given})).value.approaches[1].value
        for given in ([loss, gain, gain], [gain, gain, loss], [loss, loss, loss])
    )
    assert first is not None
    assert last is not None
    assert first < last
    assert none == yuan(0)
    assert last == valued(data_asset(whole | {"forecast": [gain, gain]})).value.approaches[1].value


def test_figures_beyond_any_money_column_refer() -> None:
    conclusion = valued(data_asset({"costs": dict.fromkeys(facts()["costs"], money("999999999999999999.99"))}))
    assert "VALUE_OUT_OF_RANGE" in codes(conclusion)
    assert conclusion.value.lending_value == yuan(0)


def test_the_ticket_is_what_the_case_may_count() -> None:
    large = {"costs": {"acquisition": money(600_000_000)}, "forecast": [year(ebit=money(900_000_000))] * 3}
    conclusion = valued(data_asset(large))
    assert conclusion.value.lending_value.times(conclusion.value.ltv) > yuan(10_000_000)
    assert step(conclusion, "data_asset/ticket").result == "10000000.00"


def test_the_same_inputs_give_the_same_bytes() -> None:
    first, second = valued(data_asset()), valued(data_asset())
    assert canonical(first.value) == canonical(second.value)
    assert [item.model_dump() for item in first.trace] == [item.model_dump() for item in second.trace]


@pytest.mark.parametrize(
    ("changes", "field", "bound"),
    [
        ({"quality": {"accuracy": "100.1"}}, "accuracy", "[0, 100]; unit: points"),
        ({"quality": {"accuracy": "-1"}}, "accuracy", "[0, 100]; unit: points"),
        ({"quality": {"accuracy": "NaN"}}, "accuracy", "[0, 100]; unit: points"),
        ({"utility": {"circulation": "1.2"}}, "circulation", "[0, 1]; unit: decimal fraction of the whole"),
        ({"royalty_rate": "5%"}, "royalty_rate", "[0, 1]; unit: decimal fraction of the whole"),
        ({"life": {"legal_months": 601}}, "legal_months", "[0, 600]; unit: months"),
        ({"life": {"refresh_months": -1}}, "refresh_months", "[0, 600]; unit: months"),
        ({"costs": {"storage": money(-1)}}, "storage", "[0, ∞); unit: CNY"),
        ({"trades": [trade(price=money(0))]}, "price", "(0, ∞); unit: CNY"),
        ({"trades": [trade(volume="0")]}, "volume", "[0.1, 10]; unit: multiple of the traded price"),
    ],
)
def test_nonsense_is_refused_with_field_bound_and_unit(changes: dict[str, Any], field: str, bound: str) -> None:
    with pytest.raises(ValidationError) as refused:
        ValuationRequest.model_validate(valuation(data_asset(changes)))
    faults = refused.value.errors()
    assert [fault["loc"][-1] for fault in faults] == [field]
    assert bound in faults[0]["msg"]


def test_all_nonsense_is_refused_at_once() -> None:
    wrong = {
        "quality": {"accuracy": "101"},
        "utility": {"scarcity": "2"},
        "royalty_rate": "7",
        "forecast": [year()] * 11,
    }
    with pytest.raises(ValidationError) as refused:
        ValuationRequest.model_validate(valuation(data_asset(wrong)))
    assert {str(fault["loc"][-1]) for fault in refused.value.errors()} == {
        "accuracy",
        "scarcity",
        "royalty_rate",
        "forecast",
    }


def test_premiums_that_leave_the_house_range_are_no_policy() -> None:
    assert RIGHTS.data_assets is not None
    terms = RIGHTS.data_assets.income.discount.model_dump(mode="json")
    for change in ({"personal_data": "0.11"}, {"technology": "0.04"}):
        with pytest.raises(ValidationError, match="between least and most"):
            DiscountTerms.model_validate(terms | change)


# --- worse is never worth more ----------------------------------------------------------------------------------------

points = st.decimals(min_value=0, max_value=100, places=1)
shares = st.decimals(min_value=0, max_value=1, places=2)
profits = st.integers(-6_000_000, 9_000_000)
months = st.integers(1, 60)


def lent(changes: dict[str, Any] | None = None, policy: DataAssetPolicy | None = None) -> Decimal:
    rights = RIGHTS if policy is None else RightsPolicies(policy)
    return valued(data_asset(changes), rights).value.lending_value.amount


@settings(max_examples=40, deadline=None)
@given(
    dimension=st.sampled_from(["conformity", "completeness", "accuracy", "consistency", "timeliness", "accessibility"]),
    score=points,
    less=points,
    others=points,
)
def test_less_quality_never_raises_the_value(dimension: str, score: Decimal, less: Decimal, others: Decimal) -> None:
    every = dict.fromkeys(
        ("conformity", "completeness", "accuracy", "consistency", "timeliness", "accessibility"), str(others)
    )
    worse = every | {dimension: str(max(Decimal(0), score - less))}
    assert lent({"quality": worse}) <= lent({"quality": every | {dimension: str(score)}})


@settings(max_examples=60, deadline=None)
@given(flows=st.lists(profits, min_size=1, max_size=6), longer=months, shorter=months)
def test_a_shorter_life_never_raises_the_value(flows: list[int], longer: int, shorter: int) -> None:
    forecast = [year(ebit=money(flow)) for flow in flows]

    def over(life: int) -> Decimal:
        return lent({"forecast": forecast, "life": {"legal_months": life, "not_limited_by": ["refresh", "contract"]}})

    assert over(min(longer, shorter)) <= over(max(longer, shorter))


@settings(max_examples=60, deadline=None)
@given(flows=st.lists(profits, min_size=1, max_size=6), rate=shares, more=shares)
def test_a_higher_discount_rate_never_raises_the_value(flows: list[int], rate: Decimal, more: Decimal) -> None:
    assert RIGHTS.data_assets is not None
    given_terms = RIGHTS.data_assets

    def at(risk_free: Decimal) -> Decimal:
        discount = given_terms.income.discount.model_copy(update={"risk_free": risk_free})
        terms = given_terms.income.model_copy(update={"discount": discount})
        policy = given_terms.model_copy(update={"income": terms})
        return lent({"forecast": [year(ebit=money(flow)) for flow in flows]}, policy)

    assert at(rate + more) <= at(rate)


@settings(max_examples=40, deadline=None)
@given(flows=st.lists(profits, min_size=1, max_size=6), share=shares, more=shares)
def test_more_personal_data_never_raise_the_value(flows: list[int], share: Decimal, more: Decimal) -> None:
    forecast = [year(ebit=money(flow)) for flow in flows]

    def holding(part: Decimal) -> Decimal:
        return lent({"forecast": forecast, "rights": {"personal_share": str(min(Decimal(1), part))}})

    assert holding(share + more) <= holding(share)


# --- quality from counts ----------------------------------------------------------------------------------------------

TESTS: dict[str, Any] = {
    "conformity": {"of": 1_000_000, "right": 950_000},
    "completeness": {"of": 40_000_000, "right": 38_000_000},
    "accuracy": {"of": 1000, "right": 980},
    "consistency": {"of": 200_000, "right": 199_000},
    "timeliness": {"hours": "30", "promised": "24"},
    "accessibility": {"of": 1000, "right": 999},
}
UNSTATED = dict.fromkeys(TESTS)


def scored(**quality: Any) -> dict[str, str]:
    """The scores in the trace, by dimension."""
    inputs = step(valued(data_asset({"quality": quality})), "data_asset/quality").inputs
    return {name: inputs[name].partition(" × ")[2] for name in TESTS}


def test_scores_follow_from_the_counts_of_the_tests() -> None:
    """950 of 1000 records conform: 95; 24 hours promised and 30 found: 80; 980 right of a sample of 1000: 97.13."""
    found = scored(**UNSTATED, tests=TESTS)
    assert found["accuracy"].startswith("97.13")
    assert {name: value for name, value in found.items() if name != "accuracy"} == {
        "conformity": "95.00000000",
        "completeness": "95.00000000",
        "consistency": "99.50000000",
        "timeliness": "80.00000000",
        "accessibility": "99.90000000",
    }


def test_of_a_stated_score_and_a_counted_one_the_lower_holds() -> None:
    assert scored(conformity="99", tests=TESTS)["conformity"] == "95.00000000"
    assert scored(conformity="70", tests=TESTS)["conformity"] == "70.00000000"
    assert scored(conformity="70", tests={})["conformity"] == "70.00000000"


def test_a_small_sample_proves_less_than_a_large_one() -> None:
    """Ten without a fault are no proof: 78.7 points; a thousand: 99.7; ten thousand: 99.97."""
    found = [
        Decimal(scored(**UNSTATED, tests=TESTS | {"accuracy": {"of": of, "right": of}})["accuracy"])
        for of in (10, 1000, 10_000)
    ]
    assert [figure.quantize(Decimal("0.01")) for figure in found] == [
        Decimal("78.70"),
        Decimal("99.73"),
        Decimal("99.97"),
    ]


def test_a_dimension_that_nobody_tested_or_stated_is_still_unknown() -> None:
    partly = {name: test for name, test in TESTS.items() if name != "consistency"}
    conclusion = valued(data_asset({"quality": UNSTATED | {"tests": partly}}))
    assert ("QUALITY_UNKNOWN", "quality/consistency") in named(conclusion)
    assert conclusion.value.reconciled_value is None


@pytest.mark.parametrize(
    ("test", "said"),
    [
        ({"conformity": {"of": 10, "right": 11}}, "right must not be more than of"),
        ({"conformity": {"of": 0, "right": 0}}, "unit: items"),
        ({"timeliness": {"hours": "1", "promised": "0"}}, "unit: hours"),
    ],
)
def test_counts_that_cannot_be_are_refused(test: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        ValuationRequest.model_validate(valuation(data_asset({"quality": {"tests": test}})))
