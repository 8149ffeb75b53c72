"""The people of a bank who decide at once: whatever task appears is claimed and completed over HTTP by whoever does such tasks.

They learn of tasks from the database, which tells them, and not by asking the service over and over: what is measured is the
work and not the waiting.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from domain.stages import ENDED, Stage
from suandai.stack import StackError
from suandai.walkthrough.person import Person, Refused
from suandai.walkthrough.play import STALE, CasePlay

_PATIENCE = 600.0
_AGAIN = 0.05
_CHANNEL = "bench"
_TELLING = """
    CREATE SCHEMA IF NOT EXISTS bench;
    GRANT USAGE ON SCHEMA bench TO PUBLIC;
    CREATE OR REPLACE FUNCTION bench.tell() RETURNS trigger LANGUAGE plpgsql
        AS $$ BEGIN PERFORM pg_notify('bench', NEW.case_id::text); RETURN NULL; END $$;
    CREATE OR REPLACE TRIGGER bench_offered AFTER INSERT ON origination.task
        FOR EACH ROW WHEN (NEW.state = 'ready') EXECUTE FUNCTION bench.tell();
    CREATE OR REPLACE TRIGGER bench_offered_again AFTER UPDATE OF state ON origination.task
        FOR EACH ROW WHEN (NEW.state = 'ready' AND OLD.state <> 'ready') EXECUTE FUNCTION bench.tell();
    CREATE OR REPLACE TRIGGER bench_ended AFTER UPDATE OF stage ON origination.application
        FOR EACH ROW WHEN (NEW.ended_at IS NOT NULL) EXECUTE FUNCTION bench.tell();
"""
"""In the measured bank only, which is thrown away afterwards."""
_CASE = """
    SELECT a.stage, ARRAY(
        SELECT t.body FROM origination.task t
        WHERE t.case_id = a.case_id AND t.state = 'ready' AND t.completed_at IS NULL
    ) AS ready
    FROM origination.application a WHERE a.case_id = %(case)s::uuid
"""


class CaseWentWrong(StackError):
    """A case ended elsewhere than where the measured course leads: the figures would not be comparable."""


class TimedPlay(CasePlay):
    """A case whose verbs are timed: ``timings`` holds verb and seconds of each. ``before`` runs before each claim."""

    timings: list[tuple[str, float]]
    before: Callable[[], Awaitable[None]] | None = None

    async def act(
        self,
        person: Person,
        task: Mapping[str, Any],
        verb: str,
        body: Mapping[str, Any] | None = None,
        *,
        key: str = "",
    ) -> dict[str, Any]:
        if verb == "claim" and self.before is not None:
            await self.before()
        started = time.perf_counter()
        answer = await super().act(person, task, verb, body, key=key)
        self.timings.append((verb, time.perf_counter() - started))
        return answer


@dataclass(slots=True)
class _Open:
    play: CasePlay
    ended: asyncio.Future[str]
    taken: set[str] = field(default_factory=set)


@dataclass
class Crowd:
    """Everybody at work."""

    books: psycopg.AsyncConnection[dict[str, Any]]
    _cases: dict[str, _Open] = field(default_factory=dict)
    _acting: set["asyncio.Task[None]"] = field(default_factory=set)
    _failure: BaseException | None = None

    async def carry(self, play: CasePlay) -> float:
        """Submit a drafted application and decide until it is effective; how long that took in seconds.

        Raises ``CaseWentWrong`` when it ends otherwise.
        """
        ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        if self._failure is not None:
            raise self._failure
        self._cases[play.case_id] = _Open(play, ended)
        started = time.perf_counter()
        try:
            await play.submit()
            async with asyncio.timeout(_PATIENCE):
                stage = await ended
        except TimeoutError:
            raise CaseWentWrong(f"{play.application['case_number']} was not decided in time") from None
        finally:
            del self._cases[play.case_id]
        if stage != Stage.EFFECTIVE:
            raise CaseWentWrong(f"{play.application['case_number']} ended as {stage}")
        return time.perf_counter() - started

    async def watch(self, told: psycopg.AsyncConnection[Any]) -> None:
        """Look at every case of which the database tells something, until cancelled."""
        async for notice in told.notifies():
            await self._look(notice.payload)

    def stopped(self, watching: "asyncio.Task[None]") -> None:
        """Nobody looks any more: cases that wait for people would wait in vain, and say why instead."""
        self._failure = None if watching.cancelled() else watching.exception()
        for case in self._cases.values():
            if self._failure is not None and not case.ended.done():
                case.ended.set_exception(self._failure)

    async def _look(self, case_id: str) -> None:
        case = self._cases.get(case_id)
        if case is None:
            return
        async with self.books.cursor(row_factory=dict_row) as cursor:
            found = await (await cursor.execute(_CASE, {"case": case_id})).fetchone()
        assert found is not None
        for task in found["ready"]:
            if task["task_id"] not in case.taken:
                case.taken.add(task["task_id"])
                acting = asyncio.create_task(self._act(case, task))
                self._acting.add(acting)
                acting.add_done_callback(self._acting.discard)
        if found["stage"] in ENDED_STAGES and not case.ended.done():
            case.ended.set_result(found["stage"])

    async def _act(self, case: _Open, task: dict[str, Any]) -> None:
        try:
            await case.play.do(task)
        except Refused as refusal:
            if refusal.code in STALE:
                case.taken.discard(task["task_id"])
                await asyncio.sleep(_AGAIN)
                await self._look(task["case_id"])
            elif not case.ended.done():
                case.ended.set_exception(refusal)
        except Exception as error:
            if not case.ended.done():
                case.ended.set_exception(error)


ENDED_STAGES = frozenset(stage.value for stage in ENDED)


@asynccontextmanager
async def crowd(conninfo: str) -> AsyncIterator[Crowd]:
    """The crowd at work, reading the inbox through this connection."""
    connected = psycopg.AsyncConnection.connect
    async with (
        await connected(conninfo, autocommit=True, row_factory=dict_row) as books,
        await connected(conninfo, autocommit=True) as told,
    ):
        await books.execute(_TELLING)
        await told.execute(sql.SQL("LISTEN {}").format(sql.Identifier(_CHANNEL)))
        people = Crowd(books)
        watching = asyncio.create_task(people.watch(told))
        watching.add_done_callback(people.stopped)
        try:
            yield people
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)


async def side_by_side(works: Iterable[Coroutine[Any, Any, float]], at_once: int) -> list[float]:
    """Run these coroutines, so many at a time; their results in order."""
    room = asyncio.Semaphore(at_once)

    async def one(work: Coroutine[Any, Any, float]) -> float:
        async with room:
            return await work

    return await asyncio.gather(*[one(work) for work in works])
