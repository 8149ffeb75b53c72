"""Where a process stands, entered into the books: tasks and transfers at their new versions, and the stage."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from domain.calendar import BANK_ZONE
from domain.facility import TransferRef, TransferState
from domain.finding import Reason
from domain.process import application_workflow_id, facility_workflow_id, utilisation_workflow_id
from domain.stages import ENDED, FacilityStage, Stage, UtilisationStage
from domain.tasks import HumanTask
from services.kit.database import now
from services.kit.principal import Principal
from services.kit.problems import Fault, Problem
from services.origination.store import limits
from services.origination.store.events import lock_case, record
from services.origination.store.tasks import newer_tasks, read_with_tasks
from services.origination.tables.base import OriginationTable
from services.origination.tables.cases import Application
from services.origination.tables.facilities import Facility, Transfer, Utilisation
from services.origination.tables.tasks import Task

_OWNERS_CHOICE = frozenset({TransferState.CONFIRMED_BY_OWNER, TransferState.REJECTED_BY_OWNER, TransferState.EXPIRED})


@dataclass(frozen=True)
class Position:
    """What a process reported of itself."""

    case_id: UUID
    workflow_id: str
    stage: str
    tasks: Sequence[HumanTask] = ()
    transfers: Sequence[TransferRef] = ()
    utilisation_id: UUID | None = None
    facility_id: UUID | None = None
    decided_by: str | None = None
    """Who decided on the transfers, where this is the answer to a person's command."""
    reasons: Sequence[Reason] = ()
    invalidated: Sequence[str] = ()
    """Stages of which the conclusions no longer stand."""
    late: bool = False
    """The report may be overtaken by a newer one (the answer to a command is entered after the process went on), so its
    stage counts only where its tasks or transfers are news."""
    facts: Mapping[str, Any] = field(default_factory=dict)


async def enter(session: AsyncSession, kind: str, actor: Principal | str, position: Position) -> list[Task]:
    """Enter a position as one event of the case; returns the task rows that were news.

    Raises ``not_found`` for an unknown case. A position that says nothing new is an event all the same.
    """
    await lock_case(session, position.case_id)
    application, known = await read_with_tasks(session, position.case_id, [task.task_id for task in position.tasks])
    faults = await _faults(session, position)
    if faults:
        raise Problem("invalid_request", errors=faults, count=len(faults))
    tasks = newer_tasks(application, known, position.tasks)
    transfers = await _decided_transfers(session, position)
    rows: list[OriginationTable] = [*tasks, *transfers]
    if not position.late or rows:
        rows += await _at_stage(session, application, position)
    facts = {"workflow_id": position.workflow_id, "stage": position.stage, **position.facts}
    await record(session, position.case_id, kind, actor, rows=rows, facts=facts)
    await _given_back(session, actor, application, position)
    return tasks


async def _given_back(
    session: AsyncSession, actor: Principal | str, application: Application, position: Position
) -> None:
    """What a case holds of the limits goes back when it ends without a facility, when its approval no longer stands, and
    when its facility is over. Asked again, nothing is left to give back."""
    kind = position.workflow_id.partition("-")[0]
    ended = kind == "application" and application.ended_at is not None and application.stage != Stage.EFFECTIVE.value
    undone = kind == "application" and Stage.APPROVAL.value in position.invalidated
    over = kind == "facility" and position.stage in (FacilityStage.REPAID.value, FacilityStage.CANCELLED.value)
    if not (ended or undone or over):
        return
    reported = position.facts.get("at")
    day = (reported if isinstance(reported, datetime) else now()).astimezone(BANK_ZONE).date()
    # The answer to a person's command names no step: then the stage it led to says what was done.
    step = str(position.facts.get("step") or position.stage)
    await limits.release(session, actor, limits.Step(position.case_id, position.workflow_id, step, day), committed=over)


_STAGES: dict[str, type[StrEnum]] = {
    "application": Stage,
    "utilisation": UtilisationStage,
    "facility": FacilityStage,
}


async def _faults(session: AsyncSession, position: Position) -> list[Fault]:
    """What a report says that these books cannot hold: it is refused whole."""
    faults = []
    stages = _STAGES.get(position.workflow_id.partition("-")[0])
    if stages is None:
        faults.append(Fault("/workflow_id", "unknown_process", "不是已知流程", "names no process of a case"))
    elif position.stage not in set(stages):
        faults.append(Fault("/stage", "unknown_stage", "阶段无效", "is no stage of this process"))
    for place, task in enumerate(position.tasks):
        if task.case_id != position.case_id:
            faults.append(Fault(f"/tasks/{place}/case_id", "other_case", "属于其他案件", "belongs to another case"))
    for place, ref in enumerate(position.transfers):
        row = await session.get(Transfer, ref.transfer_id)
        if row is None or row.case_id != position.case_id:
            faults.append(
                Fault(
                    f"/transfers/{place}/transfer_id", "unknown_transfer", "账上没有该笔付款", "is not in these books"
                )
            )
    return faults


async def _decided_transfers(session: AsyncSession, position: Position) -> list[Transfer]:
    changed = []
    for ref in position.transfers:
        row = await session.get(Transfer, ref.transfer_id, populate_existing=True)
        assert row is not None
        # The owner's choice comes from the process; everything after it is the books' own.
        if row.state == TransferState.CREATED and ref.state in _OWNERS_CHOICE:
            row.state = ref.state.value
            row.decided_by = position.decided_by
            row.decided_at = now()
            row.version += 1
            changed.append(row)
    return changed


async def _at_stage(session: AsyncSession, application: Application, position: Position) -> list[OriginationTable]:
    moment = now()
    workflow = position.workflow_id
    if workflow == application_workflow_id(position.case_id):
        if application.stage == position.stage:
            return []
        application.stage = position.stage
        application.ended_at = moment if position.stage in {stage.value for stage in ENDED} else None
        return [_stamped(application, moment)]
    if position.utilisation_id is not None and workflow == utilisation_workflow_id(position.utilisation_id):
        utilisation = await session.get(Utilisation, position.utilisation_id, populate_existing=True)
        if utilisation is None or utilisation.case_id != position.case_id:
            raise Problem("not_found")
        if utilisation.stage == position.stage:
            return []
        utilisation.stage = position.stage
        utilisation.reasons = [reason.model_dump(mode="json") for reason in position.reasons]
        utilisation.version += 1
        return [utilisation]
    if position.facility_id is not None and workflow == facility_workflow_id(position.facility_id):
        facility = await session.get(Facility, position.facility_id, populate_existing=True)
        if facility is None or facility.case_id != position.case_id:
            raise Problem("not_found")
        if facility.stage == position.stage:
            return []
        facility.stage = position.stage
        return [_stamped(facility, moment)]
    return []


def _stamped(row: Application | Facility, moment: datetime) -> Application | Facility:
    row.version += 1
    row.updated_at = moment
    return row


def ids_of(workflow_id: str) -> dict[str, UUID]:
    """``utilisation_id`` or ``facility_id`` of a workflow id that speaks of one; empty for an application's."""
    kind, _, key = workflow_id.partition("-")
    return {f"{kind}_id": UUID(key)} if kind in ("utilisation", "facility") else {}
