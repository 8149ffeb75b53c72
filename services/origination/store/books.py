"""The lines of the limit tree, as the lender's books have them."""

from decimal import Decimal
from uuid import UUID

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.books import CreditLineBody, CreditLineKind, CreditLineView
from domain.money import Money
from domain.roles import HEAD_OFFICE
from services.kit.database import now
from services.kit.paging import PageRequest, Slice, fetch_page
from services.kit.principal import Principal
from services.kit.problems import Fault, Problem
from services.origination.store.customers import visible_customer, visible_group
from services.origination.store.limits import available, lock_group, lock_holders
from services.origination.tables.books import CreditLine, Customer


async def visible_line(session: AsyncSession, who: Principal, line_id: UUID, *, lock: bool = False) -> CreditLine:
    """A line within the caller's sight; with ``lock`` as it is under the locks of its holder. Raises ``not_found``."""
    if lock:
        seen = await visible_line(session, who, line_id)
        await _lock_holder(session, seen.customer_id, seen.group_id)
    statement = select(CreditLine).where(CreditLine.id == line_id)
    if who.branch != HEAD_OFFICE:
        statement = statement.where(CreditLine.branch == who.branch)
    if lock:
        statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    found = (await session.exec(statement)).one_or_none()
    if found is None:
        raise Problem("not_found")
    return found


async def lines(
    session: AsyncSession, who: Principal, page: PageRequest, *, customer_id: UUID | None, group_id: UUID | None
) -> Slice[CreditLine]:
    """A page of the lines within the caller's sight."""
    statement = select(CreditLine)
    if who.branch != HEAD_OFFICE:
        statement = statement.where(CreditLine.branch == who.branch)
    if customer_id is not None:
        statement = statement.where(CreditLine.customer_id == customer_id)
    if group_id is not None:
        statement = statement.where(CreditLine.group_id == group_id)
    return await fetch_page(session, statement, CreditLine.id, page)


async def add_line(session: AsyncSession, who: Principal, body: CreditLineBody) -> CreditLine:
    """Enter a line. Raises ``invalid_request`` naming everything that does not fit the tree."""
    branch, faults = await _holder(session, who, body)
    if not faults:
        await _lock_holder(session, body.customer_id, body.group_id)
    if body.parent_id is not None:
        faults += await _under(session, body, body.parent_id, body.amount.amount)
    if faults:
        raise Problem("invalid_request", errors=faults, count=len(faults))
    row = CreditLine(
        lender_id=body.lender_id,
        reference=body.reference,
        group_id=body.group_id,
        customer_id=body.customer_id,
        parent_id=body.parent_id,
        kind=body.kind.value,
        amount=body.amount.amount,
        outstanding=body.outstanding.amount,
        undrawn_factor=body.undrawn_factor,
        currency=body.amount.currency,
        effective_from=body.effective_from,
        effective_to=body.effective_to,
        branch=branch,
        created_by=who.subject,
    )
    session.add(row)
    await session.flush()
    return row


async def replace_line(session: AsyncSession, who: Principal, row: CreditLine, body: CreditLineBody) -> CreditLine:
    """Bring a line up to date. The caller holds its lock."""
    faults = [
        Fault(f"/{name}", "immutable", "该字段不可变更", "this cannot be changed")
        for name in ("lender_id", "reference", "group_id", "customer_id", "parent_id", "kind")
        if getattr(body, name) != getattr(row, name)
    ]
    if not faults and row.parent_id is not None:
        faults = await _under(session, body, row.parent_id, body.amount.amount - row.amount)
    if not faults and row.kind == CreditLineKind.UMBRELLA:
        faults = _covers_taken(row, body.amount)
    if faults:
        raise Problem("invalid_request", errors=faults, count=len(faults))
    row.amount = body.amount.amount
    row.outstanding = body.outstanding.amount
    row.undrawn_factor = body.undrawn_factor
    row.effective_from = body.effective_from
    row.effective_to = body.effective_to
    row.version += 1
    row.updated_at = now()
    session.add(row)
    await session.flush()
    return row


async def _holder(session: AsyncSession, who: Principal, body: CreditLineBody) -> tuple[str, list[Fault]]:
    try:
        if body.customer_id is not None:
            return (await visible_customer(session, who, body.customer_id)).branch, []
        assert body.group_id is not None
        return (await visible_group(session, who, body.group_id)).branch, []
    except Problem:
        name = "customer_id" if body.customer_id is not None else "group_id"
        return "", [Fault(f"/{name}", f"unknown_{name.removesuffix('_id')}", "没有该客户或集团", "no such holder")]


async def _lock_holder(session: AsyncSession, customer_id: UUID | None, group_id: UUID | None) -> None:
    """The locks above a line, in the order in which everything under a group is locked."""
    if customer_id is not None:
        await lock_holders(session, customer_id)
    elif group_id is not None:
        await lock_group(session, group_id)


async def _under(session: AsyncSession, body: CreditLineBody, parent_id: UUID, more: Decimal) -> list[Fault]:
    """Faults of a line's place: its parent is an umbrella of the same lender that reaches the line's holder and has room for
    ``more`` of it, beside the lines under it and what cases hold of it."""
    found = await session.exec(
        select(CreditLine)
        .where(CreditLine.id == parent_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    parent = found.one_or_none()
    if parent is None or parent.lender_id != body.lender_id or parent.kind != CreditLineKind.UMBRELLA:
        return [
            Fault("/parent_id", "unknown_parent", "没有该上级额度", "no such umbrella line of this lender"),
        ]
    if not await _reaches(session, parent, body):
        return [
            Fault(
                "/parent_id",
                "foreign_parent",
                "上级额度不属于同一客户或集团",
                "it belongs to another customer or group",
            )
        ]
    if more > available(parent):
        return [Fault("/amount", "exceeds_parent", "超出上级额度的余额", "exceeds what is left of the umbrella line")]
    return []


async def _reaches(session: AsyncSession, parent: CreditLine, body: CreditLineBody) -> bool:
    if parent.customer_id is not None:
        return parent.customer_id == body.customer_id
    if body.group_id is not None:
        return parent.group_id == body.group_id
    customer = await session.get(Customer, body.customer_id)
    return customer is not None and customer.group_id == parent.group_id


def _covers_taken(row: CreditLine, amount: Money) -> list[Fault]:
    """A ceiling is not lowered below what is allocated, reserved and committed under it; a new end date stops new ones."""
    if row.allocated > amount.amount:
        return [Fault("/amount", "below_children", "低于下级额度之和", "is less than the lines under it add up to")]
    if row.allocated + row.reserved + row.committed > amount.amount:
        return [
            Fault(
                "/amount",
                "below_taken",
                "低于已分配、占用与承诺之和",
                "is less than what is allocated, reserved and committed under it",
            )
        ]
    return []


def line_view(row: CreditLine) -> CreditLineView:
    return CreditLineView(
        line_id=row.id,
        lender_id=row.lender_id,
        reference=row.reference,
        group_id=row.group_id,
        customer_id=row.customer_id,
        parent_id=row.parent_id,
        kind=CreditLineKind(row.kind),
        amount=Money(amount=row.amount),
        outstanding=Money(amount=row.outstanding),
        allocated=Money(amount=row.allocated),
        reserved=Money(amount=row.reserved),
        committed=Money(amount=row.committed),
        undrawn_factor=row.undrawn_factor,
        effective_from=row.effective_from,
        effective_to=row.effective_to,
        branch=row.branch,
        version=row.version,
        created_at=row.created_at,
    )
