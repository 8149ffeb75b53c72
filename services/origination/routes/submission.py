"""``POST /v1/applications/{id}/submit`` and ``/withdraw``: a case enters its process, and leaves it."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.casefile import (
    SubmissionBody,
    SubmissionReceipt,
    WithdrawalBody,
    WithdrawalView,
)
from domain.inbox import CommandView
from domain.indicative import IndicativeVerdict
from domain.money import Money
from domain.process import (
    APPLICATION_WORKFLOW,
    WITHDRAW,
    CaseStart,
    SignedWithdrawCommand,
    WithdrawCommand,
    application_workflow_id,
)
from domain.requests.collateral import asset_registrations
from domain.stages import ENDED, Stage
from services.kit.auth import allow
from services.kit.database import Database, now
from services.kit.etags import IfMatch, etag_of, if_match
from services.kit.idempotency import IdempotentCall, Reply, idempotent
from services.kit.principal import Principal
from services.kit.problems import Problem
from services.kit.router import Router, problem_response
from services.origination.calc.completeness import missing
from services.origination.commands import ACCEPTED, Order, carry_out
from services.origination.indicative import indicative_verdict
from services.origination.pledges import register_assets
from services.origination.process import request_start
from services.origination.resubmission import incomplete, receipt, resubmit
from services.origination.routes.roles import FRONT_OFFICE
from services.origination.routes.sight import recorded
from services.origination.store import applications, casework, drafting, reference
from services.origination.store.business_day import business_day
from services.origination.store.events import record
from services.origination.store.policies import PolicyShelf
from services.origination.store.traces import leave_traces
from services.origination.tables.cases import Application
from services.origination.tables.tasks import Task

router = Router(prefix="/v1/applications", tags=["applications"], dependencies=[recorded()])


@router.post(
    "/{case_id}/submit",
    response_model=SubmissionReceipt | CommandView,
    status_code=202,
    responses={
        202: {
            "description": "Submitted; of a returned case also that its process has not answered yet: Location says where to"
            " ask",
            "headers": {"Location": {"schema": {"type": "string"}}},
        },
        200: {"model": IndicativeVerdict, "description": "With dry_run: what submission would say; nothing is written"},
        502: problem_response(502),
    },
)
async def submit(
    request: Request,
    case_id: UUID,
    who: Annotated[Principal, allow(*FRONT_OFFICE, scope="case")],
    base: Annotated[IfMatch, if_match()],
    call: Annotated[IdempotentCall, idempotent()],
    body: SubmissionBody | None = None,
    dry_run: Annotated[bool, Query(description="only say what submission would say")] = False,
) -> Response:
    """Submit a draft, or a returned case again. Everything missing or wrong is reported at once.

    The first time the content is frozen, the policy in force is pinned, and the process starts; with the process engine away
    the case is accepted all the same and starts later. A returned case keeps its policy: the new content is frozen as its next
    version, the lead's rework is completed, and the process goes on with it.
    """
    database: Database = request.app.state.database
    shelf: PolicyShelf = request.app.state.policies
    if dry_run:
        verdict = await indicative_verdict(request.app.state, who, case_id, base)
        return Response(verdict.model_dump_json(), 200, media_type="application/json")
    async with database.session() as session:
        submitted_before = (await applications.visible_case(session, who, case_id)).content_version > 0
    if submitted_before:
        return await resubmit(request, call, who, case_id, base, body.comment if body is not None else None)
    reservation = await call.reserve(database)
    if reservation.replayed is not None:
        return reservation.replayed
    try:
        at = now()
        today = await business_day(database, shelf, at)
        bundle, day = today.bundle, today.day
        async with database.session() as session:
            row = await applications.visible_case(session, who, case_id)
            _expect_draft(row)
            base.check(row.version)
            documents = await casework.filed(session, case_id)
            # A case of a lender without books cannot be measured against anything.
            await reference.as_of(session, reference.lender_series(row.lender_id), day)
        content = applications.content_of(row)
        found = missing(content, bundle, documents, day)
        if found:
            raise incomplete(found)
        entries = asset_registrations(content, case_id, row.branch, row.case_number)
        await register_assets(request.app.state, entries, f"{case_id}:{row.version}")

        async def effect(session: Any) -> Reply:
            current = await applications.case(session, case_id, lock=True)
            _expect_draft(current)
            base.check(current.version)
            version = drafting.freeze(who, current, policy_sha256=bundle.sha256, pinned_on=day, at=at)
            await leave_traces(session, current, content)
            start = _start(current)
            await record(session, case_id, "application.submitted", who, rows=[current, version], facts=start, at=at)
            await request_start(session, APPLICATION_WORKFLOW, application_workflow_id(case_id), start)
            headers = {"Location": f"/v1/applications/{case_id}", "ETag": etag_of(current.version)}
            return Reply(202, receipt(current), headers)

        return await call.finish(database, reservation, effect)
    except Problem as problem:
        await call.refuse(database, reservation, problem)
        raise
    except Exception:
        await call.suspend(database, reservation)
        raise


def _expect_draft(row: Application) -> None:
    if row.stage != Stage.DRAFT.value:
        raise Problem("application_not_draft", stage=row.stage)


def _start(row: Application) -> CaseStart:
    assert row.product is not None
    assert row.amount is not None
    assert row.policy_sha256 is not None
    assert row.submitted_at is not None
    return CaseStart(
        application_id=row.case_id,
        case_id=row.case_id,
        case_number=row.case_number,
        product=row.product,
        branch=row.branch,
        policy_sha256=row.policy_sha256,
        submitted_by=row.submitted_by or "",
        submitted_at=row.submitted_at,
        content_version=row.content_version,
        content_sha256=row.content_sha256 or "",
        amount=Money(amount=row.amount),
    )


@router.post("/{case_id}/withdraw", response_model=WithdrawalView, responses={**ACCEPTED, 409: problem_response(409)})
async def withdraw(
    request: Request,
    case_id: UUID,
    body: WithdrawalBody,
    who: Annotated[Principal, allow(*FRONT_OFFICE, "borrower_owner", scope="case")],
    call: Annotated[IdempotentCall, idempotent()],
) -> Response:
    """Withdraw an application. A draft simply ends; of a running case the process is told. Until the facility is opened the
    borrower or its relationship manager may."""
    database: Database = request.app.state.database
    async with database.session() as session:
        drafted = (await applications.visible_case(session, who, case_id)).stage == Stage.DRAFT.value
    if drafted:

        async def ended(session: AsyncSession) -> Reply:
            row = await drafting.withdraw_draft(session, who, case_id, body.reason)
            return Reply(200, WithdrawalView(application_id=case_id, case_number=row.case_number, stage=row.stage))

        return await call.atomic(database, ended)

    async def prepare(session: Any) -> Order:
        row = await applications.visible_case(session, who, case_id)
        if row.stage in {stage.value for stage in ENDED}:
            raise Problem("application_not_running", stage=row.stage)
        command = WithdrawCommand(case_id=case_id, subject=who.subject, roles=who.roles, reason=body.reason)
        return Order(case_id, application_workflow_id(case_id), WITHDRAW, command)

    async def answer(session: AsyncSession, _: Sequence[Task]) -> Reply:
        row = await applications.case(session, case_id)
        return Reply(200, WithdrawalView(application_id=case_id, case_number=row.case_number, stage=row.stage))

    return await carry_out(
        request,
        call,
        who,
        target=str(case_id),
        prepare=prepare,
        signed=SignedWithdrawCommand,
        answer=answer,
        event_kind="application.withdrawal",
    )
