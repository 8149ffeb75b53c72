"""How many reservations a second one group's limit takes, on a database of its own."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from sqlalchemy import text

from migrations import MIGRATOR, application_role
from migrations.runner import upgrade
from services.kit.database import Database, new_id
from services.kit.keyring import Keyring
from services.kit.principal import Principal
from services.origination.store import limits
from services.origination.store.events import bind_keys, record
from services.origination.store.limits import Room, Step
from services.origination.tables.books import CreditLine, Customer, CustomerGroup
from services.origination.tables.cases import Application
from suandai.bench.figures import Figure, figure
from suandai.stack import StackError
from suandai.stack.postgres import Postgres
from suandai.stack.process import running

Told = Callable[[str], None]
DAY = date(2026, 11, 23)
_WHO = Principal(subject="bench", kind="service", roles=("service:worker",), token_id="bench", issuer="bench")  # noqa: S106
_ONE_ROW = text("UPDATE origination.credit_line SET outstanding = outstanding + 0 WHERE id = :line")


@dataclass(frozen=True)
class LimitSizes:
    """How much is measured."""

    cases: int = 1_000
    at_once: int = 500
    pool: int = 10
    """Connections kept; as many again are opened when they are not enough."""


QUICK = LimitSizes(cases=200, at_once=100)


def limit_figures(sizes: LimitSizes, told: Told) -> list[Figure]:
    """``limit_reservations_per_second``, of which nothing is left behind. Raises ``StackError`` when the database does not
    start, or the line does not hold exactly what was reserved."""
    directory = Path(tempfile.mkdtemp(prefix="sd-limits-"))
    try:
        server = Postgres(directory / "pg")
        with running(server, directory):
            upgrade(server.url(MIGRATOR))
            told(f"{sizes.cases:,} cases under one group's line, {sizes.at_once} at once")
            database = Database(server.url(application_role("origination")), pool_size=sizes.pool, lock_timeout=60)
            bind_keys(database, Keyring.create(directory / "keys"))
            return asyncio.run(_measured(database, sizes))
    finally:
        shutil.rmtree(directory, ignore_errors=True)


async def _measured(database: Database, sizes: LimitSizes) -> list[Figure]:
    try:
        members, line, cases = await _filled(database, sizes)

        async def reserved(place: int) -> None:
            step = Step(cases[place], f"application-{cases[place]}", "decision-1", DAY)
            room = Room("bench", members[place % len(members)], "loan", Decimal(1))
            async with database.session() as session:
                if await limits.reserve(session, _WHO, step, room):
                    raise StackError("a reservation was refused that there is room for")

        async def one_row(_: int) -> None:
            async with database.session() as session:
                await session.execute(_ONE_ROW, {"line": line})

        await _rate(one_row, min(sizes.cases, 100), sizes)  # connections are opened before anything is measured
        bare = await _rate(one_row, sizes.cases, sizes)
        rate = await _rate(reserved, sizes.cases, sizes)
        async with database.session() as session:
            held = (await session.get_one(CreditLine, line, populate_existing=True)).reserved
        if held != sizes.cases:
            raise StackError("the line does not hold what was reserved under it")
    finally:
        await database.dispose()
    note = (
        f"{sizes.at_once} at once from {len(members)} members of one group against its line, each with its entry and signed"
        f" event; pool {sizes.pool} + {sizes.pool}; beside: UPDATE of that one row, a transaction each, on the same pool"
    )
    return [figure("limit_reservations_per_second", rate, "1/s", beside=bare, note=note)]


async def _rate(work: Callable[[int], Awaitable[None]], count: int, sizes: LimitSizes) -> float:
    # Whoever is at once waits for the pool in here, not in its queue: that one gives up after ten seconds.
    room = asyncio.Semaphore(2 * sizes.pool)

    async def one(place: int) -> None:
        async with room:
            await work(place)

    begun = time.perf_counter()
    for first in range(0, count, sizes.at_once):
        await asyncio.gather(*[one(place) for place in range(first, min(first + sizes.at_once, count))])
    return count / (time.perf_counter() - begun)


async def _filled(database: Database, sizes: LimitSizes) -> tuple[list[UUID], UUID, list[UUID]]:
    """Members of one group, its line, and cases without content: what a reservation looks at and nothing else."""
    group = CustomerGroup(id=new_id(), name="bench", basis="control", branch="NJ", created_by="bench")
    line = CreditLine(
        id=new_id(),
        lender_id="bench",
        reference="BENCH",
        group_id=group.id,
        kind="umbrella",
        amount=Decimal(sizes.cases),
        outstanding=Decimal(0),
        undrawn_factor=Decimal(0),
        effective_from=DAY,
        effective_to=DAY,
        branch="NJ",
        created_by="bench",
    )
    members = [
        Customer(
            id=new_id(), uscc=f"{n:018d}", name="bench", branch="NJ", group_id=group.id, file={}, created_by="bench"
        )
        for n in range(10)
    ]
    async with database.session() as session:
        for row in (group, line, *members):
            session.add(row)
            await session.flush()
    cases = [new_id() for _ in range(sizes.cases)]
    for number, case_id in enumerate(cases):
        row = Application(
            case_id=case_id,
            case_number=f"BENCH-{number}",
            branch="NJ",
            lender_id="bench",
            stage="approval",
            content={},
            created_by="bench",
        )
        async with database.session() as session:
            await record(session, case_id, "application.created", _WHO, rows=[row])
    return [member.id for member in members], line.id, cases
