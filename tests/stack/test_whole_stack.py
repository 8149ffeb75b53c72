"""The stack with every part, as `make up` starts it."""

import asyncio
import json
import os
import signal
import time

import httpx
import psycopg
import pytest

from domain.process import DEPLOYMENT, NAMESPACE
from suandai.stack import Stack
from suandai.stack.workers import CreditWorker
from tests.fixtures.identity import Tokens

SERVICES = ("pricing", "collateral", "origination", "core-banking")


async def _until_all_ready(stack: Stack, restarts: dict[str, int]) -> None:
    deadline = time.monotonic() + 60
    while not all(part.state == "ready" and part.restarts >= restarts.get(part.name, 0) for part in stack.parts):
        assert time.monotonic() < deadline, {part.name: (part.state, part.restarts) for part in stack.parts}
        await asyncio.sleep(0.05)


async def test_every_part_is_ready_and_says_so(whole_stack: Stack) -> None:
    assert {part.name: part.state for part in whole_stack.parts} == dict.fromkeys(
        ("postgres", "temporal", "staff-identity", "borrower-identity", *SERVICES, "worker"), "ready"
    )
    async with httpx.AsyncClient(trust_env=False) as http:
        for part in whole_stack.parts:
            if part.name in SERVICES:
                url = part.component.addresses()["HTTP"]
                assert (await http.get(f"{url}/healthz")).status_code == 200
                assert (await http.get(f"{url}/readyz")).json()["ready"] is True


async def test_new_cases_go_to_the_build_that_polls(whole_stack: Stack) -> None:
    worker = next(part.component for part in whole_stack.parts if isinstance(part.component, CreditWorker))
    told = await asyncio.to_thread(
        whole_stack.assembly.temporal.tool,
        *("worker", "deployment", "describe", "--name", DEPLOYMENT, "--namespace", NAMESPACE, "-o", "json"),
    )
    assert json.loads(told.stdout)["routingConfig"]["currentVersionBuildID"] == worker.build


async def test_a_person_signs_in_and_is_known_to_origination(whole_stack: Stack) -> None:
    token = await asyncio.to_thread(whole_stack.assembly.token, "rm.yinchuan")
    url = whole_stack.environment("origination")["SUANDAI_ORIGINATION_URL"]
    async with httpx.AsyncClient(trust_env=False, headers={"Authorization": f"Bearer {token}"}) as http:
        assert (await http.get(f"{url}/v1/tasks")).status_code == 200
        assert (await http.get(f"{url}/v1/tasks", headers={"Authorization": "Bearer nonsense"})).status_code == 401


async def test_a_token_of_another_installation_opens_nothing(whole_stack: Stack, tokens: Tokens) -> None:
    stranger = await tokens.staff("stranger", ["relationship_manager"], branch="YC")
    url = whole_stack.environment("origination")["SUANDAI_ORIGINATION_URL"]
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.get(f"{url}/v1/tasks", headers={"Authorization": f"Bearer {stranger}"})
    assert answer.status_code == 401


async def test_the_stack_comes_back_when_its_heart_is_killed(whole_stack: Stack) -> None:
    killed = {part.name: part for part in whole_stack.parts if part.name in ("postgres", "temporal", "worker")}
    wanted = {name: part.restarts + 1 for name, part in killed.items()}
    for part in killed.values():
        assert part.process is not None
        os.kill(part.process.mark.pid, signal.SIGKILL)
    await _until_all_ready(whole_stack, wanted)
    token = await asyncio.to_thread(whole_stack.assembly.token, "rm.yinchuan")
    url = whole_stack.environment("origination")["SUANDAI_ORIGINATION_URL"]
    async with httpx.AsyncClient(trust_env=False, headers={"Authorization": f"Bearer {token}"}) as http:
        assert (await http.get(f"{url}/v1/tasks")).status_code == 200


async def test_an_error_leaves_no_row_in_the_database_log(whole_stack: Stack) -> None:
    server = whole_stack.assembly.postgres
    with psycopg.connect(server.conninfo("suandai"), autocommit=True) as connection:
        connection.execute("CREATE TEMPORARY TABLE person (name text PRIMARY KEY)")
        connection.execute("INSERT INTO person VALUES (%s)", ("王小明",))
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO person VALUES (%s)", ("王小明",))
    log = await asyncio.to_thread((whole_stack.layout.logs / "postgres.log").read_text)
    assert "person_pkey" in log
    assert "王小明" not in log
