"""The published contract is true: what it names is what is answered."""

import ast
import asyncio
import importlib
import pkgutil
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import hypothesis
import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, given
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

import services.kit
from services.kit.problems import catalogue
from services.kit.settings import ServiceSettings
from tests.kit import specimen


async def test_the_document_is_openapi_3_1_and_hides_nothing(anonymous: httpx.AsyncClient) -> None:
    document = (await anonymous.get("/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    create = document["paths"]["/v1/pledges"]["post"]
    assert create["x-suandai-roles"] == ["relationship_manager"]
    assert create["x-suandai-scope"] == "branch"
    assert create["security"] == [{"bearer": []}]
    assert set(create["responses"]) == {
        "201", "400", "401", "403", "406", "409", "413", "415", "422", "500", "502", "503",
    }  # fmt: skip
    rename = document["paths"]["/v1/pledges/{pledge_id}"]["patch"]
    assert {"404", "412", "428"} <= set(rename["responses"])
    required = {p["name"]: p["required"] for p in create["parameters"] + rename["parameters"]}
    assert required == {"Idempotency-Key": True, "If-Match": True, "pledge_id": True, "note": False}
    assert "HTTPValidationError" not in document["components"]["schemas"]
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_every_code_raised_in_the_services_is_registered() -> None:
    """A code nobody registered would turn a refusal into a 500."""
    for module in pkgutil.iter_modules(services.kit.__path__, "services.kit."):
        importlib.import_module(module.name)
    root = Path(services.kit.__path__[0])
    used = set()
    for file in root.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Problem" and node.args:
                first = node.args[0]
                if isinstance(first, ast.Constant):
                    used.add(first.value)
    assert used
    assert used <= set(catalogue())


@pytest.fixture
def served(settings: ServiceSettings) -> Iterator[str]:
    """The specimen behind a real server on its own thread; the address."""
    app = specimen.create_app(settings)

    async def work(_: object) -> None: ...

    app.state.work = work
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


async def test_generated_requests_find_no_failure_and_no_undocumented_answer(served: str, tokens: Any) -> None:
    token = await tokens.staff("zhang.wei", roles=["relationship_manager"], branch="640100")
    headers = {"Authorization": f"Bearer {token}"}
    await asyncio.to_thread(_call_everything, served, headers)


def _call_everything(address: str, headers: dict[str, str]) -> None:
    document = httpx.get(f"{address}/openapi.json").json()
    # The one route whose purpose is to fail.
    del document["paths"]["/v1/faults/{kind}"]
    contract = schemathesis.openapi.from_dict(document)
    statuses: Counter[int] = Counter()
    for found in contract.get_all_operations():
        statuses += _call_operation(found.ok(), address, headers)  # type: ignore[union-attr]
    assert sum(statuses.values()) > 200
    assert statuses[201]
    assert statuses[200]
    assert statuses[422]


def _call_operation(operation: Any, address: str, headers: dict[str, str]) -> Counter[int]:
    statuses: Counter[int] = Counter()
    documented = set(operation.definition.raw["responses"])

    @given(case=operation.as_strategy())
    @hypothesis.settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def call(case: Any) -> None:
        response = case.call(base_url=address, headers=headers)
        statuses[response.status_code] += 1
        assert response.status_code < 500, case.as_curl_command()
        assert str(response.status_code) in documented, (response.status_code, case.as_curl_command())
        case.validate_response(response, checks=[schemathesis.checks.response_schema_conformance])

    call()
    return statuses
