"""``/v1/mandates``: the register of authority (授权书), entered by one person and put into force by another."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.inbox import MandateBody, MandateEnd, MandateView
from services.kit.auth import allow, record_refusal
from services.kit.database import Database, now
from services.kit.etags import etag_of
from services.kit.idempotency import IdempotentCall, Reply, idempotent
from services.kit.paging import Page, PageRequest, link_next, paged
from services.kit.principal import Principal
from services.kit.problems import Fault, Problem, ProblemType, register
from services.kit.router import Router
from services.origination.routes.roles import POLICY, STAFF
from services.origination.store import mandates
from services.origination.store.refusals import foreign
from services.origination.tables.tasks import MandateEntry

router = Router(tags=["authority"])

register(
    ProblemType(
        "mandate_self_dealing",
        403,
        "不得为本人设立或批准授权",
        "Nobody grants authority to themselves",
        "授权的经办人、复核人与被授权人须为三人。",
        "The maker, the checker and the holder of a mandate are three persons.",
    ),
    ProblemType("mandate_ended", 409, "授权已终止", "The mandate has ended"),
    ProblemType(
        "mandate_overlap",
        409,
        "授权期间重叠",
        "The mandate overlaps another",
        "该人员在该机构的同一审批机构已有重叠期间的授权。",
        "This person holds a mandate for the same body and branch in part of that period.",
    ),
)


@router.post("/v1/mandates", response_model=MandateView, status_code=201)
async def propose(
    request: Request,
    body: MandateBody,
    who: Annotated[Principal, allow(*POLICY, scope="branch")],
    call: Annotated[IdempotentCall, idempotent()],
) -> Response:
    """Propose an entry. It has no force until another person approves it."""
    database: Database = request.app.state.database

    async def effect(session: AsyncSession) -> Reply:
        if not who.sees_branch(body.branch):
            fault = Fault(
                "/branch", "foreign_branch", "不在您的管辖范围内", "is not a branch you may grant authority in"
            )
            raise Problem("invalid_request", errors=[fault], count=1)
        if body.subject == who.subject:
            await record_refusal(request, "mandate_self_dealing", principal=who, reason="FOUR-EYES")
            raise Problem("mandate_self_dealing")
        row = MandateEntry(
            subject=body.subject,
            body=body.body,
            rank=body.rank,
            limit_amount=body.limit.amount,
            currency=body.limit.currency,
            branch=body.branch,
            valid_from=body.valid_from,
            valid_to=body.valid_to,
            basis=body.basis,
            maker=who.subject,
        )
        session.add(row)
        await session.flush()
        return Reply(201, mandates.view(row), {"Location": f"/v1/mandates/{row.id}", "ETag": etag_of(row.version)})

    return await call.atomic(database, effect)


@router.post("/v1/mandates/{mandate_id}/approve", response_model=MandateView)
async def approve(
    request: Request,
    mandate_id: UUID,
    who: Annotated[Principal, allow(*POLICY, scope="branch")],
    call: Annotated[IdempotentCall, idempotent()],
) -> Response:
    """Put a proposed entry into force. The checker is neither the maker nor the person who receives the authority."""
    database: Database = request.app.state.database

    async def effect(session: AsyncSession) -> Reply:
        row = await mandates.visible_mandate(session, who, mandate_id, lock=True)
        if row is None:
            raise await foreign(request, who)
        if who.subject in (row.maker, row.subject):
            await record_refusal(request, "mandate_self_dealing", principal=who, reason="FOUR-EYES")
            raise Problem("mandate_self_dealing")
        if row.checker is not None or row.ended_at is not None:
            raise Problem("already_approved" if row.ended_at is None else "mandate_ended")
        if await mandates.overlapping(session, row):
            raise Problem("mandate_overlap")
        row.checker = who.subject
        row.approved_at = now()
        row.version += 1
        await session.flush()
        return Reply(200, mandates.view(row), {"ETag": etag_of(row.version)})

    return await call.atomic(database, effect)


@router.post("/v1/mandates/{mandate_id}/end", response_model=MandateView)
async def end(
    request: Request,
    mandate_id: UUID,
    body: MandateEnd,
    who: Annotated[Principal, allow(*POLICY, scope="branch")],
    call: Annotated[IdempotentCall, idempotent()],
) -> Response:
    """Take authority away, at once. Granting needs three persons; taking away must not wait for the second."""
    database: Database = request.app.state.database

    async def effect(session: AsyncSession) -> Reply:
        row = await mandates.visible_mandate(session, who, mandate_id, lock=True)
        if row is None:
            raise await foreign(request, who)
        if row.ended_at is not None:
            raise Problem("mandate_ended")
        row.ended_by = who.subject
        row.ended_at = now()
        row.end_reason = body.reason
        row.version += 1
        await session.flush()
        return Reply(200, mandates.view(row), {"ETag": etag_of(row.version)})

    return await call.atomic(database, effect)


@router.get("/v1/mandates", response_model=Page[MandateView])
async def listing(
    request: Request,
    response: Response,
    who: Annotated[Principal, allow(*STAFF, scope="branch")],
    page: Annotated[PageRequest, paged()],
    subject: Annotated[str, Query(max_length=200)] = "",
) -> Page[MandateView]:
    """Entries of the caller's branch and the caller's own, newest first."""
    database: Database = request.app.state.database
    async with database.session() as session:
        found = await mandates.mandates(session, who, page, subject=subject)
    link_next(request, response, found.next_cursor)
    return Page(items=[mandates.view(row) for row in found.rows], next_cursor=found.next_cursor)


@router.get("/v1/mandates/{mandate_id}", response_model=MandateView)
async def one(
    request: Request,
    response: Response,
    mandate_id: UUID,
    who: Annotated[Principal, allow(*STAFF, scope="branch")],
) -> MandateView:
    """One entry of the register."""
    database: Database = request.app.state.database
    async with database.session() as session:
        row = await mandates.visible_mandate(session, who, mandate_id)
    if row is None:
        raise await foreign(request, who)
    response.headers["ETag"] = etag_of(row.version)
    return mandates.view(row)
