"""A start is committed with what makes it necessary, and made once, also after the engine was away."""

from uuid import UUID

import pytest
from fastapi import FastAPI
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from sqlalchemy.exc import IntegrityError
from sqlmodel import select
from temporalio.client import Client

from domain.process import APPLICATION_WORKFLOW, application_workflow_id
from services.kit.database import Database, new_id
from services.origination.app import create_app
from services.origination.process import request_start
from services.origination.settings import OriginationSettings
from services.origination.tables.events import StartRequest
from tests.fixtures.identity import Tokens, free_port
from tests.origination.bench import new_case
from tests.origination.running import People, case_start, gateway, key, started, until


async def submitted(app: FastAPI, number: str) -> UUID:
    database: Database = app.state.database
    async with database.session() as session:
        case_id = await new_case(session, number, stage="submitted")
        await request_start(
            session, APPLICATION_WORKFLOW, application_workflow_id(case_id), case_start(case_id, number)
        )
    return case_id


async def test_a_committed_start_is_made_with_search_attributes(app: FastAPI, engine: Client) -> None:
    case_id = await submitted(app, "SD2026-640100-000007")
    await until(lambda: started(app, application_workflow_id(case_id)))
    handle = engine.get_workflow_handle(application_workflow_id(case_id))
    described = await handle.describe()
    attributes = {pair.key.name: pair.value for pair in described.typed_search_attributes}
    assert attributes["CaseNumber"] == "SD2026-640100-000007"
    assert (attributes["Branch"], attributes["Product"]) == ("640100", "nxb_project_loan")
    assert await described.static_summary() == "SD2026-640100-000007 · nxb_project_loan · 640100"
    await handle.signal("end")


async def test_a_start_that_is_rolled_back_is_not_made(app: FastAPI, engine: Client) -> None:
    case_id = new_id()
    with pytest.raises(RuntimeError, match="no"):
        async with app.state.database.session() as session:
            await request_start(
                session, APPLICATION_WORKFLOW, application_workflow_id(case_id), case_start(case_id, "SD-X")
            )
            raise RuntimeError("no")
    assert await gateway(app).make_starts() == 0
    async with app.state.database.session() as session:
        assert (await session.exec(select(StartRequest))).all() == []


async def test_a_process_has_one_beginning(app: FastAPI, engine: Client) -> None:
    case_id = await submitted(app, "SD2026-640100-000008")
    with pytest.raises(IntegrityError):
        async with app.state.database.session() as session:
            await request_start(
                session, APPLICATION_WORKFLOW, application_workflow_id(case_id), case_start(case_id, "SD-Y")
            )
            await session.flush()
    await until(lambda: started(app, application_workflow_id(case_id)))
    # A sweep that lost its answer finds the process there and is content.
    async with app.state.database.session() as session:
        row = (await session.exec(select(StartRequest))).one()
        row.started_at = None
        row.next_attempt_at = row.requested_at
    await until(lambda: started(app, application_workflow_id(case_id)))
    await engine.get_workflow_handle(application_workflow_id(case_id)).signal("end")


async def test_the_trace_of_the_request_reaches_the_start(app: FastAPI) -> None:
    tracer = TracerProvider().get_tracer("test")
    with tracer.start_as_current_span("submit") as span:
        case_id = await submitted(app, "SD2026-640100-000009")
        expected = trace.format_trace_id(span.get_span_context().trace_id)
    async with app.state.database.session() as session:
        workflow_id = application_workflow_id(case_id)
        row = (await session.exec(select(StartRequest).where(StartRequest.workflow_id == workflow_id))).one()
    assert row.traceparent.split("-")[1] == expected


async def test_with_the_engine_away_books_work_and_the_start_waits(
    settings: OriginationSettings, tokens: Tokens, engine: Client
) -> None:
    away = settings.model_copy(update={"temporal_address": f"127.0.0.1:{free_port()}"})
    app = create_app(away)
    async with app.router.lifespan_context(app):
        people = People(app, tokens, [])
        case_id = await submitted(app, "SD2026-640100-000010")
        workflow_id = application_workflow_id(case_id)
        auditor = await people.staff("shen.ji", "auditor", branch="HO")
        assert (await auditor.get(f"/v1/audit/cases/{case_id}/verify")).json()["intact"] is True
        reviewer = await people.staff("li.na", "reviewer", branch="HO")
        assert (await reviewer.get("/v1/tasks")).status_code == 200
        assert (
            await reviewer.post(f"/v1/tasks/{new_id()}/claim", json={}, headers={"If-Match": '"1"', **key()})
        ).status_code == 404

        async def tried() -> bool:
            async with app.state.database.session() as session:
                row = (await session.exec(select(StartRequest).where(StartRequest.workflow_id == workflow_id))).one()
            return bool(row.attempts > 0 and row.error_code != "")

        await until(tried)
        assert not await started(app, workflow_id)
        for client in people.clients:
            await client.aclose()
    back = create_app(settings)
    async with back.router.lifespan_context(back):
        await until(lambda: started(back, workflow_id))
    await engine.get_workflow_handle(workflow_id).signal("end")
