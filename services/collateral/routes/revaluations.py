"""Fleets valued anew: ``POST /v1/revaluations`` answers 202 with the run to follow."""

from typing import Annotated
from uuid import UUID

from fastapi import Request, Response
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.revaluation import CohortRevaluation, Revaluation, RevaluationRequest
from domain.roles import HEAD_OFFICE
from policy.engine import PolicyNotInForce
from services.collateral.dependencies import CUSTODIANS, READERS, DatabaseDep, PoliciesDep, RevaluationsDep
from services.collateral.store import revaluations
from services.collateral.store.scope import within_sight
from services.collateral.tables import RevaluationRow, RevaluedCohort
from services.kit.auth import allow, record_refusal
from services.kit.database import Database
from services.kit.idempotency import IdempotentCall, Reply, idempotent
from services.kit.paging import Page, PageRequest, fetch_page, link_next, paged
from services.kit.principal import Principal
from services.kit.problems import Fault, Problem
from services.kit.router import Router, problem_response

router = Router(tags=["revaluations"])


@router.post("/v1/revaluations", status_code=202, response_model=Revaluation, responses={502: problem_response(502)})
async def begin(
    body: RevaluationRequest,
    who: Annotated[Principal, allow(*CUSTODIANS, scope="branch")],
    call: Annotated[IdempotentCall, idempotent()],
    database: DatabaseDep,
    policies: PoliciesDep,
    desk: RevaluationsDep,
) -> Response:
    """Begin to value anew every server the caller's branch holds for live cases; head office and services mean all."""
    bundle = await policies.bundle(body.policy_sha256)
    try:
        bundle.collateral(body.as_of)
    except PolicyNotInForce:
        raise Problem("invalid_request", errors=[_NOT_IN_FORCE], count=1) from None
    branch = HEAD_OFFICE if who.kind == "service" else who.branch or ""

    async def effect(session: AsyncSession) -> Reply:
        row = await revaluations.open_run(session, body, branch, who.subject)
        return Reply(202, revaluations.view(row), {"Location": f"/v1/revaluations/{row.id}"})

    answer = await call.atomic(database, effect)
    desk.wake()
    return answer


@router.get("/v1/revaluations", response_model=Page[Revaluation])
async def listing(
    request: Request,
    response: Response,
    who: Annotated[Principal, allow(*READERS, scope="branch")],
    page: Annotated[PageRequest, paged()],
    database: DatabaseDep,
) -> Page[Revaluation]:
    """Revaluations, newest first."""
    statement = within_sight(select(RevaluationRow), who, col(RevaluationRow.branch))
    async with database.session() as session:
        found = await fetch_page(session, statement, col(RevaluationRow.id), page)
    link_next(request, response, found.next_cursor)
    return Page(items=[revaluations.view(row) for row in found.rows], next_cursor=found.next_cursor)


@router.get("/v1/revaluations/{revaluation_id}", response_model=Revaluation)
async def one(
    revaluation_id: UUID,
    request: Request,
    response: Response,
    who: Annotated[Principal, allow(*READERS, scope="branch")],
    database: DatabaseDep,
) -> Revaluation:
    """How far a revaluation is, and what the fleet is worth before and after."""
    row = await _seen(revaluation_id, request, who, database)
    if row.state in revaluations.UNFINISHED:
        response.headers["Retry-After"] = "1"
    return revaluations.view(row)


@router.get("/v1/revaluations/{revaluation_id}/cohorts", response_model=Page[CohortRevaluation])
async def cohorts(
    revaluation_id: UUID,
    request: Request,
    response: Response,
    who: Annotated[Principal, allow(*READERS, scope="branch")],
    page: Annotated[PageRequest, paged()],
    database: DatabaseDep,
) -> Page[CohortRevaluation]:
    """The cohorts of a revaluation with their value paths."""
    await _seen(revaluation_id, request, who, database)
    statement = select(RevaluedCohort).where(RevaluedCohort.revaluation_id == revaluation_id)
    async with database.session() as session:
        found = await fetch_page(session, statement, col(RevaluedCohort.id), page, newest_first=False)
    link_next(request, response, found.next_cursor)
    return Page(items=[revaluations.cohort_view(row) for row in found.rows], next_cursor=found.next_cursor)


async def _seen(revaluation_id: UUID, request: Request, who: Principal, database: Database) -> RevaluationRow:
    async with database.session() as session:
        row = await session.get(RevaluationRow, revaluation_id)
    if row is None or not who.sees_branch(row.branch):
        await record_refusal(request, "not_found", principal=who, reason="scope")
        raise Problem("not_found")
    return row


_NOT_IN_FORCE = Fault(
    "/as_of",
    "policy_not_in_force",
    "该押品政策在此日期尚未生效",
    "the collateral policy was not in force on this date",
)
