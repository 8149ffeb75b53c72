"""Events are the only way to change a case; they survive whoever has the application's or the owner's rights."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import DBAPIError
from sqlmodel import select

from services.kit.database import Database, now
from services.kit.keyring import Keyring
from services.kit.problems import Problem
from services.origination.store.case_rows import UnrecordedChange, case_tables
from services.origination.store.events import events_of, lock_case, rebuild, record, state_at, verify
from services.origination.tables.cases import Application
from tests.origination.bench import MANAGER, PERSON, frozen, new_case


async def move(database: Database, case_id: UUID, stage: str) -> None:
    async with database.session() as session:
        await lock_case(session, case_id)
        application = await session.get(Application, case_id, populate_existing=True)
        assert application is not None
        application.stage = stage
        application.version += 1
        await record(session, case_id, f"stage.{stage}", MANAGER, rows=[application], facts={"stage": stage})


async def rows_of(database: Database, table: str) -> Sequence[Any]:
    async with database.session() as session:
        return (await session.execute(text(f"SELECT * FROM origination.{table} ORDER BY 1"))).all()


async def test_each_event_holds_what_changed_and_is_chained(database: Database, case_id: UUID) -> None:
    await move(database, case_id, "submitted")
    async with database.session() as session:
        first, second = await events_of(session, case_id)
        verdict = await verify(session, case_id)
    assert (first.seq, second.seq) == (1, 2)
    assert second.prev_hash == first.hash
    assert first.payload["rows"][0]["values"]["case_number"] == "SD2026-640100-000001"
    assert second.payload["rows"] == [
        {
            "table": "application",
            "key": {"case_id": str(case_id)},
            "new": False,
            "values": {"stage": "submitted", "version": 2},
        }
    ]
    assert second.actor["subject"] == "zhang.wei"
    assert verdict.intact
    assert verdict.events == 2


async def test_events_written_at_once_form_one_chain(database: Database, case_id: UUID) -> None:
    async def note(number: int) -> None:
        async with database.session() as session:
            await record(session, case_id, "note", MANAGER, facts={"number": number})

    await asyncio.gather(*(note(number) for number in range(12)))
    async with database.session() as session:
        events = await events_of(session, case_id)
        assert [event.seq for event in events] == list(range(1, 14))
        assert (await verify(session, case_id)).intact


async def test_a_change_without_an_event_is_not_committed(database: Database, case_id: UUID) -> None:
    with pytest.raises(UnrecordedChange):
        async with database.session() as session:
            application = await session.get(Application, case_id)
            assert application is not None
            application.stage = "effective"
    with pytest.raises(UnrecordedChange):
        async with database.session() as session:
            await session.exec(update(Application).values(stage="effective"))
    with pytest.raises(UnrecordedChange):
        async with database.session() as session:
            application = await session.get(Application, case_id)
            assert application is not None
            await session.delete(application)
    async with database.session() as session:
        application = await session.get(Application, case_id)
        assert application is not None
        assert application.stage == "draft"


async def test_a_change_flushed_before_its_event_is_in_the_event(database: Database, case_id: UUID) -> None:
    async with database.session() as session:
        application = await session.get(Application, case_id)
        assert application is not None
        application.stage = "submitted"
        # A query flushes what is pending; the image must not lose it.
        await session.exec(select(Application))
        event = await record(session, case_id, "submitted", MANAGER, rows=[application])
    assert event.payload["rows"][0]["values"] == {"stage": "submitted"}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE origination.case_event SET kind = 'other'",
        "DELETE FROM origination.case_event",
        "TRUNCATE origination.case_event",
        "DELETE FROM origination.case_head",
        "UPDATE origination.case_head SET seq = seq - 1",
        "UPDATE origination.access_refusal SET code = 'other'",
        "TRUNCATE origination.access_refusal",
    ],
)
@pytest.mark.parametrize("role", ["application", "owner"])
async def test_neither_the_application_nor_the_owner_can_change_what_happened(
    database: Database, owner: Database, case_id: UUID, role: str, statement: str
) -> None:
    opened = {"application": database, "owner": owner}[role]
    async with opened.session() as session:
        await session.execute(
            text(
                "INSERT INTO origination.access_refusal"
                " (id, at, subject, kind, branch, roles, method, route, object_ids, code, rule, trace_id)"
                " VALUES (gen_random_uuid(), now(), '', '', '', '[]', 'GET', '/', '[]', 'c', '', '')"
            )
        )
    with pytest.raises(DBAPIError) as refused:
        async with opened.session() as session:
            await session.execute(text(statement))
    assert getattr(refused.value.orig, "sqlstate", "")[:2] in ("42", "23")
    async with opened.session() as session:
        assert (await verify(session, case_id)).intact


@pytest.mark.parametrize(
    ("tampering", "fault"),
    [
        ("UPDATE origination.case_event SET kind = 'stage.effective' WHERE seq = 2", "hash:2"),
        (
            "UPDATE origination.case_event SET payload = jsonb_set(payload, '{facts,stage}', '\"declined\"') WHERE seq = 2",
            "hash:2",
        ),
        ('UPDATE origination.case_event SET actor = \'{"kind":"staff","subject":"li.na"}\' WHERE seq = 3', "hash:3"),
        ("UPDATE origination.case_event SET at = at - interval '1 day' WHERE seq = 1", "hash:1"),
        ("DELETE FROM origination.case_event WHERE seq = 2", "gap:2"),
        ("DELETE FROM origination.case_event WHERE seq = 3", "head"),
        ("DELETE FROM origination.case_head", "head_missing"),
        ("UPDATE origination.case_head SET signature = 'AAAA'", "signature"),
    ],
)
async def test_a_superusers_tampering_shows(
    database: Database, superuser: Database, case_id: UUID, tampering: str, fault: str
) -> None:
    await move(database, case_id, "submitted")
    await move(database, case_id, "intake")
    async with superuser.session() as session:
        await session.execute(text("SET LOCAL session_replication_role = replica"))
        await session.execute(text(tampering))
    async with database.session() as session:
        verdict = await verify(session, case_id)
    assert not verdict.intact
    assert fault in verdict.faults


async def test_a_chain_recomputed_by_a_superuser_lacks_the_signature(
    database: Database, superuser: Database, case_id: UUID, tmp_path: Any
) -> None:
    """Whoever rewrites events and their hashes still has no key for the head."""
    forger = Keyring.create(tmp_path / "forged")
    signed = forger.sign("heads", b"anything")
    async with superuser.session() as session:
        await session.execute(text("SET LOCAL session_replication_role = replica"))
        await session.execute(
            text("UPDATE origination.case_head SET signature = :signature, key_id = :key_id"),
            {"signature": signed.signature, "key_id": signed.key_id},
        )
    async with database.session() as session:
        assert (await verify(session, case_id)).faults == ("signature",)


async def test_personal_fields_lie_sealed_in_events(database: Database, superuser: Database, case_id: UUID) -> None:
    async with database.session() as session:
        await record(session, case_id, "application.submitted", MANAGER, rows=[frozen(case_id)])
    async with superuser.session() as session:
        everything = (await session.execute(text("SELECT payload::text FROM origination.case_event"))).scalars().all()
    assert len(everything) == 2
    for payload in everything:
        assert PERSON not in payload
        assert "sealed:" in payload


async def test_a_cases_tables_are_rebuilt_from_its_events(database: Database, owner: Database, case_id: UUID) -> None:
    async with database.session() as session:
        other = await new_case(session, "SD2026-640100-000002", stage="intake")
    await move(database, case_id, "submitted")
    async with database.session() as session:
        await record(session, case_id, "application.submitted", MANAGER, rows=[frozen(case_id)])
    await move(database, case_id, "screening")
    names = [table.name for table in case_tables()]
    assert {"application", "task", "facility", "commitment", "transfer", "decision"} <= set(names)
    before = {name: await rows_of(database, name) for name in names}
    async with owner.session() as session:
        await session.execute(text(f"TRUNCATE {', '.join(f'origination.{name}' for name in names)} CASCADE"))
    assert await rows_of(database, "application") == []
    async with owner.session() as session:
        counts = await rebuild(session, case_id)
        await rebuild(session, other)
    assert counts == {"application": 1, "application_version": 1}
    assert {name: await rows_of(database, name) for name in names} == before


async def test_the_state_at_an_instant_is_what_stood_then(database: Database, case_id: UUID) -> None:
    await move(database, case_id, "submitted")
    between = now()
    await move(database, case_id, "intake")
    async with database.session() as session:
        then = await state_at(session, case_id, between)
        today = await state_at(session, case_id, now())
        before = await state_at(session, case_id, between - timedelta(days=1))
    assert [row["stage"] for row in then["application"].values()] == ["submitted"]
    assert [row["stage"] for row in today["application"].values()] == ["intake"]
    assert before == {}


async def test_a_figure_without_one_spelling_is_refused_whole(database: Database, case_id: UUID) -> None:
    with pytest.raises(Problem) as refused:
        async with database.session() as session:
            await record(session, case_id, "note", MANAGER, facts={"number": 2**60})
    assert refused.value.code == "invalid_request"
    with pytest.raises(TypeError, match="float"):
        async with database.session() as session:
            await record(session, case_id, "note", MANAGER, facts={"number": 0.5})
    async with database.session() as session:
        assert (await verify(session, case_id)).events == 1
