"""Keys of sites: registered by one person, confirmed by another, revoked by anybody who may do either."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.attestation import SiteKeyEntry, SiteKeyState, SiteKeyView
from domain.roles import Role
from services.collateral.dependencies import READERS, DatabaseDep
from services.collateral.site_signatures import is_usable
from services.collateral.store import attestations
from services.collateral.store.scope import within_sight
from services.collateral.tables import SiteKey
from services.kit.auth import allow, record_refusal
from services.kit.database import Database, now
from services.kit.idempotency import IdempotentCall, Reply, idempotent
from services.kit.paging import Page, PageRequest, fetch_page, link_next, paged
from services.kit.principal import Principal
from services.kit.problems import Fault, Problem, ProblemType, register
from services.kit.router import Router, problem_response

router = Router(tags=["attestations"])

KEEPERS = (Role.COLLATERAL_OFFICER, Role.MONITOR)

register(
    ProblemType(
        "key_not_waiting",
        409,
        "该密钥不待确认",
        "The key does not wait for confirmation",
        "密钥状态为 {state}。",
        "The key is {state}.",
    ),
    ProblemType(
        "second_person_required",
        403,
        "须由第二人确认",
        "A second person has to confirm",
        "登记人不能确认自己登记的密钥。",
        "Whoever registered a key does not confirm it.",
    ),
)


@router.post("/v1/site-keys", status_code=201, response_model=SiteKeyView, responses={404: problem_response(404)})
async def enter(
    body: SiteKeyEntry,
    who: Annotated[Principal, allow(*KEEPERS, scope="branch")],
    call: Annotated[IdempotentCall, idempotent()],
    database: DatabaseDep,
) -> Response:
    """Register the public key of a site. It is good once a second person has confirmed it with the site."""
    if not is_usable(body.public_key):
        raise Problem("invalid_request", errors=[_UNUSABLE], count=1)

    async def effect(session: AsyncSession) -> Reply:
        if not who.sees_branch(body.branch):
            raise Problem("not_found")
        return Reply(201, attestations.key_view(await attestations.add_key(session, body, who.subject)))

    return await call.atomic(database, effect)


@router.get("/v1/site-keys", response_model=Page[SiteKeyView])
async def listing(
    request: Request,
    response: Response,
    who: Annotated[Principal, allow(*READERS, scope="branch")],
    page: Annotated[PageRequest, paged()],
    database: DatabaseDep,
    site: Annotated[str | None, Query(max_length=200, description="keys of this site")] = None,
) -> Page[SiteKeyView]:
    """Keys of sites, newest first."""
    statement = within_sight(select(SiteKey), who, col(SiteKey.branch))
    if site is not None:
        statement = statement.where(SiteKey.site == site)
    async with database.session() as session:
        found = await fetch_page(session, statement, col(SiteKey.id), page)
    link_next(request, response, found.next_cursor)
    return Page(items=[attestations.key_view(row) for row in found.rows], next_cursor=found.next_cursor)


@router.post("/v1/site-keys/{key_id}/confirmation", response_model=SiteKeyView, responses={409: problem_response(409)})
async def confirm(
    key_id: UUID,
    request: Request,
    who: Annotated[Principal, allow(*KEEPERS, scope="branch")],
    call: Annotated[IdempotentCall, idempotent()],
    database: DatabaseDep,
) -> Response:
    """Confirm, as a second person, that a key is the site's."""
    await _seen(database, request, who, key_id)

    async def effect(session: AsyncSession) -> Reply:
        row = await _locked(session, key_id)
        if (state := attestations.state_of(row)) is not SiteKeyState.REGISTERED:
            raise Problem("key_not_waiting", state=state.value)
        if row.registered_by == who.subject:
            raise Problem("second_person_required")
        row.confirmed_by, row.confirmed_at = who.subject, now()
        session.add(row)
        return Reply(200, attestations.key_view(row))

    return await call.atomic(database, effect)


@router.post("/v1/site-keys/{key_id}/revocation", response_model=SiteKeyView, responses={409: problem_response(409)})
async def revoke(
    key_id: UUID,
    request: Request,
    who: Annotated[Principal, allow(*KEEPERS, scope="branch")],
    call: Annotated[IdempotentCall, idempotent()],
    database: DatabaseDep,
) -> Response:
    """Revoke a key: nothing it signs is accepted from now on. What it signed before stays as it was concluded."""
    await _seen(database, request, who, key_id)

    async def effect(session: AsyncSession) -> Reply:
        row = await _locked(session, key_id)
        if row.revoked_at is None:
            row.revoked_by, row.revoked_at = who.subject, now()
            session.add(row)
        return Reply(200, attestations.key_view(row))

    return await call.atomic(database, effect)


async def _seen(database: Database, request: Request, who: Principal, key_id: UUID) -> None:
    async with database.session() as session:
        row = await session.get(SiteKey, key_id)
    if row is None or not who.sees_branch(row.branch):
        await record_refusal(request, "not_found", principal=who, reason="scope")
        raise Problem("not_found")


async def _locked(session: AsyncSession, key_id: UUID) -> SiteKey:
    row = await session.get(SiteKey, key_id, with_for_update=True)
    assert row is not None
    return row


_UNUSABLE = Fault(
    "/public_key",
    "unusable_key",
    "不是可用的 Ed25519 公钥",
    "is not an Ed25519 public key that binds its signer",
)
