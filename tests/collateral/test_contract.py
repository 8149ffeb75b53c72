"""Generated requests against the published contract: no failure, no answer that is not documented."""

import asyncio
import os
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import hypothesis
import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, given

from services.collateral.app import create_app
from services.collateral.settings import CollateralSettings
from tests.collateral.conftest import Published, book
from tests.fixtures.identity import Tokens

EXAMPLES_AN_OPERATION = int(os.environ.get("SUANDAI_CONTRACT_EXAMPLES", "40"))


@pytest.fixture
def served(settings: CollateralSettings) -> Iterator[str]:
    """The service behind a real server on its own thread; the address."""
    app = create_app(settings, Published())
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
        listener.close()


async def test_generated_requests_find_no_failure_and_no_undocumented_answer(served: str, tokens: Tokens) -> None:
    token = await tokens.service("worker", audience="collateral")
    statuses = await asyncio.to_thread(_call_everything, served, {"Authorization": f"Bearer {token}"})
    assert statuses[422]
    assert statuses[200] > 20


def _call_everything(address: str, headers: dict[str, str]) -> Counter[int]:
    contract = schemathesis.openapi.from_dict(httpx.get(f"{address}/openapi.json").json())
    statuses: Counter[int] = Counter()
    for found in contract.get_all_operations():
        operation = found.ok()  # type: ignore[union-attr]
        statuses += _call_operation(operation, address, headers)
    return statuses


def _call_operation(operation: Any, address: str, headers: dict[str, str]) -> Counter[int]:
    statuses: Counter[int] = Counter()
    documented = set(operation.definition.raw["responses"])

    @given(case=operation.as_strategy(), pinned=hypothesis.strategies.booleans())
    @hypothesis.settings(
        max_examples=EXAMPLES_AN_OPERATION, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    def call(case: Any, pinned: bool) -> None:
        if pinned and isinstance(case.body, dict) and "policy_sha256" in case.body:
            # Half of the valuations name a policy that exists, so that the calculations are reached.
            case.body |= {"policy_sha256": book().sha256, "as_of": "2026-03-02", "pinned_on": None}
        response = case.call(base_url=address, headers=headers)
        statuses[response.status_code] += 1
        assert response.status_code < 500, case.as_curl_command()
        assert str(response.status_code) in documented, (response.status_code, case.as_curl_command())
        case.validate_response(response, checks=[schemathesis.checks.response_schema_conformance])

    call()
    return statuses
