"""Many at once against one group's limit: no overshoot, no lost release, no deadlock, whatever breaks in between."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from decimal import Decimal
from functools import partial
from typing import TypeVar
from uuid import UUID

import pytest
from psycopg import OperationalError
from psycopg.errors import DeadlockDetected
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from services.kit.database import Database
from services.origination.store import limits
from tests.origination.bench import WORKER
from tests.origination.limits.tree import Taken, Tree, contradictions, room, step

AT_ONCE = 500
R = TypeVar("R")


@pytest.fixture
def tree(database: Database) -> Tree:
    return Tree(database)


async def again(work: Callable[[], Awaitable[R]]) -> R:
    """Do a step until it is done, as a process does whom the books did not answer: the pool was empty, a lock was not to be
    had in time, the server ended the session."""
    while True:
        try:
            return await work()
        except PoolTimeout:
            continue
        except DBAPIError as error:
            if not isinstance(error.orig, OperationalError) or isinstance(error.orig, DeadlockDetected):
                raise
            await asyncio.sleep(0.01)


async def test_500_at_once_take_exactly_what_there_is(tree: Tree) -> None:
    """500 cases of ten members ask for 10 each at one moment; the group's line has room for 120 of them."""
    group = await tree.group()
    line = await tree.line(1_205, group_id=group)
    members = [await tree.customer(group) for _ in range(10)]
    cases = await tree.cases(AT_ONCE)
    answers = await asyncio.gather(
        *[again(partial(tree.reserve, case, members[place % 10], 10)) for place, case in enumerate(cases)]
    )
    assert Counter(answers) == {(): 120, ("LIMIT_SHORT",): AT_ONCE - 120}
    assert await tree.taken(line) == Taken(Decimal(0), Decimal(1_200), Decimal(0))
    held = [case for case, answer in zip(cases, answers, strict=True) if answer == ()]
    given_back = await asyncio.gather(*[again(partial(tree.release, case)) for case in (*held, *held)])
    assert sum(given_back) == 1_200, "each was given back once, however often it was asked for"
    assert await tree.taken(line) == Taken(Decimal(0), Decimal(0), Decimal(0))
    assert await contradictions(tree.database) == []


async def test_locks_taken_from_both_ends_do_not_meet(tree: Tree) -> None:
    """Members with lines of their own beside the group's, asked for in opposite orders, while the lines change as well."""
    group = await tree.group()
    members = [await tree.customer(group) for _ in range(4)]
    # Lines of members are older than the group's for some, and younger for others: an order by age would cross.
    lines = [await tree.line(10_000, customer_id=member) for member in members[:2]]
    top = await tree.line(10_000, group_id=group)
    lines += [await tree.line(10_000, customer_id=member) for member in members[2:]]
    cases = await tree.cases(80)

    async def life(place: int, case: UUID) -> None:
        member = members[place % 4] if place % 2 else members[-1 - place % 4]
        assert await tree.reserve(case, member, 10) == ()
        if place % 3:
            await tree.commit(case, 10)
        await tree.release(case, committed=True)

    async def bookkeeping() -> None:
        for turn in range(20):
            async with tree.database.session() as session:
                await limits.lock_group(session, group)
                await session.execute(
                    text("UPDATE origination.credit_line SET amount = :amount WHERE group_id = :group"),
                    {"amount": 10_000 + turn, "group": group},
                )

    await asyncio.wait_for(
        asyncio.gather(bookkeeping(), *[life(place, case) for place, case in enumerate(cases)]), timeout=60
    )
    for line in (*lines, top):
        assert await tree.taken(line) == Taken(Decimal(0), Decimal(0), Decimal(0))
    assert await contradictions(tree.database) == []


_BLOW = text(
    "SELECT count(pg_terminate_backend(pid)) FROM (SELECT pid FROM pg_stat_activity WHERE usename = 'suandai_origination'"
    " AND datname = current_database() AND state <> 'idle' ORDER BY random() LIMIT 1) chosen"
)
BLOWS = 15


async def test_what_is_cut_off_in_the_middle_leaves_nothing_half_done(tree: Tree, superuser: Database) -> None:
    """The server ends sessions at random moments; every step is simply done again, as processes do."""
    group = await tree.group()
    line = await tree.line(300, group_id=group)
    members = [await tree.customer(group) for _ in range(5)]
    cases = await tree.cases(60)
    blows = 0

    async def storm() -> None:
        nonlocal blows
        while blows < BLOWS:
            async with superuser.session() as session:
                blows += (await session.execute(_BLOW)).scalar_one()
            await asyncio.sleep(0.1)

    async def life(place: int, case: UUID) -> str:
        if await again(partial(tree.reserve, case, members[place % 5], 10)):
            return "refused"
        if place % 3 == 0:
            return "reserved"
        if place % 3 == 1:
            await again(partial(tree.release, case))
            return "released"
        await again(partial(tree.commit, case, 8))
        return "committed"

    blowing = asyncio.create_task(storm())
    try:
        ends = await asyncio.wait_for(asyncio.gather(*[life(place, case) for place, case in enumerate(cases)]), 90)
    finally:
        blowing.cancel()
    counted = Counter(ends)
    assert blows > 0
    assert await contradictions(tree.database) == []
    taken = await tree.taken(line)
    assert taken.reserved == 10 * counted["reserved"]
    assert taken.committed == 8 * counted["committed"]
    assert taken.reserved + taken.committed <= 300


async def test_a_process_that_dies_before_its_commit_holds_nobody_up(tree: Tree) -> None:
    group = await tree.group()
    line = await tree.line(100, group_id=group)
    first, second = await tree.customer(group), await tree.customer(group)
    one, other = await tree.cases(2)
    with pytest.raises(ConnectionAbortedError):
        async with tree.database.session() as session:
            await limits.reserve(session, WORKER, step(one, "decision-1"), room(first, 100))
            raise ConnectionAbortedError
    assert await tree.reserve(other, second, 100) == ()
    assert await tree.taken(line) == Taken(Decimal(0), Decimal(100), Decimal(0))
