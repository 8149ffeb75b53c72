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

from services.pricing.app import create_app
from services.pricing.settings import PricingSettings
from tests.fixtures.identity import Tokens
from tests.pricing.conftest import Published, book

EXAMPLES_AN_OPERATION = int(os.environ.get("SUANDAI_CONTRACT_EXAMPLES", "50"))
PRODUCTS = {"investment": ("nxb_project_loan", "nxb"), "contract": ("jsb_order", "jsb")}

SUM = {"amount": "8000000.00", "currency": "CNY"}
PLAUSIBLE: dict[str, Any] = {
    "facts": {"facts": {}},
    "asked": SUM,
    "amount": SUM,
    "principal": SUM,
    "pd": "0.01",
    "annual_rate": "0.05",
    "tenor_months": 24,
    "grace_months": 3,
    "drawn_on": "2026-03-02",
    "method": "annuity",
}
FURTHER = ("profile", "draws", "rate_steps", "prepayments", "tranches")
"""Terms of a repayment that must fit together: what is generated hardly ever does, and is refused before it is laid out."""


@pytest.fixture
def served(settings: PricingSettings, published: Published) -> Iterator[str]:
    """The service behind a real server on its own thread; the address."""
    app = create_app(settings, origination=published)
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
    token = await tokens.service("worker", audience="pricing")
    statuses = await asyncio.to_thread(_call_everything, served, {"Authorization": f"Bearer {token}"})
    assert statuses[422]
    assert statuses[201] + statuses[200] > 20


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
        if pinned and isinstance(case.body, dict):
            # Half of the requests name a policy that exists, so that the calculations are reached.
            need = case.body.get("need")
            kind = need.get("kind") if isinstance(need, dict) else None
            product, lender_id = PRODUCTS.get(str(kind), ("nxb_project_loan", "nxb"))
            case.body |= {"policy_sha256": book().sha256, "product": product, "lender_id": lender_id}
            case.body |= {"as_of": "2026-03-02", "pinned_on": None}
            case.body |= {name: figure for name, figure in PLAUSIBLE.items() if name in case.body}
            case.body = {name: value for name, value in case.body.items() if name not in FURTHER}
        response = case.call(base_url=address, headers=headers)
        statuses[response.status_code] += 1
        assert response.status_code < 500, case.as_curl_command()
        assert str(response.status_code) in documented, (response.status_code, case.as_curl_command())
        case.validate_response(response, checks=[schemathesis.checks.response_schema_conformance])

    call()
    return statuses
