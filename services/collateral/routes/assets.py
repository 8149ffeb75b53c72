"""The register of assets."""

from collections.abc import Callable
from datetime import date
from typing import Annotated, Final
from uuid import UUID

from fastapi import Query, Request, Response
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.application.serials import serial_identity
from domain.collateral import (
    AssetRegistration,
    AssetView,
    CaseRelease,
    Holders,
    HoldersRequest,
    Perfection,
    RegisteredAsset,
    ReleasedAssets,
)
from services.collateral import sources
from services.collateral.calc.inventory import ListCheck, claimed
from services.collateral.calc.perfection import PURCHASE_MONEY_DAYS, registration_deadline
from services.collateral.dependencies import MACHINES, READERS, BooksDep, DatabaseDep
from services.collateral.store import interests, register, searches, waivers
from services.collateral.store.scope import within_sight
from services.collateral.tables import RELEASED, Asset, Server
from services.kit.auth import allow, record_refusal
from services.kit.idempotency import IdempotentCall, Reply, idempotent
from services.kit.paging import Page, PageRequest, fetch_page, link_next, paged
from services.kit.principal import Principal
from services.kit.problems import Fault, Problem
from services.kit.router import JSON_LIMIT, Router, problem_response

router = Router(tags=["assets"])

# An inventory of the largest size the schema admits, with room for its UUIDs.
_INVENTORY_LIMIT = 16 * JSON_LIMIT


@router.post("/v1/assets", response_model=RegisteredAsset, max_body_size=_INVENTORY_LIMIT)
async def enter(
    body: AssetRegistration,
    who: Annotated[Principal, allow(*MACHINES)],
    call: Annotated[IdempotentCall, idempotent()],
    database: DatabaseDep,
) -> Response:
    """Enter an asset of a case, or bring its entry up to date. Serials that secure another case come back as conflicts."""
    faults = _repeated(body)
    if faults:
        raise Problem("invalid_request", errors=faults, count=len(faults))

    async def effect(session: AsyncSession) -> Reply:
        return Reply(200, await register.register(session, body))

    return await call.atomic(database, effect)


@router.get("/v1/assets", response_model=Page[AssetView])
async def listing(
    request: Request,
    response: Response,
    who: Annotated[Principal, allow(*READERS, scope="branch")],
    page: Annotated[PageRequest, paged()],
    database: DatabaseDep,
    case_id: Annotated[UUID | None, Query(description="assets of this case")] = None,
    serial: Annotated[str | None, Query(max_length=64, description="assets with a server of this serial")] = None,
) -> Page[AssetView]:
    """Assets, newest first."""
    statement = within_sight(select(Asset), who, col(Asset.branch))
    if case_id is not None:
        statement = statement.where(Asset.case_id == case_id)
    if serial is not None:
        claims = select(Server.asset_id).where(Server.serial == serial_identity(serial), Server.state != RELEASED)
        statement = statement.where(col(Asset.id).in_(claims))
    async with database.session() as session:
        found = await fetch_page(session, statement, col(Asset.id), page)
        items = await register.views(session, found.rows)
    link_next(request, response, found.next_cursor)
    return Page(items=items, next_cursor=found.next_cursor)


@router.post("/v1/holders", response_model=Holders)
async def holders(body: HoldersRequest, who: Annotated[Principal, allow(*MACHINES)], database: DatabaseDep) -> Holders:
    """Which cases hold or claim servers of these serials. It reads only, so it takes no key."""
    async with database.session() as session:
        return Holders(items=await register.holders(session, body.serials))


@router.get("/v1/assets/{asset_id}", response_model=AssetView)
async def one(
    asset_id: UUID,
    request: Request,
    who: Annotated[Principal, allow(*READERS, scope="branch")],
    database: DatabaseDep,
) -> AssetView:
    """An asset with its contested serials."""
    async with database.session() as session:
        asset = await session.get(Asset, asset_id)
        if asset is not None and who.sees_branch(asset.branch):
            return (await register.views(session, [asset]))[0]
    await record_refusal(request, "not_found", principal=who, reason="scope")
    raise Problem("not_found")


@router.get("/v1/assets/{asset_id}/perfection", response_model=Perfection, responses={502: problem_response(502)})
async def perfection(
    asset_id: UUID,
    request: Request,
    who: Annotated[Principal, allow(*READERS, scope="branch")],
    database: DatabaseDep,
    books: BooksDep,
    delivered_on: Annotated[date, Query(ge=date(2000, 1, 1), le=date(2100, 1, 1), description="day of delivery")],
    as_of: Annotated[date, Query(ge=date(2000, 1, 1), le=date(2100, 1, 1), description="business date")],
) -> Perfection:
    """By when security in goods delivered on a day must be registered, and how the rights in the asset rank."""
    async with database.session() as session:
        asset = await session.get(Asset, asset_id)
        seen = asset is not None and who.sees_branch(asset.branch)
        ranked = await interests.ranked(session, asset, as_of) if asset is not None and seen else ()
        searched = await searches.latest(session, asset_id, as_of)
        sites = await waivers.sites(session, asset_id, as_of)
    if not seen:
        await record_refusal(request, "not_found", principal=who, reason="scope")
        raise Problem("not_found")
    calendar = await sources.calendar(books, as_of)
    due = registration_deadline(delivered_on, PURCHASE_MONEY_DAYS, calendar)
    return Perfection(
        asset_id=asset_id,
        delivered_on=delivered_on,
        deadline=due.deadline,
        alert_on=due.alert_on,
        provisional=due.provisional,
        interests=ranked,
        searched_on=None if searched is None else searched.as_of,
        sites=sites,
    )


@router.post("/v1/releases", response_model=ReleasedAssets)
async def release(
    body: CaseRelease,
    who: Annotated[Principal, allow(*MACHINES)],
    call: Annotated[IdempotentCall, idempotent()],
    database: DatabaseDep,
) -> Response:
    """Set a case's assets free when it ends: their serials may secure another case."""

    async def effect(session: AsyncSession) -> Reply:
        assets, servers = await register.release_case(session, body.case_id)
        return Reply(200, ReleasedAssets(case_id=body.case_id, assets=assets, servers=servers))

    return await call.atomic(database, effect)


def _repeated(entry: AssetRegistration) -> list[Fault]:
    """A server listed twice, or a GPU in two servers, whichever way they are written: counted twice, lent on twice."""
    check = ListCheck()
    return [
        Fault(f"/servers/{index}/{fault.field}", fault.code, *_TEXTS[fault.code](fault.other + 1))
        for index, server in enumerate(map(claimed, entry.servers))
        for fault in check.faults(server, index)
    ]


_TEXTS: Final[dict[str, Callable[[int], tuple[str, str]]]] = {
    "duplicate_serial": lambda first: (f"序列号与第 {first} 台重复", f"repeats the serial of server {first}"),
    "duplicate_gpu": lambda first: (f"GPU 标识与第 {first} 台重复", f"repeats a GPU identifier of server {first}"),
    "too_many_gpus": lambda _: ("GPU 标识多于 GPU 数量", "lists more GPU identifiers than the server has GPUs"),
    "wrong_format": lambda _: ("格式不符", "does not have the right format"),
}
