"""Idempotency keys are kept for their time and no longer."""

import secrets
from datetime import datetime, timedelta
from uuid import UUID

import httpx
from fastapi import FastAPI
from sqlalchemy import func, insert, select

from services.kit.database import Database, now
from services.kit.key_retention import purge_keys
from tests.kit.specimen import idempotency

URL = "/v1/pledges"
BODY = {"name": "a", "amount": {"amount": "5.10"}}


def id_of(moment: datetime) -> UUID:
    """A UUIDv7 as one made at a moment."""
    return UUID(int=int(moment.timestamp() * 1000) << 80 | 7 << 76 | 2 << 62 | secrets.randbits(60))


async def kept(database: Database) -> int:
    async with database.session() as session:
        rows = await (await session.connection()).execute(select(func.count()).select_from(idempotency))
        return int(rows.scalar_one())


async def written(database: Database, created: datetime, taken: datetime, count: int = 1) -> None:
    rows = [
        {
            "id": id_of(created),
            "principal": "staff:zhang.wei",
            "route": "POST /v1/pledges",
            "key": secrets.token_hex(8),
            "request_sha256": "0" * 64,
            "state": "finished",
            "created_at": created,
            "taken_at": taken,
        }
        for _ in range(count)
    ]
    async with database.session() as session:
        await (await session.connection()).execute(insert(idempotency), rows)


async def test_old_keys_go_and_young_ones_answer_as_before(app: FastAPI, manager: httpx.AsyncClient) -> None:
    database: Database = app.state.database
    headers = {"Idempotency-Key": "young"}
    first = await manager.post(URL, json=BODY, headers=headers)
    old, limit = now() - timedelta(days=91), now() - timedelta(days=90)
    await written(database, old, old, count=2500)
    # Asked again since: whoever asks still needs the answer.
    await written(database, old, now() - timedelta(days=1))
    await written(database, limit + timedelta(minutes=1), limit + timedelta(minutes=1))
    assert await purge_keys(database, idempotency, limit) == 2500
    assert await purge_keys(database, idempotency, limit) == 0
    assert await kept(database) == 3
    again = await manager.post(URL, json=BODY, headers=headers)
    assert (again.content, again.headers["idempotency-replayed"]) == (first.content, "true")
