"""The registry of movables as collateral officers use it: search, file, extend, cancel."""

import hashlib
from collections.abc import Awaitable
from datetime import date
from typing import Annotated, Any, Final, TypeVar
from uuid import UUID

from fastapi import Request, Response
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.calendar import BANK_ZONE
from domain.canonical import canonical, sha256_of
from domain.collateral import Registration, RegistrationRequest, SecurityKind
from domain.finding import Finding
from domain.security_interest import (
    CancellationRequest,
    ExtensionRequest,
    FilingRequest,
    RegistrySearch,
    SearchedEntry,
    SearchInputs,
    SearchRequest,
)
from services.collateral.calc import registry_search
from services.collateral.calc.perfection import FILED_WITH_MOVABLES, PURCHASE_MONEY_DAYS, purchase_money_priority
from services.collateral.dependencies import (
    CUSTODIANS,
    READERS,
    DatabaseDep,
    DocumentsDep,
    RegistryDep,
    SettingsDep,
)
from services.collateral.registry.adapter import Filing, RegistryEntry, RegistryRefused, RegistryUnavailable
from services.collateral.store import interests, register, searches
from services.collateral.tables import Asset, RegistrySearchRow, SecurityInterest, findings
from services.kit.auth import allow, record_refusal
from services.kit.database import Database, new_id, now
from services.kit.idempotency import Begin, IdempotentCall, Reply, Reservation, idempotent
from services.kit.principal import Principal
from services.kit.problems import Fault, Problem
from services.kit.router import Router, problem_response

router = Router(tags=["registry"])

T = TypeVar("T")

REGISTRY_NAME: Final = "动产融资统一登记公示系统"
_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    404: problem_response(404),
    409: problem_response(409),
    503: problem_response(503),
}


@router.post("/v1/registry-searches", response_model=Finding[RegistrySearch], responses=_ANSWERS)
async def search(
    body: SearchRequest,
    request: Request,
    who: Annotated[Principal, allow(*CUSTODIANS, scope="branch")],
    call: Annotated[IdempotentCall, idempotent()],
    database: DatabaseDep,
    registry: RegistryDep,
) -> Response:
    """Search the registry for what rests on an asset, before a security interest is taken and after it is registered. The
    finding fails where another's entry names one of its servers."""
    reservation = await _reserved(call, database, request, who, body.asset_id)
    if reservation.replayed is not None:
        return reservation.replayed
    entries = await _asked(call, database, reservation, registry.search(body.debtor_uscc))
    if isinstance(entries, Response):
        return entries

    async def effect(session: AsyncSession) -> Reply:
        asset = await session.get(Asset, body.asset_id)
        assert asset is not None
        known = await interests.of_asset(session, asset.id)
        inputs = SearchInputs(
            asset_id=asset.id,
            debtor_uscc=body.debtor_uscc,
            as_of=body.as_of,
            serials=await register.serials(session, asset.id),
            own_numbers=tuple(
                sorted(
                    item.row.number
                    for item in known
                    if item.row.registry_name == REGISTRY_NAME
                    and item.row.registered_on <= body.as_of
                    and (item.cancelled_on is None or item.cancelled_on > body.as_of)
                )
            ),
            entries=tuple(map(_searched, entries)),
        )
        finding = _finding(inputs)
        await searches.keep(session, asset, finding, inputs, who.subject)
        return Reply(200, finding)

    return await call.finish(database, reservation, effect)


@router.get("/v1/registry-searches/{search_id}", response_model=Finding[RegistrySearch])
async def one_search(
    search_id: UUID,
    request: Request,
    who: Annotated[Principal, allow(*READERS, scope="branch")],
    database: DatabaseDep,
) -> Finding[RegistrySearch]:
    """A search as it was concluded."""
    async with database.session() as session:
        row = await session.get(RegistrySearchRow, search_id)
        if row is not None and who.sees_branch(row.branch):
            found = await findings.get(session, search_id, Finding[RegistrySearch])
            if found is not None:
                return found
    await record_refusal(request, "not_found", principal=who, reason="scope")
    raise Problem("not_found")


@router.post("/v1/registry-filings", status_code=201, response_model=Registration, responses=_ANSWERS)
async def file(
    body: FilingRequest,
    request: Request,
    who: Annotated[Principal, allow(*CUSTODIANS, scope="branch")],
    call: Annotated[IdempotentCall, idempotent()],
    database: DatabaseDep,
    documents: DocumentsDep,
    registry: RegistryDep,
    settings: SettingsDep,
) -> Response:
    """Register a security agreement over the whole of an asset, and enter what the registry answered. A filing is made once,
    whatever happens to its answer."""
    if faults := _faults(body):
        raise Problem("invalid_request", errors=faults, count=len(faults))
    reservation = await _reserved(call, database, request, who, body.asset_id, living=True)
    if reservation.replayed is not None:
        return reservation.replayed
    async with database.session() as session:
        asset = await session.get(Asset, body.asset_id)
        assert asset is not None
        description = await _description(session, asset, body.kind)
    filing = Filing(
        key=_key_of(call),
        creditor=settings.creditor_name,
        debtor_uscc=body.debtor_uscc,
        kind=body.kind,
        description=description,
        secured_amount=body.secured_amount,
        years=body.years,
    )
    entry = await _asked(call, database, reservation, registry.register(filing))
    if isinstance(entry, Response):
        return entry
    certificate = await documents.put_bytes(canonical(entry), "certificate.json")
    registered_on = entry.registered_at.astimezone(BANK_ZONE).date()
    entered = RegistrationRequest(
        case_id=asset.case_id,
        facility_id=body.facility_id,
        asset_id=asset.id,
        kind=body.kind,
        registry=REGISTRY_NAME,
        number=entry.number,
        registered_on=registered_on,
        registered_at=entry.registered_at,
        agreed_on=body.agreed_on,
        delivered_on=body.delivered_on,
        expires=entry.expires,
        certificate_sha256=certificate.sha256,
    )

    async def effect(session: AsyncSession) -> Reply:
        priority = purchase_money_priority(body.kind, body.delivered_on, registered_on, PURCHASE_MONEY_DAYS)
        row = await interests.enter(
            session, entered, branch=asset.branch, registered_by=who.subject, purchase_money=priority
        )
        return Reply(201, await _view(session, row, body.as_of))

    return await call.finish(database, reservation, effect)


@router.post("/v1/registrations/{registration_id}/extension", response_model=Registration, responses=_ANSWERS)
async def extend(
    registration_id: UUID,
    body: ExtensionRequest,
    request: Request,
    who: Annotated[Principal, allow(*CUSTODIANS, scope="branch")],
    call: Annotated[IdempotentCall, idempotent()],
    database: DatabaseDep,
    registry: RegistryDep,
) -> Response:
    """Let a registration run on for years. In time it keeps its rank; after its end it begins anew behind the others."""
    row = await _row(database, request, who, registration_id)
    reservation = await call.reserve(database, _not_cancelled(row))
    if reservation.replayed is not None:
        return reservation.replayed
    entry = await _asked(call, database, reservation, registry.extend(row.number, body.years, _key_of(call)))
    if isinstance(entry, Response):
        return entry

    async def effect(session: AsyncSession) -> Reply:
        await interests.change(session, row, interests.EXTENDED, body.as_of, who.subject, expires=entry.expires)
        return Reply(200, await _view(session, row, body.as_of))

    return await call.finish(database, reservation, effect)


@router.post("/v1/registrations/{registration_id}/cancellation", response_model=Registration, responses=_ANSWERS)
async def cancel(
    registration_id: UUID,
    body: CancellationRequest,
    request: Request,
    who: Annotated[Principal, allow(*CUSTODIANS, scope="branch")],
    call: Annotated[IdempotentCall, idempotent()],
    database: DatabaseDep,
    registry: RegistryDep,
) -> Response:
    """Take a registration off the registry. What ranked behind it moves up."""
    row = await _row(database, request, who, registration_id)
    reservation = await call.reserve(database, _not_cancelled(row))
    if reservation.replayed is not None:
        return reservation.replayed
    entry = await _asked(call, database, reservation, registry.cancel(row.number))
    if isinstance(entry, Response):
        return entry
    assert entry.cancelled_at is not None
    day = entry.cancelled_at.astimezone(BANK_ZONE).date()

    async def effect(session: AsyncSession) -> Reply:
        await interests.change(session, row, interests.CANCELLED, day, who.subject, remark=body.reason)
        return Reply(200, await _view(session, row, max(day, body.as_of)))

    return await call.finish(database, reservation, effect)


async def _reserved(
    call: IdempotentCall, database: Database, request: Request, who: Principal, asset_id: UUID, *, living: bool = False
) -> Reservation:
    async with database.session() as session:
        asset = await session.get(Asset, asset_id)
    if asset is None or not who.sees_branch(asset.branch):
        await record_refusal(request, "not_found", principal=who, reason="scope")
        raise Problem("not_found")

    async def begin(session: AsyncSession, reservation: Reservation) -> None:
        if living and asset.released_at is not None:
            raise Problem("asset_released")

    return await call.reserve(database, begin)


async def _asked(
    call: IdempotentCall, database: Database, reservation: Reservation, question: Awaitable[T]
) -> T | Response:
    """The registry's answer, or the stored refusal. Raises ``registry_unavailable`` (503) where there was none: the same key
    may ask again at once."""
    try:
        return await question
    except RegistryRefused as refused:
        return await call.refuse(database, reservation, Problem("registry_refused", reason=refused.code))
    except RegistryUnavailable:
        await call.suspend(database, reservation)
        raise Problem("registry_unavailable") from None


async def _row(database: Database, request: Request, who: Principal, registration_id: UUID) -> SecurityInterest:
    async with database.session() as session:
        row = await session.get(SecurityInterest, registration_id)
    if row is None or not who.sees_branch(row.branch):
        await record_refusal(request, "not_found", principal=who, reason="scope")
        raise Problem("not_found")
    return row


def _not_cancelled(row: SecurityInterest) -> Begin:
    async def begin(session: AsyncSession, reservation: Reservation) -> None:
        [item] = await interests.known(session, [row])
        if item.cancelled_on is not None:
            raise Problem("registration_cancelled")

    return begin


async def _view(session: AsyncSession, row: SecurityInterest, as_of: date) -> Registration:
    [item] = await interests.known(session, [row])
    return interests.view(item, await interests.rank_of(session, item, max(row.registered_on, as_of)))


async def _description(session: AsyncSession, asset: Asset, kind: SecurityKind) -> str:
    """The text by which others can tell the goods: the serials, or for a floating mortgage all equipment."""
    if kind is SecurityKind.FLOATING_MORTGAGE:
        return "抵押人现有的以及将有的生产设备、原材料、半成品、产品"
    named = await session.exec(select(Asset.description).where(col(Asset.id) == asset.id))
    serials = "；".join(await register.serials_as_given(session, asset.id))
    return f"{named.one()}：{serials}" if serials else named.one()


def _searched(entry: RegistryEntry) -> SearchedEntry:
    return SearchedEntry(
        number=entry.number,
        creditor=entry.creditor,
        kind=entry.kind,
        registered_on=entry.registered_at.astimezone(BANK_ZONE).date(),
        expires=entry.expires,
        cancelled=entry.cancelled_at is not None,
        description=entry.description,
    )


def _finding(inputs: SearchInputs) -> Finding[RegistrySearch]:
    conclusion = registry_search.conclude(inputs)
    return Finding[RegistrySearch](
        id=new_id(),
        kind=registry_search.KIND,
        outcome=conclusion.outcome,
        value=conclusion.value,
        reasons=conclusion.reasons,
        trace=conclusion.trace,
        inputs_sha256=sha256_of(inputs),
        model=registry_search.MODEL,
        as_of=inputs.as_of,
        made_at=now(),
    )


def _faults(body: FilingRequest) -> list[Fault]:
    faults = []
    if body.kind not in FILED_WITH_MOVABLES:
        text = ("不属于动产和权利担保统一登记范围", "is not registered with the registry of movables and rights")
        faults.append(Fault("/kind", "registry_not_competent", *text))
    for name, day in (("agreed_on", body.agreed_on), ("delivered_on", body.delivered_on)):
        if day is not None and day > body.as_of:
            faults.append(Fault(f"/{name}", "after_as_of", "晚于业务日期", "lies after the business date"))
    return faults


def _key_of(call: IdempotentCall) -> str:
    """The name of a filing at the registry: that of the request, so that a repetition is not filed again."""
    return hashlib.sha256("\x1f".join((call.principal, call.route, call.key)).encode()).hexdigest()
