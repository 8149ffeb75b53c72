"""What the processes report of themselves: where they stand, and how their conditions ended."""

from typing import Annotated
from uuid import UUID

from fastapi import Request, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.process import ConditionReport, ProgressReport
from services.kit.auth import allow
from services.kit.database import Database
from services.kit.idempotency import IdempotentCall, Reply, idempotent
from services.kit.principal import Principal
from services.kit.problems import Fault, Problem
from services.kit.router import Router
from services.origination.routes.roles import WORKER
from services.origination.store import conditions, positions

router = Router(tags=["processes"])


@router.post("/v1/cases/{case_id}/progress", status_code=204)
async def progress(
    request: Request,
    case_id: UUID,
    body: ProgressReport,
    who: Annotated[Principal, allow(*WORKER)],
    call: Annotated[IdempotentCall, idempotent()],
) -> Response:
    """Enter where a process stands: stage, tasks and transfers at versions newer than the books have."""
    of_this_case(case_id, body.case_id)
    database: Database = request.app.state.database
    position = positions.Position(
        case_id=case_id,
        workflow_id=body.workflow_id,
        stage=body.stage,
        tasks=body.tasks,
        transfers=body.transfers,
        utilisation_id=body.utilisation_id,
        facility_id=body.facility_id,
        reasons=body.reasons,
        invalidated=body.invalidated,
        facts={
            "step": body.step,
            "at": body.at,
            "invalidated": body.invalidated,
            "reasons": [reason.code for reason in body.reasons],
        },
    )

    async def effect(session: AsyncSession) -> Reply:
        await positions.enter(session, "process.progress", who, position)
        return Reply(204)

    return await call.atomic(database, effect)


@router.post("/v1/cases/{case_id}/conditions", status_code=204)
async def condition(
    request: Request,
    case_id: UUID,
    body: ConditionReport,
    who: Annotated[Principal, allow(*WORKER)],
    call: Annotated[IdempotentCall, idempotent()],
) -> Response:
    """Enter that a condition was met, waived or breached."""
    of_this_case(case_id, body.case_id)
    database: Database = request.app.state.database

    async def effect(session: AsyncSession) -> Reply:
        await conditions.enter(session, who, body)
        return Reply(204)

    return await call.atomic(database, effect)


def of_this_case(case_id: UUID, named: UUID) -> None:
    if named != case_id:
        fault = Fault("/case_id", "other_case", "与路径中的案件不一致", "is not the case of the address")
        raise Problem("invalid_request", errors=[fault], count=1)
