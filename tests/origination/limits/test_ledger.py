"""Reserve, commit and release under the ceilings of a customer and its group."""

from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from domain.money import Money, yuan
from services.kit.database import Database
from services.kit.problems import Problem
from services.origination.store import limits
from services.origination.store.case_rows import case_tables
from services.origination.store.events import events_of, rebuild, verify
from services.origination.store.product_standing import held_by_product
from services.origination.tables.cases import Application
from tests.origination.bench import WORKER, new_case
from tests.origination.limits.tree import Taken, Tree, contradictions, room, step


def taken(allocated: int = 0, reserved: int = 0, committed: int = 0) -> Taken:
    return Taken(Decimal(allocated), Decimal(reserved), Decimal(committed))


@pytest.fixture
def tree(database: Database) -> Tree:
    return Tree(database)


async def test_two_cases_of_one_group_never_pass_on_the_same_room(tree: Tree) -> None:
    group = await tree.group()
    line = await tree.line(100, group_id=group)
    first, second = await tree.customer(group), await tree.customer(group)
    one, other = await tree.cases(2)
    assert await tree.reserve(one, first, 60) == ()
    assert await tree.reserve(other, second, 60) == ("LIMIT_SHORT",)
    assert await tree.taken(line) == taken(reserved=60)
    assert await tree.reserve(other, second, 40, name="decision-2") == ()
    assert await tree.taken(line) == taken(reserved=100)
    assert await contradictions(tree.database) == []


async def test_a_refusal_names_the_line_and_what_is_missing(tree: Tree) -> None:
    group = await tree.group()
    await tree.line("1000000.00", group_id=group)
    customer = await tree.customer(group)
    case = await tree.case()
    async with tree.database.session() as session:
        [reason] = await limits.reserve(session, WORKER, step(case, "decision-1"), room(customer, "1000000.01"))
    assert reason.subject == "U-1"
    assert "short by 0.01" in reason.message_en
    assert "缺 0.01 元" in reason.message_zh
    async with tree.database.session() as session:
        refused = (await events_of(session, case))[-1]
    assert refused.kind == "limit.short"
    assert refused.payload["facts"]["codes"] == ["LIMIT_SHORT"]


async def test_reserved_becomes_committed_and_goes_back_at_the_end(tree: Tree) -> None:
    customer = await tree.customer()
    line = await tree.line(100, customer_id=customer)
    case = await tree.case()
    await tree.reserve(case, customer, 80)
    await tree.commit(case, 70)
    assert await tree.taken(line) == taken(committed=70)
    assert await tree.release(case) == 0, "the application has ended in a facility, which holds it"
    assert await tree.taken(line) == taken(committed=70)
    assert await tree.release(case, name="repaid-1", committed=True) == 70
    assert await tree.taken(line) == taken()
    assert await tree.release(case, name="repaid-1", committed=True) == 0
    async with tree.database.session() as session:
        kinds = [event.kind for event in await events_of(session, case)]
        assert (await verify(session, case)).intact
    assert kinds[1:] == ["limit.reserved", "limit.released", "limit.committed", "limit.released"]


async def test_a_step_reserves_once(tree: Tree) -> None:
    customer = await tree.customer()
    line = await tree.line(100, customer_id=customer)
    case = await tree.case()
    assert await tree.reserve(case, customer, 80) == ()
    assert await tree.reserve(case, customer, 80) == ()
    await tree.commit(case, 80)
    await tree.commit(case, 80)
    assert await tree.taken(line) == taken(committed=80)


async def test_a_new_decision_takes_the_place_of_the_earlier_one(tree: Tree) -> None:
    customer = await tree.customer()
    line = await tree.line(100, customer_id=customer)
    case = await tree.case()
    await tree.reserve(case, customer, 80)
    assert await tree.reserve(case, customer, 90, name="decision-2") == ()
    assert await tree.taken(line) == taken(reserved=90)
    assert await tree.reserve(case, customer, 101, name="decision-3") == ("LIMIT_SHORT",)
    assert await tree.taken(line) == taken(reserved=90), "what is refused changes nothing"


async def test_a_member_with_a_part_of_the_group_line_draws_on_that_part(tree: Tree) -> None:
    """A36: the group's line splits to members; what they have together is never more than the group's line."""
    group = await tree.group()
    top = await tree.line(100, group_id=group)
    first, second, third = [await tree.customer(group) for _ in range(3)]
    share = await tree.line(60, customer_id=first, parent_id=top)
    await tree.line(30, customer_id=second, parent_id=top)
    assert await tree.taken(top) == taken(allocated=90)
    one, other, last = await tree.cases(3)
    assert await tree.reserve(one, first, 60) == ()
    assert await tree.taken(share) == taken(reserved=60)
    assert await tree.taken(top) == taken(allocated=90), "a part is allocated once, used or not"
    assert await tree.reserve(other, second, 31) == ("LIMIT_SHORT",), "not from the part of another member"
    assert await tree.reserve(last, third, 11) == ("LIMIT_SHORT",), "10 of the group's line are not allocated"
    assert await tree.reserve(last, third, 10, name="decision-2") == ()
    assert await tree.taken(top) == taken(allocated=90, reserved=10)


async def test_a_line_beside_the_group_line_is_held_under_both(tree: Tree) -> None:
    group = await tree.group()
    top = await tree.line(50, group_id=group)
    customer = await tree.customer(group)
    own = await tree.line(80, customer_id=customer)
    case = await tree.case()
    assert await tree.reserve(case, customer, 60) == ("LIMIT_SHORT",)
    assert await tree.reserve(case, customer, 45, name="decision-2") == ()
    assert (await tree.taken(own), await tree.taken(top)) == (taken(reserved=45), taken(reserved=45))
    await tree.commit(case, 45)
    assert (await tree.taken(own), await tree.taken(top)) == (taken(committed=45), taken(committed=45))


async def test_a_ceiling_that_has_ended_gives_no_room(tree: Tree) -> None:
    customer = await tree.customer()
    await tree.line(100, customer_id=customer, effective_to=date(2026, 12, 31))
    case = await tree.case()
    assert await tree.reserve(case, customer, 10, on=date(2026, 12, 31)) == ()
    later = await tree.case()
    assert await tree.reserve(later, customer, 10, on=date(2027, 1, 1)) == ("LIMIT_NOT_IN_FORCE",)


async def test_without_a_ceiling_the_amount_is_held_all_the_same(tree: Tree) -> None:
    customer = await tree.customer()
    case = await tree.case()
    assert await tree.reserve(case, customer, 500) == ()
    assert await tree.held(case) == (Decimal(500), Decimal(0))


async def test_more_than_was_reserved_is_never_committed(tree: Tree) -> None:
    customer = await tree.customer()
    case = await tree.case()
    await tree.reserve(case, customer, 50)
    with pytest.raises(Problem) as refused:
        await tree.commit(case, 51)
    assert refused.value.code == "step_not_possible"
    assert await tree.held(case) == (Decimal(50), Decimal(0))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE origination.credit_line SET committed = 101",
        "UPDATE origination.credit_line SET amount = 59",
        "UPDATE origination.limit_reservation SET reserved = 61",
        "UPDATE origination.limit_reservation SET reserved = 59",
        "UPDATE origination.limit_reservation SET customer_line_id = NULL",
        "UPDATE origination.limit_reservation SET reserved = 0, committed = 60",
        "DELETE FROM origination.limit_entry",
        "UPDATE origination.limit_entry SET reserved = 1",
        (
            "INSERT INTO origination.limit_entry (id, case_id, reservation_id, kind, reserved, committed, step, as_of, at)"
            " SELECT gen_random_uuid(), case_id, reservation_id, 'reserve', 1, 0, 'other', as_of, at"
            " FROM origination.limit_entry"
        ),
    ],
)
async def test_the_database_refuses_what_does_not_add_up(tree: Tree, owner: Database, statement: str) -> None:
    """Whoever writes: the owner of the tables is refused as well."""
    customer = await tree.customer()
    await tree.line(100, customer_id=customer)
    case = await tree.case()
    await tree.reserve(case, customer, 60)
    with pytest.raises((IntegrityError, DBAPIError)):
        async with owner.session() as session:
            await session.execute(text(statement))
    assert await tree.held(case) == (Decimal(60), Decimal(0))
    assert await contradictions(tree.database) == []


async def test_a_case_rebuilt_from_its_events_holds_what_it_held(tree: Tree, owner: Database) -> None:
    customer = await tree.customer()
    line = await tree.line(100, customer_id=customer)
    one, other = await tree.cases(2)
    await tree.reserve(one, customer, 60)
    await tree.commit(one, 55)
    await tree.reserve(other, customer, 40)
    names = ", ".join(f"origination.{table.name}" for table in case_tables())
    async with owner.session() as session:
        await session.execute(text(f"TRUNCATE {names} CASCADE"))
    assert await tree.taken(line) == taken()
    async with owner.session() as session:
        await rebuild(session, one)
        await rebuild(session, other)
    assert await tree.taken(line) == taken(reserved=40, committed=55)
    assert await contradictions(tree.database) == []


async def test_an_approval_counts_under_its_product_until_the_facility_does(tree: Tree) -> None:
    """What the two loans of a family leave one borrower is known before either is contracted (rows A8, A9)."""
    customer = await tree.customer()
    async with tree.database.session() as session:
        asked = {"product": "sdrcb_operate", "amount": Decimal(12_000_000), "tenor_months": 12}
        fields = {"customer_id": customer, **asked}
        one = await new_case(session, "SD2026-640100-000801", **fields)
        other = await new_case(session, "SD2026-640100-000802", **fields)
    held = {"sdrcb_operate": yuan(12_000_000)}

    async def had(case: UUID) -> dict[str, Money]:
        async with tree.database.session() as session:
            return await held_by_product(session, await session.get_one(Application, case))

    assert await had(other) == {}
    assert await tree.reserve(one, customer, 12_000_000) == ()
    assert (await had(other), await had(one)) == (held, {})
    await tree.commit(one, 12_000_000)
    assert await had(other) == held
    await tree.release(one, committed=True)
    assert await had(other) == {}
