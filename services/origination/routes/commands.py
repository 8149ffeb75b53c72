"""``/v1/commands``: what became of a command whose request was answered before its outcome was known."""

from typing import Annotated
from uuid import UUID

from fastapi import Request

from domain.inbox import CommandState, CommandView
from domain.process import CommandResult
from domain.roles import Role
from services.kit.auth import allow
from services.kit.database import Database
from services.kit.principal import Principal
from services.kit.router import Router
from services.origination.commands import enter_result, refuse
from services.origination.process import NotRunning, ProcessGateway, Refused
from services.origination.routes.roles import READERS
from services.origination.store import commands
from services.origination.store.refusals import foreign

router = Router(tags=["tasks"])

SENDERS = tuple(role for role in READERS if role != Role.AUDITOR)


@router.get("/v1/commands/{command_id}", response_model=CommandView)
async def one(
    request: Request, command_id: UUID, who: Annotated[Principal, allow(*SENDERS, scope="own")]
) -> CommandView:
    """A command of the caller's own. ``lost`` means that it had no effect and may be sent again with the same key."""
    database: Database = request.app.state.database
    gateway: ProcessGateway = request.app.state.process
    async with database.session() as session:
        row = await commands.of_caller(session, who, command_id)
    if row is None:
        raise await foreign(request, who)
    if row.state != CommandState.PENDING:
        return commands.view(row)
    outcome = await gateway.outcome(row.workflow_id, row.update_id)
    match outcome:
        case CommandResult():
            async with database.session() as session:
                await enter_result(session, row, outcome)
        case Refused():
            await refuse(request, who, row, outcome)
        case NotRunning():
            return commands.view(row, CommandState.LOST)
        case _:
            return commands.view(row)
    async with database.session() as session:
        settled = await commands.of_caller(session, who, command_id)
    return commands.view(settled or row)
