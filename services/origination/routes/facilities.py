"""``/v1/facilities``: facilities, and the drawings asked for under them."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response
from pydantic import RootModel
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.facility import FacilityRef, FacilityView, UtilisationRequest, UtilisationView
from domain.inbox import TaskView
from domain.margin_ratchet import Statement
from domain.process import (
    REPORT_MARGIN_FACT,
    CaseStep,
    GateResult,
    MarginReportCommand,
    SignedMarginReportCommand,
    facility_workflow_id,
)
from domain.refusals import Refusal
from domain.roles import Role
from domain.stages import FacilityStage
from services.kit.auth import allow
from services.kit.database import Database, now
from services.kit.etags import etag_of
from services.kit.idempotency import IdempotentCall, Reply, idempotent
from services.kit.paging import Page, PageRequest, link_next, paged
from services.kit.principal import Principal
from services.kit.problems import Problem, ProblemType, register
from services.kit.router import Router, problem_response
from services.origination.commands import ACCEPTED, Order, carry_out
from services.origination.margin_clauses import hold_statement
from services.origination.routes.progress import of_this_case
from services.origination.routes.roles import READERS, WORKER
from services.origination.store import approvals, facilities, inbox, utilisations
from services.origination.store.applications import case
from services.origination.store.approvals import Policies
from services.origination.store.business_day import business_day
from services.origination.store.gate import indicative_gate
from services.origination.store.policies import PolicyShelf
from services.origination.store.refusals import foreign
from services.origination.tables.tasks import Task

router = Router(tags=["facilities"])

register(
    ProblemType(
        "facility_not_effective",
        409,
        "授信协议未生效或已终止",
        "The facility is not effective",
        "当前状态为 {stage}，不能支用。",
        "It is {stage} and cannot be drawn.",
    ),
)


class StatementBody(RootModel[Statement]):
    """``POST /v1/facilities/{id}/margin-reports``: a grade or a figure."""


REPORTERS = (str(Role.RELATIONSHIP_MANAGER), str(Role.MONITOR))
DRAWERS = (str(Role.RELATIONSHIP_MANAGER), str(Role.BORROWER_FINANCE))


@router.post("/v1/cases/{case_id}/facility", response_model=FacilityRef, status_code=201)
async def open_facility(
    request: Request,
    case_id: UUID,
    body: CaseStep,
    who: Annotated[Principal, allow(*WORKER)],
    call: Annotated[IdempotentCall, idempotent()],
) -> Response:
    """Open the facility of a signed contract. A case has one."""
    of_this_case(case_id, body.case_id)
    database: Database = request.app.state.database
    policies: PolicyShelf = request.app.state.policies
    async with database.session() as session:
        application = await case(session, case_id)
    if application.policy_sha256 is None:
        raise Problem("step_not_possible", needs="submission")
    bundle = await policies.bundle(application.policy_sha256)
    bundles = Policies(bundle, await policies.in_force(body.as_of))

    async def effect(session: AsyncSession) -> Reply:
        ref = await facilities.open_facility(session, who, body, bundle)
        await approvals.agreed_room(session, who, body, ref.limit, bundles)
        return Reply(201, ref)

    return await call.atomic(database, effect)


@router.get("/v1/facilities", response_model=Page[FacilityView])
async def listing(
    request: Request,
    response: Response,
    who: Annotated[Principal, allow(*READERS, scope="branch")],
    page: Annotated[PageRequest, paged()],
    stage: Annotated[FacilityStage | None, Query()] = None,
    product: Annotated[str, Query(max_length=64)] = "",
) -> Page[FacilityView]:
    """Facilities within the caller's sight, newest first."""
    database: Database = request.app.state.database
    async with database.session() as session:
        found = await facilities.facilities(session, who, page, stage=stage, product=product)
        items = [await facilities.view(session, row) for row in found.rows]
    link_next(request, response, found.next_cursor)
    return Page(items=items, next_cursor=found.next_cursor)


@router.get("/v1/facilities/{facility_id}", response_model=FacilityView)
async def one(
    request: Request,
    response: Response,
    facility_id: UUID,
    who: Annotated[Principal, allow(*READERS, scope="branch")],
) -> FacilityView:
    """One facility, with what is left of its commitment."""
    database: Database = request.app.state.database
    async with database.session() as session:
        row = await facilities.visible_facility(session, who, facility_id)
        found = None if row is None else await facilities.view(session, row, whole=True)
    if found is None:
        raise await foreign(request, who)
    response.headers["ETag"] = etag_of(found.version)
    return found


@router.post(
    "/v1/facilities/{facility_id}/margin-reports",
    response_model=TaskView,
    status_code=201,
    responses={**ACCEPTED, 502: problem_response(502)},
)
async def report_margin(
    request: Request,
    facility_id: UUID,
    body: StatementBody,
    who: Annotated[Principal, allow(*REPORTERS, scope="branch")],
    call: Annotated[IdempotentCall, idempotent()],
) -> Response:
    """Report a grade or figure that a clause of the margin reads, with the document of the file that proves it.

    The answer is the check that somebody else does; what is checked by a reset date counts at that reset, later facts at the next.
    """
    database: Database = request.app.state.database
    statement = body.root
    async with database.reading() as session:
        row = await facilities.visible_facility(session, who, facility_id)
        agreement = None if row is None else await facilities.margin_agreement(session, row.case_id)
    if row is None:
        raise await foreign(request, who)
    case_id = row.case_id

    async def held_to_clauses() -> None:
        if agreement is None:
            texts = ("协议无利率调整条款", "the agreement has no clause of the margin")
            raise Problem(Refusal.NO_MARGIN_CLAUSE.value, zh=texts[0], en=texts[1])
        await hold_statement(request.app.state, case_id, agreement, statement)

    async def prepare(_: AsyncSession) -> Order:
        command = MarginReportCommand(
            facility_id=facility_id, statement=statement, subject=who.subject, roles=tuple(map(str, who.roles))
        )
        return Order(case_id, facility_workflow_id(facility_id), REPORT_MARGIN_FACT, command)

    async def answer(session: AsyncSession, _: Sequence[Task]) -> Reply:
        # Not from what was news: a request that is sent again finds its check in the books already.
        check = await facilities.check_of(session, case_id, statement, who.subject)
        found = None if check is None else await inbox.visible_task(session, who, check)
        if found is None:
            raise await foreign(request, who)
        headers = {"Location": f"/v1/tasks/{found.task.id}", "ETag": etag_of(found.task.version)}
        return Reply(201, inbox.view(found, who), headers)

    return await carry_out(
        request,
        call,
        who,
        target=str(facility_id),
        prepare=prepare,
        signed=SignedMarginReportCommand,
        answer=answer,
        event_kind="margin.reported",
        ready=held_to_clauses,
    )


@router.get("/v1/facilities/{facility_id}/utilisations", response_model=list[UtilisationView])
async def utilisations_of(
    request: Request, facility_id: UUID, who: Annotated[Principal, allow(*READERS, scope="branch")]
) -> list[UtilisationView]:
    """The drawings of a facility in the order in which they were asked for."""
    database: Database = request.app.state.database
    async with database.session() as session:
        row = await facilities.visible_facility(session, who, facility_id)
        rows = [] if row is None else await utilisations.of_facility(session, row.id)
        views = [await utilisations.view(session, utilisation) for utilisation in rows]
    if row is None:
        raise await foreign(request, who)
    return views


@router.post(
    "/v1/facilities/{facility_id}/utilisations",
    response_model=UtilisationView,
    status_code=202,
    responses={200: {"model": GateResult, "description": "With dry_run: what the gate would say; nothing is written"}},
)
async def draw(
    request: Request,
    facility_id: UUID,
    body: UtilisationRequest,
    who: Annotated[Principal, allow(*DRAWERS, scope="branch")],
    call: Annotated[IdempotentCall, idempotent()],
    dry_run: Annotated[bool, Query(description="only say what the gate would say, by today's books")] = False,
) -> Response:
    """Ask for a drawing. Its process begins at once: commitment, gate, review, the owner's confirmation, payment.

    The value date is a business day within the availability period, and not before the bank's present business date.
    """
    database: Database = request.app.state.database
    if dry_run:
        return await _indicative(request, facility_id, body, who)

    today = await business_day(database, request.app.state.policies, now())

    async def effect(session: AsyncSession) -> Reply:
        facility = await facilities.visible_facility(session, who, facility_id)
        if facility is None:
            raise await foreign(request, who)
        row = await utilisations.request_utilisation(session, who, facility, body, today)
        headers = {"Location": f"/v1/utilisations/{row.id}", "ETag": etag_of(row.version)}
        return Reply(202, await utilisations.view(session, row), headers)

    return await call.atomic(database, effect)


async def _indicative(request: Request, facility_id: UUID, body: UtilisationRequest, who: Principal) -> Response:
    database: Database = request.app.state.database
    policies: PolicyShelf = request.app.state.policies
    async with database.session() as session:
        facility = await facilities.visible_facility(session, who, facility_id)
    if facility is None:
        raise await foreign(request, who)
    today = await business_day(database, policies, now())
    pinned = await policies.bundle(facility.policy_sha256)
    async with database.session() as session:
        drawing = await utilisations.asked(session, who, facility, body, today)
        verdict = await indicative_gate(session, drawing, today.day, pinned, today.bundle)
    return Response(verdict.model_dump_json(), 200, media_type="application/json")
