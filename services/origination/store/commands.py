"""Commands: what a person told a process, from before it was sent until its outcome is entered."""

import hashlib
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import bindparam
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.inbox import CommandRefusal, CommandState, CommandView
from services.kit.database import now
from services.kit.principal import Principal
from services.origination.store.case_rows import table_of
from services.origination.tables.tasks import Command

_commands = table_of(Command)
_UNSETTLED = [column for column in _commands.c if column.name not in ("refusal", "settled_at")]
_WRITTEN = (
    insert(_commands)
    .values({column.name: bindparam(column.name, type_=column.type) for column in _UNSETTLED})
    .on_conflict_do_nothing(index_elements=["update_id"])
    .returning(_commands.c.id)
)


def update_id_of(principal: str, route: str, target: str, key: str) -> str:
    """The id under which a command is sent, however often: one caller, one route, one object, one key."""
    return hashlib.sha256("\x1f".join((principal, route, target, key)).encode()).hexdigest()


async def by_update_id(session: AsyncSession, update_id: str) -> Command | None:
    """The command sent under this id."""
    return (await session.exec(select(Command).where(Command.update_id == update_id))).one_or_none()


async def of_caller(session: AsyncSession, who: Principal, command_id: UUID) -> Command | None:
    """A command by its id, for the one who sent it."""
    found = await session.exec(select(Command).where(Command.id == command_id, Command.principal == who.key))
    return found.one_or_none()


async def written(
    session: AsyncSession,
    who: Principal,
    *,
    target: str,
    case_id: UUID,
    workflow_id: str,
    update_name: str,
    update_id: str,
    command: BaseModel,
    event_kind: str,
) -> Command:
    """Write a command down before it is sent. The id of one that was sent brings that one: a key may have been forgotten
    since, a command is not."""
    row = Command(
        principal=who.key,
        target=target,
        of_case=case_id,
        workflow_id=workflow_id,
        update_name=update_name,
        update_id=update_id,
        command=command.model_dump(mode="json"),
        actor=who.model_dump(mode="json"),
        event_kind=event_kind,
    )
    new = await (await session.connection()).execute(_WRITTEN, row.model_dump(exclude={"refusal", "settled_at"}))
    if new.scalar_one_or_none() is None:
        sent_before = await by_update_id(session, update_id)
        assert sent_before is not None
        return sent_before
    return row


async def settle(session: AsyncSession, command: Command, refusal: dict[str, Any] | None = None) -> bool:
    """Enter a command's outcome; ``False`` where somebody was faster."""
    settled = await session.execute(
        update(Command)
        .where(col(Command.id) == command.id, col(Command.state).in_([CommandState.PENDING, CommandState.LOST]))
        .values(
            state=CommandState.REFUSED if refusal else CommandState.APPLIED,
            refusal=refusal,
            settled_at=now(),
        )
        .returning(col(Command.id))
        .execution_options(synchronize_session=False)
    )
    return settled.scalar_one_or_none() is not None


async def lose(session: AsyncSession, command: Command) -> None:
    """Enter that a command was never heard and, its assertion expired, can never be applied as it was sent."""
    row = await session.get_one(Command, command.id, with_for_update=True, populate_existing=True)
    if row.state == CommandState.PENDING:
        row.state = CommandState.LOST
        await session.flush()


async def pending(session: AsyncSession, target: str, update_name: str) -> bool:
    """Whether a command to this object was sent whose outcome is not known yet."""
    found = await session.exec(
        select(Command.id)
        .where(Command.target == target, Command.update_name == update_name, Command.state == CommandState.PENDING)
        .limit(1)
    )
    return found.one_or_none() is not None


async def left(session: AsyncSession, sent_before: datetime, limit: int = 20) -> list[Command]:
    """Commands whose outcome nobody has asked for."""
    found = await session.exec(
        select(Command)
        .where(Command.state == CommandState.PENDING, Command.sent_at < sent_before)
        .order_by(col(Command.id))
        .limit(limit)
    )
    return list(found)


def view(command: Command, state: CommandState | None = None, settled_at: datetime | None = None) -> CommandView:
    """A command as its sender sees it."""
    return CommandView(
        command_id=command.id,
        state=state or CommandState(command.state),
        target=command.target,
        sent_at=command.sent_at,
        settled_at=settled_at or command.settled_at,
        refusal=CommandRefusal.model_validate(command.refusal) if command.refusal else None,
    )
