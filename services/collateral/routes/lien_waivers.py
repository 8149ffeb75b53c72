"""Waivers of possessory liens by the operators of the rooms that servers stand in."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.security_interest import LienWaiver, LienWaiverEntry
from services.collateral.dependencies import CUSTODIANS, READERS, DatabaseDep
from services.collateral.store import waivers
from services.collateral.store.scope import within_sight
from services.collateral.tables import Asset, LienWaiverRow
from services.kit.auth import allow
from services.kit.idempotency import IdempotentCall, Reply, idempotent
from services.kit.paging import Page, PageRequest, fetch_page, link_next, paged
from services.kit.principal import Principal
from services.kit.problems import Fault, Problem
from services.kit.router import Router, problem_response

router = Router(tags=["lien waivers"])


@router.post("/v1/lien-waivers", status_code=201, response_model=LienWaiver, responses={404: problem_response(404)})
async def enter(
    body: LienWaiverEntry,
    who: Annotated[Principal, allow(*CUSTODIANS, scope="branch")],
    call: Annotated[IdempotentCall, idempotent()],
    database: DatabaseDep,
) -> Response:
    """Enter a waiver for one site. Without it the operator's lien ranks before every mortgage and pledge (§456)."""
    if body.valid_until is not None and body.valid_until < body.signed_on:
        raise Problem("invalid_request", errors=[_ENDED_BEFORE], count=1)

    async def effect(session: AsyncSession) -> Reply:
        asset = await session.get(Asset, body.asset_id)
        if asset is None or not who.sees_branch(asset.branch):
            raise Problem("not_found")
        if asset.released_at is not None:
            raise Problem("asset_released")
        return Reply(201, await waivers.add(session, asset, body, who.subject))

    return await call.atomic(database, effect)


@router.get("/v1/lien-waivers", response_model=Page[LienWaiver])
async def listing(
    request: Request,
    response: Response,
    who: Annotated[Principal, allow(*READERS, scope="branch")],
    page: Annotated[PageRequest, paged()],
    database: DatabaseDep,
    asset_id: Annotated[UUID | None, Query(description="waivers for this asset")] = None,
) -> Page[LienWaiver]:
    """Waivers, newest first."""
    statement = within_sight(select(LienWaiverRow), who, col(LienWaiverRow.branch))
    if asset_id is not None:
        statement = statement.where(LienWaiverRow.asset_id == asset_id)
    async with database.session() as session:
        found = await fetch_page(session, statement, col(LienWaiverRow.id), page)
    link_next(request, response, found.next_cursor)
    return Page(items=[waivers.view(row) for row in found.rows], next_cursor=found.next_cursor)


_ENDED_BEFORE = Fault("/valid_until", "ends_before_it_begins", "失效日早于签署日", "lies before the day of signing")
