"""Stress tests: which stress moves what, in which direction, and what cannot be moved at all."""

from datetime import date
from decimal import Decimal
from math import exp
from typing import Any

import pytest

from domain.coverage import StressRequest, StressTest, Threshold
from domain.finding import Outcome
from services.collateral.calc.amortisation.largest_loan import amortise
from services.collateral.calc.conclusion import Conclusion
from services.collateral.calc.stress.stress_test import stress_test
from tests.collateral.conftest import book
from tests.collateral.coverage_requests import amortisation, segment, stress, tranche
from tests.collateral.requests import ECONOMICS, cohort
from tests.collateral.servers import MODEL_2_ON

COLLATERAL = book().collateral(MODEL_2_ON)
HOUSE = book().coverage(MODEL_2_ON)


def concluded(request: StressRequest) -> Conclusion[StressTest]:
    return stress_test(request, COLLATERAL, HOUSE, None)


def value(request: StressRequest) -> StressTest:
    found = concluded(request).value
    assert found is not None
    return found


@pytest.fixture(scope="module")
def golden() -> StressTest:
    return value(stress())


BEYOND = "999999999999999999.99"


def works(key: str) -> dict[str, Any]:
    subject = {"kind": "physical", "asset_kind": "civil_works", "age_months": 0, "useful_life_months": None}
    return tranche(key, subject | {"cost": {"amount": BEYOND}})


@pytest.mark.parametrize(
    ("tranches", "changes"),
    [
        ([works("works"), works("more")], {}),
        ([tranche(subject=cohort(replacement_cost_new={"amount": BEYOND}, servers=1_000_000))], {}),
        ([], {"cash_flows": [segment(BEYOND), segment(BEYOND)]}),
        ([], {"cash_flows": [segment("0", BEYOND), segment("0", BEYOND)]}),
    ],
)
def test_figures_beyond_any_money_column_refer(tranches: list[dict[str, Any]], changes: dict[str, Any]) -> None:
    """Each is within its own bound; together they are no plan, and no fault of the service either."""
    for found in (
        concluded(stress(*tranches, **changes)),
        amortise(amortisation(*tranches, **changes), COLLATERAL, HOUSE, None),
    ):
        assert (found.outcome, found.value) == (Outcome.REFER, None)
        assert "VALUE_OUT_OF_RANGE" in [item.code for item in found.reasons]


def test_cover_beyond_any_money_column_refers() -> None:
    found = amortise(amortisation(other_cover={"amount": BEYOND}), COLLATERAL, HOUSE, None)
    assert (found.outcome, found.value) == (Outcome.REFER, None)


def test_a_plan_beyond_any_money_column_refers() -> None:
    plan = [{"balance": {"amount": BEYOND}, "debt_service": {"amount": BEYOND}}] * 37
    found = concluded(stress(plan=plan))
    assert (found.outcome, found.value) == (Outcome.REFER, None)


def test_a_month_that_loses_millions_while_little_falls_due_is_told() -> None:
    """The last instalment of a few yuan beside a month that costs more than it brings."""
    plan = [{"balance": {"amount": "9"}, "debt_service": {"amount": "0"}}] * 36
    plan.append({"balance": {"amount": "0"}, "debt_service": {"amount": "9.00"}})
    test = value(stress(plan=plan, cash_flows=[segment("0", "5000000")])).base
    assert test.first(Threshold.DSCR_DEFAULT) == 36


def test_every_stress_of_the_policy_is_run(golden: StressTest) -> None:
    assert [item.stress for item in golden.stresses] == [item.id for item in HOUSE.stresses]
    assert len(golden.stresses) >= 11


def test_without_a_plan_the_largest_loan_is_tested(golden: StressTest) -> None:
    largest = amortise(amortisation(), COLLATERAL, HOUSE, None).value
    assert largest is not None
    assert golden.loan == largest.largest_loan
    assert golden.base == largest.test
    assert golden.base.worst_ltv is not None
    assert golden.base.worst_ltv <= Decimal("0.8")


WORSE_VALUE = {"CN_2024H2", "LAUNCH_35", "OCCUPANCY_30", "POWER_30", "FAILURES_3X", "INDEX_RESTATED_DOWN", "LARGE_LOT"}
WORSE_CASH = {"OFFTAKER_DEFAULT_12", "POWER_30", "EXPORT_BAN", "FAILURES_3X"}


def test_what_lowers_values_worsens_loan_to_value(golden: StressTest) -> None:
    assert golden.base.worst_ltv is not None
    worse = {item.stress for item in golden.stresses if (item.test.worst_ltv or 99) > golden.base.worst_ltv}
    assert worse >= WORSE_VALUE
    assert "INDEX_RESTATED_UP" not in worse


def test_what_takes_cash_worsens_coverage_and_a_contract_holds_against_the_market(golden: StressTest) -> None:
    assert golden.base.min_dscr == Decimal("1.2")
    worse = {item.stress for item in golden.stresses if (item.test.min_dscr or 0) < golden.base.min_dscr}
    assert worse == WORSE_CASH


def test_power_30_percent_dearer_to_the_fen(golden: StressTest) -> None:
    """8 kW × 1.25 × 730 h × 0.55 × 30 % = 1,204.50 a month less of 53,245.50, on a debt service of a 1.2th of it."""
    power = next(item for item in golden.stresses if item.stress == "POWER_30").test
    exact = (Decimal("53245.50") - Decimal("1204.50")) / (Decimal("53245.50") / Decimal("1.2"))
    assert power.min_dscr is not None
    assert abs(power.min_dscr - exact) < Decimal("1e-8")


def test_after_a_default_the_servers_earn_the_market_rent() -> None:
    """Month 12 on the mean path: 8 × 730 × .75 × .985 × .99 × 12·e^{−.15} − 15,015 a server."""
    due = [{"balance": {"amount": "100000"}, "debt_service": {"amount": "0"}} for _ in range(37)]
    due[11], due[12] = [item | {"debt_service": {"amount": "20000"}} for item in due[11:13]]
    default = next(item for item in value(stress(plan=due)).stresses if item.stress == "OFFTAKER_DEFAULT_12").test
    earned = 8 * 730 * 0.75 * 0.985 * 0.99 * 12 * exp(-0.15) - 15_015
    assert default.min_dscr_month == 12
    assert default.min_dscr is not None
    assert abs(float(default.min_dscr) - earned / 20_000) < 1e-7


def test_first_breach_month_and_cure_under_the_rents_of_2024(golden: StressTest) -> None:
    fallen = next(item for item in golden.stresses if item.stress == "CN_2024H2").test
    assert fallen.first(Threshold.LTV_CALL) == 0
    assert fallen.cure_ltv.amount > 0
    assert fallen.cash_to_cure == fallen.cure_ltv + fallen.cure_dscr


def test_what_only_a_stress_brings_is_told_and_what_stands_goes_to_a_person() -> None:
    found = concluded(stress())
    assert found.outcome is Outcome.PASS
    (told,) = found.reasons
    assert told.code == "BREACH_UNDER_STRESS"
    assert "CN_2024H2" in told.subject
    assert "INDEX_RESTATED_UP" not in told.subject
    owed = [{"balance": {"amount": "900000"}, "debt_service": {"amount": "0"}}] * 37
    standing = concluded(stress(plan=owed))
    assert standing.outcome is Outcome.REFER
    assert ("BREACH_AS_IT_STANDS", "ltv_call") in {(item.code, item.subject) for item in standing.reasons}


def test_a_small_loan_withstands_every_stress() -> None:
    plan = [{"balance": {"amount": "1000"}, "debt_service": {"amount": "0"}}] + [
        {"balance": {"amount": "0"}, "debt_service": {"amount": "100"}}
    ] * 36
    found = concluded(stress(plan=plan))
    assert (found.outcome, found.reasons) == (Outcome.PASS, ())
    assert found.value is not None
    assert all(item.test.cash_to_cure.amount == 0 for item in found.value.stresses)


def test_a_plan_given_is_tested_as_it_is() -> None:
    plan = [{"balance": {"amount": "900000"}, "debt_service": {"amount": "0"}}] + [
        {"balance": {"amount": "900000"}, "debt_service": {"amount": "2887.50"}}
    ] * 36
    found = value(stress(plan=plan))
    assert found.loan.amount == 900_000
    assert found.base.min_dscr is not None
    assert found.base.min_dscr > 18
    assert found.base.first(Threshold.LTV_ENFORCE) == 0 or found.base.worst_ltv is not None


def test_a_value_path_cannot_be_stressed_and_that_is_said() -> None:
    path: dict[str, Any] = {
        "kind": "value_path",
        "asset_kind": "gpu_server",
        "values": [{"amount": "1000000"}] * 36,
    }
    found = concluded(stress(tranche(subject=path)))
    assert found.value is not None
    assert found.value.not_stressed == ("servers",)
    assert found.outcome is Outcome.REFER
    assert {item.code for item in found.reasons} >= {"NOT_STRESSED"}


def test_what_is_not_known_refers_and_concludes_nothing() -> None:
    found = concluded(stress(annual_rate=None, cash_flows=None))
    assert (found.outcome, found.value) == (Outcome.REFER, None)
    assert {item.code for item in found.reasons} == {"RATE_UNKNOWN", "CASH_FLOW_UNKNOWN"}


def test_a_missing_cash_line_carries_nothing_and_is_named() -> None:
    lacking = cohort(
        economics={name: line for name, line in ECONOMICS.items() if name != "sla_per_month"} | {"sla_per_month": None}
    )
    found = amortise(amortisation(tranche(subject=lacking)), COLLATERAL, HOUSE, None)
    assert found.outcome is Outcome.REFER
    assert {(item.code, item.subject) for item in found.reasons} >= {("INCOMPLETE_COST_STACK", "sla_per_month")}
    assert found.value is not None
    assert found.value.largest_loan.amount == 0


def test_the_first_policy_knows_no_resale_curve_and_that_is_said() -> None:
    found = amortise(amortisation(), book().collateral(date(2026, 3, 2)), HOUSE, None)
    assert {item.code for item in found.reasons} == {"RESALE_CURVE_MISSING", "NOTHING_CARRIED"}


def test_a_value_on_file_bounds_the_path() -> None:
    free = amortise(amortisation(), COLLATERAL, HOUSE, None).value
    half = {"amount": "473401.38"}
    bound = amortise(amortisation(tranche(lending_value=half)), COLLATERAL, HOUSE, None).value
    assert free is not None
    assert bound is not None
    assert bound.tranches[0].value.amount == Decimal("473401.38")
    assert abs(2 * bound.rows[12].value - free.rows[12].value) < 1
    none = amortise(amortisation(tranche(lending_value={"amount": "0"})), COLLATERAL, HOUSE, None).value
    assert none is not None
    assert none.largest_loan.amount == 0


def test_a_path_on_file_stands_and_a_stress_moves_it_in_proportion(golden: StressTest) -> None:
    """The index of the day had rents lower than the case says: the valuation's own path is the one that counts."""
    free = amortise(amortisation(), COLLATERAL, HOUSE, None).value
    assert free is not None
    half = [{"amount": f"{row.value / 2:.2f}"} for row in free.rows]
    bound = amortise(amortisation(tranche(filed_path=half)), COLLATERAL, HOUSE, None).value
    assert bound is not None
    assert abs(2 * bound.rows[20].value - free.rows[20].value) < Decimal("0.05")
    moved = value(stress(tranche(filed_path=half)))
    for one, other in zip(golden.stresses, moved.stresses, strict=True):
        assert abs(2 * other.value.amount - one.value.amount) < 1


def test_an_off_taker_that_never_paid_leaves_the_months_before_operation_as_they_are() -> None:
    request = stress(tenor_months=48, cash_flows=[segment("68260.50", "15015.00", 13, 48)], reserve_months=12)
    found = value(request)
    default = next(item for item in found.stresses if item.stress == "OFFTAKER_DEFAULT_12").test
    assert default.min_dscr_month is not None
    assert default.min_dscr_month >= 13


@pytest.mark.parametrize("servers", [1, 7, 1000])
def test_a_fleet_is_its_servers(servers: int) -> None:
    one = amortise(amortisation(), COLLATERAL, HOUSE, None).value
    cash = [segment(str(Decimal("68260.50") * servers), str(Decimal("15015.00") * servers))]
    fleet = amortise(amortisation(tranche(subject=cohort(servers=servers)), cash_flows=cash), COLLATERAL, HOUSE, None)
    assert one is not None
    assert fleet.value is not None
    assert abs(fleet.value.largest_loan.amount - servers * one.largest_loan.amount) <= servers * Decimal("0.01")
