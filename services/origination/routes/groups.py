"""``/v1/groups``: connected clients that are one risk to the lender."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Request, Response

from domain.books import GroupBody, GroupView
from services.kit.auth import allow
from services.kit.database import Database, now
from services.kit.etags import IfMatch, etag_of, if_match
from services.kit.idempotency import IdempotentCall, Reply, idempotent
from services.kit.paging import Page, PageRequest, link_next, paged
from services.kit.principal import Principal
from services.kit.router import Router
from services.origination.routes.roles import BOOKKEEPERS, FRONT_OFFICE, STAFF
from services.origination.routes.sight import recorded
from services.origination.store import customers

router = Router(prefix="/v1/groups", tags=["groups"], dependencies=[recorded()])


@router.post("", response_model=GroupView, status_code=201)
async def enter(
    request: Request,
    body: GroupBody,
    who: Annotated[Principal, allow(*BOOKKEEPERS, scope="branch")],
    call: Annotated[IdempotentCall, idempotent()],
) -> Response:
    """Enter a group. Customers join it by naming it."""
    database: Database = request.app.state.database

    async def effect(session: Any) -> Reply:
        row = await customers.add_group(session, who, body)
        return Reply(201, customers.group_view(row), {"Location": f"/v1/groups/{row.id}", "ETag": etag_of(row.version)})

    return await call.atomic(database, effect)


@router.get("", response_model=Page[GroupView])
async def listing(
    request: Request,
    response: Response,
    who: Annotated[Principal, allow(*STAFF, scope="branch")],
    page: Annotated[PageRequest, paged()],
) -> Page[GroupView]:
    """Groups kept by the caller's branch, newest first."""
    database: Database = request.app.state.database
    async with database.session() as session:
        found = await customers.groups(session, who, page)
    link_next(request, response, found.next_cursor)
    return Page(items=[customers.group_view(row) for row in found.rows], next_cursor=found.next_cursor)


@router.get("/{group_id}", response_model=GroupView)
async def one(
    request: Request, response: Response, group_id: UUID, who: Annotated[Principal, allow(*STAFF, scope="branch")]
) -> GroupView:
    """One group."""
    database: Database = request.app.state.database
    async with database.session() as session:
        row = await customers.visible_group(session, who, group_id)
    response.headers["ETag"] = etag_of(row.version)
    return customers.group_view(row)


@router.put("/{group_id}", response_model=GroupView)
async def replace(
    request: Request,
    response: Response,
    group_id: UUID,
    body: GroupBody,
    who: Annotated[Principal, allow(*FRONT_OFFICE, scope="branch")],
    base: Annotated[IfMatch, if_match()],
) -> GroupView:
    """Replace what is known of a group."""
    database: Database = request.app.state.database
    async with database.session() as session:
        row = await customers.visible_group(session, who, group_id, lock=True)
        base.check(row.version)
        row.name, row.head_uscc, row.basis = body.name, body.head_uscc, body.basis.value
        if body.branch is not None:
            row.branch = customers.branch_of(who, body.branch)
        row.version += 1
        row.updated_at = now()
        session.add(row)
        await session.flush()
    response.headers["ETag"] = etag_of(row.version)
    return customers.group_view(row)
