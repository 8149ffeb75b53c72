"""The inbox: rows of tasks as the processes report them, and who sees which."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, func, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from domain.inbox import TaskView
from domain.roles import BORROWER_ROLES, HEAD_OFFICE, Role
from domain.tasks import OPEN_STATES, SUBMISSION_DUTY, HumanTask, TaskState, TaskType
from services.kit.principal import Principal
from services.origination.calc.allowed_actions import allowed_actions
from services.origination.tables.cases import Application, ApplicationVersion
from services.origination.tables.tasks import Task

_OVERSEERS = (Role.OPERATOR, Role.AUDITOR)


async def newer_tasks(session: AsyncSession, application: Application, tasks: Iterable[HumanTask]) -> list[Task]:
    """The rows that these reported tasks change, changed; a report older than its row changes nothing.

    The caller holds the case's lock and records the rows.
    """
    changed = []
    for task in tasks:
        row = await session.get(Task, task.task_id, populate_existing=True)
        if row is None:
            row = Task(id=task.task_id, case_id=task.case_id, branch=application.branch, **_columns(task))
        elif row.version >= task.version:
            continue
        else:
            for name, value in _columns(task).items():
                setattr(row, name, value)
        row.borrower_uscc = application.borrower_uscc
        changed.append(row)
    return changed


def _columns(task: HumanTask) -> dict[str, Any]:
    return {
        "workflow_id": task.workflow_id,
        "type": task.type.value,
        "stage": task.stage,
        "state": task.state.value,
        "outcome": task.outcome.value if task.outcome else None,
        "role": task.role.value,
        "assignee": task.assignee,
        "owner": task.owner,
        "priority": task.priority,
        "due_at": task.due_at,
        "created_at": task.created_at,
        "completed_at": task.completed_at,
        "version": task.version,
        "body": task.model_dump(mode="json"),
    }


def in_sight(who: Principal) -> ColumnElement[bool]:
    """Which tasks a caller may know of: staff those of their branch, borrowers those that are theirs to do."""
    if who.kind == "staff" and who.branch:
        return col(Task.branch) == who.branch if who.branch != HEAD_OFFICE else col(Task.id).is_not(None)
    if who.kind == "borrower" and who.uscc:
        roles = [role for role in BORROWER_ROLES if role in who.roles]
        return and_(col(Task.borrower_uscc) == who.uscc, col(Task.role).in_(roles))
    return false()


def _to_do(who: Principal) -> ColumnElement[bool]:
    """Which of those a caller may work on: offered to a role of theirs, or already in their hands."""
    candidates = col(Task.body)["candidates"]
    offered = and_(
        col(Task.role).in_(who.roles),
        or_(func.jsonb_array_length(candidates) == 0, candidates.has_key(who.subject)),
        ~col(Task.body)["excluded"].has_key(who.subject),
    )
    return or_(offered, col(Task.assignee) == who.subject, col(Task.owner) == who.subject)


def inbox(
    who: Principal,
    *,
    state: str = "",
    task_type: str = "",
    case_id: UUID | None = None,
    everything: bool = False,
) -> SelectOfScalar[Task]:
    """The select of a caller's inbox, without order. ``everything`` shows overseers, and anybody within one case, what
    others are to do."""
    statement = select(Task).where(in_sight(who))
    if not (everything and (who.has(*_OVERSEERS) or case_id is not None)):
        statement = statement.where(_to_do(who))
    if state == "open":
        statement = statement.where(col(Task.state).in_([state.value for state in OPEN_STATES]))
    elif state:
        statement = statement.where(Task.state == state)
    if task_type:
        statement = statement.where(Task.type == task_type)
    if case_id is not None:
        statement = statement.where(Task.case_id == case_id)
    return statement


async def visible_task(session: AsyncSession, who: Principal, task_id: UUID) -> tuple[Task, Application] | None:
    """A task within the caller's sight, with its case."""
    found = await session.exec(
        select(Task, Application)
        .join(Application, col(Application.case_id) == col(Task.case_id))
        .where(Task.id == task_id, in_sight(who))
    )
    return found.one_or_none()


async def applications_of(session: AsyncSession, rows: Iterable[Task]) -> dict[UUID, Application]:
    """The cases that tasks belong to."""
    found = await session.exec(select(Application).where(col(Application.case_id).in_({row.case_id for row in rows})))
    return {application.case_id: application for application in found}


def view(row: Task, application: Application, who: Principal) -> TaskView:
    """A task as a caller sees it. A borrower is not told who of the bank was kept away from it, or why."""
    task = HumanTask.model_validate(row.body)
    hidden = {"excluded": (), "candidates": (), "findings": (), "returned": None} if who.kind == "borrower" else {}
    return TaskView(
        **{**task.model_dump(), **hidden},
        case_number=application.case_number,
        branch=application.branch,
        product=application.product or "",
        allowed_actions=allowed_actions(task, who.subject, who.roles),
    )


async def duties_discharged(session: AsyncSession, case_id: UUID) -> list[tuple[str, str]]:
    """Who has discharged which duty of a case: everybody who completed a task of it, and who submitted it, each time."""
    rows = await session.exec(select(Task).where(Task.case_id == case_id, col(Task.state) == TaskState.COMPLETED.value))
    held = {(str(row.body["completed_by"]), row.type) for row in rows if row.body.get("completed_by")}
    frozen_by = select(ApplicationVersion.frozen_by).where(ApplicationVersion.case_id == case_id)
    held |= {(subject, SUBMISSION_DUTY) for subject in await session.exec(frozen_by)}
    return sorted(held)


async def open_rework(session: AsyncSession, case_id: UUID) -> HumanTask | None:
    """The rework of a case that was returned to its lead, while it is open."""
    found = await session.exec(
        select(Task).where(
            Task.case_id == case_id,
            Task.type == TaskType.REWORK.value,
            col(Task.state).in_([state.value for state in OPEN_STATES]),
        )
    )
    row = found.one_or_none()
    return None if row is None else HumanTask.model_validate(row.body)
