"""Valuations over HTTP: kept as findings that can be looked up and recomputed, tried out without a trace."""

from typing import Any
from uuid import uuid4

import httpx

from domain.canonical import sha256_of
from domain.collateral import Valuation, ValuationRequest
from domain.finding import Finding
from services.collateral.calc.valuation import conclude
from tests.collateral.conftest import Speaker, book
from tests.collateral.requests import AS_OF, ECONOMICS, cohort, registration, valuation


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


async def value(client: httpx.AsyncClient, body: dict[str, Any], **query: str) -> httpx.Response:
    return await client.post("/v1/valuations", json=body, headers=key(), params=query)


async def test_a_valuation_is_kept_and_recomputes_to_the_same_bytes(worker: httpx.AsyncClient) -> None:
    body = valuation()
    answer = await value(worker, body)
    assert answer.status_code == 200, answer.text
    finding = Finding[Valuation].model_validate_json(answer.content)
    kept = await worker.get(f"/v1/findings/{finding.id}")
    assert kept.json() == answer.json()
    assert Finding[Valuation].model_validate_json(kept.content).sha256() == finding.sha256()

    inputs = ValuationRequest.model_validate(body)
    assert finding.inputs_sha256 == sha256_of(inputs)
    again = conclude(inputs, book().collateral(AS_OF), book().validity(AS_OF).valuation_days)
    assert (finding.value, finding.trace, finding.outcome) == (again.value, again.trace, again.outcome)
    assert finding.policy is not None
    assert finding.policy.sha256 == book().sha256


async def test_the_same_key_gives_the_same_finding(worker: httpx.AsyncClient) -> None:
    body, headers = valuation(), key()
    first = await worker.post("/v1/valuations", json=body, headers=headers)
    second = await worker.post("/v1/valuations", json=body, headers=headers)
    assert second.content == first.content
    assert second.headers["Idempotency-Replayed"] == "true"
    other = await worker.post("/v1/valuations", json=body | {"encumbered": True}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_a_dry_run_leaves_nothing_behind(worker: httpx.AsyncClient) -> None:
    body = valuation()
    answer = await value(worker, body, dry_run="true")
    assert answer.status_code == 200
    assert (await worker.get(f"/v1/findings/{answer.json()['id']}")).status_code == 404
    assert (await worker.get("/v1/valuations", params={"case_id": body["case_id"]})).json()["items"] == []


async def test_valuations_of_a_case_are_listed_newest_first(worker: httpx.AsyncClient) -> None:
    case_id = uuid4()
    made = [(await value(worker, valuation(cohort(age_months=age), case_id))).json()["id"] for age in (0, 6, 12)]
    page = await worker.get("/v1/valuations", params={"case_id": str(case_id), "limit": "2"})
    assert [item["finding_id"] for item in page.json()["items"]] == [made[2], made[1]]
    rest = await worker.get(page.headers["Link"].split(">")[0].removeprefix("<"))
    assert [item["finding_id"] for item in rest.json()["items"]] == [made[0]]


async def test_what_the_register_knows_of_a_serial_enters_the_value(worker: httpx.AsyncClient) -> None:
    first, second = uuid4(), uuid4()
    for case_id in (first, second):
        await worker.post("/v1/assets", json=registration(case_id, "XY-0001", "XY-0002"), headers=key())
    unasked = valuation(case_id=first, duplicate_serial=None)
    free = await value(worker, unasked)
    assert free.json()["value"]["eligible"] is True
    taken = await value(worker, valuation(case_id=second, duplicate_serial=None))
    assert taken.json()["value"]["eligible"] is False
    assert "DUPLICATE_PLEDGE" in {reason["code"] for reason in taken.json()["reasons"]}


async def test_an_asset_in_no_register_leaves_the_serials_unknown(worker: httpx.AsyncClient) -> None:
    answer = await value(worker, valuation(duplicate_serial=None))
    assert (answer.json()["outcome"], answer.json()["value"]["eligible"]) == ("refer", False)
    assert "asset.duplicate_serial" in {reason["subject"] for reason in answer.json()["reasons"]}


async def test_policy_that_was_never_published_is_refused_by_its_field(worker: httpx.AsyncClient) -> None:
    answer = await value(worker, valuation(policy_sha256="0" * 64))
    assert answer.status_code == 422
    assert [(item["pointer"], item["code"]) for item in answer.json()["errors"]] == [
        ("/policy_sha256", "policy_not_published")
    ]


async def test_a_day_before_the_policy_is_refused_by_its_field(worker: httpx.AsyncClient) -> None:
    answer = await value(worker, valuation(as_of="2020-01-01"))
    assert [item["pointer"] for item in answer.json()["errors"]] == ["/as_of"]


async def test_people_try_out_values_and_enter_none(person: Speaker) -> None:
    officer = await person("li.na", "collateral_officer", "640100")
    refused = await value(officer, valuation())
    assert (refused.status_code, refused.json()["code"]) == (403, "dry_run_only")
    assert (await value(officer, valuation(), dry_run="true")).status_code == 200


async def test_a_valuation_of_another_branch_is_not_found(worker: httpx.AsyncClient, person: Speaker) -> None:
    case_id = uuid4()
    await worker.post("/v1/assets", json=registration(case_id, "NJ-0001", branch="640100"), headers=key())
    made = (await value(worker, valuation(case_id=case_id))).json()["id"]
    at_home = await person("li.na", "collateral_officer", "640100")
    elsewhere = await person("wu.jie", "collateral_officer", "320100")
    head_office = await person("zhao.yu", "auditor", "HO")
    assert (await at_home.get(f"/v1/findings/{made}")).status_code == 200
    assert (await head_office.get(f"/v1/findings/{made}")).status_code == 200
    assert (await elsewhere.get(f"/v1/findings/{made}")).status_code == 404
    assert (await elsewhere.get("/v1/valuations", params={"case_id": str(case_id)})).json()["items"] == []
    tried = await value(elsewhere, valuation(case_id=case_id), dry_run="true")
    assert tried.status_code == 404


async def test_a_customer_has_no_business_here(app: Any, tokens: Any) -> None:
    token = await tokens.borrower("owner@somewhere", roles=["borrower_owner"], uscc="91640500MA76XY1205")
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://collateral") as client:
        nobody = await value(client, valuation())
        assert nobody.status_code == 401
        client.headers["Authorization"] = f"Bearer {token}"
        assert (await value(client, valuation())).status_code in (401, 403)


IMPOSSIBLE = (
    (cohort(economics=ECONOMICS | {"rent_per_gpu_hour": 12.5}), "/subject/economics/rent_per_gpu_hour"),
    (cohort(economics=ECONOMICS | {"rent_per_gpu_hour": "NaN"}), "/subject/economics/rent_per_gpu_hour"),
    (cohort(economics=ECONOMICS | {"rent_per_gpu_hour": "-1"}), "/subject/economics/rent_per_gpu_hour"),
    # 70,000 a server and month, given as if it were an hour of one GPU.
    (cohort(economics=ECONOMICS | {"rent_per_gpu_hour": "70000"}), "/subject/economics/rent_per_gpu_hour"),
    (cohort(economics=ECONOMICS | {"tariff_per_kwh": "550"}), "/subject/economics/tariff_per_kwh"),
    (cohort(economics=ECONOMICS | {"occupancy": "1.3"}), "/subject/economics/occupancy"),
    (cohort(gpus_per_server=10_000), "/subject/gpus_per_server"),
    (cohort(memory_gb=0), "/subject/memory_gb"),
    (cohort(warranty_months=-1), "/subject/warranty_months"),
    (cohort(form_factor="brick"), "/subject/form_factor"),
    (cohort(economics=ECONOMICS | {"pue": "0.5"}), "/subject/economics/pue"),
    (cohort(replacement_cost_new={"amount": "0"}), "/subject/replacement_cost_new"),
    (cohort(replacement_cost_new={"amount": 2000000.0}), "/subject/replacement_cost_new/amount"),
    (cohort(servers=0), "/subject/servers"),
    (cohort(age_months=-1), "/subject/age_months"),
    (cohort(colour="red"), "/subject/colour"),
    (cohort(kind="spaceship"), "/subject"),
)


async def test_figures_that_cannot_be_are_refused_by_their_field(worker: httpx.AsyncClient) -> None:
    for subject, pointer in IMPOSSIBLE:
        answer = await value(worker, valuation(subject))
        assert answer.status_code == 422, answer.text
        assert pointer in {item["pointer"] for item in answer.json()["errors"]}


async def test_every_fault_is_named_at_once(worker: httpx.AsyncClient) -> None:
    broken = cohort(servers=0, economics=ECONOMICS | {"occupancy": "2", "tariff_per_kwh": "x"})
    answer = await value(worker, valuation(broken, as_of="yesterday"))
    assert {item["pointer"] for item in answer.json()["errors"]} >= {
        "/as_of",
        "/subject/servers",
        "/subject/economics/occupancy",
        "/subject/economics/tariff_per_kwh",
    }


NO_REQUESTS = (b"", b"{", b"\xff\xfe", b"[]", b'{"a":NaN}', b'{"case_id":1,"case_id":2}', b"[" * 5000)


async def test_bytes_that_are_no_request_are_no_server_error(worker: httpx.AsyncClient) -> None:
    for body in NO_REQUESTS:
        headers = key() | {"Content-Type": "application/json"}
        answer = await worker.post("/v1/valuations", content=body, headers=headers)
        assert 400 <= answer.status_code < 500, body[:20]


async def test_an_absurd_but_valid_request_is_answered(worker: httpx.AsyncClient) -> None:
    absurd = cohort(
        servers=1_000_000,
        replacement_cost_new={"amount": "999999999999999999.99"},
        economics=ECONOMICS | {"rent_per_gpu_hour": "1000", "server_kw": "1000", "pue": "10"},
    )
    answer = await value(worker, valuation(absurd))
    assert answer.status_code == 200
    assert answer.json()["value"]["reconciled_value"] is None


async def test_assets_are_tried_together_as_one_by_one_and_nothing_is_kept(worker: httpx.AsyncClient) -> None:
    bodies = [valuation(), valuation(encumbered=True)]
    answer = await worker.post("/v1/valuation-trials", json={"requests": bodies})
    assert answer.status_code == 200, answer.text
    together = answer.json()["findings"]
    for body, tried in zip(bodies, together, strict=True):
        alone = (await value(worker, body, dry_run="true")).json()
        assert {name: tried[name] for name in tried if name not in ("id", "made_at")} == {
            name: alone[name] for name in alone if name not in ("id", "made_at")
        }
        assert (await worker.get(f"/v1/findings/{tried['id']}")).status_code == 404
    assert (await worker.get("/v1/valuations", params={"case_id": bodies[0]["case_id"]})).json()["items"] == []


async def test_only_components_try_assets_together(person: Speaker) -> None:
    manager = await person("zhang.wei", "relationship_manager", "640100")
    answer = await manager.post("/v1/valuation-trials", json={"requests": [valuation()]})
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_a_trial_of_nothing_or_of_too_much_is_refused(worker: httpx.AsyncClient) -> None:
    for requests in ([], [valuation()] * 65):
        answer = await worker.post("/v1/valuation-trials", json={"requests": requests})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_a_dry_run_needs_no_key_and_a_valuation_does(worker: httpx.AsyncClient) -> None:
    assert (await worker.post("/v1/valuations", json=valuation(), params={"dry_run": "true"})).status_code == 200
    refused = await worker.post("/v1/valuations", json=valuation())
    assert (refused.status_code, refused.json()["code"]) == (400, "idempotency_key_required")
