"""``POST /v1/rating-overrides`` over HTTP: real tokens, real database."""

import json
from typing import Any

import httpx
import pytest

from domain.finding import Finding, Outcome
from domain.rating_override import RatingOverride
from tests.pricing.test_override import asked

PATH = "/v1/rating-overrides"


async def post(client: httpx.AsyncClient, body: str) -> httpx.Response:
    return await client.post(
        PATH, content=body, headers={"Content-Type": "application/json", "Idempotency-Key": "application-1:override"}
    )


async def test_an_override_is_filed_and_read_again(worker: httpx.AsyncClient) -> None:
    answer = await post(worker, asked().model_dump_json())
    assert answer.status_code == 201, answer.text
    finding = Finding[RatingOverride].model_validate_json(answer.content)
    assert finding.outcome is Outcome.PASS
    again = await worker.get(answer.headers["location"])
    assert Finding[RatingOverride].model_validate_json(again.content) == finding
    inputs = await worker.get(f"{answer.headers['location']}/inputs")
    assert inputs.json()["confirmed_by"] == "confirmer.two"


async def test_a_breach_is_a_finding_and_no_error(worker: httpx.AsyncClient) -> None:
    answer = await post(worker, asked(grade="R9", reason="").model_dump_json())
    assert answer.status_code == 201
    assert answer.json()["outcome"] == "fail"
    assert {reason["code"] for reason in answer.json()["reasons"]} == {"OVERRIDE_TOO_FAR", "OVERRIDE_WITHOUT_REASON"}


@pytest.mark.parametrize(
    ("changes", "pointers"),
    [
        ({"grade": "R99"}, {"/grade"}),
        ({"grade": "", "proposed_by": "", "reason": "x" * 2001}, {"/grade", "/proposed_by", "/reason"}),
        ({"rating_sha256": "no hash", "approved": True}, {"/rating_sha256", "/approved"}),
    ],
)
async def test_what_is_no_override_is_refused_field_by_field(
    worker: httpx.AsyncClient, changes: dict[str, Any], pointers: set[str]
) -> None:
    body = json.loads(asked().model_dump_json()) | changes
    answer = await post(worker, json.dumps(body))
    assert answer.status_code == 422
    assert {item["pointer"] for item in answer.json()["errors"]} == pointers
