"""What the workflow engine shows of a case: enough for a person to follow it, one trace through all parts, and nobody's name."""

import asyncio
import base64
import json
import secrets
import time
from typing import Any

import httpx
import pytest

from domain.process import NAMESPACE, SEARCH_ATTRIBUTES
from suandai.walkthrough.files import CASTS, another_case
from suandai.walkthrough.play import CasePlay, version_tag
from tests.fixtures.cases import SecuredCases
from tests.fixtures.stack import BankStack
from tests.journeys.conftest import ORDER, NewCase


def _stored_by_the_engine(bank_stack: BankStack) -> bytes:
    """Every byte of the engine's database, with what is still in its write-ahead log."""
    files = sorted(path for path in bank_stack.layout.temporal.rglob("*") if path.is_file())
    return b"".join(path.read_bytes() for path in files)


@pytest.mark.parametrize("example", CASTS)
async def test_nobodys_name_lies_plain_in_the_engines_store(
    bank_stack: BankStack, secured: SecuredCases, example: str
) -> None:
    play = await secured(example)
    content, drawing = play.files.json("application.json"), play.files.json("utilisation.json")
    names = {party["name"] for party in content["parties"]} | {payee["name"] for payee in drawing["payees"]}
    codes = {party["uscc"] for party in content["parties"]} | {payee["account"] for payee in drawing["payees"]}
    assert play.application["borrower_name"] in names
    stored = await asyncio.to_thread(_stored_by_the_engine, bank_stack)
    # The codes that are meant to be plain are there, so the bytes looked through are the right ones.
    assert play.application["case_number"].encode() in stored
    for text in names | codes:
        assert text.encode() not in stored, "plain text in the engine's store"
        assert text.encode("utf-16-le") not in stored
        assert json.dumps(text).strip('"').encode() not in stored, "plain text in JSON's escapes"


def _json(payload: Any) -> Any:
    """The content of a payload that is not encrypted; the interface writes some of them out and encodes the others."""
    if isinstance(payload, dict) and "data" in payload and "metadata" in payload:
        return json.loads(base64.b64decode(payload["data"]))
    return payload


def _text(payload: Any) -> str:
    text = _json(payload)
    assert isinstance(text, str), "a text that nobody can read"
    return text


class Engine:
    """The engine as its web pages ask it, over its HTTP interface."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def described(self, workflow_id: str) -> dict[str, Any]:
        return await self._answer(f"/workflows/{workflow_id}")

    async def history(self, workflow_id: str) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = []
        token = ""
        while True:
            page = await self._answer(f"/workflows/{workflow_id}/history", {"next_page_token": token} if token else {})
            events += page["history"]["events"]
            token = page.get("nextPageToken") or ""
            if not token:
                return events

    async def details(self, workflow_id: str) -> str:
        """What a process says of itself just now."""
        # The pages let nothing be posted but by themselves, and prove it with the cookie they were given.
        answer = await self._http.post(
            f"/workflows/{workflow_id}/query/__temporal_workflow_metadata",
            json={},
            headers={"X-CSRF-Token": self._http.cookies["_csrf"]},
        )
        answer.raise_for_status()
        [payload] = answer.json()["queryResult"]["payloads"]
        return str(_json(payload)["currentDetails"])

    async def found(self, query: str) -> list[dict[str, Any]]:
        return list((await self._answer("/workflows", {"query": query})).get("executions", []))

    async def _answer(self, path: str, params: dict[str, str] | None = None) -> dict[str, Any]:
        answer = await self._http.get(path, params=params or None)
        answer.raise_for_status()
        body: dict[str, Any] = answer.json()
        return body


async def test_a_person_finds_and_follows_a_case_in_the_engines_pages(
    bank_stack: BankStack, secured: SecuredCases
) -> None:
    play = await secured("nxb-xiyun")
    base = f"{bank_stack.urls['temporal-ui']}/api/v1/namespaces/{NAMESPACE}"
    async with httpx.AsyncClient(base_url=base, timeout=30, trust_env=False) as http:
        engine = Engine(http)
        number = play.application["case_number"]
        executions = await engine.found(f"CaseNumber = '{number}'")
        assert {execution["type"]["name"] for execution in executions} == {
            "CreditApplication",
            "Utilisation",
            "Facility",
        }
        described = await engine.described(f"application-{play.case_id}")
        attributes = described["workflowExecutionInfo"]["searchAttributes"]["indexedFields"]
        assert set(SEARCH_ATTRIBUTES) <= set(attributes)
        events = await engine.history(f"application-{play.case_id}")
        details = await engine.details(f"facility-{play.facility['facility_id']}")
    kinds = [event["eventType"] for event in events]
    assert kinds[0] == "EVENT_TYPE_WORKFLOW_EXECUTION_STARTED"
    assert kinds[-1] == "EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED"
    scheduled = [event for event in events if event["eventType"] == "EVENT_TYPE_ACTIVITY_TASK_SCHEDULED"]
    assert scheduled
    told = [_text(event["userMetadata"]["summary"]) for event in scheduled]
    assert {"open the case", "check screening", "rating", "limit: five caps", "price build-up"} <= set(told)
    timers = [event for event in events if event["eventType"] == "EVENT_TYPE_TIMER_STARTED"]
    assert timers
    assert {"SLA review", "SLA approval"} <= {_text(event["userMetadata"]["summary"]) for event in timers}
    assert play.facility["number"] in details


async def test_one_trace_leads_from_the_request_to_the_last_activity(bank_stack: BankStack, new_case: NewCase) -> None:
    play = CasePlay(bank_stack.bank, another_case(ORDER), CASTS[ORDER])
    await play.draft(await play.enter_customer())
    trace_id = secrets.token_hex(16)
    await play.rm.answer(
        "POST",
        f"/v1/applications/{play.case_id}/submit",
        If_Match=version_tag(play.application),
        traceparent=f"00-{trace_id}-{secrets.token_hex(8)}-01",
    )
    await play.task("co_investigation")

    def followed() -> dict[str, set[str]]:
        names: dict[str, set[str]] = {}
        for file in bank_stack.layout.logs.glob("*.traces.jsonl"):
            with file.open(encoding="utf-8") as lines:
                spans = [json.loads(line) for line in lines if trace_id in line and line.endswith("\n")]
            for span in spans:
                if span["trace_id"] == trace_id:
                    names.setdefault(span["service"], set()).add(span["name"])
        return names

    engine = {"StartWorkflow:CreditApplication", "RunWorkflow:CreditApplication", "RunActivity:run_check"}
    at_origination = {"submit": "the request itself", "checks": "the activity's call back into origination"}

    def missing(names: dict[str, set[str]]) -> list[str]:
        here = names.get("origination", set())
        return [
            *sorted(engine - set().union(*names.values(), set())),
            *(meaning for part, meaning in at_origination.items() if not any(part in name for name in here)),
            *({"worker"} - set(names)),
        ]

    # Each process writes its spans in batches of its own, so they arrive in no particular order.
    deadline = time.monotonic() + 30
    while missing(names := await asyncio.to_thread(followed)):
        assert time.monotonic() < deadline, (missing(names), names)
        await asyncio.sleep(0.2)
