"""What origination does while nobody calls: starts that were left are made, commands that were left are settled.

A command whose sender never asked again, or whose application died before it could enter the outcome, still becomes an
event with the name of the person who sent it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta

import structlog
from fastapi import FastAPI

from domain.process import CommandResult
from services.kit.actor_assertion import LIFETIME
from services.kit.auth import Refusal
from services.kit.database import Database, now
from services.kit.principal import Principal
from services.kit.telemetry import describe
from services.origination import process
from services.origination.commands import enter_result
from services.origination.process import NotRunning, ProcessGateway, Refused
from services.origination.store import commands
from services.origination.store.refusals import recorder
from services.origination.tables.tasks import Command

SETTLE_EVERY = timedelta(seconds=30)
LEFT_AFTER = timedelta(seconds=60)
"""Longer than a request lives: until then its own application is about to enter the outcome."""

_log = structlog.get_logger(__name__)


async def settle_left(database: Database, gateway: ProcessGateway, moment: datetime) -> int:
    """Enter the outcomes of commands left before a moment; returns how many found theirs."""
    async with database.session() as session:
        waiting = await commands.left(session, moment)
    settled = 0
    for command in waiting:
        try:
            settled += await _settled(database, gateway, command, moment)
        except Exception as error:
            # One that cannot be settled must not keep the others waiting.
            _log.warning("command_not_settled", command_id=str(command.id), failure=describe(error))
    return settled


async def _settled(database: Database, gateway: ProcessGateway, command: Command, moment: datetime) -> bool:
    outcome = await gateway.outcome(command.workflow_id, command.update_id)
    match outcome:
        case CommandResult():
            async with database.session() as session:
                await enter_result(session, command, outcome)
        case Refused():
            await _refused(database, command, outcome)
        case NotRunning() if command.sent_at < moment - LIFETIME:
            async with database.session() as session:
                await commands.lose(session, command)
        case _:
            return False
    return True


async def _refused(database: Database, command: Command, refused: Refused) -> None:
    async with database.session() as session:
        entered = await commands.settle(session, command, refusal=refused.model_dump())
    if entered:
        await recorder(database)(
            Refusal(
                principal=Principal.model_validate(command.actor),
                method="POST",
                route=command.event_kind,
                path=command.target,
                code=refused.code,
                reason=refused.rule,
                trace_id="",
                at=now(),
            )
        )


async def _settle_for_ever(database: Database, gateway: ProcessGateway) -> None:
    while True:
        await asyncio.sleep(SETTLE_EVERY.total_seconds())
        try:
            await settle_left(database, gateway, now() - LEFT_AFTER)
        except Exception as error:
            _log.warning("settling_failed", failure=describe(error))


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """The gateway with its sweeper, and the settling of commands, for as long as the application runs."""
    async with process.lifespan(app):
        settling = asyncio.create_task(_settle_for_ever(app.state.database, app.state.process))
        try:
            yield
        finally:
            settling.cancel()
            with suppress(asyncio.CancelledError):
                await settling
