"""``/v1/visits``: visits of a campaign, and the applications that come of the needs they found."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.application import ApplicationContent
from domain.application.text import Code
from domain.casefile import ApplicationView
from domain.visits import VisitApplicationBody, VisitBody, VisitImport, VisitImportResult, VisitView
from services.kit.auth import allow
from services.kit.database import Database, now
from services.kit.etags import etag_of
from services.kit.idempotency import IdempotentCall, Reply, idempotent
from services.kit.paging import Page, PageRequest, link_next, paged
from services.kit.principal import Principal
from services.kit.problems import Problem
from services.kit.router import Router, problem_response
from services.origination.routes.roles import BOOKKEEPERS, FRONT_OFFICE, STAFF
from services.origination.routes.sight import recorded
from services.origination.store import drafting, visits
from services.origination.store.business_day import BusinessDay, business_day
from services.origination.store.policies import PolicyShelf

router = Router(prefix="/v1/visits", tags=["visits"], dependencies=[recorded()])

IMPORT_LIMIT = 4_000_000
"""Bytes of a campaign's list: 5000 visits with names and needs."""


@router.post("", response_model=VisitView, status_code=201, responses={409: problem_response(409)})
async def enter(
    request: Request,
    body: VisitBody,
    who: Annotated[Principal, allow(*BOOKKEEPERS, scope="branch")],
    call: Annotated[IdempotentCall, idempotent()],
) -> Response:
    """Enter a visit to a firm, with the need it found where it found one."""
    today = await _today(request)

    async def effect(session: AsyncSession) -> Reply:
        row = await visits.enter(session, who, body, today.bundle, today.calendar, today.day)
        headers = {"Location": f"/v1/visits/{row.id}", "ETag": etag_of(row.version)}
        return Reply(201, visits.visit_view(row, today.day), headers)

    return await call.atomic(request.app.state.database, effect)


@router.post(
    "/import",
    response_model=VisitImportResult,
    status_code=201,
    max_body_size=IMPORT_LIMIT,
    responses={409: problem_response(409)},
)
async def take_in(
    request: Request,
    body: VisitImport,
    who: Annotated[Principal, allow(*BOOKKEEPERS, scope="branch")],
    call: Annotated[IdempotentCall, idempotent()],
) -> Response:
    """Take in a campaign's list up to a day for which the lender announced its counts: they are the checksum. All or nothing."""
    today = await _today(request)

    async def effect(session: AsyncSession) -> Reply:
        return Reply(201, await visits.take_in(session, who, body, today.bundle, today.calendar, today.day))

    return await call.atomic(request.app.state.database, effect)


@router.get("", response_model=Page[VisitView], responses={409: problem_response(409)})
async def listing(
    request: Request,
    response: Response,
    who: Annotated[Principal, allow(*STAFF, scope="branch")],
    page: Annotated[PageRequest, paged()],
    programme: Annotated[Code | None, Query()] = None,
    with_need: Annotated[
        bool | None, Query(description="only visits that found a need, or only those that did not")
    ] = None,
) -> Page[VisitView]:
    """Visits of the caller's branch, newest first."""
    today = await _today(request)
    database: Database = request.app.state.database
    async with database.session() as session:
        found = await visits.visits(session, who, page, programme=programme, with_need=with_need)
    link_next(request, response, found.next_cursor)
    return Page(items=[visits.visit_view(row, today.day) for row in found.rows], next_cursor=found.next_cursor)


@router.get("/{visit_id}", response_model=VisitView, responses={409: problem_response(409)})
async def one(
    request: Request, response: Response, visit_id: UUID, who: Annotated[Principal, allow(*STAFF, scope="branch")]
) -> VisitView:
    """One visit, with where the promise of its green channel stands."""
    today = await _today(request)
    database: Database = request.app.state.database
    async with database.session() as session:
        row = await visits.visible_visit(session, who, visit_id)
    response.headers["ETag"] = etag_of(row.version)
    return visits.visit_view(row, today.day)


@router.post(
    "/{visit_id}/application",
    response_model=ApplicationView,
    status_code=201,
    responses={409: problem_response(409)},
)
async def open_application(
    request: Request,
    visit_id: UUID,
    body: VisitApplicationBody,
    who: Annotated[Principal, allow(*FRONT_OFFICE, scope="branch")],
    call: Annotated[IdempotentCall, idempotent()],
) -> Response:
    """Open the draft that answers a visit's need; its header names the visit. A visit without need has none."""
    today = await _today(request)

    async def effect(session: AsyncSession) -> Reply:
        visit = await visits.visible_visit(session, who, visit_id, lock=True)
        if visit.need_purpose is None:
            raise Problem("visit_without_need")
        if visit.application_id is not None:
            raise Problem("visit_answered")
        content = ApplicationContent(
            lender_id=body.lender_id, customer_id=body.customer_id, visit_id=str(visit.id), application_date=today.day
        )
        row = await drafting.open_draft(session, who, content, answered_on=today.day)
        headers = {"Location": f"/v1/applications/{row.case_id}", "ETag": etag_of(row.version)}
        return Reply(201, await drafting.shown(session, row), headers)

    return await call.atomic(request.app.state.database, effect)


async def _today(request: Request) -> BusinessDay:
    database: Database = request.app.state.database
    shelf: PolicyShelf = request.app.state.policies
    return await business_day(database, shelf, now())
