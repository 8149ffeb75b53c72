"""Registrations of security interests."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.collateral import Registration, RegistrationRequest
from domain.roles import Role
from services.collateral.calc.perfection import purchase_money_priority
from services.collateral.dependencies import MACHINES, READERS, DatabaseDep
from services.collateral.routes.assets import PURCHASE_MONEY_DAYS
from services.collateral.store import interests
from services.collateral.store.scope import within_sight
from services.collateral.tables import Asset, SecurityInterest
from services.kit.auth import allow
from services.kit.idempotency import IdempotentCall, Reply, idempotent
from services.kit.paging import Page, PageRequest, fetch_page, link_next, paged
from services.kit.principal import Principal
from services.kit.problems import Fault, Problem
from services.kit.router import Router, problem_response

router = Router(tags=["registrations"])


@router.post("/v1/registrations", status_code=201, response_model=Registration, responses={404: problem_response(404)})
async def enter(
    body: RegistrationRequest,
    who: Annotated[Principal, allow(*MACHINES, Role.COLLATERAL_OFFICER, scope="branch")],
    call: Annotated[IdempotentCall, idempotent()],
    database: DatabaseDep,
) -> Response:
    """Enter a security interest as the registry has it. The answer says whether it has purchase-money priority (§416)
    and how it ranks among all rights known to rest on the asset."""
    if body.expires is not None and body.expires < body.registered_on:
        raise Problem("invalid_request", errors=[_EXPIRED_BEFORE], count=1)

    async def effect(session: AsyncSession) -> Reply:
        branch = await _branch(session, body)
        if branch is None or not who.sees_branch(branch):
            raise Problem("not_found")
        priority = purchase_money_priority(body.kind, body.delivered_on, body.registered_on, PURCHASE_MONEY_DAYS)
        row = await interests.enter(session, body, branch=branch, registered_by=who.subject, purchase_money=priority)
        return Reply(201, interests.view(row, await interests.rank_of(session, row)))

    return await call.atomic(database, effect)


@router.get("/v1/registrations", response_model=Page[Registration])
async def listing(
    request: Request,
    response: Response,
    who: Annotated[Principal, allow(*READERS, scope="branch")],
    page: Annotated[PageRequest, paged()],
    database: DatabaseDep,
    case_id: Annotated[UUID | None, Query(description="registrations of this case")] = None,
    asset_id: Annotated[UUID | None, Query(description="registrations on this asset")] = None,
) -> Page[Registration]:
    """Security interests, newest first, each with its rank as of now."""
    statement = within_sight(select(SecurityInterest), who, col(SecurityInterest.branch))
    if case_id is not None:
        statement = statement.where(SecurityInterest.case_id == case_id)
    if asset_id is not None:
        statement = statement.where(SecurityInterest.asset_id == asset_id)
    async with database.session() as session:
        found = await fetch_page(session, statement, col(SecurityInterest.id), page)
        items = [interests.view(row, await interests.rank_of(session, row)) for row in found.rows]
    link_next(request, response, found.next_cursor)
    return Page(items=items, next_cursor=found.next_cursor)


async def _branch(session: AsyncSession, entry: RegistrationRequest) -> str | None:
    """The branch of the asset, which must be one of the case; without an asset, that of the case."""
    if entry.asset_id is None:
        return await interests.branch_of_case(session, entry.case_id)
    asset = await session.get(Asset, entry.asset_id)
    return asset.branch if asset is not None and asset.case_id == entry.case_id else None


_EXPIRED_BEFORE = Fault(
    "/expires",
    "expires_before_registration",
    "到期日早于登记日",
    "lies before the day of registration",
)
