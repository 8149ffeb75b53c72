"""What model 2 concludes of GPU servers: three approaches, the evidence of the day, liquidation and the value path."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.canonical import canonical
from domain.collateral import Valuation
from domain.finding import Outcome
from domain.gpu_valuation import ValuePath
from domain.money import yuan
from policy.engine import CollateralPolicy
from services.collateral.calc.conclusion import Conclusion
from services.collateral.calc.valuation import conclude, model
from tests.collateral.conftest import book
from tests.collateral.requests import ECONOMICS, cohort, request
from tests.collateral.servers import MODEL_2_ON as ON

POLICY = book().collateral(ON)

FEATURES: dict[str, Any] = {
    "memory_gb": 80,
    "form_factor": "sxm",
    "warranty_months": 36,
    "fabric": True,
    "decommissioning": False,
}


def sale(number: int = 1, days: int = 30, **changes: Any) -> dict[str, Any]:
    """A sale of the golden server as it is, for 1,500,000."""
    found: dict[str, Any] = {
        "reference": f"S-{number}",
        "channel": "transaction",
        "sold_on": (ON - timedelta(days=days)).isoformat(),
        "price_ex_vat": {"amount": "1500000"},
        "gpu_type": "H100-SXM",
        "gpus_per_server": 8,
        "age_months": 0,
        "memory_gb": 80,
        "form_factor": "sxm",
        "condition": "new",
        "warranty_months": 36,
        "fabric": True,
        "provenance": "official_cn",
    }
    return found | changes


def reading(**changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "index_id": "rent.h100",
        "basis": "on_demand",
        "observed_on": (ON - timedelta(days=3)).isoformat(),
        "rent_per_gpu_hour": "12",
    }
    return found | changes


def valued(
    subject: dict[str, Any] | None = None,
    *,
    sales: list[dict[str, Any]] | None = None,
    rents: list[dict[str, Any]] | None = None,
    generations: list[dict[str, Any]] | None = None,
    policy: CollateralPolicy = POLICY,
    **changes: Any,
) -> Conclusion:
    evidence = {"rents": rents or [], "comparables": sales or [], "generations": generations or []}
    return conclude(
        request(subject or cohort(**FEATURES), as_of=ON.isoformat(), evidence=evidence, **changes), policy, 90
    )


def codes(conclusion: Conclusion) -> set[str]:
    return {reason.code for reason in conclusion.reasons}


def approach(conclusion: Conclusion, name: str) -> Any:
    return next(item for item in conclusion.value.approaches if item.name == name)


def path(value: Valuation) -> ValuePath:
    assert value.path is not None
    return value.path


def test_the_second_policy_asks_for_the_second_model() -> None:
    assert model(request().subject, POLICY).version == "2.0.0"
    assert model(request().subject, book().collateral(date(2026, 10, 31))).version == "1.0.0"


def test_the_merchant_income_still_bounds_what_is_lent() -> None:
    value = valued().value
    assert value.lending_value == yuan("946802.76")
    assert value.reconciled_value is not None
    assert value.reconciled_value > value.lending_value


def test_the_path_begins_with_the_income_value_and_ends_with_scrap() -> None:
    curves = path(valued().value)
    assert (curves.expected[0], curves.quantile[0]) == (Decimal("946802.76"), Decimal("946802.76"))
    assert (len(curves.expected), curves.expected[60], curves.market[60]) == (61, 160_000, 250_000)
    assert (curves.expected[12], curves.quantile[12]) == (Decimal("651308.49"), Decimal("505331.83"))
    assert curves.lendable[60] == 160_000


def test_a_path_has_as_many_months_as_the_server_has_left() -> None:
    assert len(path(valued(cohort(age_months=45)).value).expected) == 16
    assert len(path(valued(cohort(age_months=80)).value).expected) == 1


def test_a_cohort_is_worth_its_servers_together_in_every_month() -> None:
    one, hundred = valued().value, valued(cohort(servers=100, **FEATURES)).value
    assert hundred.lending_value.amount == 100 * one.lending_value.amount
    assert path(hundred).quantile == tuple(100 * value for value in path(one).quantile)
    assert path(hundred).market == tuple(100 * value for value in path(one).market)


# --- market approach --------------------------------------------------------------------------------------------------


def test_five_sales_of_the_last_ninety_days_give_a_market_value() -> None:
    conclusion = valued(sales=[sale(n) for n in range(5)])
    market = approach(conclusion, "market")
    # Thirty days of drift at 1.25 % a month.
    drifted = Decimal(1_500_000) * (Decimal("-0.0125") * 30 / (Decimal(365) / 12)).exp()
    assert market.value.amount == pytest.approx(drifted, abs=Decimal("0.01"))
    assert {item.name: item.weight for item in conclusion.value.approaches} == {
        "cost": Decimal("0.2"),
        "income": Decimal("0.4"),
        "market": Decimal("0.4"),
    }
    assert "COMPARABLES_TOO_FEW" not in codes(conclusion)


@pytest.mark.parametrize(
    "odd",
    [
        {"days": 91},
        {"channel": "offer"},
        {"gpu_type": "H200-SXM"},
        {"gpus_per_server": 4},
        {"sold_on": (ON + timedelta(days=1)).isoformat()},
    ],
)
def test_a_sale_that_is_not_comparable_is_not_counted(odd: dict[str, Any]) -> None:
    days = odd.pop("days", 30)
    conclusion = valued(sales=[*(sale(n) for n in range(4)), sale(4, days, **odd)])
    market = approach(conclusion, "market")
    assert (market.value, market.weight, market.code) == (None, Decimal(0), "COMPARABLES_TOO_FEW")
    assert next(item.subject for item in conclusion.reasons if item.code == "COMPARABLES_TOO_FEW") == "4 < 5"


def test_the_last_day_of_the_window_still_counts() -> None:
    assert approach(valued(sales=[sale(n, 90) for n in range(5)]), "market").value is not None


def test_features_that_are_not_known_leave_the_market_without_weight() -> None:
    conclusion = valued(cohort(memory_gb=80), sales=[sale(n) for n in range(5)])
    assert approach(conclusion, "market").code == "FEATURES_UNKNOWN"
    assert next(item.subject for item in conclusion.reasons if item.code == "FEATURES_UNKNOWN") == "form_factor"


@pytest.mark.parametrize(
    ("worse", "factor"),
    [
        ({"age_months": 12}, "-0.3996"),
        ({"memory_gb": 40}, "-0.34657359"),
        ({"form_factor": "pcie"}, "-0.20"),
        ({"condition": "refurbished"}, "-0.10"),
        ({"warranty_months": 0}, "-0.18"),
        ({"warranty_months": None}, "-0.18"),
        ({"fabric": False}, "-0.08"),
        ({"fabric": None}, "-0.08"),
    ],
)
def test_each_feature_adjusts_by_its_effect(worse: dict[str, Any], factor: str) -> None:
    sales = [sale(n) for n in range(5)]
    as_is = approach(valued(sales=sales), "market").value.amount
    adjusted = approach(valued(cohort(**FEATURES | worse), sales=sales), "market").value.amount
    assert adjusted / as_is == pytest.approx(Decimal(factor).exp(), abs=Decimal("1e-6"))


def test_a_sale_of_a_worse_server_says_more_for_a_better_one() -> None:
    worse = [sale(n, condition="used", age_months=12) for n in range(5)]
    value = approach(valued(sales=worse), "market").value.amount
    assert value == pytest.approx(Decimal(1_500_000) * Decimal("0.5372705").exp(), rel=Decimal("1e-5"))


def test_later_sales_and_surer_channels_weigh_more() -> None:
    """Weights 1/(σ²·days): one sale at 2.0m against four at 1.5m."""
    late = [*(sale(n, 80) for n in range(4)), sale(4, 8, price_ex_vat={"amount": "2000000"})]
    early = [*(sale(n, 8) for n in range(4)), sale(4, 80, price_ex_vat={"amount": "2000000"})]
    auction = [*(sale(n, 80) for n in range(4)), sale(4, 8, price_ex_vat={"amount": "2000000"}, channel="auction")]
    by = [approach(valued(sales=sales), "market").value.amount for sales in (late, auction, early)]
    assert by[0] > by[1] > by[2]
    # Weights 1/8 against 4/80 of one deviation: 5/7 of the value stands on the late sale.
    drifted = [Decimal(2_000_000) * Decimal("-0.00328767").exp(), Decimal(1_500_000) * Decimal("-0.03287671").exp()]
    assert by[0] == pytest.approx(drifted[0] * 5 / 7 + drifted[1] * 2 / 7, abs=Decimal(2))


def test_the_order_in_which_sales_are_told_changes_nothing() -> None:
    sales = [sale(n, 10 + n, price_ex_vat={"amount": str(1_400_000 + n * 7919)}) for n in range(7)]
    forward, backward = valued(sales=sales), valued(sales=sales[::-1])
    assert canonical(forward.value) == canonical(backward.value)
    assert forward.trace == backward.trace


# --- the index of rents -----------------------------------------------------------------------------------------------


def test_no_index_leaves_the_declared_rent_and_says_so() -> None:
    conclusion = valued()
    assert "RENT_NOT_INDEXED" in codes(conclusion)
    assert "RENT_NOT_INDEXED" not in codes(valued(rents=[reading()]))


def test_the_lower_of_declared_rent_and_index_is_taken() -> None:
    below, at, above = (valued(rents=[reading(rent_per_gpu_hour=rent)]).value for rent in ("9", "12", "20"))
    assert below.lending_value < at.lending_value
    assert at.lending_value == above.lending_value, "an index never raises a value above what the case declares"
    assert "RENT_ABOVE_INDEX" in codes(valued(rents=[reading(rent_per_gpu_hour="9")]))


def test_an_old_index_counts_less_for_each_month_begun_and_is_referred() -> None:
    """§6.3: the last pinned observation less 5 % a month; fourteen days are fresh."""
    subject = cohort(economics=ECONOMICS | {"rent_per_gpu_hour": "30"}, **FEATURES)
    fresh = valued(subject, rents=[reading(observed_on=(ON - timedelta(days=14)).isoformat())])
    assert "INDEX_STALE" not in codes(fresh)
    for days, factor in ((15, "0.95"), (44, "0.95"), (45, "0.9025")):
        late = valued(subject, rents=[reading(observed_on=(ON - timedelta(days=days)).isoformat())])
        assert {"INDEX_STALE"} <= codes(late)
        assert late.outcome is Outcome.REFER
        same = valued(subject, rents=[reading(rent_per_gpu_hour=str(12 * Decimal(factor)))])
        assert late.value.lending_value == same.value.lending_value


@pytest.mark.parametrize(("now", "before"), [("10", "12"), ("12", "10")])
def test_a_restatement_alone_moves_nothing_up_and_is_referred(now: str, before: str) -> None:
    conclusion = valued(rents=[reading(rent_per_gpu_hour=now, restated_from=before)])
    assert conclusion.outcome is Outcome.REFER
    assert "INDEX_RESTATED" in codes(conclusion)
    assert conclusion.value.lending_value == valued(rents=[reading(rent_per_gpu_hour="10")]).value.lending_value


@pytest.mark.parametrize("basis", ["spot", "list", "contract_1y"])
def test_an_index_of_another_basis_is_not_held_against_the_rent(basis: str) -> None:
    conclusion = valued(rents=[reading(basis=basis, rent_per_gpu_hour="1", market_utilisation="0.1")])
    assert "RENT_NOT_INDEXED" in codes(conclusion)
    assert conclusion.value.lending_value == valued().value.lending_value


def test_of_several_indices_the_lowest_fresh_one_is_taken() -> None:
    """On one day of 2026 four indices of the same GPU said 2.81 to 3.62."""
    four = [reading(index_id=f"rent.{n}", rent_per_gpu_hour=rent) for n, rent in enumerate(("11", "10", "14", "13"))]
    lowest = valued(rents=[reading(rent_per_gpu_hour="10")]).value.lending_value
    assert valued(rents=four).value.lending_value == lowest
    old = reading(index_id="old", rent_per_gpu_hour="1", observed_on=(ON - timedelta(days=40)).isoformat())
    assert valued(rents=[*four, old]).value.lending_value == lowest
    assert "INDEX_STALE" not in codes(valued(rents=[*four, old]))


def test_a_second_fresh_source_speaks_for_a_restated_one() -> None:
    restated = reading(rent_per_gpu_hour="10", restated_from="12")
    beside = reading(index_id="other", rent_per_gpu_hour="10.5")
    assert "INDEX_RESTATED" in codes(valued(rents=[restated]))
    assert "INDEX_RESTATED" not in codes(valued(rents=[restated, beside]))


def test_a_slack_market_is_economic_obsolescence_whoever_is_busy() -> None:
    """§3.5 step 1: .50 against a normal .85 takes .2727."""
    conclusion = valued(rents=[reading(market_utilisation="0.50")])
    step = next(item for item in conclusion.trace if item.step == "gpu_server/cost/economic")
    assert (step.result[:6], step.inputs["of"]) == ("0.2726", "the index")
    assert round(Decimal(step.result), 4) == Decimal("0.2727")


def test_a_reading_of_the_future_is_refused() -> None:
    with pytest.raises(ValidationError, match="after as_of"):
        valued(rents=[reading(observed_on=(ON + timedelta(days=1)).isoformat())])


# --- the newest generation --------------------------------------------------------------------------------------------


def generation(**changes: Any) -> dict[str, Any]:
    """Servers at 3,600,000 that do three times the inference and twice the training of the golden one."""
    found: dict[str, Any] = {
        "index_id": "newest.h100",
        "seen_on": (ON - timedelta(days=10)).isoformat(),
        "gpus_per_server": 8,
        "price_ex_vat": {"amount": "3600000"},
        "inference_ratio": "3",
        "training_ratio": "2",
        "server_kw": "14",
    }
    return found | changes


def functional(conclusion: Conclusion) -> Decimal:
    step = next(item for item in conclusion.trace if item.step == "gpu_server/cost/functional")
    return Decimal(step.result)


def test_without_a_newer_generation_the_cost_value_is_an_upper_bound() -> None:
    conclusion = valued()
    assert approach(conclusion, "cost").code == "FUNCTIONAL_NOT_ASSESSED"
    assert "FUNCTIONAL_NOT_ASSESSED" in codes(conclusion)


@pytest.mark.parametrize(
    ("share", "throughput"),
    [("1", "3"), ("0", "2"), ("0.5", "2.5"), (None, "3")],
    ids=["infer", "train", "mix", "unknown"],
)
def test_generations_are_compared_by_the_work_they_do(share: str | None, throughput: str) -> None:
    """§3.5 step 1: 1 − P_new/Q_new·Q_old/RCN and the power saved over sixty months; unknown use is the dearer reading."""
    found = functional(valued(cohort(inference_share=share, **FEATURES), generations=[generation()]))
    ratio = Decimal(throughput)
    capital = max(Decimal(0), 1 - Decimal(3_600_000) / ratio / 2_000_000)
    annuity = sum((Decimal("1.12") ** (Decimal(-month) / 12) for month in range(1, 61)), Decimal(0))
    power = max(Decimal(0), 8 - 14 / ratio) * Decimal("1.25") * 730 * Decimal("0.55") * annuity / 2_000_000
    assert found == pytest.approx(capital + power, abs=Decimal("1e-7"))


def test_the_cheapest_way_to_the_same_work_counts_and_of_servers_of_that_size_only() -> None:
    cheap = generation(index_id="cheap", price_ex_vat={"amount": "2400000"})
    small = generation(index_id="small", price_ex_vat={"amount": "100000"}, gpus_per_server=4)
    found = functional(valued(generations=[generation(), cheap, small]))
    assert found == functional(valued(generations=[cheap]))
    assert found > functional(valued(generations=[generation()]))


def test_what_the_case_names_itself_is_taken_first() -> None:
    own = {"price": {"amount": "2400000"}, "throughput_ratio": "1.5", "server_kw": "10"}
    subject = cohort(modern_equivalent=own, **FEATURES)
    assert functional(valued(subject, generations=[generation()])) == functional(valued(subject))


def test_an_old_price_of_the_newest_generation_still_counts_and_is_referred() -> None:
    fresh, old = (
        valued(generations=[generation(seen_on=(ON - timedelta(days=days)).isoformat())]) for days in (90, 91)
    )
    assert functional(fresh) == functional(old)
    assert ("GENERATION_STALE" in codes(fresh), "GENERATION_STALE" in codes(old)) == (False, True)
    assert old.outcome is Outcome.REFER


# --- plausibility, liquidation, refusal -------------------------------------------------------------------------------


def test_an_h100_for_less_than_fifty_thousand_a_card_is_looked_into() -> None:
    """Row M2."""
    cheap, dear = (
        valued(cohort(replacement_cost_new={"amount": str(8 * card)}, **FEATURES)) for card in (49_999, 50_000)
    )
    assert (cheap.outcome, "PRICE_OUTLIER" in codes(cheap)) == (Outcome.REFER, True)
    assert "PRICE_OUTLIER" not in codes(dear)
    assert "PRICE_OUTLIER" not in codes(
        valued(cohort(gpu_type="H20-141G", replacement_cost_new={"amount": "100000"}, **FEATURES))
    )


def test_a_rent_that_pays_a_server_back_within_months_is_looked_into() -> None:
    """70,080 a month for 8 GPUs at 12.00 is 3.5 % of two million; per server given as per GPU it would be 28 %."""
    wrong = valued(cohort(economics=ECONOMICS | {"rent_per_gpu_hour": "96"}, **FEATURES))
    assert (wrong.outcome, "RENT_OUT_OF_PROPORTION" in codes(wrong)) == (Outcome.REFER, True)
    assert "RENT_OUT_OF_PROPORTION" not in codes(valued())


@pytest.mark.parametrize(
    ("facts", "orderly", "forced"),
    [
        ({}, "804782.34", "539677.57"),
        ({"decommissioning": True}, "710102.07", "449731.31"),
        ({"fabric": False}, "662761.93", "404758.18"),
        ({"decommissioning": True, "fabric": False}, "568081.65", "314811.91"),
    ],
)
def test_what_a_sale_costs(facts: dict[str, Any], orderly: str, forced: str) -> None:
    """§3.5 step 5: V = 946,802.76; .15 and .40, .10 to take the servers out, .15 without their network, 5 % of cost."""
    value = valued(cohort(**FEATURES | facts)).value
    assert (value.orderly_liquidation, value.forced_liquidation) == (yuan(orderly), yuan(forced))


def test_what_is_not_known_of_a_sale_is_read_as_what_brings_less_and_told() -> None:
    unknown = valued(cohort())
    known = valued(cohort(decommissioning=True, fabric=False))
    assert unknown.value.orderly_liquidation == known.value.orderly_liquidation
    told = next(item for item in unknown.reasons if item.code == "LIQUIDATION_ASSUMED")
    assert told.subject == "decommissioning, fabric"
    assert "LIQUIDATION_ASSUMED" not in codes(known)


def test_ten_thousand_gpus_move_the_market() -> None:
    small, large = (valued(cohort(servers=servers, **FEATURES)).value for servers in (1249, 1250))
    assert small.orderly_liquidation == yuan(Decimal("804782.34") * 1249)
    assert large.orderly_liquidation == yuan(Decimal("710102.07") * 1250)


@pytest.mark.parametrize("line", sorted(set(ECONOMICS) - {"rent_basis"}))
def test_row_e4_a_missing_cash_line_refuses_the_value(line: str) -> None:
    conclusion = valued(cohort(economics=ECONOMICS | {line: None}))
    assert (conclusion.value.reconciled_value, conclusion.value.path) == (None, None)
    assert ("INCOMPLETE_COST_STACK", line) in {(item.code, item.subject) for item in conclusion.reasons}
    assert conclusion.outcome is Outcome.REFER


def test_an_index_does_not_stand_in_for_a_rent_that_nobody_declared() -> None:
    conclusion = valued(cohort(economics=ECONOMICS | {"rent_per_gpu_hour": None}), rents=[reading()])
    assert conclusion.value.reconciled_value is None


def test_a_value_beyond_any_money_column_is_refused() -> None:
    absurd = valued(cohort(servers=1_000_000, replacement_cost_new={"amount": "999999999999999.99"}))
    assert "VALUE_OUT_OF_RANGE" in codes(absurd)
    assert absurd.value.path is None


def test_every_term_is_in_the_trace() -> None:
    newest = {"price": {"amount": "2400000"}, "throughput_ratio": "2", "server_kw": "10"}
    conclusion = valued(
        cohort(modern_equivalent=newest, **FEATURES), sales=[sale(n) for n in range(5)], rents=[reading()]
    )
    steps = {step.step: step for step in conclusion.trace if step.step.startswith("gpu_server/")}
    assert list(steps) == [
        "gpu_server/rent/rent.h100",
        "gpu_server/rent",
        "gpu_server/cost/physical",
        "gpu_server/cost/functional",
        "gpu_server/cost/economic",
        "gpu_server/cost",
        "gpu_server/income/month_1",
        "gpu_server/income",
        "gpu_server/path",
        *(f"gpu_server/market/S-{n}" for n in range(5)),
        "gpu_server/market",
        "gpu_server/reconciliation",
        "gpu_server/lending_value",
        "gpu_server/liquidation/orderly",
        "gpu_server/liquidation/forced",
    ]
    assert steps["gpu_server/income/month_1"].result == "35602.20"
    assert steps["gpu_server/path"].inputs["v_q.24"] == "315488.99"
    # 2,400,000 / 2 buys the same work, and 3 kW are saved for sixty months.
    assert Decimal(steps["gpu_server/cost/functional"].result) > Decimal("0.40")


# --- a worse server is never worth more -------------------------------------------------------------------------------

rents = st.decimals(min_value="0", max_value="60", places=2)
shares = st.decimals(min_value="0", max_value="1", places=2)


def worth(subject: dict[str, Any], policy: CollateralPolicy = POLICY, **evidence: Any) -> list[Decimal]:
    """Every figure a lender could take for a value, as if tenor were no question."""
    value = valued(subject, policy=policy, **evidence).value
    income = next(item.value for item in value.approaches if item.name == "income")
    assert value.reconciled_value is not None
    assert income is not None
    curves = path(value)
    return [min(value.reconciled_value.amount, income.amount), curves.quantile[0], curves.lendable[0]]


@settings(max_examples=30, deadline=None)
@given(
    rent=rents,
    more=rents,
    occupancy=shares,
    tariff=shares,
    age=st.integers(0, 70),
    older=st.integers(1, 40),
    driven=shares,
    prices=st.lists(st.integers(100_000, 5_000_000), max_size=6),
)
def test_a_worse_server_is_never_worth_more(
    rent: Decimal,
    more: Decimal,
    occupancy: Decimal,
    tariff: Decimal,
    age: int,
    older: int,
    driven: Decimal,
    prices: list[int],
) -> None:
    """Older, hotter (driven harder, cooled worse, more power), repaired less, less used, dearer power, a lower rent."""
    sales = [sale(n, price_ex_vat={"amount": str(price)}) for n, price in enumerate(prices)]
    lines = ECONOMICS | {
        "rent_per_gpu_hour": str(rent + more),
        "occupancy": str(occupancy),
        "tariff_per_kwh": str(tariff),
    }
    better = cohort(age_months=age, historic_utilisation=str(driven / 2), economics=lines, **FEATURES)
    worse: tuple[dict[str, Any], ...] = (
        {"age_months": age + older},
        {"historic_utilisation": str(driven)},
        {"unrepaired_fault_cost": {"amount": "100000"}},
        {"economics": lines | {"occupancy": str(occupancy / 2)}},
        {"economics": lines | {"tariff_per_kwh": str(tariff + 1)}},
        {"economics": lines | {"rent_per_gpu_hour": str(rent)}},
        {"economics": lines | {"pue": "1.60"}},
        {"economics": lines | {"server_kw": "9"}},
        {"warranty_months": 0},
        {"fabric": False},
    )
    best = worth(better, sales=sales)
    for change in worse:
        for low, high in zip(worth(better | change, sales=sales), best, strict=True):
            assert low <= high, change


@settings(max_examples=30, deadline=None)
@given(
    rent=rents,
    kilowatts=st.integers(1, 60),
    price=st.integers(50_000, 2_000_000),
    age=st.integers(0, 70),
    older=st.integers(1, 24),
    ratio=st.sampled_from(["0.5", "2", "6"]),
)
def test_an_older_server_is_never_worth_more_beside_a_newer_generation(
    rent: Decimal, kilowatts: int, price: int, age: int, older: int, ratio: str
) -> None:
    """Not even where power is most of what a newer one saves, and fewer months are left to save it."""
    newest = {"price": {"amount": "3000000"}, "throughput_ratio": ratio, "server_kw": "8"}
    lines = ECONOMICS | {"rent_per_gpu_hour": str(rent), "server_kw": str(kilowatts), "tariff_per_kwh": "0.9"}
    facts = {"economics": lines, "modern_equivalent": newest, "replacement_cost_new": {"amount": str(price)}}
    young, old = (valued(cohort(age_months=months, **facts)).value for months in (age, age + older))
    assert old.reconciled_value <= young.reconciled_value
    assert old.orderly_liquidation <= young.orderly_liquidation
    assert old.forced_liquidation <= young.forced_liquidation


def test_a_cost_value_held_at_a_younger_server_s_says_at_which() -> None:
    lines = ECONOMICS | {"server_kw": "60", "tariff_per_kwh": "3", "pue": "2"}
    newest = {"price": {"amount": "3000000"}, "throughput_ratio": "6", "server_kw": "40"}
    facts = {"economics": lines, "modern_equivalent": newest, "replacement_cost_new": {"amount": "60000"}}
    conclusion = valued(cohort(age_months=60, **facts))
    steps = {step.step: step for step in conclusion.trace}
    assert steps["gpu_server/cost/physical"].inputs["age_months"] == "59: less is left than at 60"
    assert steps["gpu_server/cost"].result == "0.00"


@settings(max_examples=20, deadline=None)
@given(rent=rents, rate=shares, more=shares, kilowatts=st.integers(1, 60), newest=st.booleans())
def test_a_higher_discount_rate_never_raises_the_value(
    rent: Decimal, rate: Decimal, more: Decimal, kilowatts: int, newest: bool
) -> None:
    """Not even of a server that burns so much power that saving it is most of what a newer one is bought for."""
    lines = ECONOMICS | {"rent_per_gpu_hour": str(rent), "server_kw": str(kilowatts), "tariff_per_kwh": "0.9"}
    modern = {"price": {"amount": "1500000"}, "throughput_ratio": "1", "server_kw": "2"} if newest else None
    subject = cohort(economics=lines, modern_equivalent=modern, **FEATURES)

    def at(discount: Decimal) -> CollateralPolicy:
        income = POLICY.gpu.income.model_copy(update={"discount_rate": discount})
        return POLICY.model_copy(update={"gpu": POLICY.gpu.model_copy(update={"income": income})})

    dear, cheap = worth(subject, at(min(Decimal(1), rate + more))), worth(subject, at(rate))
    assert all(low <= high for low, high in zip(dear, cheap, strict=True))
