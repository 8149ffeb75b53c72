"""The session as one transaction, exact figures, and no network call while rows are locked."""

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import delete, text
from sqlalchemy.exc import DBAPIError, StatementError
from sqlmodel import select

from services.kit.database import Database, WroteWhileReading, in_transaction, new_id, now
from services.kit.http import CallInsideTransaction, ServiceClient
from services.kit.service_token import ClientCredentials
from services.kit.settings import ServiceSettings
from tests.kit.specimen import Pledge


def pledge(**fields: object) -> Pledge:
    base: dict[str, Any] = {
        "id": new_id(),
        "name": "a",
        "amount": Decimal("1.10"),
        "branch": "640100",
        "created_at": now(),
    }
    return Pledge(**{**base, **fields})


@pytest.fixture
def database(settings: ServiceSettings) -> Database:
    return Database(settings.database_url, pool_size=2, statement_timeout=1.0)


async def test_a_session_commits_whole_or_not_at_all(database: Database) -> None:
    with pytest.raises(RuntimeError):
        async with database.session() as session:
            session.add(pledge())
            await session.flush()
            raise RuntimeError
    async with database.session() as session:
        assert (await session.exec(select(Pledge))).all() == []
        row = pledge(amount=Decimal("280000000.00"))
        session.add(row)
    async with database.session() as session:
        (read,) = (await session.exec(select(Pledge))).all()
    assert (str(read.amount), read.created_at.utcoffset()) == ("280000000.00", timedelta(0))
    await database.dispose()


async def test_a_reading_session_opens_no_transaction_and_changes_nothing(database: Database) -> None:
    kept = pledge()
    async with database.session() as session:
        session.add(kept)
    async with database.reading() as session:
        assert in_transaction()
        (row,) = (await session.exec(select(Pledge).where(Pledge.id == kept.id))).all()
        async with database.session() as other:
            (await other.exec(select(Pledge).where(Pledge.id == kept.id))).one().name = "b"
        (name,) = (await session.exec(select(Pledge.name).where(Pledge.id == kept.id))).all()
        assert name == "b"
    assert not in_transaction()
    for forbidden in (pledge(), row):
        with pytest.raises(WroteWhileReading):
            async with database.reading() as session:
                forbidden.name = "c"
                session.add(forbidden)
    with pytest.raises(WroteWhileReading):
        async with database.reading() as session:
            await session.execute(delete(Pledge))
    async with database.session() as session:
        assert (await session.exec(select(Pledge.name).where(Pledge.id == kept.id))).one() == "b"
    await database.dispose()


async def test_figures_in_json_stay_decimal(database: Database) -> None:
    async with database.session() as session:
        statement = text("SELECT CAST(:value AS jsonb) AS j").bindparams(value='{"rate": 0.1}')
        (value,) = (await (await session.connection()).execute(statement)).one()
    assert value == {"rate": Decimal("0.1")}
    await database.dispose()


async def test_an_instant_needs_a_zone(database: Database) -> None:
    with pytest.raises(StatementError):
        async with database.session() as session:
            session.add(pledge(created_at=datetime(2026, 1, 1)))  # noqa: DTZ001 the fault under test
    async with database.session() as session:
        session.add(pledge(created_at=datetime(2026, 1, 1, 8, tzinfo=timezone(timedelta(hours=8)))))
    async with database.session() as session:
        (read,) = (await session.exec(select(Pledge))).all()
    assert read.created_at.isoformat() == "2026-01-01T00:00:00+00:00"
    await database.dispose()


async def test_the_server_ends_what_takes_too_long(database: Database) -> None:
    with pytest.raises(DBAPIError, match="statement timeout"):
        async with database.session() as session:
            await (await session.connection()).execute(text("SELECT pg_sleep(30)"))
    await database.ping()
    await database.dispose()


async def test_no_network_call_inside_a_transaction(database: Database) -> None:
    def unreachable(request: httpx.Request) -> httpx.Response:
        raise AssertionError("a request went out")

    wire = httpx.AsyncClient(transport=httpx.MockTransport(unreachable))
    credentials = ClientCredentials("http://issuer", "c", SecretStr("s"), "a:b", client=wire)
    client = ServiceClient("http://neighbour", None, client=wire)
    assert not in_transaction()
    async with database.session():
        assert in_transaction()
        with pytest.raises(CallInsideTransaction):
            await client.send("GET", "/v1/x")
        with pytest.raises(CallInsideTransaction):
            await credentials.token()
    assert not in_transaction()
    await database.dispose()
