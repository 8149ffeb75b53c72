"""The database session and the column types that keep money exact.

One session is one transaction: it commits when the block ends and rolls back when the block raises. While it is open no
network call may be made from the same task (``in_transaction``): a slow neighbour would hold row locks, and its effect
could not be rolled back with ours.
"""

import json
import select
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any, Final
from uuid import UUID

import pydantic_core
from sqlalchemy import DateTime, Engine, MetaData, Numeric, event, text
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.orm import ORMExecuteState, Session
from sqlalchemy.types import TypeDecorator
from sqlmodel.ext.asyncio.session import AsyncSession
from uuid_utils.compat import uuid7 as _uuid7

NAMING_CONVENTION: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
"""Constraint names are derived, never invented by the server: a migration must be able to drop what another one
made."""

MONEY: Final = Numeric(20, 2)
RATE: Final = Numeric(12, 8)
UNIT_PRICE: Final = Numeric(20, 8)

_READS: Final = "only_reads"
_transactions: ContextVar[int] = ContextVar("open_transactions", default=0)


class UtcDateTime(TypeDecorator[datetime]):
    """An instant. A datetime without a zone is a programming error: nobody can say which instant it means."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)


def service_metadata(schema: str) -> MetaData:
    """The metadata of one service: its own schema, constraint names by convention."""
    return MetaData(schema=schema, naming_convention=NAMING_CONVENTION)


def new_id() -> UUID:
    """A time-ordered UUIDv7: primary keys in the order of creation, which is what keyset paging walks along."""
    return _uuid7()


def now() -> datetime:
    """The present instant, for stamps such as ``created_at``. Decisions take ``as_of`` from their request instead."""
    return datetime.now(UTC)


def in_transaction() -> bool:
    """Whether the current task holds an open transaction."""
    return _transactions.get() > 0


def _dumps(value: Any) -> str:
    return pydantic_core.to_json(value).decode()


def _refuse_dead(connection: Any, *_: object) -> None:
    """A connection whose server has gone is replaced before it is used.

    A server that ends says so on the socket, and an idle connection has nothing else to read: looking there costs no round
    trip, which a ping would cost every request.
    """
    poll = select.poll()
    poll.register(connection.driver_connection.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)
    if poll.poll(0):
        raise DisconnectionError("the server has closed the connection")


class WroteWhileReading(RuntimeError):
    """Something was changed through a session that only reads: a programming error, which would be committed at once."""


@event.listens_for(Session, "before_flush")
def _refuse_changes(session: Session, *_: object) -> None:
    if session.info.get(_READS) and (session.new or session.deleted or session.dirty):
        raise WroteWhileReading


@event.listens_for(Session, "do_orm_execute")
def _refuse_writes(state: ORMExecuteState) -> None:
    if state.session.info.get(_READS) and not state.is_select:
        raise WroteWhileReading


@contextmanager
def _holding_a_connection() -> Iterator[None]:
    token = _transactions.set(_transactions.get() + 1)
    try:
        yield
    finally:
        _transactions.reset(token)


class Database:
    """The pool of one process.

    The timeouts are seconds; the server itself ends what exceeds them, so a hung request cannot hold a case's lock for
    ever (``statement``, ``idle``), and whoever waits for a lock is told to come back (``lock``).
    """

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 10,
        statement_timeout: float = 15.0,
        idle_timeout: float = 30.0,
        lock_timeout: float = 5.0,
    ) -> None:
        limits = (
            f"-c statement_timeout={round(statement_timeout * 1000)}"
            f" -c lock_timeout={round(lock_timeout * 1000)}"
            f" -c idle_in_transaction_session_timeout={round(idle_timeout * 1000)}"
            # Compiling a plan takes longer than any statement of a service.
            " -c jit=off"
            " -c timezone=UTC"
        )
        self.engine: AsyncEngine = create_async_engine(
            url,
            json_serializer=_dumps,
            # Figures inside JSONB come back as they were written, never through a binary float.
            json_deserializer=partial(json.loads, parse_float=Decimal),
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=10,
            connect_args={"options": limits, "connect_timeout": 5},
        )
        event.listen(self.engine.sync_engine, "checkout", _refuse_dead)
        self._reads = self.engine.execution_options(isolation_level="AUTOCOMMIT")

    def engines(self) -> tuple[Engine, Engine]:
        """What a session of this pool may be bound to: of one transaction, and of reading."""
        return self.engine.sync_engine, self._reads.sync_engine

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """One transaction. Objects stay readable after the commit."""
        async with AsyncSession(self.engine, expire_on_commit=False) as session, session.begin():
            with _holding_a_connection():
                yield session

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """Statements that only read, without BEGIN and COMMIT: under READ COMMITTED each sees what is committed when it
        runs, inside a transaction or not. A change is refused with ``WroteWhileReading``."""
        async with AsyncSession(self._reads, expire_on_commit=False, info={_READS: True}) as session:
            with _holding_a_connection():
                yield session
            _refuse_changes(session.sync_session)

    async def ping(self) -> None:
        """Raises when the database does not answer."""
        async with self.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def dispose(self) -> None:
        """Give all connections back."""
        await self.engine.dispose()
