"""Rows E4, M1 and M2 of the domain paper (§1D, §1E) under the second valuation model, and row R10 beside M2."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from domain.collateral import ValuationRequest
from domain.finding import Outcome
from domain.price_index import RentIndex
from policy.engine import Bundle
from services.collateral.calc import price_index
from services.collateral.calc.conclusion import Conclusion
from services.collateral.calc.valuation import conclude
from tests.golden.test_collateral_rows import server

ON = date(2026, 12, 1)


def concluded(bundle: Bundle, subject: dict[str, Any]) -> Conclusion:
    asked = {
        "case_id": uuid4(),
        "policy_sha256": bundle.sha256,
        "product": "nxb_project_loan",
        "lender_id": "nxb",
        "as_of": ON,
        "asset_key": "asset",
        "subject": subject,
        "encumbered": False,
        "exists": True,
        "colocated": False,
        "duplicate_serial": False,
    }
    return conclude(ValuationRequest.model_validate(asked), bundle.collateral(ON), 90)


def reasons(conclusion: Conclusion) -> set[tuple[str, str]]:
    return {(item.code, item.subject) for item in conclusion.reasons}


@pytest.mark.parametrize("line", ["rack_per_month", "tariff_per_kwh", "maintenance_rate", "sla_per_month", "occupancy"])
def test_row_e4_rack_power_maintenance_sla_and_occupancy_are_mandatory(bundle: Bundle, line: str) -> None:
    conclusion = concluded(bundle, server(economics={line: None}))
    assert ("INCOMPLETE_COST_STACK", line) in reasons(conclusion)
    assert (conclusion.value.reconciled_value, conclusion.value.lending_value.amount) == (None, 0)


def test_row_e4_purchase_and_depreciation_are_no_cash_lines(bundle: Bundle) -> None:
    """Corrections E4: together with the purchase they would count the investment twice."""
    step = next(item for item in concluded(bundle, server()).trace if item.step == "gpu_server/income/month_1")
    assert {"rack", "power", "maintenance", "sla", "occupancy"} <= set(step.inputs)
    assert not {"depreciation", "replacement_cost_new", "purchase"} & set(step.inputs)
    assert step.result == "35602.20"


@pytest.mark.parametrize("line", ["rack_per_month", "sla_per_month"])
def test_row_e4_a_line_may_be_zero(bundle: Bundle, line: str) -> None:
    conclusion = concluded(bundle, server(economics={line: {"amount": "0"}}))
    assert conclusion.value.reconciled_value is not None


def test_row_m1_list_prices_of_eight_gpus() -> None:
    """49.24 USD an hour in 2025-03 against 38.08 in 2023-04: 6.155 and 4.760 a GPU, +29.31 %."""
    exchange = [
        {"cny": rate, "on": day, "source": "SAFE"} for rate, day in (("6.87", "2023-04-14"), ("7.24", "2025-03-14"))
    ]
    index = RentIndex.model_validate(
        {
            "kind": "rent",
            "id": "rent.h100.list",
            "vintage": "2025-03",
            "gpu_type": "H100",
            "basis": "list",
            "currency": "USD",
            "unit": "per_server_hour",
            "gpus_per_server": 8,
            "tax_included": False,
            "source": "CoreWeave price list, as the press reported it",
            "licence": "two figures, cited",
            "published_on": "2025-03-31",
            "observations": [
                {"observed_on": "2023-04-15", "price": "38.08", "exchange": exchange[0]},
                {"observed_on": "2025-03-15", "price": "49.24", "exchange": exchange[1]},
            ],
        }
    )
    assert price_index.faults(index, ON) == ()
    earlier, later = (price_index.own_rent_per_gpu_hour(index, item) for item in index.observations)
    assert (earlier, later) == (Decimal("4.760"), Decimal("6.155"))
    change = price_index.change_since_first(index, date(2025, 3, 31))
    assert change is not None
    assert f"{change * 100:.2f} %" == "29.31 %"


@pytest.mark.parametrize(("card", "told"), [(49_999, True), (50_000, False), (100_000, False)])
def test_row_m2_an_h100_invoice_below_fifty_thousand_a_card(bundle: Bundle, card: int, told: bool) -> None:
    conclusion = concluded(bundle, server(replacement_cost_new={"amount": str(8 * card)}))
    assert ("PRICE_OUTLIER" in {code for code, _ in reasons(conclusion)}) is told
    if told:
        assert conclusion.outcome is Outcome.REFER


def test_row_m3_rents_forty_percent_lower(bundle: Bundle) -> None:
    """What the second half of 2024 did to rents: the golden server at 7.20 carries what its costs leave."""
    before, after = concluded(bundle, server()), concluded(bundle, server(economics={"rent_per_gpu_hour": "7.2"}))
    assert before.value.path is not None
    assert after.value.path is not None
    assert after.value.lending_value < before.value.lending_value.times(Decimal("0.60")), "costs do not fall with rents"
    assert all(low <= high for low, high in zip(after.value.path.lendable, before.value.path.lendable, strict=True))
