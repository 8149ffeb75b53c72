"""``/v1/customers``: legal entities the lender knows, before and beyond any application."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response

from domain.books import CustomerBody, CustomerView, ExposureView
from domain.identity import Uscc
from services.kit.auth import allow
from services.kit.database import Database
from services.kit.etags import IfMatch, etag_of, if_match
from services.kit.idempotency import IdempotentCall, Reply, idempotent
from services.kit.paging import Page, PageRequest, link_next, paged
from services.kit.principal import Principal
from services.kit.router import Router
from services.origination.routes.roles import BOOKKEEPERS, FRONT_OFFICE, READERS, STAFF
from services.origination.routes.sight import recorded
from services.origination.store import customers
from services.origination.store.exposures import exposure_of, with_capital

router = Router(prefix="/v1/customers", tags=["customers"], dependencies=[recorded()])


@router.post("", response_model=CustomerView, status_code=201)
async def enter(
    request: Request,
    body: CustomerBody,
    who: Annotated[Principal, allow(*BOOKKEEPERS, scope="branch")],
    call: Annotated[IdempotentCall, idempotent()],
) -> Response:
    """Enter a customer with what is known of it. The code must be new to the lender's books (409 otherwise)."""
    database: Database = request.app.state.database

    async def effect(session: Any) -> Reply:
        row = await customers.add_customer(session, who, body)
        headers = {"Location": f"/v1/customers/{row.id}", "ETag": etag_of(row.version)}
        return Reply(201, customers.customer_view(row), headers)

    return await call.atomic(database, effect)


@router.get("", response_model=Page[CustomerView])
async def listing(
    request: Request,
    response: Response,
    who: Annotated[Principal, allow(*READERS, scope="branch")],
    page: Annotated[PageRequest, paged()],
    uscc: Annotated[Uscc | None, Query()] = None,
    group_id: Annotated[UUID | None, Query()] = None,
) -> Page[CustomerView]:
    """Customers of the caller's branch, newest first."""
    database: Database = request.app.state.database
    async with database.session() as session:
        found = await customers.customers(session, who, page, uscc=uscc, group_id=group_id)
    link_next(request, response, found.next_cursor)
    return Page(items=[customers.customer_view(row) for row in found.rows], next_cursor=found.next_cursor)


@router.get("/{customer_id}", response_model=CustomerView)
async def one(
    request: Request,
    response: Response,
    customer_id: UUID,
    who: Annotated[Principal, allow(*READERS, scope="branch")],
) -> CustomerView:
    """One customer, with the version to change it from."""
    database: Database = request.app.state.database
    async with database.session() as session:
        row = await customers.visible_customer(session, who, customer_id)
    response.headers["ETag"] = etag_of(row.version)
    return customers.customer_view(row)


@router.put("/{customer_id}", response_model=CustomerView)
async def replace(
    request: Request,
    response: Response,
    customer_id: UUID,
    body: CustomerBody,
    who: Annotated[Principal, allow(*FRONT_OFFICE, scope="branch")],
    base: Annotated[IfMatch, if_match()],
) -> CustomerView:
    """Replace what is known of a customer."""
    database: Database = request.app.state.database
    async with database.session() as session:
        row = await customers.visible_customer(session, who, customer_id, lock=True)
        base.check(row.version)
        row = await customers.replace_customer(session, who, row, body)
    response.headers["ETag"] = etag_of(row.version)
    return customers.customer_view(row)


@router.get("/{customer_id}/exposure", response_model=ExposureView)
async def exposure(
    request: Request,
    customer_id: UUID,
    who: Annotated[Principal, allow(*STAFF, scope="branch")],
    lender_id: Annotated[str, Query(min_length=1, max_length=64)],
    as_of: Annotated[date, Query()],
) -> ExposureView:
    """What the lender has at stake with the customer and its group on a day, in three measures, beside its capital."""
    database: Database = request.app.state.database
    async with database.session() as session:
        row = await customers.visible_customer(session, who, customer_id)
        return await with_capital(session, await exposure_of(session, row, lender_id, as_of))
