"""Price indices over HTTP: vintages are added and pinned, and never silently move a value."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from domain.canonical import sha256_of
from domain.collateral import Valuation, ValuationRequest
from domain.finding import Finding
from services.collateral.calc.valuation import conclude
from services.kit.database import Database
from tests.collateral.conftest import Speaker, book
from tests.collateral.requests import cohort, valuation
from tests.collateral.servers import MODEL_2_ON

ON = MODEL_2_ON.isoformat()


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


def index(gpu: str, vintage: str = "1", *prices: tuple[str, str], **changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "kind": "rent",
        "id": f"rent.{gpu.lower()}",
        "vintage": vintage,
        "gpu_type": gpu,
        "basis": "on_demand",
        "currency": "CNY",
        "unit": "per_gpu_hour",
        "tax_included": False,
        "source": "Test",
        "licence": "CC BY 4.0",
        "published_on": "2026-11-28",
        "observations": [{"observed_on": day, "price": price} for day, price in prices or (("2026-11-27", "9"),)],
    }
    return found | changes


def some_gpu() -> str:
    """A GPU of its own for each test: indices stay in the books."""
    return f"X{uuid4().hex[:10].upper()}"


async def add(client: httpx.AsyncClient, body: dict[str, Any]) -> httpx.Response:
    return await client.post("/v1/price-indices", json=body, headers=key())


@pytest.fixture
async def keeper(person: Speaker) -> httpx.AsyncClient:
    return await person("sun.li", "policy_admin", "HO")


async def test_a_vintage_is_added_found_and_listed(keeper: httpx.AsyncClient, worker: httpx.AsyncClient) -> None:
    gpu = some_gpu()
    made = await add(keeper, index(gpu))
    assert made.status_code == 201, made.text
    assert made.json()["recorded_by"] == "sun.li"
    assert made.headers["Location"] == f"/v1/price-indices/rent.{gpu.lower()}"
    found = await worker.get(made.headers["Location"], params={"as_of": ON})
    assert found.json()["reading"]["rent_per_gpu_hour"] == "9.00000000"
    assert found.json()["vintage"] == made.json()
    listed = await worker.get("/v1/price-indices", params={"gpu_type": gpu.lower()})
    assert listed.json()["items"] == [made.json()]
    early = await worker.get(made.headers["Location"], params={"as_of": "2026-11-27"})
    assert early.status_code == 404, "what is published tomorrow is not known today"


async def test_a_vintage_is_never_overwritten(keeper: httpx.AsyncClient) -> None:
    gpu = some_gpu()
    first = await add(keeper, index(gpu))
    same = await add(keeper, index(gpu))
    assert same.json() == first.json()
    other = await add(keeper, index(gpu, "1", ("2026-11-27", "8")))
    assert (other.status_code, other.json()["code"]) == (409, "index_vintage_exists")
    older = await add(keeper, index(gpu, "0", ("2026-11-20", "8"), published_on="2026-11-21"))
    assert (older.status_code, older.json()["code"]) == (409, "index_out_of_order")
    spot = await add(keeper, index(gpu, "2", basis="spot"))
    assert (spot.status_code, spot.json()["code"]) == (409, "series_differs")


async def test_the_application_may_not_change_what_was_recorded(app: Any, keeper: httpx.AsyncClient) -> None:
    await add(keeper, index(some_gpu()))
    database: Database = app.state.database
    for statement in ("UPDATE collateral.price_index SET sha256 = ''", "DELETE FROM collateral.price_index"):
        with pytest.raises(ProgrammingError, match="permission denied"):
            async with database.session() as session:
                await session.execute(text(statement))


async def test_a_restatement_is_a_new_vintage_that_names_its_days(
    keeper: httpx.AsyncClient, worker: httpx.AsyncClient
) -> None:
    gpu = some_gpu()
    await add(keeper, index(gpu, "1", ("2026-11-20", "10"), ("2026-11-27", "9")))
    made = await add(keeper, index(gpu, "2", ("2026-11-20", "10"), ("2026-11-27", "7"), published_on="2026-11-30"))
    assert made.json()["restated"] == ["2026-11-27"]
    before = (await worker.get(f"/v1/price-indices/rent.{gpu.lower()}", params={"as_of": "2026-11-29"})).json()
    after = (await worker.get(f"/v1/price-indices/rent.{gpu.lower()}", params={"as_of": ON})).json()
    assert (before["reading"]["rent_per_gpu_hour"], before["reading"]["restated_from"]) == ("9.00000000", None)
    assert (after["reading"]["rent_per_gpu_hour"], after["reading"]["restated_from"]) == ("7.00000000", "9.00000000")


async def test_a_valuation_is_pinned_to_its_vintages_and_recomputes(
    keeper: httpx.AsyncClient, worker: httpx.AsyncClient
) -> None:
    gpu = some_gpu()
    made = (await add(keeper, index(gpu))).json()
    body = valuation(cohort(gpu_type=gpu), as_of=ON)
    answer = await worker.post("/v1/valuations", json=body, headers=key())
    assert answer.status_code == 200, answer.text
    finding = Finding[Valuation].model_validate_json(answer.content)
    assert finding.model.version == "2.0.0"
    assert [(item.id, item.vintage, item.sha256) for item in finding.reference_data] == [
        (made["body"]["id"], "1", made["sha256"])
    ]
    assert "RENT_ABOVE_INDEX" in {item.code for item in finding.reasons}

    # A later vintage moves no value of the day before, and the one of that day says on what it stands.
    await add(keeper, index(gpu, "2", ("2026-11-27", "1"), published_on="2026-12-02"))
    again = await worker.post("/v1/valuations", json=body, headers=key())
    assert Finding[Valuation].model_validate_json(again.content).sha256() == finding.sha256()
    kept = await worker.get(f"/v1/valuations/{finding.id}/inputs")
    inputs = ValuationRequest.model_validate(kept.json())
    assert finding.inputs_sha256 == sha256_of(inputs)
    assert inputs.evidence is not None
    assert [(item.id, item.sha256) for item in inputs.evidence.vintages] == [(made["body"]["id"], made["sha256"])]
    concluded = conclude(inputs, book().collateral(MODEL_2_ON), book().validity(MODEL_2_ON).valuation_days)
    assert (finding.value, finding.trace) == (concluded.value, concluded.trace)


async def test_a_restated_index_moves_no_value_silently(keeper: httpx.AsyncClient, worker: httpx.AsyncClient) -> None:
    gpu = some_gpu()
    await add(keeper, index(gpu, "1", ("2026-11-27", "9")))
    await add(keeper, index(gpu, "2", ("2026-11-27", "20"), published_on="2026-11-30"))
    answer = await worker.post(
        "/v1/valuations", json=valuation(cohort(gpu_type=gpu), as_of=ON), headers=key(), params={"dry_run": "true"}
    )
    assert answer.json()["outcome"] == "refer"
    assert "INDEX_RESTATED" in {item["code"] for item in answer.json()["reasons"]}
    step = next(item for item in answer.json()["trace"] if item["step"] == "gpu_server/rent")
    assert step["result"] == "9.00000000"


async def test_sales_on_record_give_the_market_approach_its_weight(
    keeper: httpx.AsyncClient, worker: httpx.AsyncClient
) -> None:
    gpu = some_gpu()
    sale: dict[str, Any] = {
        "channel": "transaction",
        "sold_on": "2026-11-10",
        "price_ex_vat": {"amount": "1500000"},
        "gpu_type": gpu,
        "gpus_per_server": 8,
        "age_months": 0,
        "memory_gb": 80,
        "form_factor": "sxm",
        "condition": "new",
        "warranty_months": 36,
        "fabric": True,
        "provenance": "official_cn",
    }
    kept = {name: value for name, value in index(gpu).items() if name in ("vintage", "gpu_type", "source", "licence")}
    listed = kept | {
        "kind": "sale",
        "id": f"sale.{gpu.lower()}",
        "published_on": "2026-11-28",
        "sales": [sale | {"reference": f"S-{number}"} for number in range(5)],
    }
    made = await add(keeper, listed)
    assert made.status_code == 201, made.text
    subject = cohort(gpu_type=gpu, memory_gb=80, form_factor="sxm")
    answer = await worker.post(
        "/v1/valuations", json=valuation(subject, as_of=ON), headers=key(), params={"dry_run": "true"}
    )
    market = next(item for item in answer.json()["value"]["approaches"] if item["name"] == "market")
    assert (market["weight"], market["code"]) == ("0.40000000", "")


async def test_the_newest_generation_on_record_makes_a_server_obsolete(
    keeper: httpx.AsyncClient, worker: httpx.AsyncClient
) -> None:
    gpu = some_gpu()
    kept = {name: value for name, value in index(gpu).items() if name in ("vintage", "gpu_type", "source", "licence")}
    newer = kept | {
        "kind": "generation",
        "id": f"newest.{gpu.lower()}",
        "newest": "8xB200",
        "gpus_per_server": 8,
        "price_ex_vat": {"amount": "3600000"},
        "inference_ratio": "3",
        "training_ratio": "2",
        "server_kw": "14",
        "published_on": "2026-11-28",
    }
    assert (await add(keeper, newer)).status_code == 201
    found = await keeper.get(f"/v1/price-indices/newest.{gpu.lower()}", params={"as_of": ON})
    assert (found.json()["reading"], found.json()["change_since_first"]) == (None, None)
    body = valuation(cohort(gpu_type=gpu), as_of=ON)
    answer = await worker.post("/v1/valuations", json=body, headers=key(), params={"dry_run": "true"})
    step = next(item for item in answer.json()["trace"] if item["step"] == "gpu_server/cost/functional")
    assert (step["inputs"]["of"], step["result"] > "0.40") == (f"newest.{gpu.lower()}", True)
    assert [item["id"] for item in answer.json()["reference_data"]] == [f"newest.{gpu.lower()}"]
    beside = await keeper.get(
        f"/v1/price-indices/newest.{gpu.lower()}/comparison", params={"as_of": ON, "with": f"newest.{gpu.lower()}"}
    )
    assert (beside.status_code, beside.json()["code"]) == (409, "no_observation")


async def test_own_evidence_is_for_trying_out_only(worker: httpx.AsyncClient) -> None:
    body = valuation(as_of=ON, evidence={"rents": []})
    assert (
        await worker.post("/v1/valuations", json=body, headers=key(), params={"dry_run": "true"})
    ).status_code == 200
    refused = await worker.post("/v1/valuations", json=body, headers=key())
    assert refused.status_code == 422
    assert [item["pointer"] for item in refused.json()["errors"]] == ["/evidence"]


async def test_rents_of_another_basis_are_never_compared(keeper: httpx.AsyncClient) -> None:
    gpu = some_gpu()
    name = f"rent.{gpu.lower()}"
    await add(keeper, index(gpu))
    await add(keeper, index(gpu, id=f"{name}.b", observations=[{"observed_on": "2026-11-27", "price": "10.8"}]))
    await add(keeper, index(gpu, id=f"{name}.spot", basis="spot"))

    async def beside(other: str, **query: str) -> httpx.Response:
        asked = {"with": other, "as_of": ON} | query
        return await keeper.get(f"/v1/price-indices/{name}/comparison", params=asked)

    assert (await beside(f"{name}.b")).json()["second_over_first"] == "1.20000000"
    refused = await beside(f"{name}.spot")
    assert (refused.status_code, refused.json()["code"]) == (409, "bases_differ")
    assert "basis" in refused.text
    assert (await beside("rent.nothing")).status_code == 404
    assert (await beside(name, as_of="2026-11-01")).status_code == 404


async def test_faults_of_a_vintage_are_told_all_at_once(keeper: httpx.AsyncClient) -> None:
    wrong = index(some_gpu(), "1", ("2026-11-27", "70000"), tax_included=True, gpus_per_server=8)
    answer = await add(keeper, wrong)
    assert answer.status_code == 422
    assert {item["pointer"] for item in answer.json()["errors"]} == {
        "/gpus_per_server",
        "/vat_rate",
        "/observations/0/price",
    }


async def test_who_keeps_no_indices_adds_none(person: Speaker) -> None:
    officer = await person("li.na", "collateral_officer", "640100")
    assert (await add(officer, index(some_gpu()))).status_code == 403
    assert (await officer.get("/v1/price-indices")).status_code == 200
