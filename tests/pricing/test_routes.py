"""The routes over HTTP: real tokens, real database."""

import httpx
from dirty_equals import IsStr
from sqlalchemy import create_engine, text

from domain.finding import Finding
from domain.pricing import Limit, Quote, Rating, Schedule
from tests.fixtures.identity import Tokens
from tests.fixtures.postgres import DatabaseUrls
from tests.pricing import requests
from tests.pricing.conftest import Published, book

PATHS = {
    "/v1/ratings": (requests.rating, Finding[Rating]),
    "/v1/limits": (requests.limit, Finding[Limit]),
    "/v1/quotes": (requests.quote, Finding[Quote]),
    "/v1/schedules": (requests.schedule, Finding[Schedule]),
}


async def post(client: httpx.AsyncClient, path: str, body: str, key: str = "application-1:step") -> httpx.Response:
    return await client.post(path, content=body, headers={"Content-Type": "application/json", "Idempotency-Key": key})


async def test_each_route_answers_with_a_whole_finding_that_can_be_read_again(worker: httpx.AsyncClient) -> None:
    for path, (make, shape) in PATHS.items():
        body = make(book())
        answer = await post(worker, path, body.model_dump_json(), key=f"one:{path}")
        assert answer.status_code == 201, answer.text
        finding = shape.model_validate_json(answer.content)
        assert finding.outcome == "pass", finding.reasons
        assert finding.trace
        assert finding.policy is not None
        assert finding.policy.sha256 == book().sha256
        again = await worker.get(answer.headers["location"])
        assert shape.model_validate_json(again.content).sha256() == finding.sha256()
        inputs = await worker.get(f"{answer.headers['location']}/inputs")
        assert type(body).model_validate(inputs.json()) == body
