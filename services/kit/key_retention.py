"""How long answers are kept under their Idempotency-Keys: for a set number of days, then they are removed.

A key answers its sender's retries. Those of a person come within minutes; those of a process may come weeks later, when a
worker was away; effects of processes are besides entered once by their step, and commands of people by their update. So
nothing happens twice when a key is gone: only the stored answer is no longer there.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import Table, delete, select

from services.kit.database import Database, now
from services.kit.telemetry import describe

FIRST_AFTER: Final = timedelta(minutes=1)
EVERY: Final = timedelta(hours=1)
_BATCH: Final = 1000

_log = structlog.get_logger(__name__)


async def purge_keys(database: Database, keys: Table, before: datetime) -> int:
    """Remove the keys last taken before an instant; returns how many. Several processes may do it at once."""
    removed = 0
    while True:
        async with database.session() as session:
            old = (
                select(keys.c.id)
                # Their ids are in the order of time: an index finds the old ones without one of its own.
                .where(keys.c.id < _first_id_of(before), keys.c.taken_at < before)
                .order_by(keys.c.id)
                .limit(_BATCH)
                .with_for_update(skip_locked=True)
            )
            statement = delete(keys).where(keys.c.id.in_(old.scalar_subquery()))
            gone = (await (await session.connection()).execute(statement)).rowcount
        removed += gone
        if gone < _BATCH:
            return removed


def _first_id_of(moment: datetime) -> UUID:
    """A UUIDv7 begins with the milliseconds since 1970 in 48 bits (RFC 9562 §5.7)."""
    return UUID(int=round(moment.timestamp() * 1000) << 80)


@asynccontextmanager
async def keys_retained(database: Database, keys: Table, days: int) -> AsyncIterator[None]:
    """Remove what is older than so many days, now and again, for as long as a service runs."""
    purging = asyncio.create_task(_purge_for_ever(database, keys, timedelta(days=days)))
    try:
        yield
    finally:
        purging.cancel()
        with suppress(asyncio.CancelledError):
            await purging


async def _purge_for_ever(database: Database, keys: Table, retention: timedelta) -> None:
    await asyncio.sleep(FIRST_AFTER.total_seconds())
    while True:
        try:
            if removed := await purge_keys(database, keys, now() - retention):
                _log.info("idempotency_keys_purged", removed=removed)
        except Exception as error:
            _log.warning("purging_failed", failure=describe(error))
        await asyncio.sleep(EVERY.total_seconds())
