"""``/v1/tasks``: the inbox, and the verbs by which people act on their tasks."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Request, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.inbox import TaskView
from domain.process import ACT_ON_TASK, SignedTaskCommand
from domain.roles import Role
from domain.tasks import HumanTask, TaskBody, TaskCommand, TaskState, TaskType, Verb
from services.kit.auth import allow
from services.kit.database import Database, now
from services.kit.etags import IfMatch, etag_of, if_match
from services.kit.idempotency import IdempotentCall, Reply, idempotent
from services.kit.paging import Page, PageRequest, link_next, paged
from services.kit.principal import Principal
from services.kit.problems import Fault, Problem
from services.kit.router import Router, problem_response
from services.origination.calc.allowed_actions import roles_of
from services.origination.commands import ACCEPTED, Order, carry_out
from services.origination.margin_clauses import clauses_in, hold_clauses
from services.origination.memo_notes import hold_memo, writes_memo
from services.origination.proposals import hold_override, overrides
from services.origination.routes.roles import READERS
from services.origination.store import inbox as tasks
from services.origination.store.business_day import business_day
from services.origination.store.inbox import Found, InboxFilter
from services.origination.store.mandates import mandate_of
from services.origination.store.people import is_known
from services.origination.store.refusals import foreign
from services.origination.tables.tasks import Task

router = Router(tags=["tasks"])

ACTORS = tuple(role for role in READERS if role != Role.AUDITOR)
"""Who may act on tasks: everybody who may read them but the auditor, who changes nothing."""
_TAKE_AUTHORITY = frozenset({Verb.COMPLETE, Verb.FORWARD})
"""Verbs by which somebody decides, or makes another the one who decides."""


@router.get("/v1/tasks", response_model=Page[TaskView])
async def inbox(
    request: Request,
    response: Response,
    who: Annotated[Principal, allow(*READERS, scope="branch")],
    page: Annotated[PageRequest, paged()],
    state: Annotated[
        TaskState | Literal["open"] | None, Query(description="a state, or open for all that is open")
    ] = None,
    task_type: Annotated[TaskType | None, Query(alias="type")] = None,
    case_id: Annotated[UUID | None, Query()] = None,
    everything: Annotated[
        bool, Query(description="also what others are to do: within one case, or for overseers")
    ] = False,
) -> Page[TaskView]:
    """What the caller may work on, newest first."""
    database: Database = request.app.state.database
    wanted = InboxFilter(state=state or "", task_type=task_type or "", case_id=case_id, everything=everything)
    async with database.reading() as session:
        found = await tasks.inbox(session, who, wanted, page)
    link_next(request, response, found.next_cursor)
    return Page(items=[tasks.view(item, who) for item in found.rows], next_cursor=found.next_cursor)


@router.get("/v1/tasks/{task_id}", response_model=TaskView)
async def one(
    request: Request,
    response: Response,
    task_id: UUID,
    who: Annotated[Principal, allow(*READERS, scope="branch")],
) -> TaskView:
    """One task, with the verbs the caller may try and the version to try them on."""
    database: Database = request.app.state.database
    async with database.reading() as session:
        found = await tasks.visible_task(session, who, task_id)
    if found is None:
        raise await foreign(request, who)
    response.headers["ETag"] = etag_of(found.task.version)
    return tasks.view(found, who)


@router.post("/v1/tasks/{task_id}/{verb}", response_model=TaskView, responses={**ACCEPTED, 502: problem_response(502)})
async def act(
    request: Request,
    task_id: UUID,
    verb: Verb,
    body: TaskBody,
    who: Annotated[Principal, allow(*ACTORS, scope="branch")],
    call: Annotated[IdempotentCall, idempotent()],
    base: Annotated[IfMatch, if_match()],
) -> Response:
    """Act on a task. The answer is the task as it stands after the act; 202 means that the process has not answered
    yet.

    Refused, with the rule's name, is what the process's rules forbid: duties that must be apart, authority that does
    not reach, a task that somebody else took.
    """

    database: Database = request.app.state.database
    async with database.reading() as session:
        found = await tasks.visible_task(session, who, task_id)
    decided_on = None if found is None else await _decided_on(request, who, found, verb)

    async def prepare(session: AsyncSession) -> Order:
        if found is None:
            raise await foreign(request, who)
        row = found.task
        base.check(row.version)
        task = HumanTask.model_validate(row.body)
        command = await _command(session, who, task, verb, body, row.branch, decided_on)
        return Order(row.case_id, row.workflow_id, ACT_ON_TASK, command)

    async def answer(session: AsyncSession, entered: Sequence[Task]) -> Reply:
        if found is None:
            raise await foreign(request, who)
        news = {row.id: row for row in entered}
        task = news[task_id] if task_id in news else await session.get_one(Task, task_id)
        # What a task is about does not change by acting on it.
        return Reply(200, tasks.view(Found(task, found.matter), who), {"ETag": etag_of(task.version)})

    overridden = found is not None and overrides(HumanTask.model_validate(found.task.body), verb, body, who.subject)
    clauses = [] if found is None else clauses_in(verb, body)

    asked = None if found is None else HumanTask.model_validate(found.task.body)
    written = asked is not None and writes_memo(asked, verb, body, who.subject)

    async def held_to_rule() -> None:
        assert found is not None
        if written:
            assert asked is not None
            await hold_memo(request.app.state, asked, found.task.case_id, body)
        if overridden:
            await hold_override(request.app.state, found.task.case_id, body, who.subject)
        if clauses:
            await hold_clauses(request.app.state, found.task.case_id, clauses)

    return await carry_out(
        request,
        call,
        who,
        target=str(task_id),
        prepare=prepare,
        signed=SignedTaskCommand,
        answer=answer,
        event_kind=f"task.{verb.value}",
        ready=held_to_rule if overridden or clauses or written else None,
    )


async def _decided_on(request: Request, who: Principal, found: Found, verb: Verb) -> date | None:
    """The business date on which a mandate must be in force; ``None`` where the verb takes no authority."""
    if who.kind != "staff" or verb not in _TAKE_AUTHORITY:
        return None
    if HumanTask.model_validate(found.task.body).required_authority is None:
        return None
    return (await business_day(request.app.state.database, request.app.state.policies, now())).day


async def _known(session: AsyncSession, who: Principal, verb: Verb, target: str) -> None:
    """A task given to a name that nobody answers to waits for ever. An operator may assign to whom only the issuer knows; a
    borrower is not told who else has signed in."""
    if who.kind == "staff" and verb in (Verb.DELEGATE, Verb.FORWARD) and not await is_known(session, target):
        fault = Fault(
            "/target", "unknown_person", "查无此人", "nobody of this name has a mandate or has ever acted here"
        )
        raise Problem("invalid_request", errors=[fault], count=1)


async def _command(
    session: AsyncSession,
    who: Principal,
    task: HumanTask,
    verb: Verb,
    body: TaskBody,
    branch: str,
    decided_on: date | None,
) -> TaskCommand:
    terms: dict[str, Any] = body.model_dump()
    if body.target is not None:
        await _known(session, who, verb, body.target)
    if decided_on is not None:
        required = task.required_authority
        terms["mandate"] = await mandate_of(session, who.subject, branch, decided_on, required)
        if body.target is not None:
            terms["target_mandate"] = await mandate_of(session, body.target, branch, decided_on, required)
    return TaskCommand(
        task_id=task.task_id,
        verb=verb,
        expected_version=task.version,
        subject=who.subject,
        roles=roles_of(who.roles),
        **terms,
    )
