"""The inbox: who sees which task, a page of them in one query, and a task as people see it.

Whose case a task belongs to and what is asked for is read from the case's own row: the process carries no borrower's
data. The page is picked before anything is joined, from the newest rows of each way a task can concern the caller
(offered to a role, offered by name, held, owned), so that each way walks along an index however many tasks there are.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Uuid, and_, bindparam, cast, false, func, literal_column, not_, or_, union
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.inbox import DrawingBrief, FindingsSummary, TaskLinks, TaskView
from domain.money import Money
from domain.roles import BORROWER_ROLES, HEAD_OFFICE, Role
from domain.tasks import OPEN_STATES, HumanTask, TaskState
from services.kit.paging import PageRequest, Slice
from services.kit.principal import Principal
from services.origination.calc.allowed_actions import allowed_actions, roles_of
from services.origination.tables.cases import Application
from services.origination.tables.facilities import Utilisation
from services.origination.tables.tasks import Task

_OVERSEERS = (Role.OPERATOR, Role.AUDITOR)

_Rows: Final[type[Select[Any]]] = Select
"""A statement whose rows are taken apart by hand."""

OPEN_TASKS: Final = "open"
"""The state filter that stands for every open state."""

# What an index's condition or expression speaks of is written out: of a parameter the planner cannot prove it.
_CANDIDATES: Final = literal_column("(body -> 'candidates')", JSONB)
_TO_ANYBODY: Final = func.jsonb_array_length(_CANDIDATES) == literal_column("0")
_BY_NAME: Final = func.jsonb_array_length(_CANDIDATES) > literal_column("0")


def _in_states(*states: str) -> ColumnElement[bool]:
    return col(Task.state).in_(bindparam(None, sorted(states), expanding=True, literal_execute=True))


_OPEN: Final = _in_states(*(state.value for state in OPEN_STATES))


@dataclass(frozen=True)
class Matter:
    """What a task is about: the case's own figures, and the drawing's where it concerns one."""

    case_id: UUID
    case_number: str
    branch: str
    lender_id: str
    product: str | None
    borrower_name: str | None
    borrower_uscc: str | None
    amount: Decimal | None
    tenor_months: int | None
    drawing_number: str | None
    drawing_amount: Decimal | None
    value_date: date | None


_MATTER: Final = (
    col(Application.case_id),
    col(Application.case_number),
    col(Application.branch),
    col(Application.lender_id),
    col(Application.product),
    col(Application.borrower_name),
    col(Application.borrower_uscc),
    col(Application.amount),
    col(Application.tenor_months),
    col(Utilisation.number),
    col(Utilisation.amount),
    col(Utilisation.value_date),
)
"""The columns of ``Matter``: of a case its header only, its content may list thousands of servers."""


@dataclass(frozen=True)
class Found:
    """A task beside what it is about."""

    task: Task
    matter: Matter


@dataclass(frozen=True)
class InboxFilter:
    """What narrows an inbox. ``everything`` shows overseers, and anybody within one case, what others are to do."""

    state: TaskState | str = ""
    task_type: str = ""
    case_id: UUID | None = None
    everything: bool = False


def in_sight(who: Principal) -> ColumnElement[bool]:
    """Which tasks a caller may know of: staff those of their branch, borrowers those that are theirs to do."""
    if who.kind == "staff" and who.branch:
        return col(Task.branch) == who.branch if who.branch != HEAD_OFFICE else col(Task.id).is_not(None)
    if who.kind == "borrower" and who.uscc:
        roles = [role for role in BORROWER_ROLES if role in who.roles]
        return and_(col(Task.borrower_uscc) == who.uscc, col(Task.role).in_(roles))
    return false()


def _by_name(who: Principal) -> ColumnElement[bool]:
    """Tasks that are offered to the caller by name."""
    return and_(_BY_NAME, _CANDIDATES.has_key(who.subject), col(Task.role).in_(roles_of(who.roles)), _welcome(who))


def _otherwise(who: Principal) -> list[ColumnElement[bool]]:
    """The other ways a task can be a caller's to do, each a condition that an index answers in the order of a page."""
    roles = dict.fromkeys(roles_of(who.roles))
    return [
        *(and_(col(Task.role) == role.value, _TO_ANYBODY, _welcome(who)) for role in roles),
        col(Task.assignee) == who.subject,
        col(Task.owner) == who.subject,
    ]


def _welcome(who: Principal) -> ColumnElement[bool]:
    """Separation of duties keeps some persons away from a task."""
    kept_away: ColumnElement[bool] = col(Task.body)["excluded"].has_key(who.subject)
    return not_(kept_away)


def _narrowed(who: Principal, wanted: InboxFilter, page: PageRequest) -> list[ColumnElement[bool]]:
    conditions = [in_sight(who)]
    if wanted.state == OPEN_TASKS:
        conditions.append(_OPEN)
    elif wanted.state:
        conditions.append(_in_states(wanted.state))
    if wanted.task_type:
        conditions.append(col(Task.type) == wanted.task_type)
    if wanted.case_id is not None:
        conditions.append(col(Task.case_id) == wanted.case_id)
    if page.after is not None:
        conditions.append(col(Task.id) < page.after)
    return conditions


def statement_of(who: Principal, wanted: InboxFilter, page: PageRequest) -> Select[Any]:
    """The one query of a page: tasks newest first, one more than asked for, each with its matter."""
    conditions = _narrowed(who, wanted, page)
    newest = col(Task.id).desc()
    most = page.limit + 1

    def walk(*way: ColumnElement[bool]) -> Select[Any]:
        return _Rows(col(Task.id)).where(*conditions, *way).order_by(newest).limit(most)

    if wanted.everything and (who.has(*_OVERSEERS) or wanted.case_id is not None):
        picked = walk().subquery()
    elif wanted.case_id is not None or who.kind != "staff":
        # The tasks of a case or of a borrower are few: one walk looks at them all.
        picked = walk(or_(_by_name(who), *_otherwise(who))).subquery()
    else:
        # Few tasks are offered to one person by name, so they are all looked up (OFFSET keeps the planner from walking
        # through everybody's in the hope of meeting them).
        named = _Rows(col(Task.id)).where(*conditions, _by_name(who)).offset(literal_column("0")).subquery()
        by_name = _Rows(named.c.id).order_by(named.c.id.desc()).limit(most)
        merged = union(*(walk(way) for way in _otherwise(who)), by_name).subquery()
        picked = _Rows(merged.c.id).order_by(merged.c.id.desc()).limit(most).subquery()
    return _with_matter(_Rows(Task, *_MATTER)).join(picked, picked.c.id == col(Task.id)).order_by(newest)


def _with_matter(statement: Select[Any]) -> Select[Any]:
    drawing = cast(col(Task.body)["utilisation_id"].astext, Uuid)
    return (
        statement.select_from(Task)
        .join(Application, col(Application.case_id) == col(Task.case_id))
        .outerjoin(Utilisation, col(Utilisation.id) == drawing)
    )


async def inbox(session: AsyncSession, who: Principal, wanted: InboxFilter, page: PageRequest) -> Slice[Found]:
    """A page of what the caller may work on, newest first."""
    rows = (await session.execute(statement_of(who, wanted, page))).all()
    found = [Found(row[0], Matter(*row[1:])) for row in rows[: page.limit]]
    return Slice(found, found[-1].task.id if len(rows) > page.limit else None)


async def visible_task(session: AsyncSession, who: Principal, task_id: UUID) -> Found | None:
    """A task within the caller's sight, with what it is about."""
    statement = _with_matter(_Rows(Task, *_MATTER)).where(col(Task.id) == task_id, in_sight(who))
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else Found(row[0], Matter(*row[1:]))


def view(found: Found, who: Principal) -> TaskView:
    """A task as a caller sees it. A borrower is told neither who of the bank was kept away from it, or why, nor what
    the bank concluded."""
    matter = found.matter
    task = HumanTask.model_validate(found.task.body)
    outsider = who.kind == "borrower"
    hidden = {"excluded": (), "candidates": (), "findings": (), "returned": None} if outsider else {}
    return TaskView(
        **{**task.model_dump(), **hidden},
        case_number=matter.case_number,
        branch=matter.branch,
        lender_id=matter.lender_id,
        product=matter.product or "",
        borrower_name=matter.borrower_name,
        borrower_uscc=matter.borrower_uscc,
        amount=None if matter.amount is None else Money(amount=matter.amount),
        tenor_months=matter.tenor_months,
        drawing=_drawing(matter),
        findings_summary=None if outsider else FindingsSummary.of(task.findings),
        links=_links(task, outsider=outsider),
        allowed_actions=allowed_actions(task, who.subject, who.roles),
    )


def _drawing(matter: Matter) -> DrawingBrief | None:
    if matter.drawing_number is None or matter.drawing_amount is None or matter.value_date is None:
        return None
    return DrawingBrief(
        number=matter.drawing_number, amount=Money(amount=matter.drawing_amount), value_date=matter.value_date
    )


def _links(task: HumanTask, *, outsider: bool) -> TaskLinks:
    case = f"/v1/applications/{task.case_id}"
    subjects = {"offer": f"{case}/offer", "facility_agreement": f"{case}/agreement"}
    if task.subject is not None and task.subject.type == "credit_memo":
        subjects["credit_memo"] = f"{case}/documents/{task.subject.sha256}"
    return TaskLinks(
        application=case,
        assessment=None if outsider else f"{case}/assessment",
        timeline=None if outsider else f"{case}/timeline",
        subject=subjects.get(task.subject.type) if task.subject is not None else None,
        utilisation=f"/v1/utilisations/{task.utilisation_id}" if task.utilisation_id is not None else None,
    )
