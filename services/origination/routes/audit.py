"""``/v1/audit``: the events of a case, its state at any instant, the proof of its chain, and the refusals."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response
from pydantic import AwareDatetime
from sqlmodel import col, select

from domain.inbox import RefusalView
from domain.model import Value
from domain.roles import Role
from services.kit.auth import allow
from services.kit.database import Database
from services.kit.paging import Page, PageRequest, fetch_page, link_next, paged
from services.kit.principal import Principal
from services.kit.router import Router
from services.origination.store import events
from services.origination.store.refusals import foreign, refusals
from services.origination.tables.cases import Application
from services.origination.tables.events import AccessRefusal, CaseEvent

router = Router(tags=["audit"])

_AUDITOR = (str(Role.AUDITOR),)


class EventView(Value):
    """One event of a case as it was written: its payload holds personal fields as ciphertext."""

    event_id: UUID
    seq: int
    kind: str
    actor: dict[str, Any]
    at: datetime
    payload: dict[str, Any]
    prev_hash: str
    hash: str


class CaseStateView(Value):
    """The rows of a case's tables as they stood at an instant, put together from its events."""

    case_id: UUID
    at: datetime
    tables: dict[str, list[dict[str, Any]]]


@router.get("/v1/audit/cases/{case_id}/events", response_model=Page[EventView])
async def case_events(
    request: Request,
    response: Response,
    case_id: UUID,
    who: Annotated[Principal, allow(*_AUDITOR, scope="branch")],
    page: Annotated[PageRequest, paged()],
) -> Page[EventView]:
    """The events of a case in the order in which they happened."""
    await _visible(request, who, case_id)
    database: Database = request.app.state.database
    async with database.session() as session:
        statement = select(CaseEvent).where(CaseEvent.case_id == case_id)
        found = await fetch_page(session, statement, col(CaseEvent.id), page, newest_first=False)
    link_next(request, response, found.next_cursor)
    return Page(items=[_event_view(row) for row in found.rows], next_cursor=found.next_cursor)


@router.get("/v1/audit/cases/{case_id}/state", response_model=CaseStateView)
async def case_state(
    request: Request,
    case_id: UUID,
    who: Annotated[Principal, allow(*_AUDITOR, scope="branch")],
    at: Annotated[AwareDatetime, Query(description="an instant with its zone")],
) -> CaseStateView:
    """The case as it stood at an instant."""
    await _visible(request, who, case_id)
    database: Database = request.app.state.database
    async with database.session() as session:
        state = await events.state_at(session, case_id, at)
    return CaseStateView(case_id=case_id, at=at, tables={name: list(rows.values()) for name, rows in state.items()})


@router.get("/v1/audit/cases/{case_id}/verify", response_model=events.ChainVerdict)
async def verify_case(
    request: Request, case_id: UUID, who: Annotated[Principal, allow(*_AUDITOR, scope="branch")]
) -> events.ChainVerdict:
    """Whether the chain of a case's events is whole: every hash recomputed, the signature of its head checked."""
    await _visible(request, who, case_id)
    database: Database = request.app.state.database
    async with database.session() as session:
        return await events.verify(session, case_id)


@router.get("/v1/audit/refusals", response_model=Page[RefusalView])
async def refusal_register(
    request: Request,
    response: Response,
    who: Annotated[Principal, allow(*_AUDITOR, scope="none")],
    page: Annotated[PageRequest, paged()],
    subject: Annotated[str, Query(max_length=200)] = "",
    code: Annotated[str, Query(max_length=64)] = "",
) -> Page[RefusalView]:
    """Refused accesses and commands, newest first."""
    database: Database = request.app.state.database
    async with database.session() as session:
        found = await refusals(session, page, subject=subject, code=code)
    link_next(request, response, found.next_cursor)
    return Page(items=[_refusal_view(row) for row in found.rows], next_cursor=found.next_cursor)


async def _visible(request: Request, who: Principal, case_id: UUID) -> None:
    database: Database = request.app.state.database
    async with database.session() as session:
        application = await session.get(Application, case_id)
    if application is None or not who.sees_branch(application.branch):
        raise await foreign(request, who)


def _event_view(row: CaseEvent) -> EventView:
    return EventView(
        event_id=row.id,
        seq=row.seq,
        kind=row.kind,
        actor=row.actor,
        at=row.at,
        payload=row.payload,
        prev_hash=row.prev_hash,
        hash=row.hash,
    )


def _refusal_view(row: AccessRefusal) -> RefusalView:
    return RefusalView(
        refusal_id=row.id,
        at=row.at,
        subject=row.subject,
        kind=row.kind,
        branch=row.branch,
        method=row.method,
        route=row.route,
        object_ids=tuple(row.object_ids),
        code=row.code,
        rule=row.rule,
        trace_id=row.trace_id,
    )
