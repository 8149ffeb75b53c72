"""``/v1/applications/{id}/assessment`` and ``/timeline``: what was concluded, and what happened when."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query, Request

from domain.casefile import AssessmentView, TimelineEntry
from services.kit.auth import allow
from services.kit.database import Database
from services.kit.principal import Principal
from services.kit.router import Router
from services.origination.routes.roles import STAFF
from services.origination.routes.sight import recorded
from services.origination.store import applications
from services.origination.store import assessment as assessments
from services.origination.store.timeline import TimelineRequest
from services.origination.store.timeline import timeline as read_timeline

router = Router(prefix="/v1/applications", tags=["applications"], dependencies=[recorded()])


@router.get("/{case_id}/assessment", response_model=AssessmentView)
async def assessment(
    request: Request, case_id: UUID, who: Annotated[Principal, allow(*STAFF, scope="case")]
) -> AssessmentView:
    """What a decision stands on: who asks for what, rating, limit with its five caps, price, values, what is unknown or
    open, exceptions and opinions; and the newest conclusion of each kind with the decision, offer and agreement."""
    database: Database = request.app.state.database
    async with database.session() as session:
        row = await applications.visible_case(session, who, case_id)
        return await assessments.assessment(session, row)


@router.get("/{case_id}/timeline", response_model=list[TimelineEntry])
async def timeline(
    request: Request,
    case_id: UUID,
    who: Annotated[Principal, allow(*STAFF, scope="case")],
    after: Annotated[int, Query(ge=0, le=2**31 - 1, description="only events after this sequence number")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 500,
    detail: Annotated[
        Literal["story", "all"], Query(description="all: also what only moves papers about, as the chain holds it")
    ] = "story",
) -> list[TimelineEntry]:
    """The story of a case in its order, a sentence a line: who did what when, how it ended and why."""
    database: Database = request.app.state.database
    async with database.session() as session:
        await applications.visible_case(session, who, case_id)
        wanted = TimelineRequest(after=after, limit=limit, all_detail=detail == "all")
        return await read_timeline(session, case_id, wanted)
