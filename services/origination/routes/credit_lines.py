"""``/v1/credit-lines``: the limit tree group → customer → line, and what stands under it."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response

from domain.books import CreditLineBody, CreditLineView
from services.kit.auth import allow
from services.kit.database import Database
from services.kit.etags import IfMatch, etag_of, if_match
from services.kit.idempotency import IdempotentCall, Reply, idempotent
from services.kit.paging import Page, PageRequest, link_next, paged
from services.kit.principal import Principal
from services.kit.router import Router
from services.origination.routes.roles import BOOKKEEPERS, STAFF
from services.origination.routes.sight import recorded
from services.origination.store import books

router = Router(prefix="/v1/credit-lines", tags=["credit-lines"], dependencies=[recorded()])


@router.post("", response_model=CreditLineView, status_code=201)
async def enter(
    request: Request,
    body: CreditLineBody,
    who: Annotated[Principal, allow(*BOOKKEEPERS, scope="branch")],
    call: Annotated[IdempotentCall, idempotent()],
) -> Response:
    """Enter a line as the lender's books have it. Under an umbrella its amount must fit."""
    database: Database = request.app.state.database

    async def effect(session: Any) -> Reply:
        row = await books.add_line(session, who, body)
        return Reply(
            201, books.line_view(row), {"Location": f"/v1/credit-lines/{row.id}", "ETag": etag_of(row.version)}
        )

    return await call.atomic(database, effect)


@router.get("", response_model=Page[CreditLineView])
async def listing(
    request: Request,
    response: Response,
    who: Annotated[Principal, allow(*STAFF, scope="branch")],
    page: Annotated[PageRequest, paged()],
    customer_id: Annotated[UUID | None, Query()] = None,
    group_id: Annotated[UUID | None, Query()] = None,
) -> Page[CreditLineView]:
    """Lines kept by the caller's branch, newest first."""
    database: Database = request.app.state.database
    async with database.session() as session:
        found = await books.lines(session, who, page, customer_id=customer_id, group_id=group_id)
    link_next(request, response, found.next_cursor)
    return Page(items=[books.line_view(row) for row in found.rows], next_cursor=found.next_cursor)


@router.get("/{line_id}", response_model=CreditLineView)
async def one(
    request: Request, response: Response, line_id: UUID, who: Annotated[Principal, allow(*STAFF, scope="branch")]
) -> CreditLineView:
    """One line."""
    database: Database = request.app.state.database
    async with database.session() as session:
        row = await books.visible_line(session, who, line_id)
    response.headers["ETag"] = etag_of(row.version)
    return books.line_view(row)


@router.put("/{line_id}", response_model=CreditLineView)
async def replace(
    request: Request,
    response: Response,
    line_id: UUID,
    body: CreditLineBody,
    who: Annotated[Principal, allow(*BOOKKEEPERS, scope="branch")],
    base: Annotated[IfMatch, if_match()],
) -> CreditLineView:
    """Bring a line up to date with the lender's books: amount, outstanding, period. Holder and number do not change."""
    database: Database = request.app.state.database
    async with database.session() as session:
        row = await books.visible_line(session, who, line_id, lock=True)
        base.check(row.version)
        row = await books.replace_line(session, who, row, body)
    response.headers["ETag"] = etag_of(row.version)
    return books.line_view(row)
