"""The limit tree as it stands, and the reservations on it: ``/v1/groups/{id}/limits``, ``/v1/limit-reservations``."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from domain.books import GroupExposureView
from domain.limit_tree import LimitReservationView, LimitTree
from services.kit.auth import allow
from services.kit.database import Database
from services.kit.paging import Page, PageRequest, link_next, paged
from services.kit.principal import Principal
from services.kit.router import Router
from services.origination.routes.roles import STAFF
from services.origination.routes.sight import recorded
from services.origination.store import customers, limit_tree
from services.origination.store.exposures import group_exposure_of

router = Router(tags=["limits"], dependencies=[recorded()])

Reader = Annotated[Principal, allow(*STAFF, scope="branch")]
Lender = Annotated[str, Query(min_length=1, max_length=64)]


@router.get("/v1/groups/{group_id}/limits", response_model=LimitTree)
async def of_group(
    request: Request, group_id: UUID, who: Reader, lender_id: Lender, as_of: Annotated[date, Query()]
) -> LimitTree:
    """Ceiling, allocated, reserved, committed, drawn and available at every node under a group."""
    database: Database = request.app.state.database
    async with database.reading() as session:
        group = await customers.visible_group(session, who, group_id)
        return await limit_tree.group_tree(session, group, lender_id, as_of)


@router.get("/v1/customers/{customer_id}/limits", response_model=LimitTree)
async def of_customer(
    request: Request, customer_id: UUID, who: Reader, lender_id: Lender, as_of: Annotated[date, Query()]
) -> LimitTree:
    """The part of the tree that is a customer's own."""
    database: Database = request.app.state.database
    async with database.reading() as session:
        customer = await customers.visible_customer(session, who, customer_id)
        return await limit_tree.customer_tree(session, customer, lender_id, as_of)


@router.get("/v1/groups/{group_id}/exposure", response_model=GroupExposureView)
async def exposure(
    request: Request, group_id: UUID, who: Reader, lender_id: Lender, as_of: Annotated[date, Query()]
) -> GroupExposureView:
    """What the lender has at stake with a group and each member of it on a day, in three measures."""
    database: Database = request.app.state.database
    async with database.reading() as session:
        group = await customers.visible_group(session, who, group_id)
        return await group_exposure_of(session, group, lender_id, as_of)


@router.get("/v1/limit-reservations", response_model=Page[LimitReservationView])
async def reservations(
    request: Request,
    response: Response,
    who: Reader,
    page: Annotated[PageRequest, paged()],
    case_id: Annotated[UUID | None, Query()] = None,
    customer_id: Annotated[UUID | None, Query()] = None,
    group_id: Annotated[UUID | None, Query()] = None,
    line_id: Annotated[UUID | None, Query()] = None,
    standing: Annotated[bool, Query(description="only what still holds something")] = False,
) -> Page[LimitReservationView]:
    """What cases of the caller's branch hold and held of the limits, each with its movements, newest first."""
    database: Database = request.app.state.database
    async with database.reading() as session:
        found = await limit_tree.reservations(
            session,
            who,
            page,
            case_id=case_id,
            customer_id=customer_id,
            group_id=group_id,
            line_id=line_id,
            standing=standing,
        )
        items = await limit_tree.views(session, found.rows)
    link_next(request, response, found.next_cursor)
    return Page(items=items, next_cursor=found.next_cursor)
