"""Processes that stand still come into the operator's list with their cause, and leave it when they go on."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from temporalio.client import Client, WorkflowHandle
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes
from temporalio.worker import UnsandboxedWorkflowRunner, Worker
from typer.testing import CliRunner

from domain.process import TASK_QUEUE, UTILISATION_WORKFLOW, DecisionEntered, DecisionRecord
from services.kit.keyring import Keyring
from services.kit.service_token import FixedToken
from services.kit.temporal import connect
from services.origination.client import OriginationClient
from services.origination.settings import OriginationSettings
from suandai import stuck
from suandai.cli import app as command
from tests.origination.operations.faulty import Code, Faulty, faulty_step
from tests.origination.running import People, until
from workflows import effects
from workflows.activities.casework import Casework

LIST = "/v1/operations/stuck-processes"
LONG = 120.0
"""Seconds to wait for what is bound to happen: the engine itself waits ten before it repeats a failing step."""


@pytest.fixture(autouse=True)
def _mended_afterwards() -> Iterator[None]:
    yield
    Code.defect = ""


@pytest_asyncio.fixture
async def client(settings: OriginationSettings) -> Client:
    assert settings.keys_dir is not None
    return await connect(settings, Keyring.load(settings.keys_dir))


@pytest_asyncio.fixture
async def operator(people: People) -> httpx.AsyncClient:
    return await people.staff("yun.wei", "operator", branch="HO")


@asynccontextmanager
async def serving(client: Client, *activities: Any) -> AsyncIterator[None]:
    """The worker of the installed code."""
    async with Worker(
        client,
        task_queue=TASK_QUEUE,
        workflows=[Faulty],
        activities=activities,
        workflow_runner=UnsandboxedWorkflowRunner(),
        max_cached_workflows=0,
    ):
        yield


async def started(client: Client, record: DecisionRecord | None = None) -> WorkflowHandle[Any, Any]:
    attributes = {"CaseNumber": "SD2026-YC-000077", "Branch": "YC"}
    return await client.start_workflow(
        UTILISATION_WORKFLOW,
        record,
        id=f"utilisation-{uuid4()}",
        task_queue=TASK_QUEUE,
        task_timeout=timedelta(seconds=1),
        search_attributes=TypedSearchAttributes(
            [SearchAttributePair(SearchAttributeKey.for_keyword(name), text) for name, text in attributes.items()]
        ),
    )


async def listed(operator: httpx.AsyncClient, workflow_id: str, *, closed: bool = False) -> list[dict[str, Any]]:
    answer = await operator.get(LIST, params={"limit": 200, "closed": str(closed).lower()})
    assert answer.status_code == 200, answer.text
    return [item for item in answer.json()["items"] if item["workflow_id"] == workflow_id]


async def the_item(operator: httpx.AsyncClient, workflow_id: str) -> dict[str, Any]:
    await until(lambda: _found(operator, workflow_id, True), LONG)
    [item] = await listed(operator, workflow_id)
    return item


async def until_closed(operator: httpx.AsyncClient, workflow_id: str) -> dict[str, Any]:
    await until(lambda: _found(operator, workflow_id, False), LONG)
    [item] = await listed(operator, workflow_id, closed=True)
    assert item["closed_at"] is not None
    return item


async def told_on_the_command_line(item: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """``suandai stuck`` says of this item why it stands still and what mends it, and that something does."""

    async def items(_: object) -> list[dict[str, Any]]:
        return [item]

    monkeypatch.setattr(stuck, "_listed", items)
    told = await asyncio.to_thread(CliRunner().invoke, command, ["stuck"])
    assert told.exit_code == 3, told.output
    lines = told.output.splitlines()
    assert any(item["case_number"] in line and item["process"] in line for line in lines), told.output
    assert any(item["cause"] in line and item["message_en"] in line for line in lines), told.output
    assert lines[-1].strip() == item["mend"]


async def _found(operator: httpx.AsyncClient, workflow_id: str, wanted: bool) -> bool:
    return bool(await listed(operator, workflow_id)) is wanted


async def mended(operator: httpx.AsyncClient, handle: WorkflowHandle[Any, str], item: dict[str, Any]) -> None:
    """Mend what was broken: the process ends as it would have, and its item leaves the list."""
    Code.defect = ""
    assert await handle.result() == "done"
    closed = await until_closed(operator, handle.id)
    assert closed["item_id"] == item["item_id"]


async def test_a_process_whose_code_fails_is_listed_until_the_code_is_mended(
    app: FastAPI, client: Client, operator: httpx.AsyncClient, people: People
) -> None:
    Code.defect = "raises"
    async with serving(client):
        handle = await started(client)
        await handle.signal("go")
        item = await the_item(operator, handle.id)
        assert (item["kind"], item["cause"], item["failure_type"]) == (
            "workflow_task",
            "code_fails",
            "ZeroDivisionError",
        )
        assert (item["process"], item["case_number"], item["branch"]) == ("Utilisation", "SD2026-YC-000077", "YC")
        assert item["attempts"] >= 3
        assert "修复" in item["message_zh"]
        # What the error said may be about a person, and is nobody's business here.
        assert "王小明" not in json.dumps(item, ensure_ascii=False)
        # The operator of another branch has no sight of the case.
        elsewhere = await people.staff("yun.wei.nj", "operator", branch="NJ")
        assert await listed(elsewhere, handle.id) == []
        await mended(operator, handle, item)


async def test_a_process_whose_history_and_code_disagree_is_told_apart(
    app: FastAPI, client: Client, operator: httpx.AsyncClient
) -> None:
    async with serving(client):
        handle = await started(client)
        await until(lambda: _events(handle, 7))
        Code.defect = "diverges"
        await handle.signal("go")
        assert (await the_item(operator, handle.id))["cause"] == "code_diverges"
        Code.defect = ""
        assert await handle.result() == "done"
        await until_closed(operator, handle.id)


async def test_a_process_that_no_worker_serves_is_listed_until_one_does(
    app: FastAPI, client: Client, operator: httpx.AsyncClient
) -> None:
    handle = await started(client)
    item = await the_item(operator, handle.id)
    assert (item["cause"], item["mend"]) == ("no_worker", "suandai up")
    async with serving(client):
        await handle.signal("go")
        assert await handle.result() == "done"
    await until_closed(operator, handle.id)


async def test_a_step_past_its_deadline_is_listed_until_the_service_answers(
    app: FastAPI, client: Client, operator: httpx.AsyncClient
) -> None:
    async with answering(503) as service:
        origination = OriginationClient(service.url, FixedToken("none"), attempts=1)
        async with serving(client, Casework(origination).record_decision):
            handle = await started(client, _record())
            await handle.signal("go")
            item = await the_item(operator, handle.id)
            assert (item["kind"], item["step"], item["cause"]) == ("activity", "record_decision", "service_unavailable")
            assert item["failure_type"] == "RemoteUnavailable"
            # The deadline counts from when the step was first asked for, not from its last attempt.
            first = datetime.fromisoformat(item["since"])
            await until(lambda: _tried_again(operator, item), LONG)
            [later] = await listed(operator, handle.id)
            assert datetime.fromisoformat(later["since"]) == first
            service.status = 409
            await until(lambda: _because(operator, handle.id, "service_refuses"), LONG)
            service.status = 200
            assert await handle.result() == "done"
            await until_closed(operator, handle.id)
        await origination.aclose()


async def test_a_process_whose_code_does_not_answer_is_listed_until_the_code_is_mended(
    app: FastAPI, client: Client, operator: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    Code.defect = "hangs"
    async with serving(client):
        handle = await started(client)
        await handle.signal("go")
        item = await the_item(operator, handle.id)
        assert (item["kind"], item["cause"], item["failure_type"]) == ("workflow_task", "code_hangs", "")
        assert item["attempts"] >= 3
        # It stands on no build: installing the mended one is enough.
        assert item["mend"] == "suandai up"
        await told_on_the_command_line(item, monkeypatch)
        await mended(operator, handle, item)


async def test_a_step_whose_code_fails_is_listed_until_it_is_mended(
    app: FastAPI, client: Client, operator: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    Code.defect = "step_raises"
    async with serving(client, faulty_step):
        handle = await started(client, _record())
        await handle.signal("go")
        item = await the_item(operator, handle.id)
        assert (item["kind"], item["step"], item["cause"]) == ("activity", "record_decision", "step_fails")
        assert (item["failure_type"], item["mend"]) == ("ZeroDivisionError", "suandai up")
        assert "王小明" not in json.dumps(item, ensure_ascii=False)
        await until(lambda: _tried_again(operator, item), LONG)
        await told_on_the_command_line(item, monkeypatch)
        await mended(operator, handle, item)


async def test_a_step_that_runs_out_of_time_is_listed_from_its_first_attempt_on(
    app: FastAPI, client: Client, operator: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(effects, "MISSED", timedelta(seconds=3))
    Code.defect = "step_hangs"
    async with serving(client, faulty_step):
        handle = await started(client, _record())
        await handle.signal("go")
        item = await the_item(operator, handle.id)
        assert (item["kind"], item["step"], item["cause"]) == ("activity", "record_decision", "step_times_out")
        assert (item["failure_type"], item["mend"]) == ("", "suandai status")
        # The engine gives each attempt up, and the next one is no better: the item stays what it was.
        await until(lambda: _tried_again(operator, item), LONG)
        [later] = await listed(operator, handle.id)
        told = ("item_id", "cause", "since", "mend")
        assert [later[name] for name in told] == [item[name] for name in told]
        await told_on_the_command_line(later, monkeypatch)
        await mended(operator, handle, item)


async def test_a_process_that_waits_for_people_is_not_stuck(
    app: FastAPI, client: Client, operator: httpx.AsyncClient
) -> None:
    Code.defect = ""
    async with serving(client):
        waiting = await started(client)
        await until(lambda: _events(waiting, 7))
        Code.defect = "raises"
        failing = await started(client)
        await failing.signal("go")
        await the_item(operator, failing.id)
        # Between the second and the third time it is seen lies a whole round over all processes.
        seen: set[str] = set()

        async def seen_thrice() -> bool:
            seen.update(item["seen_at"] for item in await listed(operator, failing.id))
            return len(seen) > 2

        await until(seen_thrice, LONG)
        assert await listed(operator, waiting.id, closed=True) == []
        Code.defect = ""
        await waiting.signal("go")
        assert [await waiting.result(), await failing.result()] == ["done", "done"]


async def test_the_list_is_paged(app: FastAPI, client: Client, operator: httpx.AsyncClient) -> None:
    handles = [await started(client) for _ in range(3)]
    for handle in handles:
        await the_item(operator, handle.id)
    seen: list[str] = []
    cursor = ""
    while True:
        answer = await operator.get(LIST, params={"limit": 1, **({"cursor": cursor} if cursor else {})})
        page = answer.json()
        seen += [item["workflow_id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if not cursor:
            break
        assert 'rel="next"' in answer.headers["link"]
    assert {handle.id for handle in handles} <= set(seen)
    assert len(seen) == len(set(seen))
    for handle in handles:
        await handle.terminate()
        await until_closed(operator, handle.id)


async def _events(handle: WorkflowHandle[Any, Any], least: int) -> bool:
    return (await handle.describe()).history_length >= least


async def _tried_again(operator: httpx.AsyncClient, item: dict[str, Any]) -> bool:
    found = await listed(operator, item["workflow_id"])
    return bool(found) and found[0]["attempts"] > item["attempts"]


async def _because(operator: httpx.AsyncClient, workflow_id: str, cause: str) -> bool:
    return [item["cause"] for item in await listed(operator, workflow_id)] == [cause]


def _record() -> DecisionRecord:
    return DecisionRecord(
        case_id=uuid4(),
        workflow_id="utilisation",
        step="decide-1",
        decision="approved",
        decided_by=("wang.fang",),
        authority_rule="A1",
        at=datetime(2026, 3, 16, 9, tzinfo=UTC),
    )


@dataclass
class Service:
    """A service that answers every request with one status; where it is well, with a decision entered."""

    status: int
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        [length] = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")]
        await reader.readexactly(int(length))
        body = DecisionEntered().model_dump_json() if self.status == 200 else ""
        kind = "Content-Type: application/json\r\n" if body else ""
        head_of_answer = f"HTTP/1.1 {self.status} X\r\n{kind}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write((head_of_answer + body).encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()


@asynccontextmanager
async def answering(status: int) -> AsyncIterator[Service]:
    service = Service(status)
    async with await asyncio.start_server(service.answer, "127.0.0.1", 0) as server:
        service.port = server.sockets[0].getsockname()[1]
        yield service
