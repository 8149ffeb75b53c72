"""The people of a bank who decide at once: whatever task appears is claimed and completed over HTTP by whoever does such tasks.

They learn of tasks from the database and not by asking the service over and over, so that what is measured is the work
and not the waiting.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg.rows import dict_row

from domain.stages import ENDED, Stage
from suandai.stack import StackError
from suandai.walkthrough.person import Person, Refused
from suandai.walkthrough.play import STALE, CasePlay

_LOOK_SECONDS = 0.015
_PATIENCE = 600.0
_OPEN = """
    SELECT t.body FROM origination.task t
    WHERE t.case_id = ANY(%(cases)s::uuid[]) AND t.state = 'ready' AND t.completed_at IS NULL
"""
_STAGES = "SELECT case_id::text, stage FROM origination.application WHERE case_id = ANY(%(cases)s::uuid[])"


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
        started = time.perf_counter()
        await play.submit()
        if self._failure is not None:
            raise self._failure
        self._cases[play.case_id] = _Open(play, ended)
        try:
            async with asyncio.timeout(_PATIENCE):
                stage = await ended
        except TimeoutError:
            raise CaseWentWrong(f"{play.application['case_number']} was not decided in time") from None
        finally:
            del self._cases[play.case_id]
        if stage != Stage.EFFECTIVE:
            raise CaseWentWrong(f"{play.application['case_number']} ended as {stage}")
        return time.perf_counter() - started

    async def watch(self) -> None:
        """Look for tasks and ended cases until cancelled."""
        while True:
            if self._cases:
                await self._look()
            await asyncio.sleep(_LOOK_SECONDS)

    def stopped(self, watching: "asyncio.Task[None]") -> None:
        """Nobody looks any more: cases that wait for people would wait in vain, and say why instead."""
        self._failure = None if watching.cancelled() else watching.exception()
        for case in self._cases.values():
            if self._failure is not None and not case.ended.done():
                case.ended.set_exception(self._failure)

    async def _look(self) -> None:
        cases = {"cases": list(self._cases)}
        async with self.books.cursor(row_factory=dict_row) as cursor:
            tasks = await (await cursor.execute(_OPEN, cases)).fetchall()
            stages = await (await cursor.execute(_STAGES, cases)).fetchall()
        for row in tasks:
            task = row["body"]
            case = self._cases.get(task["case_id"])
            if case is not None and task["task_id"] not in case.taken:
                case.taken.add(task["task_id"])
                acting = asyncio.create_task(self._act(case, task))
                self._acting.add(acting)
                acting.add_done_callback(self._acting.discard)
        for row in stages:
            case = self._cases.get(row["case_id"])
            if case is not None and row["stage"] in ENDED_STAGES and not case.ended.done():
                case.ended.set_result(row["stage"])

    async def _act(self, case: _Open, task: dict[str, Any]) -> None:
        try:
            await case.play.do(task)
        except Refused as refusal:
            if refusal.code in STALE:
                case.taken.discard(task["task_id"])
            elif not case.ended.done():
                case.ended.set_exception(refusal)
        except Exception as error:
            if not case.ended.done():
                case.ended.set_exception(error)


ENDED_STAGES = frozenset(stage.value for stage in ENDED)


@asynccontextmanager
async def crowd(conninfo: str) -> AsyncIterator[Crowd]:
    """The crowd at work, reading the inbox through this connection."""
    async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True, row_factory=dict_row) as books:
        people = Crowd(books)
        watching = asyncio.create_task(people.watch())
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
