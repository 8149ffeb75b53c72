"""Rows of tasks as the processes report them, and who has discharged which duty of a case."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, bindparam
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.tasks import OPEN_STATES, SUBMISSION_DUTY, HumanTask, MemoNote, TaskOutcome, TaskState, TaskType
from services.kit.problems import Problem
from services.origination.calc.contracting import DutyDone
from services.origination.tables.cases import Application, ApplicationVersion
from services.origination.tables.tasks import Task

_Both: Final[type[Select[Any]]] = Select
_WITH_TASKS: Final = (
    _Both(Application, Task)
    .outerjoin(Task, col(Task.id).in_(bindparam("wanted", expanding=True)))
    .where(col(Application.case_id) == bindparam("of_case"))
    .execution_options(populate_existing=True)
)


async def read_with_tasks(
    session: AsyncSession, case_id: UUID, task_ids: Sequence[UUID]
) -> tuple[Application, dict[UUID, Task]]:
    """A case's row and these of its tasks as they stand now, in one statement; tasks the books do not have yet are left
    out. The caller holds the case's lock. Raises ``not_found``."""
    rows = (await session.execute(_WITH_TASKS, {"of_case": case_id, "wanted": task_ids})).all()
    if not rows:
        raise Problem("not_found")
    return rows[0][0], {task.id: task for _, task in rows if task is not None}


async def memo_notes(session: AsyncSession, case_id: UUID) -> tuple[MemoNote, ...]:
    """What the lead investigator wrote for the credit memo when the investigation was last completed."""
    statement = (
        select(Task)
        .where(Task.case_id == case_id, Task.type == TaskType.LEAD_INVESTIGATION.value)
        .where(Task.state == TaskState.COMPLETED.value)
        .order_by(col(Task.id).desc())
    )
    done = [HumanTask.model_validate(row.body) for row in (await session.exec(statement)).all()]
    return next((task.memo for task in done if task.outcome is TaskOutcome.APPROVE), ())


def newer_tasks(application: Application, known: Mapping[UUID, Task], tasks: Iterable[HumanTask]) -> list[Task]:
    """The rows that these reported tasks change, changed; a report older than its row changes nothing. The caller records
    the rows."""
    changed = []
    for task in tasks:
        row = known.get(task.task_id)
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


async def duties_discharged(session: AsyncSession, case_id: UUID) -> list[tuple[str, str]]:
    """Who has discharged which duty of a case: everybody who completed a task of it, and who submitted it, each time."""
    rows = await session.exec(select(Task).where(Task.case_id == case_id, col(Task.state) == TaskState.COMPLETED.value))
    held = {(str(row.body["completed_by"]), row.type) for row in rows if row.body.get("completed_by")}
    frozen_by = select(ApplicationVersion.frozen_by).where(ApplicationVersion.case_id == case_id)
    held |= {(subject, SUBMISSION_DUTY) for subject in await session.exec(frozen_by)}
    return sorted(held)


async def duties_done(session: AsyncSession, case_id: UUID) -> tuple[DutyDone, ...]:
    """Who discharged which duty of a case, and whether they wrote down or filed what they found."""
    rows = await session.exec(select(Task).where(Task.case_id == case_id, col(Task.state) == TaskState.COMPLETED.value))
    recorded: dict[tuple[str, str], bool] = dict.fromkeys(await duties_discharged(session, case_id), False)
    for row in rows:
        held = (str(row.body.get("completed_by")), row.type)
        if held in recorded and (row.body.get("comment") or row.body.get("evidence")):
            recorded[held] = True
    return tuple(DutyDone(subject=who, duty=duty, recorded=said) for (who, duty), said in sorted(recorded.items()))


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
