"""One key, one effect, one answer: in sequence, at once, after refusals and after crashes."""

import asyncio
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select, update

from services.kit.database import Database, now
from services.kit.idempotency import LEASE
from services.kit.problems import Problem
from tests.kit.specimen import Pledge, idempotency

URL = "/v1/pledges"
BODY = {"name": "a", "amount": {"amount": "5.10"}}


def keyed(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key}


async def count(app: FastAPI) -> int:
    database: Database = app.state.database
    async with database.session() as session:
        return int((await (await session.connection()).execute(select(func.count()).select_from(Pledge))).scalar_one())


async def test_the_same_request_again_gets_the_same_answer(app: FastAPI, manager: httpx.AsyncClient) -> None:
    first = await manager.post(URL, json=BODY, headers=keyed("k"))
    again = await manager.post(URL, json=BODY, headers=keyed("k"))
    assert (first.status_code, "idempotency-replayed" in first.headers) == (201, False)
    assert (again.status_code, again.content, again.headers["idempotency-replayed"]) == (201, first.content, "true")
    assert (again.headers["etag"], again.headers["location"]) == (first.headers["etag"], first.headers["location"])
    assert await count(app) == 1


async def test_another_layout_of_the_same_content_is_the_same_request(app: FastAPI, manager: httpx.AsyncClient) -> None:
    await manager.post(URL, json=BODY, headers=keyed("k"))
    raw = b'{ "amount": {"amount":  "5.10"},\n "name": "\\u0061" }'
    again = await manager.post(URL, content=raw, headers={**keyed("k"), "Content-Type": "application/json"})
    assert again.headers["idempotency-replayed"] == "true"


async def test_another_content_under_the_same_key_is_refused(app: FastAPI, manager: httpx.AsyncClient) -> None:
    await manager.post(URL, json=BODY, headers=keyed("k"))
    for response in (
        await manager.post(URL, json={**BODY, "name": "b"}, headers=keyed("k")),
        await manager.post(f"{URL}?note=x", json=BODY, headers=keyed("k")),
    ):
        assert (response.status_code, response.json()["code"]) == (422, "idempotency_key_reused")
    assert await count(app) == 1


async def test_keys_of_two_callers_do_not_meet(app: FastAPI, manager: httpx.AsyncClient, tokens: Any) -> None:
    other = await tokens.staff("wang.fang", roles=["relationship_manager"], branch="640100")
    await manager.post(URL, json=BODY, headers=keyed("k"))
    response = await manager.post(
        URL, json={**BODY, "name": "b"}, headers={**keyed("k"), "Authorization": f"Bearer {other}"}
    )
    assert (response.status_code, response.json()["name"]) == (201, "b")
    assert await count(app) == 2


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": ""}, {"Idempotency-Key": "x" * 256}])
async def test_without_a_usable_key_nothing_happens(
    app: FastAPI, manager: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    response = await manager.post(URL, json=BODY, headers=headers)
    assert (response.status_code, response.json()["code"]) == (400, "idempotency_key_required")
    assert await count(app) == 0


async def test_twenty_at_once_have_one_effect(app: FastAPI, manager: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(manager.post(URL, json=BODY, headers=keyed("k")) for _ in range(20)))
    assert {(a.status_code, a.content) for a in answers} == {(201, answers[0].content)}
    assert sum("idempotency-replayed" not in a.headers for a in answers) == 1
    assert await count(app) == 1


async def test_a_refusal_undoes_its_writes_and_is_kept(app: FastAPI, manager: httpx.AsyncClient) -> None:
    body = {**BODY, "name": "closed"}
    first = await manager.post(URL, json=body, headers=keyed("k"))
    assert (first.status_code, first.json()["code"], first.json()["detail"]) == (
        409,
        "pledge_closed",
        "Its state is closed.",
    )
    again = await manager.post(URL, json=body, headers=keyed("k"))
    assert (again.status_code, again.content) == (409, first.content)
    assert again.headers["content-type"] == "application/problem+json"
    assert again.headers["idempotency-replayed"] == "true"
    assert await count(app) == 0


async def test_a_failed_validation_leaves_the_key_free(manager: httpx.AsyncClient) -> None:
    assert (await manager.post(URL, json={"name": ""}, headers=keyed("k"))).status_code == 422
    assert (await manager.post(URL, json=BODY, headers=keyed("k"))).status_code == 201


class Work:
    """What happens between the two transactions."""

    def __init__(self) -> None:
        self.calls = 0
        self.entered = asyncio.Event()
        self.go = asyncio.Event()
        self.go.set()
        self.outcome: Exception | None = None

    async def __call__(self, _: Any) -> None:
        self.calls += 1
        self.entered.set()
        await self.go.wait()
        if self.outcome is not None:
            raise self.outcome


@pytest.fixture
def work(app: FastAPI) -> Work:
    app.state.work = Work()
    work: Work = app.state.work
    return work


async def pledge(manager: httpx.AsyncClient) -> str:
    response = await manager.post(URL, json=BODY, headers=keyed("create"))
    return f"{URL}/{response.json()['id']}/release"


async def test_two_steps_replay_and_report_what_is_running(manager: httpx.AsyncClient, work: Work) -> None:
    url = await pledge(manager)
    work.go.clear()
    running = asyncio.create_task(manager.post(url, headers=keyed("k")))
    await asyncio.wait_for(work.entered.wait(), 10)
    meanwhile = await manager.post(url, headers=keyed("k"))
    assert (meanwhile.status_code, meanwhile.json()["code"]) == (409, "request_in_progress")
    assert meanwhile.headers["retry-after"] == "1"
    work.go.set()
    first = await running
    again = await manager.post(url, headers=keyed("k"))
    assert (first.status_code, again.status_code, again.content) == (200, 200, first.content)
    assert work.calls == 1


async def test_an_outcome_not_known_yet_can_be_asked_for_with_the_same_key(
    manager: httpx.AsyncClient, work: Work
) -> None:
    url = await pledge(manager)
    work.outcome = TimeoutError()
    assert (await manager.post(url, headers=keyed("k"))).status_code == 202
    work.outcome = None
    assert (await manager.post(url, headers=keyed("k"))).status_code == 200
    assert work.calls == 2


async def test_a_refused_verb_is_kept_and_a_failed_one_is_not(manager: httpx.AsyncClient, work: Work) -> None:
    url = await pledge(manager)
    work.outcome = Problem("unavailable")
    assert (await manager.post(url, headers=keyed("k"))).status_code == 503
    work.outcome = Problem("pledge_closed", state="closed")
    refused = await manager.post(url, headers=keyed("k"))
    work.outcome = None
    again = await manager.post(url, headers=keyed("k"))
    assert (refused.status_code, again.status_code, again.content) == (409, 409, refused.content)
    assert work.calls == 2


async def test_a_reservation_left_by_a_dead_process_is_taken_over(
    app: FastAPI, manager: httpx.AsyncClient, work: Work
) -> None:
    url = await pledge(manager)
    work.outcome = RuntimeError()  # the process ends here: neither finished nor set free
    assert (await manager.post(url, headers=keyed("k"))).status_code == 500
    work.outcome = None
    assert (await manager.post(url, headers=keyed("k"))).status_code == 409
    database: Database = app.state.database
    async with database.session() as session:
        long_ago = update(idempotency).where(idempotency.c.key == "k").values(taken_at=now() - LEASE)
        await (await session.connection()).execute(long_ago)
    assert (await manager.post(url, headers=keyed("k"))).status_code == 200
