"""``/v1/applications/{id}/assessment`` and ``/timeline``: what was concluded, and what happened when."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request
from sqlmodel import col, select

from domain.casefile import AssessmentView, TimelineEntry
from domain.tasks import TaskOutcome
from services.kit.auth import allow
from services.kit.database import Database
from services.kit.principal import Principal
from services.kit.router import Router
from services.origination.routes.roles import STAFF
from services.origination.routes.sight import recorded
from services.origination.store import applications, casework
from services.origination.tables.events import CaseEvent

router = Router(prefix="/v1/applications", tags=["applications"], dependencies=[recorded()])

_NAMED = 5
"""How many changed places a line of the timeline names; all of them are in the list of versions."""


@router.get("/{case_id}/assessment", response_model=AssessmentView)
async def assessment(
    request: Request, case_id: UUID, who: Annotated[Principal, allow(*STAFF, scope="case")]
) -> AssessmentView:
    """The newest conclusion of each kind with its reasons, the memo, the decision, the offer and the agreement."""
    database: Database = request.app.state.database
    async with database.session() as session:
        row = await applications.visible_case(session, who, case_id)
        return await casework.assessment(session, row)


@router.get("/{case_id}/timeline", response_model=list[TimelineEntry])
async def timeline(
    request: Request,
    case_id: UUID,
    who: Annotated[Principal, allow(*STAFF, scope="case")],
    after: Annotated[int, Query(ge=0, le=2**31 - 1, description="only events after this sequence number")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 500,
) -> list[TimelineEntry]:
    """The events of a case in their order: who did what when, and what the machine concluded."""
    database: Database = request.app.state.database
    async with database.session() as session:
        await applications.visible_case(session, who, case_id)
        statement = select(CaseEvent).where(CaseEvent.case_id == case_id, CaseEvent.seq > after)
        events = (await session.exec(statement.order_by(col(CaseEvent.seq)).limit(limit))).all()
    return [_entry(event) for event in events]


def _entry(event: CaseEvent) -> TimelineEntry:
    facts = event.payload.get("facts", {})
    return TimelineEntry(
        seq=event.seq,
        kind=event.kind,
        actor=str(event.actor.get("subject", "")),
        at=event.at,
        stage=_stage(event.payload),
        summary=_summary(facts),
    )


def _stage(payload: dict[str, Any]) -> str | None:
    """The stage the case was in after the event, where the event moved it."""
    for image in payload.get("rows", ()):
        if image["table"] == "application" and "stage" in image["values"]:
            return str(image["values"]["stage"])
    return None


def _summary(facts: dict[str, Any]) -> str:
    """The few words of an event: a conclusion's headline, a decision, a kind of document, the reason of a return."""
    command = facts.get("command")
    if isinstance(command, dict) and command.get("outcome") == TaskOutcome.RETURN:
        # Why a case came back is what everybody who opens it next must read.
        return f"{facts.get('stage', '')} → {command.get('return_to', '')}: {command.get('comment') or ''}"
    if "changed" in facts:
        return f"{facts.get('content_version', '')} · {', '.join(facts['changed'][:_NAMED])}"
    finding = facts.get("finding")
    if isinstance(finding, dict):
        return f"{finding.get('outcome', '')} · {finding.get('value', '')}"
    for name in ("decision", "kind", "number", "asset_key", "step"):
        if isinstance(facts.get(name), str) and facts[name]:
            return str(facts[name])
    return ""
