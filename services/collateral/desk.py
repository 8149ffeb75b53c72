"""Long work while nobody waits: one job after the other, each leased to the process that works on it.

A process that dies keeps its job until the lease has passed; then another takes it over.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import ClassVar, Final
from uuid import UUID, uuid4

import structlog

from services.kit.database import Database
from services.kit.telemetry import describe

LOOK_EVERY: Final = timedelta(seconds=5)
"""How often is looked for jobs that another process left."""
MOST_ATTEMPTS: Final = 5
"""After so many beginnings without an end, the job is what ends the process."""

_log = structlog.get_logger(__name__)


class Desk(ABC):
    """The jobs of one kind in one process. ``lease`` is how long a job stays with a process that gives no sign of life."""

    kind: ClassVar[str]
    """The job's name in the log."""

    def __init__(self, database: Database, lease: timedelta) -> None:
        self._database = database
        self._lease = lease
        self._runner = uuid4()
        self._called = asyncio.Event()

    def wake(self) -> None:
        """There is a new job."""
        self._called.set()

    async def work_for_ever(self) -> None:
        """Take one job after the other, as long as the process lives."""
        while True:
            try:
                while await self.work_once():
                    pass
            except Exception as error:
                _log.warning(f"{self.kind}_not_finished", failure=describe(error))
            with suppress(TimeoutError):
                await asyncio.wait_for(self._called.wait(), LOOK_EVERY.total_seconds())
            self._called.clear()

    @abstractmethod
    async def work_once(self) -> bool:
        """Do the next job; False when there is none."""

    @abstractmethod
    async def _let_go(self, job_id: UUID) -> None:
        """Give a job back that this process will not end."""

    @asynccontextmanager
    async def _leased(self, job_id: UUID) -> AsyncIterator[None]:
        """Work on a job. Where it is cancelled or fails, another process, or this one when it is back, takes it at once."""
        try:
            yield
        except BaseException:
            try:
                await asyncio.shield(self._let_go(job_id))
            except Exception as error:
                # The lease gives it back later; what ended the work is the error to be told.
                _log.warning(f"{self.kind}_not_let_go", job_id=str(job_id), failure=describe(error))
            raise


@asynccontextmanager
async def at_work(desk: Desk) -> AsyncIterator[None]:
    """Work for as long as a service runs; a job that is under way at the end is left to the next process."""
    working = asyncio.create_task(desk.work_for_ever())
    try:
        yield
    finally:
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working
