"""Published policy: bundles kept by content, put into force by two persons, loaded by hash."""

import asyncio
import json
from datetime import date
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, func
from sqlalchemy import select as core_select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.books import PolicyProposal
from domain.canonical import canonical, sha256_of
from policy.engine import Bundle, PolicyFaults, publication_faults
from services.kit.database import Database, now
from services.kit.paging import PageRequest, Slice, fetch_page
from services.kit.problems import Fault, Problem
from services.origination.tables.books import PolicyBundle, PolicyPublication

_FAULTS_SHOWN = 500
_shelves: "WeakKeyDictionary[Engine, PolicyShelf]" = WeakKeyDictionary()


class PolicyDamaged(RuntimeError):
    """A stored bundle no longer has the hash it is filed under."""


class PolicyShelf:
    """The bundles of this process, read from the database once each: content under a hash never changes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._bundles: dict[str, Bundle] = {}
        self._lock = asyncio.Lock()

    async def bundle(self, sha256: str) -> Bundle:
        """The bundle with this hash. Raises ``not_found``. Call it with no transaction open where that can be helped: the
        first look reads the database in one of its own."""
        async with self._lock:
            if sha256 not in self._bundles:
                async with self._database.reading() as session:
                    stored = await session.get(PolicyBundle, sha256)
                if stored is None:
                    raise Problem("not_found")
                if sha256_of(stored.canonical) != sha256:
                    raise PolicyDamaged(sha256)
                self._bundles[sha256] = await asyncio.to_thread(Bundle.from_canonical, json.loads(stored.canonical))
            return self._bundles[sha256]

    async def published_last(self) -> Bundle | None:
        """The bundle approved last, which the next one must follow; ``None`` before the first."""
        async with self._database.reading() as session:
            sha256 = await sha256_published_last(session)
        return None if sha256 is None else await self.bundle(sha256)

    async def in_force(self, on: date) -> Bundle:
        """The bundle in force on a day. Raises ``no_policy_in_force``."""
        async with self._database.reading() as session:
            sha256 = await sha256_in_force(session, on)
        return await self.bundle(sha256)


def bind_policies(database: Database, shelf: PolicyShelf) -> None:
    """Say from which shelf the books of a database take the policy they are measured by."""
    for engine in database.engines():
        _shelves[engine] = shelf


async def policy_of_the_day(session: AsyncSession, on: date) -> Bundle:
    """The bundle in force on a day, for what is measured inside a transaction. Raises ``no_policy_in_force``, and
    ``LookupError`` where no shelf is bound to the session's database."""
    engine = session.sync_session.get_bind()
    assert isinstance(engine, Engine)
    try:
        shelf = _shelves[engine]
    except KeyError:
        raise LookupError("no policies are bound to this database (bind_policies)") from None
    return await shelf.bundle(await sha256_in_force(session, on))


async def sha256_in_force(session: AsyncSession, on: date) -> str:
    """The hash of the bundle in force on a day: of those whose day has come the one approved last. It holds whatever was approved
    before it; one that was approved earlier for a later day would take back what came between."""
    found = await session.exec(
        select(PolicyPublication.sha256)
        .where(col(PolicyPublication.approved_at).is_not(None), PolicyPublication.in_force_from <= on)
        .order_by(col(PolicyPublication.approved_at).desc())
        .limit(1)
    )
    sha256 = found.one_or_none()
    if sha256 is None:
        raise Problem("no_policy_in_force")
    return sha256


async def sha256_published_last(session: AsyncSession) -> str | None:
    """The hash of the bundle approved last, whenever it comes into force; ``None`` before the first."""
    found = await session.exec(
        select(PolicyPublication.sha256)
        .where(col(PolicyPublication.approved_at).is_not(None))
        .order_by(col(PolicyPublication.approved_at).desc())
        .limit(1)
    )
    return found.one_or_none()


def checked(data: dict[str, Any]) -> Bundle:
    """The bundle in a request. Raises ``policy_refused`` with every fault of every file."""
    try:
        return Bundle.from_canonical(data)
    except PolicyFaults as refused:
        faults = [
            Fault(f"/bundle/files/{fault.file.removeprefix('bundle/')}", "policy_fault", fault.reason, fault.reason)
            for fault in refused.faults[:_FAULTS_SHOWN]
        ]
        raise Problem("policy_refused", errors=faults, count=len(refused.faults)) from None


async def propose(
    session: AsyncSession, bundle: Bundle, previous: Bundle | None, *, maker: str, in_force_from: date, comment: str
) -> PolicyPublication:
    """Store a bundle and its proposal. A bundle that is proposed already raises ``already_exists`` at the flush.

    Raises ``policy_refused`` when it changes or drops a version that was published (the past cannot be rewritten), or lacks
    a kind of policy that every case needs.
    """
    _refuse(publication_faults(bundle, previous, in_force_from))
    await session.exec(
        insert(PolicyBundle)
        .values(
            sha256=bundle.sha256,
            canonical=canonical(bundle.canonical()),
            files=len(bundle.files()),
            stored_at=now(),
        )
        .on_conflict_do_nothing()
    )
    row = PolicyPublication(sha256=bundle.sha256, maker=maker, comment=comment, in_force_from=in_force_from)
    session.add(row)
    await session.flush()
    return row


async def approve(session: AsyncSession, bundle: Bundle, previous: Bundle | None, *, checker: str) -> PolicyPublication:
    """Put a proposed bundle into force, after the one published last. Raises ``not_found``, ``same_person`` and
    ``already_approved``, and ``policy_refused`` where a bundle approved since the proposal holds what this one has not.
    """
    sha256 = bundle.sha256
    # One approval after the other: of two that were proposed side by side, the second must follow the first.
    await (await session.connection()).execute(
        core_select(func.pg_advisory_xact_lock(func.hashtextextended("policy_publication", 0)))
    )
    found = await session.exec(select(PolicyPublication).where(PolicyPublication.sha256 == sha256).with_for_update())
    row = found.one_or_none()
    if row is None:
        raise Problem("not_found")
    if row.checker is not None:
        raise Problem("already_approved")
    if row.maker == checker:
        raise Problem("same_person")
    if await sha256_published_last(session) != (previous.sha256 if previous else None):
        _refuse(["another bundle was approved this moment: approve again"])
    _refuse(publication_faults(bundle, previous, row.in_force_from))
    row.checker = checker
    row.approved_at = now()
    session.add(row)
    await session.flush()
    return row


def _refuse(wrong: list[str]) -> None:
    """Raise ``policy_refused`` where anything is wrong with a publication."""
    if wrong:
        faults = [Fault("/bundle", "policy_unpublishable", reason, reason) for reason in wrong[:_FAULTS_SHOWN]]
        raise Problem("policy_refused", errors=faults, count=len(wrong))


async def publications(session: AsyncSession, page: PageRequest) -> Slice[PolicyPublication]:
    """A page of proposals and publications, newest first."""
    return await fetch_page(session, select(PolicyPublication), PolicyPublication.id, page)


async def file_counts(session: AsyncSession, hashes: list[str]) -> dict[str, int]:
    """How many files the bundles with these hashes hold."""
    found = await session.exec(
        select(PolicyBundle.sha256, PolicyBundle.files).where(col(PolicyBundle.sha256).in_(hashes))
    )
    return dict(found.all())


async def stored_bytes(session: AsyncSession, sha256: str) -> bytes:
    """The canonical bytes of a bundle. Raises ``not_found``."""
    found = await session.exec(select(PolicyBundle.canonical).where(PolicyBundle.sha256 == sha256))
    content = found.one_or_none()
    if content is None:
        raise Problem("not_found")
    return content


async def publication_of(session: AsyncSession, sha256: str) -> PolicyPublication:
    """The proposal of a bundle. Raises ``not_found``."""
    found = await session.exec(select(PolicyPublication).where(PolicyPublication.sha256 == sha256))
    row = found.one_or_none()
    if row is None:
        raise Problem("not_found")
    return row


def proposal_view(row: PolicyPublication, files: int) -> PolicyProposal:
    return PolicyProposal(
        sha256=row.sha256,
        files=files,
        maker=row.maker,
        checker=row.checker,
        in_force_from=row.in_force_from,
        proposed_at=row.proposed_at,
        approved_at=row.approved_at,
        comment=row.comment or None,
        changes=f"/v1/policies/diff?to={row.sha256}",
    )
