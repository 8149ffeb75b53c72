"""Amortisations and stress tests over HTTP."""

from typing import Any
from uuid import uuid4

import httpx

from domain.canonical import sha256_of
from domain.coverage import Amortisation, AmortisationRequest, StressTest
from domain.finding import Finding
from services.collateral.calc.amortisation.largest_loan import amortise
from tests.collateral.conftest import Speaker, book
from tests.collateral.coverage_requests import coverage_body, tranche
from tests.collateral.requests import cohort, registration
from tests.collateral.servers import MODEL_2_ON


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


async def ask(client: httpx.AsyncClient, what: str, body: dict[str, Any], **query: str) -> httpx.Response:
    return await client.post(f"/v1/{what}", json=body, headers=key(), params=query)


async def test_an_amortisation_is_kept_and_recomputes_to_the_same_bytes(worker: httpx.AsyncClient) -> None:
    body = coverage_body()
    answer = await ask(worker, "amortisations", body)
    assert answer.status_code == 200, answer.text
    finding = Finding[Amortisation].model_validate_json(answer.content)
    kept = await worker.get(f"/v1/findings/{finding.id}")
    assert kept.json() == answer.json()
    inputs = AmortisationRequest.model_validate(body)
    assert finding.inputs_sha256 == sha256_of(inputs)
    again = amortise(inputs, book().collateral(MODEL_2_ON), book().coverage(MODEL_2_ON), None)
    assert (finding.value, finding.trace, finding.outcome) == (again.value, again.trace, again.outcome)
    assert finding.value is not None
    assert finding.value.largest_loan.amount.to_integral_value() == 715_465


async def test_a_stress_test_is_kept(worker: httpx.AsyncClient) -> None:
    answer = await ask(worker, "stress-tests", coverage_body())
    assert answer.status_code == 200, answer.text
    finding = Finding[StressTest].model_validate_json(answer.content)
    kept = await worker.get(f"/v1/findings/{finding.id}")
    assert Finding[StressTest].model_validate_json(kept.content).sha256() == finding.sha256()


async def test_the_coverage_of_the_product_is_used_where_the_request_names_none(worker: httpx.AsyncClient) -> None:
    answer = await ask(worker, "amortisations", coverage_body(dscr_target=None), dry_run="true")
    assert answer.json()["value"]["dscr_target"] == "1.20000000"


async def test_the_same_key_gives_the_same_finding(worker: httpx.AsyncClient) -> None:
    body, headers = coverage_body(), key()
    first = await worker.post("/v1/amortisations", json=body, headers=headers)
    second = await worker.post("/v1/amortisations", json=body, headers=headers)
    assert second.content == first.content
    assert second.headers["Idempotency-Replayed"] == "true"


async def test_people_try_out_and_enter_nothing(person: Speaker) -> None:
    officer = await person("li.na", "collateral_officer", "640100")
    for what in ("amortisations", "stress-tests"):
        refused = await ask(officer, what, coverage_body())
        assert (refused.status_code, refused.json()["code"]) == (403, "dry_run_only")
        tried = await ask(officer, what, coverage_body(), dry_run="true")
        assert tried.status_code == 200
        assert (await officer.get(f"/v1/findings/{tried.json()['id']}")).status_code == 404


async def test_a_case_of_another_branch_is_not_found(worker: httpx.AsyncClient, person: Speaker) -> None:
    case_id = uuid4()
    await worker.post("/v1/assets", json=registration(case_id, "AM-0001", branch="640100"), headers=key())
    made = (await ask(worker, "amortisations", coverage_body(case_id=case_id))).json()["id"]
    at_home = await person("li.na", "collateral_officer", "640100")
    elsewhere = await person("wu.jie", "collateral_officer", "320100")
    assert (await at_home.get(f"/v1/findings/{made}")).status_code == 200
    assert (await elsewhere.get(f"/v1/findings/{made}")).status_code == 404
    tried = await ask(elsewhere, "stress-tests", coverage_body(case_id=case_id), dry_run="true")
    assert tried.status_code == 404


async def test_a_day_before_any_policy_is_refused_by_its_field(worker: httpx.AsyncClient) -> None:
    answer = await ask(worker, "amortisations", coverage_body(as_of="2020-03-02"))
    assert (answer.status_code, [item["pointer"] for item in answer.json()["errors"]]) == (422, ["/as_of"])


async def test_a_case_from_before_the_coverage_policy_goes_on_without_and_says_so(worker: httpx.AsyncClient) -> None:
    for what in ("amortisations", "stress-tests"):
        answer = await ask(worker, what, coverage_body(as_of="2026-03-02"))
        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert (told["outcome"], told["value"], told["policy"]) == ("not_run", None, None)
        assert [item["code"] for item in told["reasons"]] == ["COVERAGE_POLICY_MISSING"]


async def test_every_fault_is_named_at_once(worker: httpx.AsyncClient) -> None:
    broken = coverage_body(
        tranche("servers", cohort(servers=0)),
        annual_rate="5%",
        tenor_months=0,
        dscr_target="0.5",
        other_cover={"amount": "-1"},
    )
    answer = await ask(worker, "amortisations", broken)
    assert answer.status_code == 422
    assert {item["pointer"] for item in answer.json()["errors"]} >= {
        "/annual_rate",
        "/tenor_months",
        "/dscr_target",
        "/other_cover",
    }


async def test_what_cannot_be_true_together_is_refused_with_its_place(worker: httpx.AsyncClient) -> None:
    short = {"kind": "value_path", "asset_kind": "gpu_server", "values": [{"amount": "9"}] * 35}
    broken = coverage_body(tranche("servers", short), tranche("servers"), reserve_months=36)
    answer = await ask(worker, "amortisations", broken)
    assert {item["code"] for item in answer.json()["errors"]} == {
        "values_short",
        "repeated",
        "reserve_covers_tenor",
    }
    plan = [{"balance": {"amount": "9"}, "debt_service": {"amount": "0"}}] * 36
    answer = await ask(worker, "stress-tests", coverage_body(plan=plan))
    assert [(item["pointer"], item["code"]) for item in answer.json()["errors"]] == [("/plan", "plan_short")]
    answer = await ask(worker, "amortisations", coverage_body() | {"tranches": []})
    assert [item["pointer"] for item in answer.json()["errors"]] == ["/tranches"]
