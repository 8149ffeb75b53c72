"""The one place from which origination speaks to Temporal: it starts processes and sends people's commands to them.

A start is written with what makes it necessary, in one transaction, and made right after the commit; a sweeper makes
the starts that were left, so that a submission is accepted while the engine is down. A command is sent with no
transaction open, under an id of its own: sending it again asks for its result and never acts twice.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from weakref import WeakKeyDictionary

import structlog
from fastapi import FastAPI
from opentelemetry import context, propagate
from sqlalchemy import Engine, event
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from temporalio.client import (
    Client,
    RPCError,
    WorkflowExecutionStatus,
    WorkflowHandle,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import (
    SearchAttributeKey,
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCStatusCode

from domain.model import Message, Value
from domain.process import (
    APPLICATION_WORKFLOW,
    FACILITY_WORKFLOW,
    TASK_QUEUE,
    UTILISATION_WORKFLOW,
    CaseStart,
    CommandResult,
    FacilityStart,
    Shown,
    UtilisationStart,
)
from domain.refusals import Refusal
from services.kit.database import Database, in_transaction, now
from services.kit.http import CallInsideTransaction, RemoteUnusable
from services.kit.keyring import Keyring
from services.kit.telemetry import describe
from services.kit.temporal import connect
from services.origination.core_banking.adapter import connected
from services.origination.settings import OriginationSettings
from services.origination.store.events import bind_keys
from services.origination.tables.events import StartRequest

COMMAND_TIMEOUT = timedelta(seconds=10)
"""How long a person waits for a process before the answer becomes "accepted, ask again"."""

_BACKOFF = (2, 5, 15, 60, 300)
_BATCH = 20

_MESSAGES: dict[str, type[Message]] = {
    APPLICATION_WORKFLOW: CaseStart,
    UTILISATION_WORKFLOW: UtilisationStart,
    FACILITY_WORKFLOW: FacilityStart,
}
_REFUSALS = frozenset(code.value for code in Refusal)
_log = structlog.get_logger(__name__)
_gateways: "WeakKeyDictionary[Engine, ProcessGateway]" = WeakKeyDictionary()


class Refused(Value):
    """The process refused a command: the code of the refusal, the rule it stands on, and bilingual text."""

    code: str
    rule: str = ""
    pointer: str = ""
    message_zh: str = ""
    message_en: str = ""


class TimedOut(Value):
    """Nobody can say yet whether the command was applied; the same update id asks again."""


class NotRunning(Value):
    """There is no such process or update: it has not started yet, or it has ended and never knew this command."""


CommandOutcome = CommandResult | Refused | TimedOut | NotRunning


async def request_start(session: AsyncSession, workflow: str, workflow_id: str, message: Message) -> None:
    """Ask for a workflow to be started once this transaction is committed. Asking twice for one id is refused by the
    database: a process has one beginning."""
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    session.add(
        StartRequest(
            workflow=workflow,
            workflow_id=workflow_id,
            message=message.model_dump(mode="json"),
            traceparent=carrier.get("traceparent", ""),
        )
    )
    engine = session.sync_session.get_bind()
    assert isinstance(engine, Engine)
    if (gateway := _gateways.get(engine)) is not None:
        event.listen(session.sync_session, "after_commit", gateway.wake, once=True)


@dataclass
class ProcessGateway:
    """The connection of one application to the engine. It connects when first needed and keeps trying."""

    database: Database
    settings: OriginationSettings
    keyring: Keyring
    _client: Client | None = None
    _connecting: asyncio.Lock = field(default_factory=asyncio.Lock)
    _woken: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self, *_: object) -> None:
        """A start was committed: do not wait for the next sweep."""
        self._woken.set()

    async def client(self) -> Client:
        """The connected client. Raises ``RPCError`` or ``RuntimeError`` while the engine is not there."""
        async with self._connecting:
            if self._client is None:
                self._client = await connect(self.settings, self.keyring)
            return self._client

    async def act(
        self, workflow_id: str, update: str, update_id: str, message: Message, *, timeout: timedelta = COMMAND_TIMEOUT
    ) -> CommandOutcome:
        """Send a person's signed command and wait for what came of it."""
        if in_transaction():
            raise CallInsideTransaction(update)
        try:
            async with asyncio.timeout(timeout.total_seconds()):
                handle = (await self.client()).get_workflow_handle(workflow_id)
                try:
                    result: CommandResult = await handle.execute_update(
                        update, message, id=update_id, result_type=CommandResult, rpc_timeout=timeout
                    )
                except RPCError as error:
                    if error.status is not RPCStatusCode.NOT_FOUND:
                        raise
                    return await _absent(handle)
                return result
        except Exception as error:
            return _outcome(error)

    async def outcome(
        self, workflow_id: str, update_id: str, *, timeout: timedelta = timedelta(seconds=3)
    ) -> CommandOutcome:
        """What came of a command sent earlier, without sending it again."""
        if in_transaction():
            raise CallInsideTransaction("outcome")
        try:
            async with asyncio.timeout(timeout.total_seconds()):
                handle = (await self.client()).get_workflow_handle(workflow_id)
                update = handle.get_update_handle(update_id, result_type=CommandResult)
                result: CommandResult = await update.result(rpc_timeout=timeout)
                return result
        except Exception as error:
            return _outcome(error)

    async def make_starts(self) -> int:
        """Make the starts that are due; returns how many were made. Several processes may sweep at once."""
        made = 0
        for request in await self._due():
            try:
                await self._start(request)
            except Exception as error:
                _log.warning("start_failed", workflow_id=request.workflow_id, failure=describe(error))
                await self._settle(request, error_code=type(error).__name__)
            else:
                made += 1
                await self._settle(request)
        return made

    async def sweep(self) -> None:
        """Make starts for as long as the application runs."""
        while True:
            try:
                while await self.make_starts():
                    pass
            except Exception as error:
                _log.warning("sweep_failed", failure=describe(error))
            self._woken.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), self.settings.sweep_seconds)

    async def _due(self) -> list[StartRequest]:
        moment = now()
        async with self.database.session() as session:
            statement = (
                select(StartRequest)
                .where(col(StartRequest.started_at).is_(None), col(StartRequest.next_attempt_at) <= moment)
                .order_by(col(StartRequest.id))
                .limit(_BATCH)
                .with_for_update(skip_locked=True)
            )
            due = list((await session.exec(statement)).all())
            for request in due:
                # Pushed on before it is tried: whoever sweeps next leaves it alone, and a process that dies loses
                # nothing.
                request.next_attempt_at = moment + timedelta(seconds=_BACKOFF[min(request.attempts, len(_BACKOFF) - 1)])
                request.attempts += 1
        return due

    async def _start(self, request: StartRequest) -> None:
        client = await self.client()
        message = _MESSAGES[request.workflow].model_validate(request.message)
        token = context.attach(propagate.extract({"traceparent": request.traceparent}))
        try:
            await client.start_workflow(
                request.workflow,
                message,
                id=request.workflow_id,
                task_queue=TASK_QUEUE,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                search_attributes=_search_attributes(message),
                static_summary=Shown(_summary(message)),
                rpc_timeout=timedelta(seconds=10),
            )
        except WorkflowAlreadyStartedError:
            _log.info("already_started", workflow_id=request.workflow_id)
        finally:
            context.detach(token)

    async def _settle(self, request: StartRequest, error_code: str = "") -> None:
        async with self.database.session() as session:
            row = (
                await session.exec(select(StartRequest).where(StartRequest.id == request.id).with_for_update())
            ).one()
            row.error_code = error_code
            if not error_code and row.started_at is None:
                row.started_at = now()


ENDED = Refused(
    code=Refusal.CASE_ENDED.value,
    message_zh="该流程已结束，不再接受操作",
    message_en="the process has ended and takes no commands",
)


async def _absent(handle: WorkflowHandle[Any, Any]) -> CommandOutcome:
    """Why nobody takes a command: the process has ended, or it has not begun."""
    try:
        described = await handle.describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return NotRunning()
        raise
    return NotRunning() if described.status is WorkflowExecutionStatus.RUNNING else ENDED


def _outcome(error: Exception) -> CommandOutcome:
    match error:
        case WorkflowUpdateFailedError(cause=ApplicationError(type="AcceptedUpdateCompletedWorkflow")):
            return ENDED
        case WorkflowUpdateFailedError() if isinstance(error.cause, ApplicationError) and error.cause.type in _REFUSALS:
            details = error.cause.details[0] if error.cause.details else {}
            texts = details if isinstance(details, dict) else {}
            return Refused(
                code=str(error.cause.type),
                **{name: str(texts.get(name, "")) for name in ("rule", "pointer", "message_zh", "message_en")},
            )
        case WorkflowUpdateFailedError():
            raise RemoteUnusable("a process failed on a command") from error
        case WorkflowUpdateRPCTimeoutOrCancelledError() | TimeoutError():
            return TimedOut()
        case RPCError() if error.status is RPCStatusCode.NOT_FOUND:
            return NotRunning()
        case RPCError() | RuntimeError():
            # The engine is away or refused the connection; whether it heard us before that, nobody knows.
            _log.warning("process_unreachable", failure=describe(error))
            return TimedOut()
        case _:
            raise error


def _search_attributes(message: Message) -> TypedSearchAttributes:
    product = message.facility.product if isinstance(message, FacilityStart) else getattr(message, "product", "")
    values: dict[str, Any] = {
        "Product": product,
        "Branch": getattr(message, "branch", ""),
        "CaseNumber": getattr(message, "case_number", ""),
    }
    return TypedSearchAttributes(
        [SearchAttributePair(SearchAttributeKey.for_keyword(name), str(text)) for name, text in values.items() if text]
    )


def _summary(message: Message) -> str:
    match message:
        case CaseStart():
            return f"{message.case_number} · {message.product} · {message.branch}"
        case UtilisationStart():
            return f"{message.utilisation_number} · {message.amount}"
        case FacilityStart():
            return f"{message.facility.number} · {message.facility.product}"
        case _:
            return ""


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """What origination needs beyond its database while it runs: the keys of case events, the gateway
    (``app.state.process``) with its sweeper, and core banking (``app.state.core_banking``)."""
    database: Database = app.state.database
    keyring: Keyring = app.state.keyring
    bind_keys(database, keyring)
    gateway = ProcessGateway(database, app.state.settings, keyring)
    _gateways[database.engine.sync_engine] = gateway
    app.state.process = gateway
    core_banking = connected(app.state.settings)
    app.state.core_banking = core_banking
    sweeper = asyncio.create_task(gateway.sweep())
    try:
        yield
    finally:
        sweeper.cancel()
        with suppress(asyncio.CancelledError):
            await sweeper
        await core_banking.aclose()
