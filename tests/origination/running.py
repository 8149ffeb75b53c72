"""Origination as it runs: the real application on a real database, real tokens, and a worker on a real engine."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from domain.money import yuan
from domain.process import (
    APPLICATION_WORKFLOW,
    TASK_QUEUE,
    CaseStart,
    ProgressReport,
    application_workflow_id,
)
from domain.roles import Role
from domain.tasks import ROLE_OF, HumanTask, TaskState, TaskType
from services.kit.database import Database, new_id, now
from services.kit.keyring import Keyring
from services.kit.service_token import FixedToken
from services.kit.temporal import connect
from services.origination.app import create_app
from services.origination.client import OriginationClient
from services.origination.process import ProcessGateway, request_start
from services.origination.settings import OriginationSettings
from services.origination.store.business_day import business_day
from tests.fixtures.identity import Issuers, Tokens
from tests.fixtures.postgres import DatabaseUrls
from tests.fixtures.temporal import TemporalUnderTest
from tests.origination.bench import BRANCH, USCC, new_case
from tests.origination.house import IN_FORCE_FROM, REFERENCE, book
from tests.origination.seed import load_reference_data, publish_book
from tests.origination.small_process import WORKFLOWS
from workflows.actor_gate import ActorGate

AUDIENCE = "origination"


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One key directory for all tests: the engine, which they share, keeps what earlier ones encrypted."""
    directory = tmp_path_factory.mktemp("installation") / "keys"
    Keyring.create(directory)
    return directory


@pytest_asyncio.fixture
async def settings(
    database_urls: DatabaseUrls, issuers: Issuers, temporal: TemporalUnderTest, keys: Path, tmp_path: Path
) -> OriginationSettings:
    secret = tmp_path / "secret"
    secret.write_text(issuers.staff_provider.service_credentials("origination")[1])
    os.chmod(secret, 0o600)
    return OriginationSettings(
        environment="test",
        database_url=database_urls.origination,
        staff_issuer=issuers.staff,
        borrower_issuer=issuers.borrower,
        temporal_address=temporal.address,
        temporal_namespace=temporal.namespace,
        keys_dir=keys,
        document_dir=tmp_path / "documents",
        service_client_id="suandai-origination",
        service_client_secret_file=secret,
        sweep_seconds=0.2,
        core_banking_timeout_seconds=2.0,
    )


@pytest_asyncio.fixture
async def app(settings: OriginationSettings) -> AsyncIterator[FastAPI]:
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        yield app


@pytest_asyncio.fixture
async def engine(settings: OriginationSettings) -> AsyncIterator[Client]:
    """A client of the engine with the keys of this origination, and a worker behind it that proves every actor."""
    assert settings.keys_dir is not None
    keyring = Keyring.load(settings.keys_dir)
    client = await connect(settings, keyring)
    async with Worker(
        client,
        task_queue=TASK_QUEUE,
        workflows=WORKFLOWS,
        workflow_runner=UnsandboxedWorkflowRunner(),
        interceptors=[ActorGate(keyring)],
    ):
        yield client


@dataclass
class People:
    """Callers of origination, each with a token of their own."""

    app: FastAPI
    tokens: Tokens
    clients: list[httpx.AsyncClient]

    async def staff(self, subject: str, *roles: str, branch: str = BRANCH) -> httpx.AsyncClient:
        return self._client(await self.tokens.staff(subject, list(roles), branch))

    async def borrower(self, subject: str, *roles: str, uscc: str = USCC) -> httpx.AsyncClient:
        return self._client(await self.tokens.borrower(subject, list(roles), uscc))

    def anonymous(self) -> httpx.AsyncClient:
        return self._client("")

    async def worker(self) -> OriginationClient:
        token = await self.tokens.service("worker", AUDIENCE)
        client = self._client("")
        return OriginationClient("http://origination", FixedToken(token), client=client)

    def _client(self, token: str) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.app), base_url="http://origination", headers=headers, timeout=30
        )
        self.clients.append(client)
        return client


@pytest_asyncio.fixture
async def people(app: FastAPI, tokens: Tokens) -> AsyncIterator[People]:
    people = People(app, tokens, [])
    yield people
    for client in people.clients:
        await client.aclose()


@dataclass
class Case:
    """A case whose process runs."""

    case_id: UUID
    engine: Client
    worker: OriginationClient
    reports: int = 0

    @property
    def workflow_id(self) -> str:
        return application_workflow_id(self.case_id)

    async def offer(self, task_type: TaskType, **fields: Any) -> HumanTask:
        """A task that the process holds and the inbox shows."""
        task = HumanTask(
            **{
                "task_id": new_id(),
                "type": task_type,
                "case_id": self.case_id,
                "workflow_id": self.workflow_id,
                "title_zh": "任务",
                "title_en": "task",
                "stage": "review",
                "state": TaskState.READY,
                "role": ROLE_OF[task_type],
                "created_at": now(),
                "ready_at": now(),
                **fields,
            }
        )
        handle = self.engine.get_workflow_handle(task.workflow_id)
        await handle.execute_update("offer", [task])
        await self.report([task])
        return task

    async def report(self, tasks: Iterable[HumanTask], stage: str = "review") -> None:
        self.reports += 1
        await self.worker.progress(
            ProgressReport(
                case_id=self.case_id,
                workflow_id=self.workflow_id,
                step=f"progress-{self.reports}",
                stage=stage,
                at=now(),
                tasks=tuple(tasks),
            )
        )


def case_start(case_id: UUID, number: str) -> CaseStart:
    return CaseStart(
        application_id=case_id,
        case_id=case_id,
        case_number=number,
        product="nxb_project_loan",
        branch=BRANCH,
        policy_sha256="b" * 64,
        submitted_by="zhang.wei",
        submitted_at=now(),
        content_version=1,
        content_sha256="c" * 64,
        amount=yuan(280_000_000),
    )


@pytest_asyncio.fixture
async def case(app: FastAPI, engine: Client, people: People) -> AsyncIterator[Case]:
    database: Database = app.state.database
    async with database.session() as session:
        case_id = await new_case(session, stage="submitted")
        await request_start(
            session, APPLICATION_WORKFLOW, application_workflow_id(case_id), case_start(case_id, "SD2026-640100-000001")
        )
    running = Case(case_id, engine, await people.worker())
    await until(lambda: started(app, running.workflow_id))
    yield running
    handle = engine.get_workflow_handle(running.workflow_id)
    if (await handle.describe()).status is WorkflowExecutionStatus.RUNNING:
        await handle.signal("end")


@pytest_asyncio.fixture
async def in_business(app: FastAPI) -> date:
    """The business date of a bank that has its policy in force and its calendar published."""
    database: Database = app.state.database
    await publish_book(database, book=book(), maker="policy.one", checker="policy.two", in_force_from=IN_FORCE_FROM)
    await load_reference_data(database, REFERENCE, recorded_by="operator")
    return (await business_day(database, app.state.policies, now())).day


async def started(app: FastAPI, workflow_id: str) -> bool:
    from sqlmodel import select

    from services.origination.tables.events import StartRequest

    async with app.state.database.session() as session:
        found = await session.exec(select(StartRequest).where(StartRequest.workflow_id == workflow_id))
        row = found.one()
    return row.started_at is not None


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 20) -> None:
    """Wait for something that is bound to happen."""
    deadline = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.02)


def key() -> dict[str, str]:
    """An Idempotency-Key nobody used before."""
    return {"Idempotency-Key": str(uuid4())}


async def act(client: httpx.AsyncClient, task_id: UUID, verb: str, version: int, **body: Any) -> httpx.Response:
    """A verb on a task as it was read at a version."""
    headers = {"If-Match": f'"{version}"', **key()}
    return await client.post(f"/v1/tasks/{task_id}/{verb}", json=body, headers=headers)


def gateway(app: FastAPI) -> ProcessGateway:
    found: ProcessGateway = app.state.process
    return found


def in_a_year() -> date:
    return now().date() + timedelta(days=365)


REVIEWER = Role.REVIEWER.value
