"""The ledger of the limit tree: a case's reservation is made, committed and given back under the locks of its ceilings.

Locks are taken in one order, so that no two transactions can wait for each other: the case, the lender's related parties
where the customer is one, the customer's group, the customer, the lines of both by id, and only then a facility's
commitment. Whoever reserves under a group holds the group's row until the commit: what the next one sees is what the one
before has left. The database itself refuses a ceiling that is exceeded and a balance that its entries do not add up to.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.books import CreditLineKind
from domain.finding import Reason
from services.kit.database import new_id
from services.kit.principal import Principal
from services.kit.problems import Problem
from services.origination.store.events import lock_case, record
from services.origination.tables.books import CreditLine, Customer, CustomerGroup
from services.origination.tables.limits import LimitEntry, LimitReservation

SHORT = "LIMIT_SHORT"
NOT_IN_FORCE = "LIMIT_NOT_IN_FORCE"

_RELATED_PARTIES: Final = text("SELECT pg_advisory_xact_lock(hashtext('related parties'), hashtext(:lender))")
"""One at a time for all related parties of a lender, who have no row in common that could be locked."""

Measured = Callable[[AsyncSession, Customer], Awaitable[Sequence[Reason]]]
"""What else may refuse, judged while the locks are held: the limits on what the lender may have at stake."""


@dataclass(frozen=True)
class Step:
    """A step of a process in a case, on a business date."""

    case_id: UUID
    workflow_id: str
    name: str
    as_of: date

    @property
    def key(self) -> str:
        return f"{self.workflow_id}:{self.name}"


@dataclass(frozen=True)
class Room:
    """What a case asks to hold: an amount in CNY for a customer at a lender."""

    lender_id: str
    customer_id: UUID
    exposure_kind: str
    amount: Decimal
    lapses_on: date | None = None
    related: bool = False
    """The customer is a related party of the lender: what all of these owe together is a limit as well."""


async def nothing_else(session: AsyncSession, customer: Customer) -> Sequence[Reason]:
    """No measure beside the ceilings."""
    return ()


async def reserve(
    session: AsyncSession, who: Principal | str, step: Step, room: Room, measured: Measured = nothing_else
) -> tuple[Reason, ...]:
    """Reserve an amount for a case, whole or not at all; returns why not, naming the ceiling that is short and by how much.

    Asked again by the same step, the answer is that of the first time. What the case held before is given back in the
    same transaction. Raises ``not_found`` for a case that is none.
    """
    await lock_case(session, step.case_id)
    if await _made(session, step) is not None:
        return ()
    # Nothing of the case moves while its own lock is held: only what others change as well is read under theirs.
    held = await standing(session, step.case_id)
    if room.related:
        await session.execute(_RELATED_PARTIES, {"lender": room.lender_id})
    customer = await lock_holders(session, room.customer_id)
    lines = await _locked_lines(session, room, customer)
    freed = _freed_by(held)
    mine = [line for line in lines if line.customer_id is not None]
    own, own_short = _placed(mine, room, step.as_of, freed)
    group: CreditLine | None = None
    group_short: tuple[Reason, ...] = ()
    if not any(_allocated_from_group(line, lines) for line in ([own] if own is not None else mine)):
        shared = [line for line in lines if line.group_id is not None]
        group, group_short = _placed(shared, room, step.as_of, freed)
    reasons = (*own_short, *group_short, *await measured(session, customer))
    if reasons:
        facts = {"amount": room.amount, "codes": [reason.code for reason in reasons]}
        facts["reasons"] = [reason.model_dump(mode="json") for reason in reasons]
        await _record(session, who, step, "limit.short", (), facts)
        return reasons
    if held is not None:
        await _move(session, who, step, held, "release", -held.reserved, -held.committed, "limit.released")
    row = LimitReservation(
        id=new_id(),
        case_id=step.case_id,
        step=step.key,
        lender_id=room.lender_id,
        customer_id=customer.id,
        group_id=customer.group_id,
        customer_line_id=own.id if own is not None else None,
        group_line_id=group.id if group is not None else None,
        exposure_kind=room.exposure_kind,
        amount=room.amount,
        reserved=room.amount,
        committed=Decimal(0),
        as_of=step.as_of,
        lapses_on=room.lapses_on,
    )
    entry = _entry(row, step, "reserve", room.amount, Decimal(0))
    facts = {"amount": room.amount, "lines": [line.reference for line in (own, group) if line is not None]}
    await _record(session, who, step, "limit.reserved", (row, entry), facts)
    return ()


async def commit(session: AsyncSession, who: Principal | str, step: Step, amount: Decimal) -> LimitReservation:
    """Turn what a case has reserved into what its facility takes; a rest is given back. Done once.

    Raises ``step_not_possible`` where the case holds less than the agreement says.
    """
    held = await _held(session, step)
    if held is not None and held.committed:
        return held
    if held is None or held.reserved < amount:
        raise Problem("step_not_possible", needs="limit reservation")
    rest = held.reserved - amount
    if rest:
        await _move(session, who, step, held, "release", -rest, Decimal(0), "limit.released")
    await _move(session, who, step, held, "commit", -amount, amount, "limit.committed")
    return held


async def release(session: AsyncSession, who: Principal | str, step: Step, *, committed: bool = False) -> Decimal:
    """Give back what a case holds; returns how much that was. What a facility takes is given back only with ``committed``:
    an application that ends has nothing to say about it. Nothing held is nothing to do."""
    held = await _held(session, step)
    if held is None or (held.committed and not committed):
        return Decimal(0)
    given_back = held.reserved + held.committed
    await _move(session, who, step, held, "release", -held.reserved, -held.committed, "limit.released")
    return given_back


async def standing(session: AsyncSession, case_id: UUID) -> LimitReservation | None:
    """What a case holds, as the books have it now."""
    found = await session.exec(
        select(LimitReservation)
        .where(
            LimitReservation.case_id == case_id, col(LimitReservation.reserved) + col(LimitReservation.committed) > 0
        )
        .execution_options(populate_existing=True)
    )
    return found.one_or_none()


async def lock_holders(session: AsyncSession, customer_id: UUID) -> Customer:
    """Lock a customer and before it its group. Raises ``not_found``, and ``unavailable`` where the customer has just moved
    into another group: whoever comes again finds it there."""
    group_id = (await session.exec(select(Customer.group_id).where(Customer.id == customer_id))).one_or_none()
    if group_id is not None:
        await lock_group(session, group_id)
    found = await session.exec(
        select(Customer)
        .where(Customer.id == customer_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    customer = found.one_or_none()
    if customer is None:
        raise Problem("not_found")
    if customer.group_id != group_id:
        raise Problem("unavailable", headers={"Retry-After": "1"})
    return customer


async def lock_group(session: AsyncSession, group_id: UUID) -> None:
    """Lock the row that orders everything reserved under a group."""
    await session.exec(select(CustomerGroup.id).where(CustomerGroup.id == group_id).with_for_update(key_share=True))


# --- where a reservation stands ---------------------------------------------------------------------------------------


async def _locked_lines(session: AsyncSession, room: Room, customer: Customer) -> list[CreditLine]:
    """The ceilings of a customer and its group at a lender, in force or not, under their locks."""
    holder = col(CreditLine.customer_id) == customer.id
    if customer.group_id is not None:
        holder |= col(CreditLine.group_id) == customer.group_id
    found = await session.exec(
        select(CreditLine)
        .where(CreditLine.lender_id == room.lender_id, CreditLine.kind == CreditLineKind.UMBRELLA.value, holder)
        .order_by(col(CreditLine.id))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return list(found)


def available(line: CreditLine) -> Decimal:
    """What may still be reserved under a ceiling."""
    return line.amount - line.allocated - line.reserved - line.committed


def _freed_by(held: LimitReservation | None) -> dict[UUID, Decimal]:
    """What the case itself will have given back by then, by line."""
    if held is None:
        return {}
    lines = (held.customer_line_id, held.group_line_id)
    return {line: held.reserved + held.committed for line in lines if line is not None}


def _placed(
    ceilings: Sequence[CreditLine], room: Room, on: date, freed: dict[UUID, Decimal]
) -> tuple[CreditLine | None, tuple[Reason, ...]]:
    """The first ceiling in force that has room; without one, why not. Where there is no ceiling at all, none is asked."""
    if not ceilings:
        return None, ()
    in_force = [line for line in ceilings if line.effective_from <= on <= line.effective_to]
    if not in_force:
        return None, (_not_in_force(ceilings[-1], on),)
    left = {line.id: available(line) + freed.get(line.id, Decimal(0)) for line in in_force}
    for line in in_force:
        if left[line.id] >= room.amount:
            return line, ()
    widest = max(in_force, key=lambda line: left[line.id])
    return None, (_short(widest, left[widest.id], room.amount),)


def _allocated_from_group(own: CreditLine, lines: Sequence[CreditLine]) -> bool:
    """Whether the customer's ceiling is a part of the group's: then the group's has allocated it in full already."""
    by_id = {line.id: line for line in lines}
    seen: CreditLine | None = own
    while seen is not None and seen.customer_id is not None:
        seen = by_id.get(seen.parent_id) if seen.parent_id is not None else None
    return seen is not None


def _short(line: CreditLine, left: Decimal, asked: Decimal) -> Reason:
    holder_zh, holder_en = ("集团额度", "group line") if line.group_id is not None else ("客户额度", "customer line")
    return Reason(
        code=SHORT,
        message_zh=f"{holder_zh} {line.reference} 可用 {_shown(left)} 元，本笔 {_shown(asked)} 元，缺 {_shown(asked - left)} 元",
        message_en=f"The {holder_en} {line.reference} has {_shown(left)} yuan left of {_shown(line.amount)};"
        f" {_shown(asked)} asked, short by {_shown(asked - left)}",
        subject=line.reference,
    )


def _not_in_force(line: CreditLine, on: date) -> Reason:
    return Reason(
        code=NOT_IN_FORCE,
        message_zh=f"额度 {line.reference}（{line.effective_from} 至 {line.effective_to}）在 {on} 未生效或已到期",
        message_en=f"The line {line.reference} ({line.effective_from} to {line.effective_to}) is not in force on {on}",
        subject=line.reference,
    )


def _shown(amount: Decimal) -> str:
    return f"{amount:,.2f}"


# --- movements --------------------------------------------------------------------------------------------------------


async def _made(session: AsyncSession, step: Step) -> LimitReservation | None:
    """What this very step reserved, when its answer was lost."""
    found = await session.exec(
        select(LimitReservation).where(LimitReservation.case_id == step.case_id, LimitReservation.step == step.key)
    )
    return found.one_or_none()


async def _held(session: AsyncSession, step: Step) -> LimitReservation | None:
    """What a case holds, with everything it stands on locked."""
    await lock_case(session, step.case_id)
    held = await standing(session, step.case_id)
    if held is None:
        return None
    if held.group_id is not None:
        await lock_group(session, held.group_id)
    await session.exec(select(Customer.id).where(Customer.id == held.customer_id).with_for_update(key_share=True))
    lines = [line for line in (held.customer_line_id, held.group_line_id) if line is not None]
    if lines:
        await session.exec(
            select(CreditLine.id)
            .where(col(CreditLine.id).in_(lines))
            .order_by(col(CreditLine.id))
            .with_for_update(key_share=True)
        )
    return held


async def _move(
    session: AsyncSession,
    who: Principal | str,
    step: Step,
    held: LimitReservation,
    kind: str,
    reserved: Decimal,
    committed: Decimal,
    event: str,
) -> None:
    held.reserved += reserved
    held.committed += committed
    held.version += 1
    entry = _entry(held, step, kind, reserved, committed)
    await _record(session, who, step, event, (held, entry), {"amount": abs(reserved) or abs(committed)})


def _entry(row: LimitReservation, step: Step, kind: str, reserved: Decimal, committed: Decimal) -> LimitEntry:
    return LimitEntry(
        case_id=row.case_id,
        reservation_id=row.id,
        kind=kind,
        reserved=reserved,
        committed=committed,
        step=step.key,
        as_of=step.as_of,
    )


async def _record(
    session: AsyncSession,
    who: Principal | str,
    step: Step,
    kind: str,
    rows: Sequence[LimitReservation | LimitEntry],
    facts: dict[str, object],
) -> None:
    named = {"step": step.name, "workflow_id": step.workflow_id, **facts}
    await record(session, step.case_id, kind, who, rows=rows, facts=named)
