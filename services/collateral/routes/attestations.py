"""Attestations: a challenge of ours, a statement signed by the site, and what it means for the pledged list."""

import asyncio
import secrets
from datetime import datetime, timedelta
from typing import Annotated, Final
from uuid import UUID

from fastapi import Query, Request, Response
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.application.serials import gpu_identity, serial_identity
from domain.attestation import (
    Attestation,
    AttestationChallenge,
    AttestationInputs,
    AttestationRequest,
    AttestationSummary,
    ChallengeRequest,
    SiteKeyState,
)
from domain.canonical import canonical, sha256_of
from domain.finding import Finding
from domain.roles import Role
from services.collateral.calc.attestation.comparison import KIND, MODEL, conclude
from services.collateral.dependencies import MACHINES, READERS, DatabaseDep
from services.collateral.site_signatures import is_signed
from services.collateral.store import attestations
from services.collateral.store.scope import within_sight
from services.collateral.tables import Asset, AttestationRow, Challenge, SiteKey, findings
from services.kit.auth import allow, record_refusal
from services.kit.database import new_id, now
from services.kit.idempotency import IdempotentCall, Reply, idempotent
from services.kit.paging import Page, PageRequest, fetch_page, link_next, paged
from services.kit.principal import Principal
from services.kit.problems import Fault, Problem, ProblemType, register
from services.kit.router import JSON_LIMIT, Router, problem_response

router = Router(tags=["attestations"])

ATTESTERS = (*MACHINES, Role.COLLATERAL_OFFICER, Role.MONITOR)
CHALLENGE_LIFETIME: Final = timedelta(minutes=15)
"""Long enough for a room to answer, too short to carry its servers to the next one (row R3)."""
CLOCK_SKEW: Final = timedelta(minutes=1)
_STATEMENT_LIMIT: Final = 32 * JSON_LIMIT
_NONCE_BYTES: Final = 32

register(
    ProblemType(
        "attestation_refused",
        422,
        "证明不予接受",
        "The attestation is not accepted",
        "共 {count} 处问题，见 errors。",
        "{count:fault|faults}, listed in errors.",
    )
)


@router.post(
    "/v1/attestation-challenges",
    status_code=201,
    response_model=AttestationChallenge,
    responses={404: problem_response(404)},
)
async def challenge(
    body: ChallengeRequest,
    who: Annotated[Principal, allow(*ATTESTERS, scope="branch")],
    call: Annotated[IdempotentCall, idempotent()],
    database: DatabaseDep,
) -> Response:
    """Issue a nonce for the servers of an asset at a site: good once, for fifteen minutes."""

    async def effect(session: AsyncSession) -> Reply:
        asset = await session.get(Asset, body.asset_id)
        if asset is None or not who.sees_branch(asset.branch):
            raise Problem("not_found")
        nonce = secrets.token_urlsafe(_NONCE_BYTES)
        row = await attestations.challenge(session, asset, body.site, nonce, who.subject, CHALLENGE_LIFETIME)
        return Reply(201, attestations.challenge_view(row))

    return await call.atomic(database, effect)


@router.post(
    "/v1/attestations",
    status_code=201,
    response_model=Finding[Attestation],
    max_body_size=_STATEMENT_LIMIT,
    responses={404: problem_response(404)},
)
async def attest(
    body: AttestationRequest,
    request: Request,
    who: Annotated[Principal, allow(*ATTESTERS, scope="branch")],
    call: Annotated[IdempotentCall, idempotent()],
    database: DatabaseDep,
) -> Response:
    """Hand in what a site has signed. Phantom, moved, relabelled and missing servers are named in the finding; a statement
    that is not the answer to our challenge is refused and concludes nothing."""
    signed = _signed((await request.json())["statement"])

    async def effect(session: AsyncSession) -> Reply:
        # The challenge is held, so that of two answers to it one counts.
        asked = await session.get(Challenge, body.statement.challenge_id, with_for_update=True)
        key = await session.get(SiteKey, body.key_id)
        if asked is None or not who.sees_branch(asked.branch):
            raise Problem("not_found")
        if faults := _faults(body, signed, asked, key):
            raise Problem("attestation_refused", errors=faults, count=len(faults))
        asset = await session.get(Asset, asked.asset_id)
        assert asset is not None
        assert key is not None
        seen = sorted({gpu_identity(gpu.uuid) for server in body.statement.servers for gpu in server.gpus})
        inputs = AttestationInputs(
            asset_id=asset.id,
            signed=signed.decode(),
            signature=body.signature,
            public_key=key.public_key,
            pledged=await attestations.pledged(session, asset.id),
            elsewhere=await attestations.places(session, seen),
            as_of=body.as_of,
        )
        finding = await asyncio.to_thread(_concluded, inputs)
        answered = {serial_identity(server.serial) for server in body.statement.servers if server.gpus}
        assert finding.value is not None
        doubtful = {*finding.value.phantom, *finding.value.relabelled}
        await attestations.keep(session, asset, asked, key, finding, inputs, sorted(answered - doubtful))
        return Reply(201, finding)

    answer = await call.atomic(database, effect)
    if answer.status_code == 422:
        await record_refusal(request, "attestation_refused", principal=who, reason="statement")
    return answer


@router.get("/v1/attestations", response_model=Page[AttestationSummary])
async def listing(
    request: Request,
    response: Response,
    who: Annotated[Principal, allow(*READERS, scope="branch")],
    page: Annotated[PageRequest, paged()],
    database: DatabaseDep,
    asset_id: Annotated[UUID | None, Query(description="attestations of this asset")] = None,
) -> Page[AttestationSummary]:
    """Attestations, newest first."""
    statement = within_sight(select(AttestationRow), who, col(AttestationRow.branch))
    if asset_id is not None:
        statement = statement.where(AttestationRow.asset_id == asset_id)
    async with database.session() as session:
        found = await fetch_page(session, statement, col(AttestationRow.id), page)
    link_next(request, response, found.next_cursor)
    return Page(items=[attestations.summary(row) for row in found.rows], next_cursor=found.next_cursor)


@router.get("/v1/attestations/{attestation_id}", response_model=Finding[Attestation])
async def one(
    attestation_id: UUID,
    request: Request,
    who: Annotated[Principal, allow(*READERS, scope="branch")],
    database: DatabaseDep,
) -> Finding[Attestation]:
    """An attestation as it was concluded."""
    async with database.session() as session:
        row = await session.get(AttestationRow, attestation_id)
        if row is not None and who.sees_branch(row.branch):
            found = await findings.get(session, attestation_id, Finding[Attestation])
            if found is not None:
                return found
    await record_refusal(request, "not_found", principal=who, reason="scope")
    raise Problem("not_found")


def _signed(statement: object) -> bytes:
    """The bytes that were signed: the statement as it was sent, in its RFC 8785 form."""
    assert isinstance(statement, dict)
    try:
        return canonical(statement)
    except (TypeError, ValueError):
        text = ("含有没有唯一写法的数字，请以文本书写", "holds a number without a single spelling; write it as text")
        raise Problem("invalid_request", errors=[Fault("/statement", "not_canonical", *text)], count=1) from None


def _faults(body: AttestationRequest, signed: bytes, asked: Challenge, key: SiteKey | None) -> list[Fault]:
    """Why the statement is not the site's answer to the challenge, everything at once."""
    statement = body.statement
    bad = []
    if key is None or key.branch != asked.branch:
        # A key of another branch is nobody's here.
        bad.append(_fault("/key_id", "key_unknown"))
    else:
        if (state := attestations.state_of(key)) is not SiteKeyState.CONFIRMED:
            bad.append(_fault("/key_id", f"key_{state.value}"))
        if key.site != statement.site:
            bad.append(_fault("/key_id", "key_of_another_site"))
        if not is_signed(key.public_key, body.signature, signed):
            bad.append(_fault("/signature", "signature_wrong"))
    if not secrets.compare_digest(statement.nonce, asked.nonce):
        bad.append(_fault("/statement/nonce", "nonce_wrong"))
    if statement.site != asked.site:
        bad.append(_fault("/statement/site", "site_not_asked"))
    if asked.used_at is not None:
        bad.append(_fault("/statement/challenge_id", "challenge_used"))
    if now() > asked.expires_at:
        bad.append(_fault("/statement/challenge_id", "challenge_expired"))
    if not _within(statement.taken_at, asked):
        bad.append(_fault("/statement/taken_at", "not_in_the_challenge"))
    seen: dict[str, int] = {}
    for index, server in enumerate(statement.servers):
        if seen.setdefault(serial_identity(server.serial), index) != index:
            bad.append(_fault(f"/statement/servers/{index}/serial", "duplicate_serial"))
    return bad


def _within(taken_at: datetime, asked: Challenge) -> bool:
    return asked.issued_at - CLOCK_SKEW <= taken_at <= asked.expires_at + CLOCK_SKEW


def _fault(pointer: str, code: str) -> Fault:
    return Fault(pointer, code, *_WORDS[code])


def _concluded(inputs: AttestationInputs) -> Finding[Attestation]:
    conclusion = conclude(inputs)
    return Finding[Attestation](
        id=new_id(),
        kind=KIND,
        outcome=conclusion.outcome,
        value=conclusion.value,
        reasons=conclusion.reasons,
        trace=conclusion.trace,
        inputs_sha256=sha256_of(inputs),
        model=MODEL,
        as_of=inputs.as_of,
        made_at=now(),
    )


_WORDS: Final = {
    "key_unknown": ("没有该密钥", "there is no such key"),
    "key_registered": ("密钥尚未经第二人确认", "the key was not yet confirmed by a second person"),
    "key_revoked": ("密钥已吊销", "the key was revoked"),
    "key_of_another_site": ("密钥不属于该机房", "the key is not that of the site"),
    "signature_wrong": ("签名与陈述不符", "the signature does not fit the statement"),
    "nonce_wrong": ("随机数不符", "is not the nonce of the challenge"),
    "site_not_asked": ("不是所询问的机房", "is not the site that was asked"),
    "challenge_used": ("该询问已被回答", "the challenge was answered before"),
    "challenge_expired": ("该询问已过期", "the challenge has expired"),
    "not_in_the_challenge": ("不在询问有效期内", "lies outside the life of the challenge"),
    "duplicate_serial": ("序列号重复", "repeats a serial number"),
}
