"""``/v1/intentions``: letters of intention. They stand beside the limit tree, never in it."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.application.text import Code
from domain.programmes import IntentionBody, IntentionView
from services.kit.auth import allow
from services.kit.database import Database, now
from services.kit.idempotency import IdempotentCall, Reply, idempotent
from services.kit.paging import Page, PageRequest, link_next, paged
from services.kit.principal import Principal
from services.kit.router import Router, problem_response
from services.origination.routes.roles import BOOKKEEPERS, STAFF
from services.origination.routes.sight import recorded
from services.origination.store import programmes
from services.origination.store.business_day import business_day
from services.origination.store.policies import PolicyShelf

router = Router(prefix="/v1/intentions", tags=["programmes"], dependencies=[recorded()])


@router.post("", response_model=IntentionView, status_code=201, responses={409: problem_response(409)})
async def enter(
    request: Request,
    body: IntentionBody,
    who: Annotated[Principal, allow(*BOOKKEEPERS, scope="branch")],
    call: Annotated[IdempotentCall, idempotent()],
) -> Response:
    """Enter a letter of intention. It consumes neither exposure nor limit; a line above its product's cap is to be split."""
    database: Database = request.app.state.database
    shelf: PolicyShelf = request.app.state.policies
    today = await business_day(database, shelf, now())

    async def effect(session: AsyncSession) -> Reply:
        row = await programmes.add_intention(session, who, body, today.bundle, today.day)
        return Reply(201, programmes.intention_view(row), {"Location": f"/v1/intentions/{row.id}"})

    return await call.atomic(database, effect)


@router.get("", response_model=Page[IntentionView])
async def listing(
    request: Request,
    response: Response,
    who: Annotated[Principal, allow(*STAFF, scope="branch")],
    page: Annotated[PageRequest, paged()],
    programme: Annotated[Code | None, Query()] = None,
    signing: Annotated[Code | None, Query()] = None,
) -> Page[IntentionView]:
    """Letters kept by the caller's branch, newest first."""
    database: Database = request.app.state.database
    async with database.session() as session:
        found = await programmes.intentions(session, who, page, programme=programme, signing=signing)
    link_next(request, response, found.next_cursor)
    return Page(items=[programmes.intention_view(row) for row in found.rows], next_cursor=found.next_cursor)


@router.get("/{intention_id}", response_model=IntentionView)
async def one(
    request: Request, intention_id: UUID, who: Annotated[Principal, allow(*STAFF, scope="branch")]
) -> IntentionView:
    """One letter."""
    database: Database = request.app.state.database
    async with database.session() as session:
        return programmes.intention_view(await programmes.visible_intention(session, who, intention_id))
