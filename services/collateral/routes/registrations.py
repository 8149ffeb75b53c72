"""Registrations of security interests."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.calendar import BANK_ZONE
from domain.collateral import Registration, RegistrationRequest
from domain.roles import Role
from services.collateral.calc.perfection import PURCHASE_MONEY_DAYS, purchase_money_priority
from services.collateral.dependencies import MACHINES, READERS, DatabaseDep
from services.collateral.store import interests
from services.collateral.store.scope import within_sight
from services.collateral.tables import Asset, SecurityInterest
from services.kit.auth import allow
from services.kit.database import now
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
    """Enter a security interest as a registry has it. The answer says whether it has purchase-money priority (§416)
    and how it ranks among all rights known to rest on the asset on the day of its registration."""
    if faults := _faults(body):
        raise Problem("invalid_request", errors=faults, count=len(faults))

    async def effect(session: AsyncSession) -> Reply:
        branch = await _branch(session, body)
        if branch is None or not who.sees_branch(branch):
            raise Problem("not_found")
        priority = purchase_money_priority(body.kind, body.delivered_on, body.registered_on, PURCHASE_MONEY_DAYS)
        row = await interests.enter(session, body, branch=branch, registered_by=who.subject, purchase_money=priority)
        [entered] = await interests.known(session, [row])
        rank = await interests.rank_of(session, entered, body.registered_on)
        return Reply(201, interests.view(entered, rank))

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
    as_of: Annotated[date | None, Query(description="business date of the ranks; today where it is left out")] = None,
    expiring_by: Annotated[date | None, Query(description="registered with an end up to this day")] = None,
) -> Page[Registration]:
    """Security interests, newest first, each with its rank. ``expiring_by`` looks at the end as first registered or, where it
    was extended, as last extended; what was cancelled expires no more."""
    statement = within_sight(select(SecurityInterest), who, col(SecurityInterest.branch))
    if case_id is not None:
        statement = statement.where(SecurityInterest.case_id == case_id)
    if asset_id is not None:
        statement = statement.where(SecurityInterest.asset_id == asset_id)
    if expiring_by is not None:
        statement = statement.where(interests.ends_by(expiring_by))
    day = as_of or now().astimezone(BANK_ZONE).date()
    async with database.session() as session:
        found = await fetch_page(session, statement, col(SecurityInterest.id), page)
        items = [
            interests.view(item, await interests.rank_of(session, item, max(day, item.row.registered_on)))
            for item in await interests.known(session, found.rows)
        ]
    link_next(request, response, found.next_cursor)
    return Page(items=items, next_cursor=found.next_cursor)


async def _branch(session: AsyncSession, entry: RegistrationRequest) -> str | None:
    """The branch of the asset, which must be one of the case; without an asset, that of the case."""
    if entry.asset_id is None:
        return await interests.branch_of_case(session, entry.case_id)
    asset = await session.get(Asset, entry.asset_id)
    return asset.branch if asset is not None and asset.case_id == entry.case_id else None


def _faults(body: RegistrationRequest) -> list[Fault]:
    faults = []
    if body.expires is not None and body.expires < body.registered_on:
        text = ("到期日早于登记日", "lies before the day of registration")
        faults.append(Fault("/expires", "expires_before_registration", *text))
    if body.agreed_on is not None and body.agreed_on > body.registered_on:
        text = ("担保合同签订日晚于登记日", "lies after the day of registration")
        faults.append(Fault("/agreed_on", "agreed_after_registration", *text))
    if body.registered_at is not None and _day_of(body.registered_at) != body.registered_on:
        text = ("与登记日不是同一天", "is not on the day of registration in the bank's zone")
        faults.append(Fault("/registered_at", "not_the_day", *text))
    return faults


def _day_of(moment: datetime) -> date:
    return moment.astimezone(BANK_ZONE).date()
