"""Revaluations of a fleet over HTTP: grouped in the register, valued by cohort, gone on with after a crash."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest_asyncio
from fastapi import FastAPI

from domain.revaluation import RevaluationRequest
from services.collateral import revaluations as desks
from services.collateral.revaluations import RevaluationDesk
from services.collateral.store import revaluations
from services.kit.database import Database
from tests.collateral.conftest import Speaker, book
from tests.collateral.requests import cohort, registration, server, valuation
from tests.collateral.servers import MODEL_2_ON
from tests.fixtures.postgres import DatabaseUrls


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


def asked(**changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "policy_sha256": book().sha256,
        "as_of": MODEL_2_ON.isoformat(),
        "moves": [{"gpu_type": "H100-SXM", "factor": "0.90"}],
        "months": 12,
        "cause": "index of the month, 10 % lower",
    }
    return body | changes


async def pledged(
    worker: httpx.AsyncClient, number: int, servers: int, *, valued: bool = True, branch: str = "640100", **changes: Any
) -> UUID:
    """A case that holds servers, valued a year after they were bought."""
    case_id = uuid4()
    entry = registration(case_id, branch=branch) | {
        "servers": [
            server(f"FL-{number:02d}-{place:03d}", purchased="2025-12-01", **changes) for place in range(servers)
        ]
    }
    answer = await worker.post("/v1/assets", json=entry, headers=key())
    assert answer.status_code == 200, answer.text
    if valued:
        body = valuation(cohort(servers=servers, age_months=12), case_id, as_of=MODEL_2_ON.isoformat())
        answer = await worker.post("/v1/valuations", json=body, headers=key())
        assert answer.status_code == 200, answer.text
    return case_id


async def ended(client: httpx.AsyncClient, begun: httpx.Response) -> dict[str, Any]:
    assert begun.status_code == 202, begun.text
    for _ in range(600):
        run: dict[str, Any] = (await client.get(begun.headers["location"])).json()
        if run["state"] not in ("waiting", "running"):
            return run
        await asyncio.sleep(0.05)
    raise AssertionError(run)


async def cohorts_of(client: httpx.AsyncClient, run: dict[str, Any]) -> list[dict[str, Any]]:
    page = await client.get(f"/v1/revaluations/{run['revaluation_id']}/cohorts", params={"limit": "200"})
    items: list[dict[str, Any]] = page.json()["items"]
    return items


async def test_a_fleet_is_grouped_and_valued_before_and_after_the_move(worker: httpx.AsyncClient) -> None:
    first, second = await pledged(worker, 1, 3), await pledged(worker, 2, 2)
    run = await ended(worker, await worker.post("/v1/revaluations", json=asked(), headers=key()))
    assert (run["state"], run["cohorts"], run["cohorts_done"], run["servers"]) == ("done", 2, 2, 5)
    found = await cohorts_of(worker, run)
    assert {(UUID(item["case_id"]), item["servers"], item["age_months"]) for item in found} == {
        (first, 3, 12),
        (second, 2, 12),
    }
    for item in found:
        assert len(item["path"]) == 13
        assert Decimal(item["path"][0]) < Decimal(item["value_before"])
    assert Decimal(run["value_before"]) == sum(Decimal(item["value_before"]) for item in found)
    assert Decimal(run["value_after"]) == sum(Decimal(item["path"][0]) for item in found)
    by_case = {UUID(item["case_id"]): Decimal(item["value_before"]) for item in found}
    assert by_case[first] * 2 == by_case[second] * 3


async def test_the_value_before_is_that_of_the_valuation_on_file(worker: httpx.AsyncClient) -> None:
    case_id = await pledged(worker, 3, 4)
    filed = (await worker.get("/v1/valuations", params={"case_id": str(case_id)})).json()["items"][0]["finding_id"]
    path = (await worker.get(f"/v1/findings/{filed}")).json()["value"]["path"]
    run = await ended(worker, await worker.post("/v1/revaluations", json=asked(), headers=key()))
    (item,) = await cohorts_of(worker, run)
    assert Decimal(item["value_before"]) == min(Decimal(path["quantile"][0]), Decimal(path["market"][0]))


async def test_what_was_never_valued_counts_in_no_value_and_is_named(worker: httpx.AsyncClient) -> None:
    await pledged(worker, 4, 2)
    await pledged(worker, 5, 7, valued=False)
    run = await ended(worker, await worker.post("/v1/revaluations", json=asked(), headers=key()))
    assert (run["servers"], run["servers_unvalued"], run["cohorts_done"]) == (9, 7, 2)
    codes = {item["servers"]: (item["code"], item["path"]) for item in await cohorts_of(worker, run)}
    assert codes[7] == ("NOT_VALUED", [])
    assert codes[2][0] == ""


async def test_a_released_case_has_no_servers_here(worker: httpx.AsyncClient) -> None:
    case_id = await pledged(worker, 6, 2)
    await worker.post("/v1/releases", json={"case_id": str(case_id)}, headers=key())
    run = await ended(worker, await worker.post("/v1/revaluations", json=asked(), headers=key()))
    assert (run["state"], run["cohorts"], run["servers"], run["value_after"]) == ("done", 0, 0, "0.00")


async def test_a_branch_sees_and_values_its_own_servers(worker: httpx.AsyncClient, person: Speaker) -> None:
    await pledged(worker, 7, 2)
    await pledged(worker, 8, 3, branch="320100")
    officer = await person("wu.jie", "collateral_officer", "320100")
    run = await ended(officer, await officer.post("/v1/revaluations", json=asked(), headers=key()))
    assert (run["branch"], run["servers"]) == ("320100", 3)
    elsewhere = await person("li.na", "collateral_officer", "640100")
    assert (await elsewhere.get(f"/v1/revaluations/{run['revaluation_id']}")).status_code == 404
    assert (await elsewhere.get(f"/v1/revaluations/{run['revaluation_id']}/cohorts")).status_code == 404
    assert (await elsewhere.get("/v1/revaluations")).json()["items"] == []
    auditor = await person("zhao.yu", "auditor", "HO")
    assert len((await auditor.get("/v1/revaluations")).json()["items"]) == 1
    assert (await auditor.post("/v1/revaluations", json=asked(), headers=key())).status_code == 403


async def test_a_type_without_a_move_of_its_own_takes_the_general_one() -> None:
    moves = [{"gpu_type": "h100-sxm", "factor": "0.9"}, {"factor": "1.1"}]
    request = RevaluationRequest.model_validate(asked(moves=moves))
    assert [request.factor_of(name) for name in ("H100-SXM", "B200")] == [Decimal("0.9"), Decimal("1.1")]
    assert RevaluationRequest.model_validate(asked()).factor_of("B200") == 1


async def test_what_cannot_be_is_refused_all_at_once(worker: httpx.AsyncClient) -> None:
    broken = asked(moves=[{"factor": "0"}, {"factor": "11"}], months=121, cause="")
    answer = await worker.post("/v1/revaluations", json=broken, headers=key())
    assert answer.status_code == 422
    assert {item["pointer"] for item in answer.json()["errors"]} == {
        "/moves/0/factor",
        "/moves/1/factor",
        "/months",
        "/cause",
    }
    twice = asked(moves=[{"gpu_type": "h100", "factor": "1"}, {"gpu_type": "H100", "factor": "1"}])
    answer = await worker.post("/v1/revaluations", json=twice, headers=key())
    assert [(item["pointer"], item["code"]) for item in answer.json()["errors"]] == [("/moves/1/gpu_type", "repeated")]
    early = await worker.post("/v1/revaluations", json=asked(as_of="2020-01-01"), headers=key())
    assert [item["pointer"] for item in early.json()["errors"]] == ["/as_of"]


@pytest_asyncio.fixture
async def other_desk(app: FastAPI, database_urls: DatabaseUrls) -> AsyncIterator[RevaluationDesk]:
    """Another process of the service, which writes one cohort at a time."""
    database = Database(database_urls.collateral)
    yield RevaluationDesk(database, app.state.policies, lease=timedelta(seconds=1), chunk=1)
    await database.dispose()


async def test_a_run_whose_process_died_goes_on_where_it_stopped(
    worker: httpx.AsyncClient, app: FastAPI, database_urls: DatabaseUrls, other_desk: RevaluationDesk
) -> None:
    for number in (11, 12, 13):
        await pledged(worker, number, 1)
    whole = await ended(worker, await worker.post("/v1/revaluations", json=asked(), headers=key()))
    # The same run as a process left it that died after its first chunk: leased, two cohorts without a value.
    with psycopg.connect(database_urls.superuser.replace("+psycopg", ""), autocommit=True) as books:
        books.execute("UPDATE collateral.revaluation_cohort SET path = NULL, value_before = NULL WHERE position > 0")
        books.execute(
            "UPDATE collateral.revaluation SET state = 'running', cohorts_done = 1, value_after = 0, finished_at = NULL,"
            " runner = gen_random_uuid(), leased_until = now() + interval '1 hour'"
        )
        assert not await other_desk.work_once(), "its lease has not passed"
        books.execute("UPDATE collateral.revaluation_cohort SET value_before = 1 WHERE position = 0")
        books.execute("UPDATE collateral.revaluation SET leased_until = now() - interval '1 second'")
    for _ in range(600):
        run = (await worker.get(f"/v1/revaluations/{whole['revaluation_id']}")).json()
        if run["state"] == "done":
            break
        await other_desk.work_once()
    assert (run["state"], run["cohorts_done"], run["value_after"]) == ("done", 3, whole["value_after"])
    values = sorted(Decimal(item["value_before"]) for item in await cohorts_of(worker, run))
    assert values[0] == 1, "the first chunk was not valued again"


async def test_two_processes_never_work_on_one_run(app: FastAPI, database_urls: DatabaseUrls) -> None:
    database = Database(database_urls.collateral)
    request = RevaluationRequest.model_validate(asked())
    async with database.session() as session:
        row = await revaluations.open_run(session, request, "HO", "nobody")
    taken = []
    for runner in (uuid4(), uuid4()):
        async with database.session() as session:
            found = await revaluations.take_next(session, runner, desks.LEASE)
            taken.append(found is not None)
    async with database.session() as session:
        assert await revaluations.held(session, row.id, uuid4()) is None
    await database.dispose()
    assert sum(taken) <= 1
