"""Carrying out a person's command: written down, signed, sent to the process, and its outcome entered before the
answer.

The inbox is right when the reply arrives; a time-out is not a failure but "accepted", with an address to ask at; and
the same key sent again brings the outcome, however the first request ended.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from pydantic import BaseModel
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.assertion import SignedCommand
from domain.canonical import sha256_of
from domain.inbox import CommandState, CommandView
from domain.model import Message
from domain.process import CommandResult
from domain.refusals import Refusal
from services.kit import problems
from services.kit.actor_assertion import sign
from services.kit.auth import record_refusal
from services.kit.database import Database
from services.kit.idempotency import IdempotentCall, Reply, Reservation
from services.kit.principal import Principal
from services.kit.problems import Fault, Problem, ProblemType
from services.origination.process import NotRunning, ProcessGateway, Refused, TimedOut
from services.origination.store import commands, positions
from services.origination.tables.tasks import Command, Task

_STATUS = {
    Refusal.ASSERTION_INVALID: (403, "操作凭证无效", "The assertion of the actor is not valid"),
    Refusal.TASK_UNKNOWN: (404, "流程中没有该任务", "The process has no such task"),
    Refusal.TASK_STATE: (409, "任务状态不允许", "The state of the task does not allow this"),
    Refusal.TASK_TAKEN: (409, "任务已被认领", "The task is taken"),
    Refusal.TASK_VERSION: (412, "任务已更新", "The task has changed"),
    Refusal.NOT_ASSIGNEE: (403, "非任务办理人", "Not the task's assignee"),
    Refusal.ROLE_MISSING: (403, "角色不符", "The role is missing"),
    Refusal.DUTIES_SEPARATE: (403, "违反职责分离", "Duties must be apart"),
    Refusal.AUTHORITY_EXCEEDED: (403, "超出授权", "Beyond authority"),
    Refusal.OUTCOME_NOT_ALLOWED: (422, "办理结果不允许", "The outcome is not allowed"),
    Refusal.FIELD_MISSING: (422, "缺少必填项", "Something is missing"),
    Refusal.STAGE_NOT_ALLOWED: (409, "当前阶段不允许", "The stage does not allow this"),
    Refusal.CASE_ENDED: (409, "流程已结束", "The process has ended"),
    Refusal.TRANSFER_UNKNOWN: (404, "流程中没有该笔付款", "The process has no such transfer"),
    Refusal.TRANSFER_STATE: (409, "付款状态不允许", "The state of the transfer does not allow this"),
    Refusal.TRANSFER_CHANGED: (409, "付款指令已变化", "The instruction is not the one that was shown"),
    Refusal.TOO_MANY_REMINDERS: (409, "催办次数已达上限", "Too many reminders"),
    Refusal.NO_MARGIN_CLAUSE: (409, "协议无利率调整条款", "The agreement has no clause that reads this"),
    Refusal.TOO_MANY_REPORTS: (409, "报告次数已达上限", "Too many reports"),
}

problems.register(
    *(ProblemType(code.value, status, zh, en, "{zh}", "{en}") for code, (status, zh, en) in _STATUS.items()),
    ProblemType(
        "process_not_started",
        503,
        "流程尚未启动",
        "The process has not started yet",
        "请稍后使用同一 Idempotency-Key 重试。",
        "Try again later with the same Idempotency-Key.",
        retryable=True,
    ),
)

ACCEPTED: dict[int | str, dict[str, Any]] = {
    202: {
        "description": "The process has not answered yet; Location says where to ask",
        "model": CommandView,
        "headers": {"Location": {"schema": {"type": "string"}}},
    }
}
"""What a route of this kind documents beside its own answer."""


@dataclass(frozen=True)
class Order:
    """A command ready to be sent: of which case, to which process, as which update."""

    case_id: UUID
    workflow_id: str
    update: str
    command: Message


Prepare = Callable[[AsyncSession], Awaitable[Order]]
Answer = Callable[[AsyncSession, Sequence[Task]], Awaitable[Reply]]
"""Makes the reply from the books; what it is given are the tasks that were news to them."""


async def carry_out(
    request: Request,
    call: IdempotentCall,
    who: Principal,
    *,
    target: str,
    prepare: Prepare,
    signed: type[SignedCommand],
    answer: Answer,
    event_kind: str,
    ready: Callable[[], Awaitable[None]] | None = None,
) -> Response:
    """Carry out a command once.

    ``ready`` does what must be done with no transaction open before the command is written, neighbours asked for instance;
    ``prepare`` reads what the command needs and checks what can be checked here (it is not run again for a key that has
    sent its command); ``answer`` makes the reply from the books after the outcome was entered. Returns the reply, or
    202 with ``Location`` while the outcome is not known. Raises the problems of ``prepare`` and the process's
    refusals.
    """
    database: Database = request.app.state.database
    gateway: ProcessGateway = request.app.state.process
    update_id = commands.update_id_of(call.principal, call.route, target, call.key)
    rows: list[Command] = []

    async def begin(session: AsyncSession, reservation: Reservation) -> None:
        row = None if reservation.fresh else await commands.by_update_id(session, update_id)
        if row is None:
            order = await prepare(session)
            row = await commands.written(
                session,
                who,
                target=target,
                case_id=order.case_id,
                workflow_id=order.workflow_id,
                update_name=order.update,
                update_id=update_id,
                command=order.command,
                event_kind=event_kind,
            )
        rows.append(row)

    reservation = await call.reserve(database, begin if ready is None else None)
    if reservation.replayed is not None:
        return reservation.replayed
    try:
        if ready is not None:
            async with database.reading() as session:
                sent_before = await commands.by_update_id(session, update_id) is not None
            if not sent_before:
                await ready()
            async with database.session() as session:
                await begin(session, reservation)
        (row,) = rows
        outcome = await gateway.act(row.workflow_id, row.update_name, row.update_id, _signed(request, who, row, signed))
        if isinstance(outcome, TimedOut):
            await call.suspend(database, reservation)
            return _accepted(row)
        if isinstance(outcome, NotRunning):
            raise _not_running(row)
        if isinstance(outcome, Refused):
            raise await refuse(request, who, row, outcome)
    except Problem as problem:
        await call.refuse(database, reservation, problem)
        raise
    except Exception:
        await call.suspend(database, reservation)
        raise

    async def effect(session: AsyncSession) -> Reply:
        return await answer(session, await enter_result(session, row, outcome))

    return await call.finish(database, reservation, effect)


async def enter_result(session: AsyncSession, command: Command, result: CommandResult) -> list[Task]:
    """Enter what a command changed, with the event that says who sent it; returns the tasks that were news."""
    if not await commands.settle(session, command):
        return []
    who = Principal.model_validate(command.actor)
    ids = positions.ids_of(command.workflow_id)
    return await positions.enter(
        session,
        command.event_kind,
        who,
        positions.Position(
            case_id=command.of_case,
            workflow_id=command.workflow_id,
            stage=result.stage,
            tasks=result.tasks,
            transfers=result.transfers,
            decided_by=who.subject if result.transfers else None,
            late=True,
            facts={"update_id": command.update_id, "command": _without_assertion(command.command)},
            utilisation_id=ids.get("utilisation_id"),
            facility_id=ids.get("facility_id"),
        ),
    )


async def refuse(request: Request, who: Principal, command: Command, refused: Refused) -> Problem:
    """Store the process's refusal; returns the problem that tells it."""
    database: Database = request.app.state.database
    async with database.session() as session:
        await commands.settle(session, command, refusal=refused.model_dump())
    await record_refusal(request, refused.code, principal=who, reason=refused.rule)
    return problem_of(refused)


def problem_of(refused: Refused) -> Problem:
    """A refusal as a problem: the rule it stands on, or the field at fault, is named in ``errors``."""
    _, zh, en = _STATUS[Refusal(refused.code)]
    texts = (refused.message_zh or zh, refused.message_en or en)
    named = refused.rule or refused.pointer
    errors = [Fault(refused.pointer, refused.rule or refused.code, *texts)] if named else []
    return Problem(refused.code, errors=errors, zh=texts[0], en=texts[1])


def _signed(request: Request, who: Principal, row: Command, kind: type[SignedCommand]) -> SignedCommand:
    command = kind.model_fields["command"].annotation
    assert isinstance(command, type)
    assert issubclass(command, BaseModel)
    content = command.model_validate(row.command)
    assertion = sign(
        request.app.state.keyring,
        who,
        workflow_id=row.workflow_id,
        update_id=row.update_id,
        command_sha256=sha256_of(content),
    )
    return kind.model_validate({"assertion": assertion, "command": content})


def _accepted(row: Command) -> Response:
    view = commands.view(row, CommandState.PENDING)
    headers = {"Location": f"/v1/commands/{row.id}", "Retry-After": "2"}
    return Response(view.model_dump_json(), 202, headers, media_type="application/json")


def _not_running(row: Command) -> Problem:
    return Problem("process_not_started", headers={"Retry-After": "2"})


def _without_assertion(command: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in command.items() if name != "assertion"}
