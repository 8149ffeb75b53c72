"""What a valuation concludes, and that nothing unknown is ever read as good news."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.canonical import canonical
from domain.finding import Outcome
from domain.money import yuan
from policy.engine import CollateralPolicy
from services.collateral.calc.conclusion import Conclusion
from services.collateral.calc.valuation import conclude
from tests.collateral.conftest import book
from tests.collateral.requests import AS_OF, ECONOMICS, cohort, request

POLICY = book().collateral(AS_OF)
VALID_DAYS = 90


def valued(subject: dict[str, Any] | None = None, **changes: Any) -> Conclusion:
    return conclude(request(subject, **changes), POLICY, VALID_DAYS)


def codes(conclusion: Conclusion) -> set[str]:
    return {reason.code for reason in conclusion.reasons}


def test_the_merchant_income_bounds_what_is_lent_on_a_server() -> None:
    value = valued().value
    assert value.lending_value == yuan("946802.76")
    assert [approach.name for approach in value.approaches] == ["cost", "income", "market"]
    assert value.reconciled_value is not None
    assert value.reconciled_value > value.lending_value
    assert (value.ltv, value.tenor_cap_months) == (Decimal("0.80"), 48)


def test_without_comparables_the_market_approach_has_no_weight_and_says_so() -> None:
    conclusion = valued()
    market = next(item for item in conclusion.value.approaches if item.name == "market")
    assert (market.value, market.weight, market.code) == (None, Decimal(0), "COMPARABLES_TOO_FEW")
    weights = {item.name: item.weight for item in conclusion.value.approaches}
    assert weights["cost"] == Decimal("0.33333333")
    assert weights["income"] == Decimal("0.66666667")


def test_approaches_that_disagree_go_to_a_valuer() -> None:
    conclusion = valued()
    assert conclusion.outcome is Outcome.REFER
    assert "APPROACHES_DISAGREE" in codes(conclusion)


def test_approaches_that_agree_pass() -> None:
    conclusion = valued(cohort(economics=ECONOMICS | {"rent_per_gpu_hour": "17.5"}))
    assert conclusion.outcome is Outcome.PASS, conclusion.reasons


@pytest.mark.parametrize(
    "line",
    ["rent_per_gpu_hour", "occupancy", "server_kw", "tariff_per_kwh", "pue", "rack_per_month", "maintenance_rate"],
)
def test_a_missing_cash_line_refuses_the_value(line: str) -> None:
    conclusion = valued(cohort(economics=ECONOMICS | {line: None}))
    assert conclusion.outcome is Outcome.REFER
    assert conclusion.value.reconciled_value is None
    assert (conclusion.value.eligible, conclusion.value.lending_value) == (False, yuan(0))
    assert [(r.code, r.subject) for r in conclusion.reasons if r.code == "INCOMPLETE_COST_STACK"] == [
        ("INCOMPLETE_COST_STACK", line)
    ]


def test_a_missing_service_level_line_is_refused_and_a_zero_is_not() -> None:
    """Row E4."""
    missing = valued(cohort(economics=ECONOMICS | {"sla_per_month": None}))
    assert "INCOMPLETE_COST_STACK" in codes(missing)
    assert "INCOMPLETE_COST_STACK" not in codes(valued())


def test_every_missing_line_is_named_at_once() -> None:
    nothing = dict.fromkeys(ECONOMICS)
    named = {r.subject for r in valued(cohort(economics=nothing)).reasons if r.code == "INCOMPLETE_COST_STACK"}
    assert named == set(ECONOMICS) - {"rent_basis"}


@pytest.mark.parametrize("basis", ["list", "contract_1y", "contract_3y"])
def test_a_list_price_or_a_contract_is_not_the_merchant_market(basis: str) -> None:
    conclusion = valued(cohort(economics=ECONOMICS | {"rent_basis": basis}))
    assert "RENT_NOT_MERCHANT" in codes(conclusion)
    assert conclusion.value.lending_value == yuan(0)


@pytest.mark.parametrize("provenance", ["grey", "unknown"])
def test_grey_servers_carry_nothing(provenance: str) -> None:
    conclusion = valued(cohort(provenance=provenance))
    assert conclusion.outcome is Outcome.REFER
    assert (conclusion.value.eligible, conclusion.value.lending_value) == (False, yuan(0))
    assert "PROVENANCE" in codes(conclusion)


def test_a_used_server_of_unknown_age_is_not_valued() -> None:
    conclusion = valued(cohort(condition="used", age_months=None))
    assert "AGE_UNKNOWN" in codes(conclusion)
    assert conclusion.value.reconciled_value is None


def test_rights_of_others_that_nobody_searched_refer() -> None:
    conclusion = valued(encumbered=None)
    assert conclusion.outcome is Outcome.REFER
    assert (conclusion.value.eligible, conclusion.value.lending_value) == (False, yuan(0))
    assert "ENCUMBRANCE_NOT_SEARCHED" in codes(conclusion)
    assert "FACT_ABSENT" not in codes(conclusion), "the same is not said twice"


def test_a_prior_right_leaves_nothing_until_counsel_decides() -> None:
    """Corrections §6: second rank, GPU credit 0."""
    conclusion = valued(encumbered=True)
    assert conclusion.value.lending_value == yuan(0)
    assert sum(reason.code == "PRIOR_RIGHT" for reason in conclusion.reasons) == 1


def test_a_serial_that_secures_another_case_carries_nothing() -> None:
    conclusion = valued(duplicate_serial=True)
    assert conclusion.value.eligible is False
    assert "DUPLICATE_PLEDGE" in codes(conclusion)


def test_the_operators_lien_is_asked_about_at_the_drawing_and_not_before() -> None:
    """Civil Code §456: before delivery there is nothing an operator could hold back."""
    before = valued(colocated=True, lien_waiver=False)
    assert "LIEN_WAIVER" not in codes(before)
    at_drawing = valued(colocated=True, lien_waiver=False, moment="utilisation")
    assert "LIEN_WAIVER" in codes(at_drawing)
    assert at_drawing.value.eligible is True, "a person decides; the value stands"


def test_a_cohort_is_worth_its_servers_together() -> None:
    assert valued(cohort(servers=100)).value.lending_value == yuan("94680276.00")
    assert valued(cohort(servers=100)).value.units == 100


def test_liquidation_values_stand_below_the_lending_value() -> None:
    value = valued().value
    assert value.orderly_liquidation == yuan("804782.34")
    assert value.forced_liquidation == yuan("539677.57")


def test_ten_thousand_gpus_move_the_market() -> None:
    small, large = valued(cohort(servers=1249)).value, valued(cohort(servers=1250)).value
    assert small.orderly_liquidation is not None
    assert large.orderly_liquidation is not None
    assert small.orderly_liquidation.amount / 1249 == Decimal("804782.34")
    assert large.orderly_liquidation.amount / 1250 == Decimal("710102.07")


def test_a_figure_beyond_any_money_column_refers() -> None:
    absurd = cohort(servers=1_000_000, replacement_cost_new={"amount": "999999999999999.99"})
    conclusion = valued(absurd)
    assert "VALUE_OUT_OF_RANGE" in codes(conclusion)
    assert conclusion.value.lending_value == yuan(0)


def test_an_old_server_has_no_tenor_left() -> None:
    conclusion = valued(cohort(age_months=50))
    assert conclusion.value.tenor_cap_months == 0
    assert (conclusion.value.eligible, "LIFE_TOO_SHORT" in codes(conclusion)) == (False, True)


def test_a_newer_generation_lowers_the_cost_value() -> None:
    newest = {"price": {"amount": "2400000"}, "throughput_ratio": "2", "server_kw": "10"}
    plain, compared = valued().value.approaches[0], valued(cohort(modern_equivalent=newest)).value.approaches[0]
    assert plain.code == "FUNCTIONAL_NOT_ASSESSED"
    assert compared.code == ""
    assert plain.value is not None
    assert compared.value is not None
    # 2,000,000 for work that 1,200,000 buys today, and 3 kW too many at 1.25 · 730 h · 0.55: more than 40 % is lost.
    assert compared.value.amount < plain.value.amount * Decimal("0.60")


def test_physical_assets_lose_value_on_a_straight_line() -> None:
    works = {
        "kind": "physical",
        "asset_kind": "power_cooling",
        "cost": {"amount": "50000000"},
        "age_months": 12,
        "useful_life_months": None,
    }
    value = valued(works).value
    # 50m · (1 − 12/120 · 0.95)
    assert (value.lending_value, value.ltv, value.tenor_cap_months) == (yuan("45250000.00"), Decimal("0.50"), 96)


@pytest.mark.parametrize("fact", ["cost", "age_months"])
def test_physical_assets_with_an_unknown_fact_refer(fact: str) -> None:
    works: dict[str, Any] = {
        "kind": "physical",
        "asset_kind": "civil_works",
        "cost": {"amount": "60000000"},
        "age_months": 0,
        "useful_life_months": 240,
    }
    conclusion = valued(works | {fact: None})
    assert conclusion.outcome is Outcome.REFER
    assert conclusion.value.lending_value == yuan(0)


ORDER: dict[str, Any] = {
    "kind": "receivable",
    "asset_kind": "compute_order",
    "amount": {"amount": "10000000"},
    "advance_received": {"amount": "1500000"},
    "retention": {"amount": "500000"},
    "collected": {"amount": "0"},
    "firm": True,
    "buyer_tier": "tier_1",
    "buyer_related": False,
    "assignment_allowed": True,
}


def test_an_order_counts_by_what_is_still_to_be_collected() -> None:
    """Corrections A4: advances and retention reduce the base."""
    value = valued(ORDER).value
    assert (value.lending_value, value.ltv) == (yuan("8000000.00"), Decimal("0.80"))


@pytest.mark.parametrize(
    ("fact", "value", "code"),
    [
        ("firm", False, "NOT_A_RECEIVABLE"),
        ("buyer_related", True, "RELATED_DEBTOR"),
        ("assignment_allowed", False, "NOT_ASSIGNABLE"),
    ],
)
def test_what_is_not_a_claim_counts_nothing(fact: str, value: bool, code: str) -> None:
    conclusion = valued(ORDER | {fact: value})
    assert conclusion.value.reconciled_value == yuan(0), "known to be nothing, which is not the same as unknown"
    assert conclusion.outcome is Outcome.REFER
    assert [reason.code for reason in conclusion.reasons].count(code) == 1


@pytest.mark.parametrize("fact", ["amount", "advance_received", "retention", "collected", "firm", "buyer_related"])
def test_an_unknown_term_of_an_order_is_not_zero(fact: str) -> None:
    conclusion = valued(ORDER | {fact: None})
    assert conclusion.value.reconciled_value is None
    assert (conclusion.outcome, conclusion.value.eligible) == (Outcome.REFER, False)


def data_asset(**changes: Any) -> dict[str, Any]:
    subject: dict[str, Any] = {
        "kind": "intangible",
        "asset_kind": "data_asset",
        "cost": {"amount": "3500000"},
        "certificate": True,
        "personal_data": False,
    }
    return subject | changes


def test_a_certified_data_asset_carries_thirty_percent() -> None:
    """Row A5: 3.50m at 30 % mitigates 1.05m."""
    value = valued(data_asset()).value
    assert value.lending_value.times(value.ltv) == yuan("1050000.00")


@pytest.mark.parametrize(
    ("changes", "code"), [({"certificate": False}, "DATA_RIGHT"), ({"personal_data": True}, "PIPL_BLOCK")]
)
def test_the_rights_gate(changes: dict[str, Any], code: str) -> None:
    conclusion = valued(data_asset(**changes))
    assert conclusion.value.lending_value == yuan(0)
    assert code in codes(conclusion)


def test_a_deposit_counts_by_its_amount() -> None:
    value = valued({"kind": "deposit", "amount": {"amount": "5000000"}}).value
    assert value.lending_value == yuan("5000000.00")


def test_the_same_inputs_give_the_same_bytes() -> None:
    assert canonical(valued().value) == canonical(valued().value)
    first, second = valued(), valued()
    assert [step.model_dump() for step in first.trace] == [step.model_dump() for step in second.trace]


def test_every_step_is_in_the_trace() -> None:
    steps = [step.step for step in valued().trace]
    assert steps[:3] == ["gpu_server/cost", "gpu_server/income", "gpu_server/reconciliation"]
    assert {"eligibility/PROVENANCE", "eligibility/PRIOR_RIGHT", "credit"} <= set(steps)


amounts = st.decimals(min_value="0", max_value="60", places=2)
shares = st.decimals(min_value="0", max_value="1", places=2)


def lent(policy: CollateralPolicy = POLICY, age: int = 0, **economics: Any) -> Decimal:
    subject = cohort(age_months=age, economics=ECONOMICS | {name: str(value) for name, value in economics.items()})
    value = conclude(request(subject), policy, VALID_DAYS).value
    income = next(item.value for item in value.approaches if item.name == "income")
    assert value.reconciled_value is not None
    assert income is not None
    # What would be lent if tenor were no question, so that old servers are compared too.
    return min(value.reconciled_value.amount, income.amount)


@settings(max_examples=40, deadline=None)
@given(rent=amounts, more=amounts, occupancy=shares, age=st.integers(0, 59))
def test_a_lower_rent_never_raises_the_value(rent: Decimal, more: Decimal, occupancy: Decimal, age: int) -> None:
    assert lent(age=age, rent_per_gpu_hour=rent, occupancy=occupancy) <= lent(
        age=age, rent_per_gpu_hour=rent + more, occupancy=occupancy
    )


@settings(max_examples=40, deadline=None)
@given(rent=amounts, occupancy=shares, more=shares, age=st.integers(0, 59))
def test_less_use_never_raises_the_value(rent: Decimal, occupancy: Decimal, more: Decimal, age: int) -> None:
    busier = min(Decimal(1), occupancy + more)
    assert lent(age=age, rent_per_gpu_hour=rent, occupancy=occupancy) <= lent(
        age=age, rent_per_gpu_hour=rent, occupancy=busier
    )


@settings(max_examples=40, deadline=None)
@given(rent=amounts, tariff=shares, more=shares, age=st.integers(0, 59))
def test_dearer_power_never_raises_the_value(rent: Decimal, tariff: Decimal, more: Decimal, age: int) -> None:
    assert lent(age=age, rent_per_gpu_hour=rent, tariff_per_kwh=tariff + more) <= lent(
        age=age, rent_per_gpu_hour=rent, tariff_per_kwh=tariff
    )


@settings(max_examples=40, deadline=None)
@given(rent=amounts, occupancy=shares, age=st.integers(0, 59), older=st.integers(1, 60))
def test_an_older_server_is_never_worth_more(rent: Decimal, occupancy: Decimal, age: int, older: int) -> None:
    assert lent(age=age + older, rent_per_gpu_hour=rent, occupancy=occupancy) <= lent(
        age=age, rent_per_gpu_hour=rent, occupancy=occupancy
    )


@settings(max_examples=40, deadline=None)
@given(rent=amounts, rate=shares, more=shares)
def test_a_higher_discount_rate_never_raises_the_value(rent: Decimal, rate: Decimal, more: Decimal) -> None:
    def at(discount: Decimal) -> Decimal:
        income = POLICY.gpu.income.model_copy(update={"discount_rate": discount})
        gpu = POLICY.gpu.model_copy(update={"income": income})
        return lent(POLICY.model_copy(update={"gpu": gpu}), rent_per_gpu_hour=rent)

    assert at(min(Decimal(1), rate + more)) <= at(rate)
