"""A simulated core-banking system: an application of its own with a file of its own.

It executes an instruction once, whatever happens to its answers, and can be told to misbehave as real ones do: to answer
late, to fail after paying, never to answer, to reject.
"""

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, Query, Request
from pydantic import Field

from domain.calendar import BANK_ZONE
from domain.model import Value
from domain.money import Money
from domain.roles import Role
from services.kit.app import build_app
from services.kit.auth import allow
from services.kit.principal import Principal
from services.kit.problems import Problem
from services.kit.router import Router
from services.kit.settings import ServiceSettings, SettingsRefused
from services.origination.core_banking.messages import (
    CreditTransfer,
    EndToEndId,
    PaymentStatus,
    Statement,
    StatementEntry,
    TransactionStatus,
)

router = Router(tags=["core banking"])
_CALLER = str(Role.SERVICE_ORIGINATION)


class SimulatorSettings(ServiceSettings):
    """``SUANDAI_*`` of the simulator."""

    audience: str = "urn:suandai:core-banking"
    core_banking_dir: Path | None = None


class Fault(StrEnum):
    NONE = "none"
    LATE = "late"
    """Pay, and answer after a pause."""
    ERROR_AFTER_PAYING = "error_after_paying"
    NEVER_ANSWER = "never_answer"
    """Pay, and keep the connection open without an answer."""
    REJECT = "reject"
    PENDING = "pending"
    """Accept, and settle at the next inquiry."""
    LOSE = "lose"
    """Fail before anything was written."""


class FaultMode(Value):
    """How the next instructions are treated."""

    fault: Fault
    times: Annotated[int, Field(ge=1, le=1000)] = 1
    pause_seconds: Annotated[float, Field(ge=0, le=60)] = 1.0


class Ledger:
    """The payments, one row an end-to-end id."""

    def __init__(self, file: Path) -> None:
        self._file = file
        with self._connection() as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(
                "CREATE TABLE IF NOT EXISTS payment (end_to_end_id TEXT PRIMARY KEY, instruction TEXT NOT NULL,"
                " status TEXT NOT NULL, reason TEXT NOT NULL, settled_on TEXT, heard INTEGER NOT NULL)"
            )

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._file, timeout=10)) as connection, connection:
            yield connection

    def execute(self, transfer: CreditTransfer, status: TransactionStatus, reason: str, day: str) -> PaymentStatus:
        """Execute an instruction, or return what became of it. Another instruction under a known id is rejected and
        leaves the first as it was."""
        instruction = transfer.model_dump_json(exclude={"valid_until"})
        settled = day if status is TransactionStatus.SETTLED else None
        with self._connection() as connection:
            connection.execute(
                "INSERT INTO payment VALUES (?, ?, ?, ?, ?, 0) ON CONFLICT DO NOTHING",
                (transfer.end_to_end_id, instruction, status.value, reason, settled),
            )
            connection.execute(
                "UPDATE payment SET heard = heard + 1 WHERE end_to_end_id = ?", (transfer.end_to_end_id,)
            )
            [known] = connection.execute(
                "SELECT instruction FROM payment WHERE end_to_end_id = ?", (transfer.end_to_end_id,)
            ).fetchone()
        if known != instruction:
            return PaymentStatus(
                end_to_end_id=transfer.end_to_end_id, status=TransactionStatus.REJECTED, reason_code="DUPL"
            )
        found = self.status(transfer.end_to_end_id)
        assert found is not None
        return found

    def status(self, end_to_end_id: str) -> PaymentStatus | None:
        """What became of a payment."""
        with self._connection() as connection:
            row = connection.execute(_BY_ID, (end_to_end_id,)).fetchone()
        return None if row is None else _entry(row).payment

    def statement(self, after: int, limit: int) -> tuple[list[StatementEntry], int]:
        """Entries booked after one, in the order of booking, and the number of the last; 0 when nothing follows it."""
        with self._connection() as connection:
            rows = connection.execute(_IN_ORDER, (after, limit + 1)).fetchall()
        more = len(rows) > limit
        return [_entry(row) for row in rows[:limit]], rows[limit - 1][0] if more else 0

    def settle(self, end_to_end_id: str, day: str) -> None:
        """Settle a payment that was accepted."""
        with self._connection() as connection:
            connection.execute(
                "UPDATE payment SET status = ?, settled_on = ? WHERE end_to_end_id = ? AND status = ?",
                (TransactionStatus.SETTLED.value, day, end_to_end_id, TransactionStatus.PENDING.value),
            )

    def heard(self, end_to_end_id: str) -> int:
        """How often an instruction arrived."""
        with self._connection() as connection:
            row = connection.execute("SELECT heard FROM payment WHERE end_to_end_id = ?", (end_to_end_id,)).fetchone()
        return 0 if row is None else int(row[0])


_BY_ID = """SELECT rowid, end_to_end_id, status, reason, settled_on, instruction
FROM payment WHERE end_to_end_id = ?"""
_IN_ORDER = """SELECT rowid, end_to_end_id, status, reason, settled_on, instruction
FROM payment WHERE rowid > ? ORDER BY rowid LIMIT ?"""


def _entry(row: tuple[int, str, str, str, str | None, str]) -> StatementEntry:
    number, end_to_end_id, status, reason, settled_on, instruction = row
    said = json.loads(instruction)
    payment = PaymentStatus.model_validate(
        {
            "end_to_end_id": end_to_end_id,
            "status": status,
            "bank_reference": f"CB{number:010d}",
            "reason_code": reason,
            "settled_on": settled_on,
            "instruction_sha256": said["instruction_sha256"],
        }
    )
    return StatementEntry(
        end_to_end_id=end_to_end_id,
        amount=Money.model_validate(said["instructed_amount"]),
        creditor_account=said["creditor_account"],
        payment=payment,
    )


class _Behaviour:
    def __init__(self) -> None:
        self._mode = FaultMode(fault=Fault.NONE)
        self._left = 0

    def set(self, mode: FaultMode) -> None:
        self._mode, self._left = mode, mode.times

    def next(self) -> FaultMode:
        if self._left == 0:
            return FaultMode(fault=Fault.NONE)
        self._left -= 1
        return self._mode


@router.post("/v1/credit-transfers", response_model=PaymentStatus)
async def pay(request: Request, body: CreditTransfer, _: Annotated[Principal, allow(_CALLER)]) -> PaymentStatus:
    """Execute a transfer. The same instruction again is answered and not executed again."""
    ledger: Ledger = request.app.state.ledger
    mode: FaultMode = request.app.state.behaviour.next()
    if mode.fault is Fault.LOSE:
        raise Problem("unavailable")
    status, reason = TransactionStatus.SETTLED, ""
    if datetime.now(UTC) > body.valid_until:
        status, reason = TransactionStatus.REJECTED, "TM01"
    elif mode.fault is Fault.REJECT:
        status, reason = TransactionStatus.REJECTED, "AC04"
    elif mode.fault is Fault.PENDING:
        status = TransactionStatus.PENDING
    answer = await asyncio.to_thread(ledger.execute, body, status, reason, _today())
    match mode.fault:
        case Fault.LATE:
            await asyncio.sleep(mode.pause_seconds)
        case Fault.ERROR_AFTER_PAYING:
            raise Problem("internal_error")
        case Fault.NEVER_ANSWER:
            await asyncio.sleep(3600)
        case _:
            pass
    return answer


@router.get("/v1/credit-transfers/{end_to_end_id}", response_model=PaymentStatus)
async def inquire(
    request: Request, end_to_end_id: EndToEndId, _: Annotated[Principal, allow(_CALLER)]
) -> PaymentStatus:
    """What became of a transfer."""
    ledger: Ledger = request.app.state.ledger
    found = await asyncio.to_thread(ledger.status, end_to_end_id)
    if found is None:
        raise Problem("not_found")
    if found.status is TransactionStatus.PENDING:
        await asyncio.to_thread(ledger.settle, end_to_end_id, _today())
    return found


@router.get("/v1/statement", response_model=Statement)
async def account_statement(
    request: Request,
    _: Annotated[Principal, allow(_CALLER)],
    after: Annotated[int, Query(ge=0, le=2**53)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 500,
) -> Statement:
    """What was booked, in the order of booking."""
    ledger: Ledger = request.app.state.ledger
    entries, last = await asyncio.to_thread(ledger.statement, after, limit)
    return Statement(entries=tuple(entries), next_cursor=str(last) if last else "")


@router.put("/v1/simulator/fault", status_code=204)
async def misbehave(request: Request, body: FaultMode, _: Annotated[Principal, allow(_CALLER)]) -> None:
    """Say how the next instructions are treated."""
    request.app.state.behaviour.set(body)


def _today() -> str:
    return datetime.now(BANK_ZONE).date().isoformat()


def create_app(settings: SimulatorSettings | None = None) -> FastAPI:
    """The simulator. Raises ``SettingsRefused`` in production: money is not simulated there."""
    settings = settings or SimulatorSettings()
    settings.required("core_banking_dir")
    if settings.environment == "production":
        raise SettingsRefused(["the core-banking simulator does not run in production"])
    assert settings.core_banking_dir is not None
    settings.core_banking_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    ledger = Ledger(settings.core_banking_dir / "payments.sqlite3")

    async def readable() -> None:
        await asyncio.to_thread(ledger.status, "-")

    app = build_app(
        title="suandai core banking (simulated)",
        settings=settings,
        routers=[router],
        readiness={"ledger": readable},
    )
    app.state.ledger = ledger
    app.state.behaviour = _Behaviour()
    return app
