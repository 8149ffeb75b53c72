"""Allocations of assets to facilities."""

from decimal import Decimal
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.collateral import Allocation, AllocationRequest
from services.collateral.dependencies import CUSTODIANS, READERS, DatabaseDep
from services.collateral.store import allocations
from services.collateral.store.scope import within_sight
from services.collateral.tables import AllocationRow, Asset
from services.kit.auth import allow
from services.kit.idempotency import IdempotentCall, Reply, idempotent
from services.kit.paging import Page, PageRequest, fetch_page, link_next, paged
from services.kit.principal import Principal
from services.kit.problems import Problem
from services.kit.router import Router, problem_response

router = Router(tags=["allocations"])


@router.post("/v1/allocations", status_code=201, response_model=Allocation, responses={404: problem_response(404)})
async def allocate(
    body: AllocationRequest,
    who: Annotated[Principal, allow(*CUSTODIANS, scope="branch")],
    call: Annotated[IdempotentCall, idempotent()],
    database: DatabaseDep,
) -> Response:
    """Let a share of an asset secure a facility. The shares of all facilities never exceed the whole, and the facility of
    another case comes behind those that are there: at a rank that says so."""

    async def effect(session: AsyncSession) -> Reply:
        # The asset's row is held while its shares are counted, so that two facilities cannot take the same part.
        asset = await session.get(Asset, body.asset_id, with_for_update=True)
        if asset is None or not who.sees_branch(asset.branch):
            raise Problem("not_found")
        if asset.released_at is not None:
            raise Problem("asset_released")
        first = await allocations.comes_behind(session, asset, body.case_id, body.rank)
        if first is not None:
            raise Problem("asset_pledged", first=first.case_number, rank=first.rank)
        left = Decimal(1) - await allocations.allocated_share(session, asset)
        if body.share > left:
            raise Problem("asset_over_allocated", left=f"{left:.8f}")
        return Reply(201, await allocations.add(session, body, who.subject))

    return await call.atomic(database, effect)


@router.get("/v1/allocations", response_model=Page[Allocation])
async def listing(
    request: Request,
    response: Response,
    who: Annotated[Principal, allow(*READERS, scope="branch")],
    page: Annotated[PageRequest, paged()],
    database: DatabaseDep,
    case_id: Annotated[UUID | None, Query(description="allocations of this case")] = None,
    facility_id: Annotated[UUID | None, Query(description="allocations to this facility")] = None,
    asset_id: Annotated[UUID | None, Query(description="allocations of this asset")] = None,
) -> Page[Allocation]:
    """Allocations, newest first."""
    statement = select(AllocationRow).join(Asset, col(Asset.id) == col(AllocationRow.asset_id))
    statement = within_sight(statement, who, col(Asset.branch))
    if case_id is not None:
        statement = statement.where(AllocationRow.case_id == case_id)
    if facility_id is not None:
        statement = statement.where(AllocationRow.facility_id == facility_id)
    if asset_id is not None:
        statement = statement.where(AllocationRow.asset_id == asset_id)
    async with database.session() as session:
        found = await fetch_page(session, statement, col(AllocationRow.id), page)
    link_next(request, response, found.next_cursor)
    return Page(items=[allocations.view(row) for row in found.rows], next_cursor=found.next_cursor)
