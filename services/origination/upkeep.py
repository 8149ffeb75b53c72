"""What origination does while nobody calls: starts that were left are made, commands that were left are settled, and
processes that stand still are entered into the operators' list. At the start, cases from before there were traces leave theirs.

A command whose sender never asked again, or whose application died before it could enter the outcome, still becomes an
event with the name of the person who sent it.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta

import structlog
from fastapi import FastAPI
from sqlalchemy.exc import IntegrityError

from domain.process import TASK_QUEUE, CommandResult
from services.kit.actor_assertion import LIFETIME
from services.kit.auth import Refusal
from services.kit.database import Database, now
from services.kit.principal import Principal
from services.kit.telemetry import describe
from services.origination import process
from services.origination.commands import enter_result
from services.origination.process import NotRunning, ProcessGateway, Refused
from services.origination.standstill import standing
from services.origination.store import commands, stuck
from services.origination.store.refusals import recorder
from services.origination.store.traces import left_untraced, trace_left
from services.origination.tables.tasks import Command

SETTLE_EVERY = timedelta(seconds=30)
LEFT_AFTER = timedelta(seconds=60)
"""Longer than a request lives: until then its own application is about to enter the outcome."""

_TRACED_AT_ONCE = 100
_REST = 4
"""How much longer than a round the pause after it is."""
_RUNNING = f"ExecutionStatus = 'Running' AND TaskQueue = '{TASK_QUEUE}'"
_OPEN_PROCESSES = (f"{_RUNNING} AND TemporalReportedProblems IS NOT NULL", _RUNNING)

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


async def look_for_stuck(database: Database, gateway: ProcessGateway) -> int:
    """Look through all open processes once for those that stand still; returns how many do.

    Those listed already come first, so that what was mended leaves the list at once, then those the engine itself reports;
    the whole round grows with the number of open processes. Raises ``RPCError`` or ``RuntimeError`` while the engine is away.
    """
    client = await gateway.client()
    deadline = timedelta(seconds=gateway.settings.stuck_after_seconds)
    async with database.session() as session:
        listed = await stuck.open_processes(session)
    looked_at: set[str] = set()
    standing_still = 0

    async def look_at(workflow_id: str) -> bool:
        looked_at.add(workflow_id)
        seen = await standing(client, workflow_id, now(), deadline)
        still = seen is not None and bool(seen.standstills)
        if still or workflow_id in listed:
            try:
                async with database.session() as session:
                    await stuck.enter(session, workflow_id, seen)
            except IntegrityError:
                # Another application of this service looked at the same time and entered it.
                _log.info("stuck_process_entered_already", workflow_id=workflow_id)
        return still

    for workflow_id in sorted(listed):
        standing_still += await look_at(workflow_id)
    for query in _OPEN_PROCESSES:
        async for execution in client.list_workflows(query):
            if execution.id not in looked_at:
                standing_still += await look_at(execution.id)
    return standing_still


async def _look_for_ever(database: Database, gateway: ProcessGateway) -> None:
    took = 0.0
    while True:
        # However many processes there are, most of the engine's time is theirs.
        await asyncio.sleep(max(gateway.settings.stuck_sweep_seconds, took * _REST))
        started = time.monotonic()
        try:
            await look_for_stuck(database, gateway)
        except Exception as error:
            _log.warning("looking_for_stuck_failed", failure=describe(error))
        took = time.monotonic() - started


async def lay_down_traces(database: Database) -> int:
    """Lay down what cases have left that were submitted before cases left traces; returns how many were."""
    done = 0
    while True:
        async with database.reading() as session:
            waiting = await left_untraced(session, _TRACED_AT_ONCE)
        for case_id in waiting:
            async with database.session() as session:
                await trace_left(session, case_id)
        done += len(waiting)
        if len(waiting) < _TRACED_AT_ONCE:
            return done


async def _lay_down_at_start(database: Database) -> None:
    try:
        if done := await lay_down_traces(database):
            _log.info("traces_laid_down", cases=done)
    except Exception as error:
        _log.warning("traces_failed", failure=describe(error))


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """The gateway with its sweeper, the settling of commands and the search for stuck processes, for as long as the
    application runs."""
    async with process.lifespan(app):
        database, gateway = app.state.database, app.state.process
        tasks = [
            asyncio.create_task(_settle_for_ever(database, gateway)),
            asyncio.create_task(_look_for_ever(database, gateway)),
            asyncio.create_task(_lay_down_at_start(database)),
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
