"""The events of a case: the only way to change a case table, and the chain that proves nothing was changed since.

Every event is hashed with its predecessor (SHA-256 over RFC 8785 bytes); the newest is signed (Ed25519) in the case's
head, whose row lock orders the events of a case. Rows are carried as images, with personal fields as ciphertext, so
that the chain can be verified without reading anybody's name and a case's tables can be rebuilt from it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

import pydantic_core
from pydantic import BaseModel
from sqlalchemy import Engine, bindparam
from sqlalchemy import select as core_select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.event import listens_for
from sqlalchemy.orm import Session
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.canonical import canonical, sha256_of
from domain.model import Value
from services.kit.database import Database, new_id, now
from services.kit.keyring import Keyring
from services.kit.principal import Principal
from services.kit.problems import Fault, Problem
from services.kit.sealing import seal
from services.origination.store.case_rows import CaseState, folded, instant_text, restored, table_of, taken_images
from services.origination.tables.base import OriginationTable
from services.origination.tables.events import GENESIS, CaseEvent, CaseHead

# Through the tables, not the classes: neither is a row of the case that has an event of its own. Built once, because every event
# of every case needs them.
_heads, _events = table_of(CaseHead), table_of(CaseEvent)
_LOCKED_HEAD = (
    core_select(_heads.c.seq, _heads.c.hash).where(_heads.c.case_id == bindparam("of_case")).with_for_update()
)
_FIRST_HEAD = insert(_heads).on_conflict_do_nothing()
_NEW_EVENT = {column.name: bindparam(f"event_{column.name}", type_=column.type) for column in _events.c}
_APPENDED = (
    # Event and head in one statement: neither is of use without the other.
    _heads.update()
    .where(_heads.c.case_id == bindparam("of_case"))
    .values(
        seq=_NEW_EVENT["seq"],
        hash=_NEW_EVENT["hash"],
        signed_at=_NEW_EVENT["at"],
        signature=bindparam("signature"),
        key_id=bindparam("key_id"),
    )
    .add_cte(insert(_events).values(_NEW_EVENT).cte("appended"))
)
_HELD = "held_case_heads"
_keys: "WeakKeyDictionary[Engine, Keyring]" = WeakKeyDictionary()


class ChainVerdict(Value):
    """What a verification of a case's chain found."""

    case_id: UUID
    events: int
    head_hash: str
    key_id: str
    intact: bool
    faults: tuple[str, ...] = ()
    """Stable codes with the sequence number concerned: ``hash:17``, ``gap:4``, ``signature``, ``head`` …"""


def bind_keys(database: Database, keyring: Keyring) -> None:
    """Say with which keys the events of a database are sealed and signed."""
    _keys[database.engine.sync_engine] = keyring


def keys_of(session: AsyncSession) -> Keyring:
    """The keys bound to a session's database. Raises ``LookupError`` where none are."""
    engine = session.sync_session.get_bind()
    assert isinstance(engine, Engine)
    try:
        return _keys[engine]
    except KeyError:
        raise LookupError("no keys are bound to this database (bind_keys)") from None


@dataclass
class _HeldHead:
    """A case's head while its row is locked."""

    seq: int
    hash: str


async def lock_case(session: AsyncSession, case_id: UUID) -> None:
    """Take the lock that orders the events of a case, until the transaction ends. Raises ``not_found`` for a case without
    events, which is none.

    Take it before reading rows that are about to change: what was read earlier may be out of date.
    """
    if (await _held_head(session, case_id)).seq == 0:
        raise Problem("not_found")


async def _held_head(session: AsyncSession, case_id: UUID) -> _HeldHead:
    held: dict[UUID, _HeldHead] = session.info.setdefault(_HELD, {})
    if case_id in held:
        return held[case_id]
    connection = await session.connection()
    row = (await connection.execute(_LOCKED_HEAD, {"of_case": case_id})).one_or_none()
    if row is None:
        first = {"case_id": case_id, "seq": 0, "hash": GENESIS, "signature": "", "key_id": ""}
        await connection.execute(_FIRST_HEAD, first)
        row = (await connection.execute(_LOCKED_HEAD, {"of_case": case_id})).one()
    held[case_id] = _HeldHead(row.seq, row.hash)
    return held[case_id]


@listens_for(Session, "after_soft_rollback")
@listens_for(Session, "after_commit")
def _let_go(session: Session, *_: object) -> None:
    """With its transaction, or the part of it that was undone, a session no longer holds any lock."""
    session.info.pop(_HELD, None)


async def record(
    session: AsyncSession,
    case_id: UUID,
    kind: str,
    actor: Principal | str,
    *,
    rows: Sequence[OriginationTable] = (),
    facts: BaseModel | Mapping[str, Any] | None = None,
    at: datetime | None = None,
) -> CaseEvent:
    """Write the changes of ``rows`` and the event that says so, in the caller's transaction.

    ``rows`` are new rows, inserted in the order given, or rows loaded in this session and changed since. ``actor`` is
    the verified caller, or a name such as ``system:sweeper`` where nobody called. ``facts`` are JSON-able and hold no
    floats; of a model its personal fields are sealed.
    """
    keyring = keys_of(session)
    head = await _held_head(session, case_id)
    for row in rows:
        session.add(row)
        # One at a time: without relationships the session knows no order, and rows refer to one another.
        await session.flush()
    payload = {
        "facts": _plain(facts, keyring),
        "rows": taken_images(session.sync_session, rows, keyring),
    }
    event = CaseEvent(
        id=new_id(),
        case_id=case_id,
        seq=head.seq + 1,
        kind=kind,
        actor=_actor(actor),
        at=at or now(),
        payload=payload,
        prev_hash=head.hash,
        hash="",
    )
    try:
        event.hash = _hash(event)
    except ValueError:
        # A whole number beyond 2^53 has no single spelling (RFC 8785); whoever sent it is told, and nothing is written.
        fault = Fault("", "not_canonical", "含有无法精确表示的数字", "holds a number that has no exact spelling")
        raise Problem("invalid_request", errors=[fault], count=1) from None
    signed = keyring.sign("heads", _head_bytes(case_id, event.seq, event.hash))
    await (await session.connection()).execute(
        _APPENDED,
        {
            "of_case": case_id,
            "signature": signed.signature,
            "key_id": signed.key_id,
            **{f"event_{name}": value for name, value in event.model_dump().items()},
        },
    )
    head.seq, head.hash = event.seq, event.hash
    return event


async def events_of(session: AsyncSession, case_id: UUID, until: datetime | None = None) -> Sequence[CaseEvent]:
    """The events of a case in their order, up to an instant where one is given."""
    statement = select(CaseEvent).where(CaseEvent.case_id == case_id).order_by(col(CaseEvent.seq))
    if until is not None:
        statement = statement.where(col(CaseEvent.at) <= until)
    return (await session.exec(statement)).all()


async def verify(session: AsyncSession, case_id: UUID) -> ChainVerdict:
    """Recompute the chain of a case and check the signature of its head."""
    keyring = keys_of(session)
    events = await events_of(session, case_id)
    head = (await session.exec(select(CaseHead).where(CaseHead.case_id == case_id))).one_or_none()
    faults: list[str] = []
    previous = GENESIS
    for place, event in enumerate(events, start=1):
        if event.seq != place:
            faults.append(f"gap:{place}")
            break
        if event.prev_hash != previous:
            faults.append(f"link:{place}")
        if _hash(event) != event.hash:
            faults.append(f"hash:{place}")
        previous = event.hash
    if head is None:
        faults.append("head_missing")
    else:
        if (head.seq, head.hash) != (len(events), previous):
            faults.append("head")
        message = _head_bytes(case_id, head.seq, head.hash)
        if head.seq and not keyring.verify("heads", head.key_id, message, head.signature):
            faults.append("signature")
    return ChainVerdict(
        case_id=case_id,
        events=len(events),
        head_hash=head.hash if head else "",
        key_id=head.key_id if head else "",
        intact=not faults,
        faults=tuple(faults),
    )


async def state_at(session: AsyncSession, case_id: UUID, at: datetime) -> CaseState:
    """The rows of a case as they stood at an instant, from its events; personal fields stay sealed."""
    return folded(event.payload for event in await events_of(session, case_id, at))


async def rebuild(session: AsyncSession, case_id: UUID) -> dict[str, int]:
    """Put a case's rows back into its (empty) tables from its events; returns how many rows of which table.

    Run as the owner of the tables after a loss. Raises ``IntegrityError`` where rows are still there.
    """
    keyring = keys_of(session)
    state = folded(event.payload for event in await events_of(session, case_id))
    counts = {}
    for table, rows in restored(state, keyring):
        for row in rows:
            await session.execute(table.insert().values(row))
        counts[table.name] = len(rows)
    return counts


def _actor(actor: Principal | str) -> dict[str, Any]:
    if isinstance(actor, str):
        return {"kind": "system", "subject": actor}
    return {
        "kind": actor.kind,
        "subject": actor.subject,
        "roles": list(actor.roles),
        "branch": actor.branch,
        "token_id": actor.token_id,
    }


def _plain(facts: BaseModel | Mapping[str, Any] | None, keyring: Keyring) -> dict[str, Any]:
    if facts is None:
        return {}
    data: dict[str, Any] = json.loads(pydantic_core.to_json(facts))
    return seal(type(facts), data, keyring) if isinstance(facts, BaseModel) else data


def _hash(event: CaseEvent) -> str:
    return sha256_of(
        {
            "case_id": str(event.case_id),
            "seq": event.seq,
            "kind": event.kind,
            "actor": event.actor,
            "at": instant_text(event.at),
            "payload": event.payload,
            "prev_hash": event.prev_hash,
        }
    )


def _head_bytes(case_id: UUID, seq: int, head_hash: str) -> bytes:
    return canonical({"case_id": str(case_id), "seq": seq, "hash": head_hash})
