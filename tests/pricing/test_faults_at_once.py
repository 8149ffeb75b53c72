"""What is wrong with a request of pricing is told in one answer, each fault at the place it was sent, with bound and unit."""

import json
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from tests.pricing import compute, loans, ratchets
from tests.pricing.conftest import book
from tests.pricing.ratchets import efficiency, esg, grade
from tests.pricing.requests import limit, quote


def found(error: ValidationError) -> list[tuple[tuple[int | str, ...], str]]:
    return [(fault["loc"], fault["type"]) for fault in error.errors()]


def test_clauses_that_contradict_each_other_in_four_ways() -> None:
    terms = {
        "first_reset": "2024-01-01",
        "every_months": 1,
        "ends_on": "2036-01-15",
        "clauses": [esg(), esg(), efficiency()],
    }
    with pytest.raises(ValidationError) as refusal:
        ratchets.request(terms)
    assert found(refusal.value) == [
        (("terms", "first_reset"), "dates_out_of_order"),
        (("terms", "every_months"), "too_many_resets"),
        (("terms", "clauses"), "clause_repeated"),
        (("terms", "clauses"), "agency_repeated"),
    ]


def test_every_report_received_before_its_day() -> None:
    reports = [grade("A", "2025-12-02", "2025-12-01"), grade("A"), grade("AA", "2025-11-02", "2025-11-01")]
    with pytest.raises(ValidationError) as refusal:
        ratchets.request(reports=reports)
    assert found(refusal.value) == [
        (("reports", 0, "received_on"), "received_too_early"),
        (("reports", 2, "received_on"), "received_too_early"),
    ]


def test_a_loan_that_repays_another_sum_too_early() -> None:
    payments = loans.payments(tenor_months=2)
    payments[0] |= {"period_start": "2026-01-01", "period_end": "2026-01-20", "due": "2026-01-21"}
    subsidy = {"form": "interest_subsidy", "programme": "equipment_renewal_subsidy", "eligible_use": True}
    with pytest.raises(ValidationError) as refusal:
        loans.request(payments=payments[:1], support=[subsidy, subsidy])
    assert found(refusal.value) == [
        (("payments",), "principal_not_repaid"),
        (("payments", 0, "due"), "paid_before_drawn"),
        (("support",), "subsidy_repeated"),
    ]


def test_demand_too_large_and_too_long() -> None:
    demand = [
        {"from_month": 1, "to_month": 12, "servers": 60_000},
        {"from_month": 1, "to_month": 37, "servers": 60_000},
    ]
    with pytest.raises(ValidationError) as refusal:
        compute.request(horizon_months=36, demand=demand)
    assert found(refusal.value) == [
        (("demand", 1, "to_month"), "beyond_horizon"),
        (("demand",), "demand_too_large"),
    ]


async def faults(worker: httpx.AsyncClient, path: str, body: dict[str, Any]) -> list[tuple[str, str, str]]:
    answer = await worker.post(f"{path}?dry_run=true", json=body)
    assert answer.status_code == 422, answer.text
    return [(fault["pointer"], fault["code"], fault["message"]) for fault in answer.json()["errors"]]


async def test_a_fault_of_a_report_stands_where_it_was_sent(worker: httpx.AsyncClient) -> None:
    """The kind of a report of a grade is called as its field is: the field is not where its other faults lie."""
    body = json.loads(ratchets.request().model_dump_json())
    body["reports"] = [grade("BBB") | {"on": "yesterday", "grade": "?"}]
    del body["reports"][0]["received_on"]
    assert {(at, code) for at, code, _ in await faults(worker, "/v1/margin-resets", body)} == {
        ("/reports/0/grade", "wrong_format"),
        ("/reports/0/on", "wrong_format"),
        ("/reports/0/received_on", "missing"),
    }


async def test_a_list_of_one_faulty_entry_is_not_too_short(worker: httpx.AsyncClient) -> None:
    cost = json.loads(loans.request().model_dump_json())
    cost["drawings"][0]["amount"]["amount"] = "-1"
    assert [at for at, _, _ in await faults(worker, "/v1/borrowing-costs", cost)] == ["/drawings/0/amount"]
    rent = json.loads(compute.request().model_dump_json())
    rent["demand"] = []
    assert [(at, code) for at, code, _ in await faults(worker, "/v1/buy-or-rent", rent)] == [("/demand", "too_short")]


@pytest.mark.parametrize("nonsense", ["5%", 10_000, -10_000])
async def test_figures_are_refused_with_bound_and_unit(worker: httpx.AsyncClient, nonsense: Any) -> None:
    resets = json.loads(ratchets.request({"clauses": [esg(), efficiency()]}).model_dump_json())
    terms = resets["terms"]
    terms |= dict.fromkeys(("margin_bps", "every_months", "above_original_bps", "below_original_bps"), nonsense)
    terms["clauses"][0] |= {"per_notch_bps": nonsense, "max_age_days": nonsense}
    terms["clauses"][1]["bands"][0]["adjustment_bps"] = nonsense
    rent = json.loads(compute.request().model_dump_json()) | {"horizon_months": nonsense}
    asked = json.loads(limit(book()).model_dump_json()) | {"asked_spread_bps": nonsense}
    price = json.loads(quote(book()).model_dump_json()) | {"asked_spread_bps": nonsense, "pue": str(nonsense)}
    for path, body, count in (
        ("/v1/margin-resets", resets, 7),
        ("/v1/buy-or-rent", rent, 1),
        ("/v1/limits", asked, 1),
        ("/v1/quotes", price, 2),
    ):
        told = await faults(worker, path, body)
        assert len(told) == count, told
        assert all(code == "out_of_bounds" and "unit: " in text and "in [" in text for _, code, text in told), told


async def test_a_site_cannot_use_less_power_than_its_servers(worker: httpx.AsyncClient) -> None:
    """A PUE below 1 would earn the green discount."""
    body = json.loads(quote(book()).model_dump_json()) | {"pue": "0.30"}
    assert [(at, code) for at, code, _ in await faults(worker, "/v1/quotes", body)] == [("/pue", "out_of_bounds")]
