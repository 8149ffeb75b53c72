"""Golden case G-GPU-1 (domain paper §3.7): what one 8×H100 server carries, and the asset-class tranches of §3.8."""

from decimal import Decimal, localcontext
from typing import Any

import pytest

from domain.coverage import Amortisation, AmortisationRequest, PlanTest, Threshold
from domain.money import Rounding, rounded
from services.collateral.calc.amortisation.examination import Month, Rules, examine
from services.collateral.calc.amortisation.largest_loan import amortise
from services.collateral.calc.conclusion import FIGURES
from services.collateral.calc.gpu_server.value_path import value_path
from services.collateral.calc.stress.stress_test import stress_test
from tests.collateral.conftest import book
from tests.collateral.coverage_requests import CONTRACTED, amortisation, segment, stress, tranche
from tests.collateral.requests import cohort
from tests.collateral.servers import MODEL_2_ON, golden, terms

COLLATERAL = book().collateral(MODEL_2_ON)
HOUSE = book().coverage(MODEL_2_ON)
COST = Decimal(2_000_000)


def concluded(request: AmortisationRequest) -> Amortisation:
    value = amortise(request, COLLATERAL, HOUSE, None).value
    assert value is not None
    return value


def test_schedule_on_v_q() -> None:
    """α = .80 on V_q, DSCR* 1.20, T = 36: D0 = 715,465 = 35.8 % of cost."""
    value = concluded(amortisation())
    assert round(value.largest_loan.amount) == 715_465
    assert round(value.largest_loan.amount / COST * 100, 1) == Decimal("35.8")
    assert value.largest_loan == value.loan
    assert all(row.dscr is None or row.dscr >= Decimal("1.2") for row in value.rows)
    assert all(row.balance <= Decimal("0.8") * row.value + Decimal("0.01") for row in value.rows)


def test_cash_only() -> None:
    """No limit of value, T = 36: 1,506,290 = 75.3 %."""
    value = concluded(amortisation())
    assert round(value.by_cash.amount) == 1_506_290
    assert round(value.by_cash.amount / COST * 100, 1) == Decimal("75.3")


def annuity_test() -> tuple[Decimal, PlanTest]:
    """80 % of cost as a level annuity over 36 months, on the server's value and contract."""
    with localcontext(FIGURES):
        rate, owed = Decimal("0.0385") / 12, COST * Decimal("0.8")
        payment = owed * rate / (1 - (1 + rate) ** -36)
        values = value_path(golden(), terms(), 36).lendable
        plan = [Month(owed, Decimal(0), Decimal(0), values[0])]
        for month in range(1, 37):
            owed = owed * (1 + rate) - payment
            plan.append(Month(max(owed, Decimal(0)), payment, Decimal(CONTRACTED), values[month]))
        return payment, examine(plan, Rules(COLLATERAL.covenants, HOUSE.dscr_window_months))


def test_level_annuity() -> None:
    """Payment 47,131.69; min DSCR 1.130; worst LTV on V_q 2.15 at month 13."""
    payment, test = annuity_test()
    assert payment.quantize(Decimal("0.01")) == Decimal("47131.69")
    assert test.min_dscr is not None
    assert test.min_dscr.quantize(Decimal("0.001")) == Decimal("1.130")
    assert test.worst_ltv is not None
    assert test.worst_ltv.quantize(Decimal("0.01")) == Decimal("2.15")
    assert test.worst_ltv_month == 13
    assert test.first(Threshold.LTV_ENFORCE) == 0
    assert test.first(Threshold.DSCR_LOCK_UP) == 1
    assert test.first(Threshold.DSCR_DEFAULT) is None


def held(kind: str, million: int) -> dict[str, Any]:
    return {"kind": "held", "asset_kind": kind, "value": {"amount": str(million * 1_000_000)}}


def built(kind: str, million: int, life: int) -> dict[str, Any]:
    return {
        "kind": "physical",
        "asset_kind": kind,
        "cost": {"amount": str(million * 1_000_000)},
        "age_months": 0,
        "useful_life_months": life,
    }


def project(civil: int, power: int, servers: int, soft: int) -> AmortisationRequest:
    """A project's assets by class, million CNY; servers of 2 million each under the golden contract."""
    own = [segment(str(Decimal("68260.50") * servers), str(Decimal("15015.00") * servers))]
    return amortisation(
        tranche("civil", built("civil_works", civil, 240)),
        tranche("power", built("power_cooling", power, 120)),
        tranche("gpu", cohort(servers=servers), cash_flows=own),
        tranche("soft", held("software", soft)),
        tenor_months=120,
        cash_flows=[segment("9000000", "0", 1, 120)],
    )


def test_tranche_tenors_end_before_the_product_does() -> None:
    """§3.8: 100 million of civil 30, power 10, GPU 55, soft 5: the GPU tranche ends at 48 months, total at most 80."""
    value = concluded(project(30, 10, 27, 5))
    assert {item.key: item.tenor_months for item in value.tranches} == {
        "civil": 120,
        "power": 96,
        "gpu": 48,
        "soft": 24,
    }
    assert value.largest_loan.amount <= 80_000_000


@pytest.mark.parametrize(("key", "million"), [("civil", "36.0"), ("power", "25.0"), ("gpu", "71.5"), ("soft", "4.0")])
def test_the_project_loan_that_looks_like_80_percent(key: str, million: str) -> None:
    """corrections.md §6: collateral 36 + 25 + 71.6 (35.8 % of 200) + 4. The paper multiplies the rounded 35.8 %."""
    value = concluded(project(60, 50, 100, 20))
    carries = {item.key: item.carries.amount for item in value.tranches}[key]
    assert (carries / 1_000_000).quantize(Decimal("0.1")) == Decimal(million)


def test_m3_rents_of_2024_fall_by_40_percent() -> None:
    """Row M3: rents falling since the second half of 2024 are the scenario CN_2024H2, −40 %. The golden server at 7.20 a
    GPU-hour instead of 12.00 pays its running costs for fewer months; its plan is called on the first day."""
    shock = next(item for item in HOUSE.stresses if item.id == "CN_2024H2")
    assert shock.rent == Decimal("0.60")
    found = stress_test(stress(), COLLATERAL, HOUSE, None).value
    assert found is not None
    fallen = next(item for item in found.stresses if item.stress == "CN_2024H2")
    with localcontext(FIGURES):
        at_7_20 = value_path(golden(rent_per_gpu_hour=Decimal("7.2")), terms(), 36).lendable
    assert fallen.value.amount == rounded(at_7_20[0], 2, Rounding.DOWN)
    assert fallen.test.first(Threshold.LTV_CALL) == 0
    assert fallen.test.min_dscr == found.base.min_dscr, "a take-or-pay contract keeps its rent"
