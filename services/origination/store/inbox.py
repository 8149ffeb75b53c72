"""The inbox: who sees which task, a page of them in one query, and a task as people see it.

Whose case a task belongs to and what is asked for is read from the case's own row: the process carries no borrower's
data. The page is picked before anything is joined, from the newest rows of each way a task can concern the caller
(offered to a role, offered by name, held, delegated).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Boolean,
    ColumnElement,
    Select,
    String,
    TableValuedAlias,
    Uuid,
    and_,
    bindparam,
    cast,
    column,
    false,
    func,
    literal,
    literal_column,
    not_,
    or_,
    true,
    union,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.inbox import DrawingBrief, FindingsSummary, TaskLinks, TaskView
from domain.money import Money
from domain.roles import BORROWER_ROLES, HEAD_OFFICE, Role
from domain.tasks import OPEN_STATES, ROLE_OF, HumanTask, TaskState, TaskType
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

# Indexed expressions are written as the indexes have them: of a parameter the planner cannot prove that it is the same.
_CANDIDATES: Final = literal_column("(body -> 'candidates')", JSONB)
_EMPTY: Final = literal_column("(jsonb_array_length(body -> 'candidates') = 0)", Boolean)
_TO_ANYBODY: Final = _EMPTY.is_(true())
_BY_NAME: Final = _EMPTY.is_(false())
_TO_SEVERAL: Final = literal_column("(jsonb_array_length(body -> 'candidates') > 1)", Boolean)


def _place(key: ColumnElement[UUID] | Mapped[UUID]) -> ColumnElement[Any]:
    """A task's place in the order of a page, as the indexes of the inbox end with it.

    The bytes of an id sort as the id does, but no other index is in this order: the planner never walks through everybody's
    tasks in the hope of meeting the caller's.
    """
    return func.uuid_send(key)


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


def _welcome(who: Principal) -> ColumnElement[bool]:
    """Separation of duties keeps some persons away from a task."""
    kept_away: ColumnElement[bool] = col(Task.body)["excluded"].has_key(who.subject)
    return not_(kept_away)


def _can_claim(who: Principal) -> ColumnElement[bool]:
    """Tasks that are offered to the caller, to a role of theirs or by name."""
    offered = or_(_TO_ANYBODY, _CANDIDATES.has_key(who.subject))
    return and_(offered, col(Task.role).in_(roles_of(who.roles)), _welcome(who))


def _concerns(who: Principal) -> ColumnElement[bool]:
    """Tasks the caller may claim, holds, or has delegated."""
    return or_(_can_claim(who), col(Task.assignee) == who.subject, col(Task.owner) == who.subject)


class _Inbox:
    """The ways along which a caller's tasks are found.

    Every way walks along one index, whose leading columns are all asked for by equality: each type and each state is
    walked by itself, to the length of a page at most, and the newest of all walks are the page. So a page costs the same
    whether the bank has a thousand tasks or a million, however few of them are what is asked for.
    """

    def __init__(self, who: Principal, wanted: InboxFilter, page: PageRequest) -> None:
        self.who, self.wanted, self.most = who, wanted, page.limit + 1
        self.sight = in_sight(who)
        # A person's tasks lie in the person's own branch. Of a function the planner does not assume that it leaves few of them.
        local = who.kind == "staff" and who.branch not in ("", HEAD_OFFICE)
        self.at_home = func.texteq(col(Task.branch), who.branch) if local else self.sight
        self.states = _states_of(wanted)
        self.after = page.after
        self.older = self._after(col(Task.id))

    def one_case(self, *way: ColumnElement[bool]) -> Select[Any]:
        """The tasks of a case are few: one walk looks at them all."""
        types, states = self._types(TaskType), self.states
        of_case = (col(Task.case_id) == self.wanted.case_id, col(Task.type).in_(types), col(Task.state).in_(states))
        return self._newest_of(*of_case, self.sight, *way)

    def all_of_the_bank(self) -> Select[Any]:
        """What an overseer sees, in one branch or in all."""
        if self.who.branch == HEAD_OFFICE and not self.wanted.task_type and not self.wanted.state:
            rows = _Rows(col(Task.id)).order_by(col(Task.id).desc()).limit(self.most)
            return rows if self.after is None else rows.where(col(Task.id) < self.after)
        types = self._types(TaskType)
        return self._newest_of_all(*(self._each(types, offered, self.sight) for offered in (_TO_ANYBODY, _BY_NAME)))

    def of_a_borrower(self) -> Select[Any]:
        """What a company's people are to do."""
        return self._newest_of_all(self._each(self._types(_types_of(self.who)), self.sight, _concerns(self.who)))

    def of_staff(self) -> Select[Any]:
        """What is offered to the caller's roles or to the caller by name, what the caller holds and has delegated."""
        who, subject, every = self.who, self.who.subject, self._types(TaskType)
        # A type is done by one role, so the types say which roles are meant.
        offered, welcome = self._types(_types_of(who)), _welcome(who)
        first_named = literal_column("((body -> 'candidates') ->> 0)", String)
        # Of what is delegated, and of what is offered to several by name, a person has little: all of it is looked up.
        # OFFSET has the planner do that first.
        named = _Rows(Task).where(_TO_SEVERAL, _CANDIDATES.has_key(subject), self.at_home, welcome)
        several = named.offset(literal_column("0")).subquery().c
        few = _Rows(col(Task.id)).where(self.sight, col(Task.state).in_(self.states), *self.older)
        return self._newest_of_all(
            self._each(offered, _TO_ANYBODY, self.sight, welcome),
            self._each(offered, first_named == subject, self.at_home, welcome),
            self._each(every, col(Task.assignee) == subject, self.at_home),
            few.where(col(Task.owner) == subject, col(Task.type).in_(every)),
            _Rows(several.id).where(
                several.type.in_(offered), several.state.in_(self.states), *self._after(several.id)
            ),
        )

    def _after(self, key: ColumnElement[UUID] | Mapped[UUID]) -> list[ColumnElement[bool]]:
        return [] if self.after is None else [_place(key) < _place(bindparam(None, self.after, Uuid))]

    def _types(self, among: Iterable[TaskType]) -> list[str]:
        wanted = self.wanted.task_type
        return sorted(kind.value for kind in among if not wanted or kind.value == wanted)

    def _each(self, types: Sequence[str], *way: ColumnElement[bool]) -> Select[Any]:
        kind, standing = _rows_of(types, "kind"), _rows_of(self.states, "standing")
        walk = self._newest_of(col(Task.type) == kind.c.name, col(Task.state) == standing.c.name, *way).lateral()
        return _Rows(walk.c.id).select_from(kind.join(standing, true()).join(walk, true()))

    def _newest_of(self, *conditions: ColumnElement[bool]) -> Select[Any]:
        rows = _Rows(col(Task.id)).where(*conditions, *self.older)
        # Were the length known when it plans, the planner would read and sort all of what it expects to be few; of a type
        # and state that are commoner than the average these may be very many.
        length = _Rows(literal(self.most)).scalar_subquery()
        return rows.order_by(_place(col(Task.id)).desc()).limit(length)

    def _newest_of_all(self, *found: Select[Any]) -> Select[Any]:
        merged = union(*found).subquery()
        return _Rows(merged.c.id).order_by(merged.c.id.desc()).limit(self.most)


def _rows_of(names: Sequence[str], called: str) -> TableValuedAlias:
    listed = bindparam(None, names, ARRAY(String))
    return func.unnest(listed).table_valued(column("name", String), name=called).render_derived()


def _states_of(wanted: InboxFilter) -> list[str]:
    if wanted.state == OPEN_TASKS:
        return sorted(state.value for state in OPEN_STATES)
    return sorted(state.value for state in TaskState if not wanted.state or state.value == wanted.state)


def _types_of(who: Principal) -> list[TaskType]:
    roles = roles_of(who.roles)
    return [kind for kind, role in ROLE_OF.items() if role in roles]


def statement_of(who: Principal, wanted: InboxFilter, page: PageRequest) -> Select[Any]:
    """The one query of a page: tasks newest first, one more than asked for, each with its matter."""
    ways = _Inbox(who, wanted, page)
    overseen = wanted.everything and who.has(*_OVERSEERS)
    if wanted.case_id is not None:
        picked = ways.one_case() if wanted.everything else ways.one_case(_concerns(who))
    elif overseen:
        picked = ways.all_of_the_bank()
    elif who.kind == "staff":
        picked = ways.of_staff()
    else:
        picked = ways.of_a_borrower()
    rows = picked.subquery()
    return _with_matter(_Rows(Task, *_MATTER)).join(rows, rows.c.id == col(Task.id)).order_by(col(Task.id).desc())


def _with_matter(statement: Select[Any]) -> Select[Any]:
    drawing = cast(col(Task.body)["utilisation_id"].astext, Uuid)
    return (
        statement.select_from(Task)
        .join(Application, col(Application.case_id) == col(Task.case_id))
        .outerjoin(Utilisation, col(Utilisation.id) == drawing)
    )


_ONE_TASK: Final = _with_matter(_Rows(Task, *_MATTER)).where(col(Task.id) == bindparam("wanted"))


async def inbox(session: AsyncSession, who: Principal, wanted: InboxFilter, page: PageRequest) -> Slice[Found]:
    """A page of what the caller may work on, newest first."""
    rows = (await session.execute(statement_of(who, wanted, page))).all()
    found = [Found(row[0], Matter(*row[1:])) for row in rows[: page.limit]]
    return Slice(found, found[-1].task.id if len(rows) > page.limit else None)


async def visible_task(session: AsyncSession, who: Principal, task_id: UUID) -> Found | None:
    """A task within the caller's sight, with what it is about."""
    row = (await session.execute(_ONE_TASK.where(in_sight(who)), {"wanted": task_id})).one_or_none()
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
