"""Idempotency-Key: a request sent twice has one effect and one answer.

A key belongs to a caller and a route, and stands for one content. Two ways to use it:

``atomic``  the effect and its answer are written in one transaction; for everything that only touches our own tables.
``reserve`` … ``finish``  the key is reserved in one transaction, the work is done with none open (a workflow update, a
call to another service), effect and answer are written in a second. If the process dies in between, the next request
with the same key does the work again, so that work must be idempotent by itself (same update id, same remote key).

Stored are answers that would be the same next time: successes and refusals. Failures (5xx) are not. They are kept for
a set time (``key_retention``).
"""

import hashlib
import json
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Header, Query, Request, Response
from psycopg.errors import LockNotAvailable
from pydantic import BaseModel
from sqlalchemy import (
    Column,
    CursorResult,
    Executable,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    bindparam,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.exc import OperationalError
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.auth import authenticated
from services.kit.database import Database, UtcDateTime, new_id, now
from services.kit.problems import MEDIA_TYPE, Problem, language_of
from services.kit.telemetry import trace_of

LEASE = timedelta(seconds=60)
"""After this a reservation nobody finished is taken to be left by a process that died; longer than any request may
run."""

_KEY = re.compile(r"[\x21-\x7e]([\x20-\x7e]{0,253}[\x21-\x7e])?")
_NEVER_STORED = {408, 425, 429}


def idempotency_table(metadata: MetaData) -> Table:
    """The table of keys in a service's schema."""
    return Table(
        "idempotency_key",
        metadata,
        Column("id", Uuid, primary_key=True),
        Column("principal", Text, nullable=False),
        Column("route", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("request_sha256", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("status", Integer),
        Column("headers", JSONB),
        Column("body", LargeBinary),
        Column("created_at", UtcDateTime, nullable=False),
        Column("taken_at", UtcDateTime, nullable=False),
        Column("finished_at", UtcDateTime),
        UniqueConstraint("principal", "route", "key"),
    )


@dataclass(frozen=True)
class Reply:
    """An answer that is stored with its key. ``body`` is a model, JSON-ready data or nothing."""

    status: int
    body: BaseModel | dict[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def raw(self) -> bytes:
        if self.body is None:
            return b""
        if isinstance(self.body, BaseModel):
            return self.body.model_dump_json(by_alias=True).encode()
        return json.dumps(self.body, ensure_ascii=False, separators=(",", ":")).encode()


@dataclass(frozen=True)
class Reservation:
    """A key that was looked at: either ``replayed`` is the stored answer, or the work is ours to do."""

    id: UUID
    replayed: Response | None = None
    fresh: bool = False
    """Nobody has used the key before."""


Effect = Callable[[AsyncSession], Awaitable[Reply]]
Begin = Callable[[AsyncSession, Reservation], Awaitable[None]]


class _Undone(Exception):
    """A refusal on its way out of a transaction, which it undoes."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


class IdempotentCall:
    """One request with its key. Get it by ``call: Annotated[IdempotentCall, idempotent()]``."""

    def __init__(self, request: Request, principal: str, route: str, key: str) -> None:
        self._request = request
        self.principal = principal
        self.route = route
        self.key = key
        self._fingerprint: bytes | None = None

    def fingerprint(self, *parts: str) -> None:
        """Say what the content of a request is whose body is not JSON: the SHA-256 of an uploaded file, say. A
        multipart body differs at every sending, by its boundary."""
        self._fingerprint = "\x1f".join(parts).encode()

    async def atomic(self, database: Database, effect: Effect) -> Response:
        """Run ``effect`` and store its reply in one transaction, or return the reply stored before.

        A ``Problem`` raised by the effect undoes what the effect wrote and is stored and returned as the answer;
        failures (5xx) are raised and not stored. A second request with the key waits for the first one's transaction, and
        is told to come back (409) when that takes longer than the database's lock timeout.
        """
        content = await self._content_sha256()
        with _waiting_is_bounded():
            try:
                async with database.session() as session:
                    reservation = await self._take(session, content, lease=None)
                    if reservation.replayed is not None:
                        return reservation.replayed
                    return await self._carry_out(session, reservation.id, effect)
            except _Undone as undone:
                return await self._keep(database, content, undone.problem)

    async def _carry_out(self, session: AsyncSession, reservation: UUID, effect: Effect) -> Response:
        try:
            reply = await effect(session)
        except Problem as problem:
            raise _Undone(problem) from problem
        await self._store(session, reservation, reply, media_type="application/json")
        return _response(reply.status, reply.raw(), dict(reply.headers), "application/json")

    async def _keep(self, database: Database, content: str, problem: Problem) -> Response:
        """Store the refusal that undid a transaction, and with it the key's reservation. A request that came in between has
        its answer stand for both. Failures are raised and not stored."""
        if not _is_kept(problem):
            raise problem
        async with database.session() as session:
            reservation = await self._take(session, content, lease=None)
            return reservation.replayed or await self._store_refusal(session, reservation.id, problem)

    async def reserve(self, database: Database, begin: Begin | None = None) -> Reservation:
        """First transaction of the two-step way. Raises ``request_in_progress`` (409) while another request has the
        key.

        ``begin`` runs in the same transaction when the work is ours to do; a ``Problem`` it raises undoes the transaction,
        is stored as the key's answer, and raised.
        """
        content = await self._content_sha256()
        with _waiting_is_bounded():
            try:
                async with database.session() as session:
                    reservation = await self._take(session, content, lease=LEASE)
                    if begin is not None and reservation.replayed is None:
                        await _undoing(begin(session, reservation))
                    return reservation
            except _Undone as undone:
                await self._keep(database, content, undone.problem)
                raise undone.problem from None

    async def finish(self, database: Database, reservation: Reservation, effect: Effect) -> Response:
        """Second transaction: run ``effect`` (our own tables only) and store its reply, or its refusal as in
        ``atomic``."""
        try:
            async with database.session() as session:
                return await self._carry_out(session, reservation.id, effect)
        except _Undone as undone:
            if not _is_kept(undone.problem):
                raise undone.problem from None
            async with database.session() as session:
                return await self._store_refusal(session, reservation.id, undone.problem)

    async def refuse(self, database: Database, reservation: Reservation, problem: Problem) -> Response:
        """Store a refusal as the answer of a reserved key and return it. A failure (5xx) sets the key free and is
        raised."""
        if not _is_kept(problem):
            await self.suspend(database, reservation)
            raise problem
        async with database.session() as session:
            return await self._store_refusal(session, reservation.id, problem)

    async def suspend(self, database: Database, reservation: Reservation) -> None:
        """The outcome is not known yet (a time-out): the next request with this key may ask again at once."""
        async with database.session() as session:
            await self._set_free(session, reservation.id)

    async def _content_sha256(self) -> str:
        request = self._request
        content = self._fingerprint
        if content is None:
            body = await request.body()
            # The same value in another layout is the same request.
            content = _canonical(await request.json()) if body else b""
        address = {
            "path": dict(request.path_params),
            "query": sorted(request.query_params.multi_items()),
            "if_match": request.headers.get("if-match", ""),
        }
        return hashlib.sha256(_canonical(address) + b"\x00" + content).hexdigest()

    async def _take(self, session: AsyncSession, content: str, lease: timedelta | None) -> Reservation:
        keys = _table(self._request)
        moment = now()
        reserved = {
            "id": new_id(),
            "principal": self.principal,
            "route": self.route,
            "key": self.key,
            "request_sha256": content,
            "state": "reserved",
            "created_at": moment,
            "taken_at": moment,
        }
        mine = await (await session.connection()).execute(_statements(keys).reserve, reserved)
        if (new := mine.scalar_one_or_none()) is not None:
            return Reservation(new, fresh=True)
        row = (
            await _run(
                session,
                keys.select()
                .where(keys.c.principal == self.principal, keys.c.route == self.route, keys.c.key == self.key)
                .with_for_update(),
            )
        ).one()
        if row.request_sha256 != content:
            raise Problem("idempotency_key_reused")
        if row.state == "finished":
            headers = {**row.headers, "Idempotency-Replayed": "true"}
            media_type = headers.pop("Content-Type", "application/json")
            return Reservation(row.id, _response(row.status, row.body, headers, media_type))
        if row.state == "reserved" and (lease is None or row.taken_at > moment - lease):
            raise Problem("request_in_progress", headers={"Retry-After": "1"})
        await _run(session, keys.update().where(keys.c.id == row.id).values(state="reserved", taken_at=moment))
        return Reservation(row.id)

    async def _store_refusal(self, session: AsyncSession, reservation: UUID, problem: Problem) -> Response:
        reply = self._refusal(problem)
        await self._store(session, reservation, reply, media_type=MEDIA_TYPE)
        return _response(reply.status, reply.raw(), dict(reply.headers), MEDIA_TYPE)

    async def _store(self, session: AsyncSession, reservation: UUID, reply: Reply, *, media_type: str) -> None:
        finished = {
            "reservation": reservation,
            "new_status": reply.status,
            "new_headers": {**reply.headers, "Content-Type": media_type},
            "new_body": reply.raw(),
            "new_finished_at": now(),
        }
        await (await session.connection()).execute(_statements(_table(self._request)).finish, finished)

    async def _set_free(self, session: AsyncSession, reservation: UUID) -> None:
        keys = _table(self._request)
        await _run(
            session, keys.update().where(keys.c.id == reservation, keys.c.state == "reserved").values(state="pending")
        )

    def _refusal(self, problem: Problem) -> Reply:
        language = language_of(self._request.headers.get("accept-language", ""))
        body = problem.body(language, instance=self._request.url.path[:300], trace_id=trace_of(self._request))
        return Reply(
            problem.status, body, {**problem.headers, "Content-Language": "zh-CN" if language == "zh" else "en"}
        )


class _Statements:
    """The two statements of every request with a key, built once for each service's table."""

    def __init__(self, keys: Table) -> None:
        self.reserve = (
            insert(keys)
            .on_conflict_do_nothing(index_elements=["principal", "route", "key"])
            .returning(keys.c.id)
            .values({name: bindparam(name) for name in _RESERVED})
        )
        written = ("status", "headers", "body", "finished_at")
        self.finish = (
            keys.update()
            .where(keys.c.id == bindparam("reservation"))
            .values(state="finished", **{name: bindparam(f"new_{name}", type_=keys.c[name].type) for name in written})
        )


_RESERVED = ("id", "principal", "route", "key", "request_sha256", "state", "created_at", "taken_at")


@lru_cache
def _statements(keys: Table) -> _Statements:
    return _Statements(keys)


class IdempotencyRequired:
    """The dependency behind ``idempotent``."""

    async def __call__(
        self,
        request: Request,
        key: Annotated[
            str,
            Header(
                alias="Idempotency-Key",
                description=(
                    "1 to 255 printable characters; the same key with the same content has one effect, and brings its"
                    " answer again for 90 days where the installation sets nothing else"
                ),
            ),
        ] = "",
    ) -> IdempotentCall:
        if not _KEY.fullmatch(key):
            raise Problem("idempotency_key_required")
        who = await authenticated(request)
        route = request.scope["route"]
        return IdempotentCall(request, who.key, f"{request.method} {route.path}", key)


def idempotent() -> Any:
    """Declare that a route needs an ``Idempotency-Key`` (400 without)."""
    return Depends(IdempotencyRequired())


class IdempotencyUnlessDryRun(IdempotencyRequired):
    """The dependency behind ``idempotent_unless_dry_run``: a dry run has no effect, so no key names one."""

    async def __call__(  # type: ignore[override]
        self,
        request: Request,
        dry_run: Annotated[bool, Query(description="conclude without storing anything")] = False,
        key: Annotated[str, Header(alias="Idempotency-Key", description="not needed with dry_run")] = "",
    ) -> IdempotentCall | None:
        return None if dry_run else await super().__call__(request, key)


def idempotent_unless_dry_run() -> Any:
    """Declare that a route needs an ``Idempotency-Key`` (400 without) but for a dry run."""
    return Depends(IdempotencyUnlessDryRun())


async def _undoing(work: Awaitable[None]) -> None:
    try:
        await work
    except Problem as problem:
        raise _Undone(problem) from problem


@contextmanager
def _waiting_is_bounded() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        if isinstance(error.orig, LockNotAvailable):
            raise Problem("request_in_progress", headers={"Retry-After": "1"}) from None
        raise


def _is_kept(problem: Problem) -> bool:
    return problem.status < 500 and problem.status not in _NEVER_STORED


async def _run(session: AsyncSession, statement: Executable) -> CursorResult[Any]:
    """A statement on a plain table, in the session's transaction."""
    return await (await session.connection()).execute(statement)


def _table(request: Request) -> Table:
    table: Table = request.app.state.idempotency_table
    return table


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str).encode()


def _response(status: int, body: bytes, headers: dict[str, str], media_type: str) -> Response:
    return Response(body, status, headers, media_type=media_type if body else None)
