"""``/v1/support-claims``: claims under voucher programmes, entered by one person and confirmed by another."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.application.text import Code
from domain.identity import Uscc
from domain.roles import Role
from domain.support_claims import SupportClaimBody, SupportClaimView, SupportClaimWithdrawal
from services.kit.auth import allow, record_refusal
from services.kit.database import Database, now
from services.kit.etags import etag_of
from services.kit.idempotency import IdempotentCall, Reply, idempotent
from services.kit.paging import Page, PageRequest, link_next, paged
from services.kit.principal import Principal
from services.kit.problems import Problem
from services.kit.router import Router, problem_response
from services.origination.routes.roles import BOOKKEEPERS, STAFF
from services.origination.routes.sight import recorded
from services.origination.store import support_claims
from services.origination.store.business_day import business_day
from services.origination.store.policies import PolicyShelf

router = Router(prefix="/v1/support-claims", tags=["programmes"], dependencies=[recorded()])

CHECKERS = (*BOOKKEEPERS, str(Role.CO_INVESTIGATOR), str(Role.REVIEWER), str(Role.COMPLIANCE_OFFICER))


@router.post("", response_model=SupportClaimView, status_code=201, responses={409: problem_response(409)})
async def enter(
    request: Request,
    body: SupportClaimBody,
    who: Annotated[Principal, allow(*BOOKKEEPERS, scope="branch")],
    call: Annotated[IdempotentCall, idempotent()],
) -> Response:
    """Enter a claim. The answer says what is due by the programme's terms of the day of the claim; nothing is due twice on one
    contract, and nothing beyond the firm's year or the programme's pool."""
    database: Database = request.app.state.database
    shelf: PolicyShelf = request.app.state.policies
    today = await business_day(database, shelf, now())

    async def effect(session: AsyncSession) -> Reply:
        row = await support_claims.enter(session, who, body, today.bundle, today.day)
        headers = {"Location": f"/v1/support-claims/{row.id}", "ETag": etag_of(row.version)}
        return Reply(201, support_claims.claim_view(row), headers)

    return await call.atomic(database, effect)


@router.get("", response_model=Page[SupportClaimView])
async def listing(
    request: Request,
    response: Response,
    who: Annotated[Principal, allow(*STAFF, scope="branch")],
    page: Annotated[PageRequest, paged()],
    programme: Annotated[Code | None, Query()] = None,
    firm_uscc: Annotated[Uscc | None, Query()] = None,
) -> Page[SupportClaimView]:
    """Claims entered in the caller's branch, newest first."""
    database: Database = request.app.state.database
    async with database.session() as session:
        found = await support_claims.claims(session, who, page, programme=programme, firm_uscc=firm_uscc)
    link_next(request, response, found.next_cursor)
    return Page(items=[support_claims.claim_view(row) for row in found.rows], next_cursor=found.next_cursor)


@router.get("/{claim_id}", response_model=SupportClaimView)
async def one(
    request: Request, response: Response, claim_id: UUID, who: Annotated[Principal, allow(*STAFF, scope="branch")]
) -> SupportClaimView:
    """One claim."""
    database: Database = request.app.state.database
    async with database.session() as session:
        row = await support_claims.visible_claim(session, who, claim_id)
    response.headers["ETag"] = etag_of(row.version)
    return support_claims.claim_view(row)


@router.post("/{claim_id}/confirm", response_model=SupportClaimView, responses={409: problem_response(409)})
async def confirm(
    request: Request,
    claim_id: UUID,
    who: Annotated[Principal, allow(*CHECKERS, scope="branch")],
    call: Annotated[IdempotentCall, idempotent()],
) -> Response:
    """Confirm a claim. Not by the person who entered it."""
    database: Database = request.app.state.database

    async def effect(session: AsyncSession) -> Reply:
        row = await support_claims.visible_claim(session, who, claim_id, lock=True)
        try:
            support_claims.confirm(row, who)
        except Problem as problem:
            if problem.code == "same_person":
                await record_refusal(request, problem.code, principal=who, reason="four_eyes")
            raise
        await session.flush()
        return Reply(200, support_claims.claim_view(row), {"ETag": etag_of(row.version)})

    return await call.atomic(database, effect)


@router.post("/{claim_id}/withdraw", response_model=SupportClaimView, responses={409: problem_response(409)})
async def withdraw(
    request: Request,
    claim_id: UUID,
    body: SupportClaimWithdrawal,
    who: Annotated[Principal, allow(*BOOKKEEPERS, scope="branch")],
    call: Annotated[IdempotentCall, idempotent()],
) -> Response:
    """Withdraw a claim: what it took is free again."""
    database: Database = request.app.state.database

    async def effect(session: AsyncSession) -> Reply:
        row = await support_claims.visible_claim(session, who, claim_id, lock=True)
        support_claims.withdraw(row, who, body.reason)
        await session.flush()
        return Reply(200, support_claims.claim_view(row), {"ETag": etag_of(row.version)})

    return await call.atomic(database, effect)
