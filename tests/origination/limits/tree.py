"""A small limit tree on a real database: a group, members, ceilings, and cases that ask for room under them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import select

import services.origination.problems  # noqa: F401  refusals are known by their codes
from services.kit.database import Database, new_id
from services.origination.store import limits
from services.origination.store.limits import Room, Step
from services.origination.tables.books import CreditLine, Customer, CustomerGroup
from services.origination.tables.limits import LimitReservation
from tests.origination.bench import BRANCH, WORKER, new_case

LENDER = "nxb"
TODAY = date(2026, 11, 23)


@dataclass(frozen=True)
class Taken:
    """What a line shows as taken."""

    allocated: Decimal
    reserved: Decimal
    committed: Decimal


class Tree:
    """Builds the tree, and moves it as processes do: each call one transaction."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._numbers = 0

    def number(self) -> int:
        self._numbers += 1
        return self._numbers

    async def group(self) -> UUID:
        row = CustomerGroup(id=new_id(), name="样例集团", basis="control", branch=BRANCH, created_by="rm")
        async with self.database.session() as session:
            session.add(row)
        return row.id

    async def customer(self, group_id: UUID | None = None) -> UUID:
        row = Customer(
            id=new_id(),
            uscc=f"{self.number():018d}",
            name="成员",
            branch=BRANCH,
            group_id=group_id,
            file={},
            created_by="rm",
        )
        async with self.database.session() as session:
            session.add(row)
        return row.id

    async def line(self, amount: int | str, **holder: Any) -> UUID:
        """An umbrella of a group (``group_id``) or a customer (``customer_id``), under ``parent_id`` where one is given."""
        row = CreditLine(
            **{
                "id": new_id(),
                "lender_id": LENDER,
                "reference": f"U-{self.number()}",
                "kind": "umbrella",
                "amount": Decimal(amount),
                "outstanding": Decimal(0),
                "undrawn_factor": Decimal(0),
                "effective_from": date(2026, 1, 1),
                "effective_to": date(2027, 12, 31),
                "branch": BRANCH,
                "created_by": "rm",
                **holder,
            }
        )
        async with self.database.session() as session:
            session.add(row)
        return row.id

    async def case(self) -> UUID:
        async with self.database.session() as session:
            return await new_case(session, f"SD2026-{BRANCH}-{self.number():06d}")

    async def cases(self, count: int) -> list[UUID]:
        return [await self.case() for _ in range(count)]

    async def reserve(
        self, case_id: UUID, customer_id: UUID, amount: int | str, *, name: str = "decision-1", on: date = TODAY
    ) -> tuple[str, ...]:
        """The codes of a refusal; none where it was reserved."""
        async with self.database.session() as session:
            short = await limits.reserve(session, WORKER, step(case_id, name, on), room(customer_id, amount))
        return tuple(reason.code for reason in short)

    async def commit(self, case_id: UUID, amount: int | str, *, name: str = "facility-1") -> None:
        async with self.database.session() as session:
            await limits.commit(session, WORKER, step(case_id, name), Decimal(amount))

    async def release(self, case_id: UUID, *, name: str = "end-1", committed: bool = False) -> Decimal:
        async with self.database.session() as session:
            return await limits.release(session, WORKER, step(case_id, name), committed=committed)

    async def taken(self, line_id: UUID) -> Taken:
        async with self.database.session() as session:
            row = await session.get_one(CreditLine, line_id, populate_existing=True)
            return Taken(row.allocated, row.reserved, row.committed)

    async def held(self, case_id: UUID) -> tuple[Decimal, Decimal]:
        async with self.database.session() as session:
            rows = await session.exec(select(LimitReservation).where(LimitReservation.case_id == case_id))
            found = list(rows)
        return sum((r.reserved for r in found), Decimal(0)), sum((r.committed for r in found), Decimal(0))


def step(case_id: UUID, name: str, on: date = TODAY) -> Step:
    return Step(case_id, f"application-{case_id}", name, on)


def room(customer_id: UUID, amount: int | str) -> Room:
    return Room(lender_id=LENDER, customer_id=customer_id, exposure_kind="loan", amount=Decimal(amount))


async def contradictions(database: Database) -> Sequence[Any]:
    """Every line that does not show what the entries under it add up to, or shows more than its ceiling."""
    statement = text(
        """
        SELECT line.reference, line.amount, line.reserved, line.committed, moved.reserved, moved.committed
        FROM origination.credit_line line
        LEFT JOIN LATERAL (
            SELECT coalesce(sum(entry.reserved), 0) reserved, coalesce(sum(entry.committed), 0) committed
            FROM origination.limit_entry entry
            JOIN origination.limit_reservation kept ON kept.id = entry.reservation_id
            WHERE line.id IN (kept.customer_line_id, kept.group_line_id)
        ) moved ON true
        WHERE (line.reserved, line.committed) <> (moved.reserved, moved.committed)
           OR line.allocated + line.reserved + line.committed > line.amount
        """
    )
    async with database.session() as session:
        return (await session.execute(statement)).all()
