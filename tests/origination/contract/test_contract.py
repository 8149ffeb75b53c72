"""Generated requests against the published contract: no failure, and no answer that is not documented."""

import asyncio
import os
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import hypothesis
import schemathesis
import uvicorn
from hypothesis import HealthCheck, given, strategies

from domain.roles import STAFF_ROLES
from services.kit.database import Database
from services.kit.keyring import Keyring
from services.origination.app import create_app
from services.origination.settings import OriginationSettings
from tests.fixtures.identity import Issuers, Tokens, free_port
from tests.fixtures.postgres import DatabaseUrls
from tests.origination.house import IN_FORCE_FROM, REFERENCE, book, key
from tests.origination.sample import BORROWER
from tests.origination.seed import load_reference_data, publish_book

EXAMPLES_AN_OPERATION = int(os.environ.get("SUANDAI_CONTRACT_EXAMPLES", "12"))
"""Few where every commit runs them; thousands by hand."""


@contextmanager
def served(settings: OriginationSettings) -> Iterator[str]:
    """The service behind a real server on its own thread; the address."""
    app = create_app(settings)
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(30)
        listener.close()


async def test_generated_requests_find_no_failure_and_no_undocumented_answer(
    database_urls: DatabaseUrls, issuers: Issuers, tokens: Tokens, tmp_path: Path
) -> None:
    Keyring.create(tmp_path / "keys")
    client_id, secret = issuers.staff_provider.service_credentials("origination")
    (tmp_path / "secret").write_text(secret)
    nobody = f"127.0.0.1:{free_port()}"
    settings = OriginationSettings(
        environment="test",
        database_url=database_urls.origination,
        staff_issuer=issuers.staff,
        borrower_issuer=issuers.borrower,
        temporal_address=nobody,
        collateral_url=f"http://{nobody}",
        keys_dir=tmp_path / "keys",
        document_dir=tmp_path / "documents",
        service_client_id=client_id,
        service_client_secret_file=tmp_path / "secret",
    )
    database = Database(database_urls.origination)
    await publish_book(database, book=book(), maker="a", checker="b", in_force_from=IN_FORCE_FROM)
    await load_reference_data(database, REFERENCE, recorded_by="operator")
    await database.dispose()
    bearers = {
        "staff": await tokens.staff("everybody", sorted(STAFF_ROLES), "HO"),
        "borrower": await tokens.borrower("owner@all", ["borrower_owner", "borrower_finance"], BORROWER),
        "service": await tokens.service("worker", audience="origination"),
    }
    with served(settings) as address:
        statuses, wrong = await asyncio.to_thread(_call_everything, address, bearers)
    assert not wrong
    assert statuses[422]
    assert statuses[404]
    assert statuses[200] > 20
    assert statuses[201]


def _call_everything(address: str, bearers: dict[str, str]) -> tuple[Counter[int], list[str]]:
    contract = schemathesis.openapi.from_dict(httpx.get(f"{address}/openapi.json", timeout=60).json())
    staff = {"Authorization": f"Bearer {bearers['staff']}"}
    draft = httpx.post(f"{address}/v1/applications", json={"lender_id": "nxb"}, headers={**key(), **staff}, timeout=60)
    known = {"case_id": draft.json()["application_id"]}
    statuses: Counter[int] = Counter()
    wrong: list[str] = []
    for found in contract.get_all_operations():
        operation = found.ok()  # type: ignore[union-attr]
        try:
            statuses += _call_operation(operation, address, bearers, known)
        except Exception as failure:  # every operation is tried, and all that is wrong is reported
            wrong.append(f"{operation.method.upper()} {operation.path}: {str(failure)[:600]}")
    return statuses, wrong


def _bearer(operation: Any, bearers: dict[str, str]) -> dict[str, str]:
    """The token of a kind of caller that the operation declares."""
    roles = operation.definition.raw.get("x-suandai-roles", [])
    kinds = (
        "service" if role.startswith("service:") else "borrower" if role.startswith("borrower_") else "staff"
        for role in roles
    )
    kind = next(iter(sorted(kinds, key=("staff", "service", "borrower").index)), None)
    return {"Authorization": f"Bearer {bearers[kind]}"} if kind is not None else {}


def _call_operation(operation: Any, address: str, bearers: dict[str, str], known: dict[str, str]) -> Counter[int]:
    statuses: Counter[int] = Counter()
    documented = set(operation.definition.raw["responses"])
    headers = _bearer(operation, bearers)

    @given(case=operation.as_strategy(), real=strategies.booleans())
    @hypothesis.settings(
        max_examples=EXAMPLES_AN_OPERATION, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    def call(case: Any, real: bool) -> None:
        if real:
            # Half of the calls name a case that exists, so that more than the lookup is reached.
            case.path_parameters |= {name: value for name, value in known.items() if name in case.path_parameters}
        response = case.call(base_url=address, headers=headers)
        # Neighbours that are away are said to be away; anything else above 499 is a failure of ours.
        assert response.status_code < 500 or response.status_code == 503, (response.status_code, response.text)
        statuses[response.status_code] += 1
        assert str(response.status_code) in documented, (response.status_code, response.text)
        case.validate_response(response, checks=[schemathesis.checks.response_schema_conformance])

    call()
    return statuses
