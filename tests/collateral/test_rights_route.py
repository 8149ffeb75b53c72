"""Data assets and compute orders over HTTP: kept with every term, recomputed to the byte, and bad input refused whole."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from domain.collateral import Valuation, ValuationRequest
from domain.finding import Finding
from services.collateral.calc.valuation import conclude
from tests.collateral.conftest import book
from tests.collateral.data_assets import ON, RIGHTS, data_asset, money, order
from tests.collateral.requests import valuation


async def post(client: httpx.AsyncClient, subject: dict[str, Any], **changes: Any) -> httpx.Response:
    body = valuation(subject, as_of=ON.isoformat(), asset_key="right", **changes)
    return await client.post("/v1/valuations", json=body, headers={"Idempotency-Key": str(uuid4())})


@pytest.mark.parametrize(
    ("subject", "model", "lent", "ltv"),
    [
        (data_asset(), "data_asset", "3423098.59", "0.30000000"),
        (order(), "compute_order", "9500000.00", "0.80000000"),
    ],
)
async def test_a_right_is_valued_kept_and_recomputes_to_the_same_bytes(
    worker: httpx.AsyncClient, subject: dict[str, Any], model: str, lent: str, ltv: str
) -> None:
    answer = await post(worker, subject)
    assert answer.status_code == 200, answer.text
    finding = Finding[Valuation].model_validate_json(answer.content)
    assert (finding.model.id, finding.model.version) == (model, "2.0.0")
    assert (answer.json()["value"]["lending_value"]["amount"], answer.json()["value"]["ltv"]) == (lent, ltv)
    kept = await worker.get(f"/v1/findings/{finding.id}")
    assert kept.json() == answer.json()

    inputs = ValuationRequest.model_validate(valuation(subject, as_of=ON.isoformat(), asset_key="right"))
    again = conclude(inputs, book().collateral(ON), book().validity(ON).valuation_days, RIGHTS)
    assert (finding.value, finding.trace, finding.reasons) == (again.value, again.trace, again.reasons)


async def test_a_case_of_before_the_policy_is_answered_by_the_first_model(worker: httpx.AsyncClient) -> None:
    answer = await post(worker, order(), pinned_on="2026-09-30")
    assert answer.json()["model"] == {"id": "collateral_valuation", "version": "1.0.0"}
    assert "ceilings" not in answer.json()["value"]
    assert (await post(worker, order())).json()["value"]["ceilings"][0] == {
        "month": 0,
        "amount": {"amount": "7600000.00", "currency": "CNY"},
    }


@pytest.mark.parametrize(
    ("subject", "pointers"),
    [
        (
            data_asset({"quality": {"accuracy": "101"}, "royalty_rate": "5%", "life": {"legal_months": -1}}),
            {"data/quality/accuracy", "data/royalty_rate", "data/life/legal_months"},
        ),
        (
            order({"revenue_share": "1.2", "buyer_compute_capex": money(0), "collections": [{"amount": money(1)}]}),
            {"order/revenue_share", "order/buyer_compute_capex", "order/collections/0"},
        ),
    ],
)
async def test_bad_input_is_refused_with_every_place_bound_and_unit(
    worker: httpx.AsyncClient, subject: dict[str, Any], pointers: set[str]
) -> None:
    answer = await post(worker, subject)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    errors = answer.json()["errors"]
    assert {next((place for place in pointers if item["pointer"].endswith(place)), "") for item in errors} == pointers
    for item in errors:
        assert "[" in item["message"] or "(" in item["message"] or "due" in item["message"], item
        assert "5%" not in item["message"]


@pytest.mark.parametrize("day", ["9999-12-31", "1989-12-31"])
async def test_a_day_that_no_loan_lives_on_is_refused(worker: httpx.AsyncClient, day: str) -> None:
    body = valuation(data_asset(), as_of=day, asset_key="right")
    answer = await worker.post("/v1/valuations", json=body, headers={"Idempotency-Key": str(uuid4())})
    assert (answer.status_code, [item["pointer"] for item in answer.json()["errors"]]) == (422, ["/as_of"])


async def test_the_latest_day_and_the_longest_plan_are_valued(worker: httpx.AsyncClient) -> None:
    far = order({"collections": [{"after_months": 600, "amount": money(9_500_000)}], "ends": "9999-12-31"})
    body = valuation(far, as_of="2199-12-31", asset_key="right")
    answer = await worker.post("/v1/valuations", json=body, headers={"Idempotency-Key": str(uuid4())})
    assert answer.status_code == 200, answer.text
