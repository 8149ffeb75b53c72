"""The limit tree and the exposures that stand in the lender's books."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.books import CreditLineBody, CreditLineKind, CreditLineView, ExposureView
from domain.money import Money
from domain.roles import HEAD_OFFICE
from domain.stages import FacilityStage
from services.kit.database import now
from services.kit.paging import PageRequest, Slice, fetch_page
from services.kit.principal import Principal
from services.kit.problems import Fault, Problem
from services.origination.calc.exposures import COMMITMENT_FACTOR, Position, loan_balance, total_exposure
from services.origination.store.customers import visible_customer, visible_group
from services.origination.tables.books import CreditLine, Customer
from services.origination.tables.cases import Application
from services.origination.tables.facilities import Commitment, Facility


async def visible_line(session: AsyncSession, who: Principal, line_id: UUID, *, lock: bool = False) -> CreditLine:
    """A line within the caller's sight. Raises ``not_found``."""
    statement = select(CreditLine).where(CreditLine.id == line_id)
    if who.branch != HEAD_OFFICE:
        statement = statement.where(CreditLine.branch == who.branch)
    found = (await session.exec(statement.with_for_update() if lock else statement)).one_or_none()
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
    if body.parent_id is not None:
        faults += await _under(session, body, body.parent_id, own_id=None)
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
    """Bring a line up to date."""
    faults = [
        Fault(f"/{name}", "immutable", "该字段不可变更", "this cannot be changed")
        for name in ("lender_id", "reference", "group_id", "customer_id", "parent_id", "kind")
        if getattr(body, name) != getattr(row, name)
    ]
    if not faults and row.parent_id is not None:
        faults = await _under(session, body, row.parent_id, own_id=row.id)
    if not faults and row.kind == CreditLineKind.UMBRELLA:
        faults = await _covers_children(session, row.id, body.amount)
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


async def _under(session: AsyncSession, body: CreditLineBody, parent_id: UUID, own_id: UUID | None) -> list[Fault]:
    """Faults of a line's place: its parent is an umbrella of the same lender that reaches the line's holder and holds it."""
    parent = (await session.exec(select(CreditLine).where(CreditLine.id == parent_id).with_for_update())).one_or_none()
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
    siblings = select(func.coalesce(func.sum(CreditLine.amount), 0)).where(CreditLine.parent_id == parent_id)
    if own_id is not None:
        siblings = siblings.where(CreditLine.id != own_id)
    taken: Decimal = (await session.exec(siblings)).one()
    if taken + body.amount.amount > parent.amount:
        return [Fault("/amount", "exceeds_parent", "超出上级额度的余额", "exceeds what is left of the umbrella line")]
    return []


async def _reaches(session: AsyncSession, parent: CreditLine, body: CreditLineBody) -> bool:
    if parent.customer_id is not None:
        return parent.customer_id == body.customer_id
    if body.group_id is not None:
        return parent.group_id == body.group_id
    customer = await session.get(Customer, body.customer_id)
    return customer is not None and customer.group_id == parent.group_id


async def _covers_children(session: AsyncSession, line_id: UUID, amount: Money) -> list[Fault]:
    children = select(func.coalesce(func.sum(CreditLine.amount), 0)).where(CreditLine.parent_id == line_id)
    if (await session.exec(children)).one() > amount.amount:
        return [Fault("/amount", "below_children", "低于下级额度之和", "is less than the lines under it add up to")]
    return []


async def exposure_of(
    session: AsyncSession, customer: Customer, lender_id: str, as_of: date, *, without_case: UUID | None = None
) -> ExposureView:
    """The three measures for a customer at a lender on a day; ``without_case`` leaves out what that case itself committed."""
    own = await positions(session, lender_id, [customer.id], without_case)
    if customer.group_id is None:
        group = own
    else:
        members = select(Customer.id).where(Customer.group_id == customer.group_id)
        group = await positions(session, lender_id, (await session.exec(members)).all(), without_case)
    return ExposureView(
        customer_id=customer.id,
        lender_id=lender_id,
        as_of=as_of,
        loans=loan_balance(own),
        exposure=total_exposure(own, as_of),
        group_exposure=total_exposure(group, as_of),
        group_id=customer.group_id,
    )


async def positions(
    session: AsyncSession, lender_id: str, customer_ids: Sequence[UUID], without_case: UUID | None = None
) -> list[Position]:
    """What stands in the books of a lender for some customers: lines, and the commitments of facilities granted here."""
    found = await session.exec(
        select(CreditLine)
        .where(CreditLine.lender_id == lender_id, col(CreditLine.customer_id).in_(customer_ids))
        .order_by(col(CreditLine.id))
    )
    standing = [
        Position(
            customer=str(row.customer_id),
            kind=CreditLineKind(row.kind),
            amount=Money(amount=row.amount),
            outstanding=Money(amount=row.outstanding),
            undrawn_factor=row.undrawn_factor,
            effective_from=row.effective_from,
            effective_to=row.effective_to,
        )
        for row in found
    ]
    return standing + await _commitments(session, lender_id, customer_ids, without_case)


async def _commitments(
    session: AsyncSession, lender_id: str, customer_ids: Sequence[UUID], without_case: UUID | None
) -> list[Position]:
    """Commitments under facilities. What is reserved for a drawing under way counts as drawn: it may be paid any moment."""
    statement = (
        select(Commitment, Facility, Application.customer_id)
        .join(Facility, col(Facility.id) == col(Commitment.facility_id))
        .join(Application, col(Application.case_id) == col(Commitment.case_id))
        .where(Application.lender_id == lender_id, col(Application.customer_id).in_(customer_ids))
        .order_by(col(Commitment.facility_id))
    )
    if without_case is not None:
        statement = statement.where(Commitment.case_id != without_case)
    return [
        Position(
            customer=str(customer_id),
            kind=CreditLineKind.LOAN,
            amount=Money(amount=commitment.amount),
            outstanding=Money(amount=commitment.drawn + commitment.reserved),
            undrawn_factor=COMMITMENT_FACTOR,
            effective_from=facility.effective_on,
            effective_to=facility.availability_end,
        )
        for commitment, facility, customer_id in (await session.exec(statement)).all()
    ]


async def granted_by_product(
    session: AsyncSession, customer_id: UUID, lender_id: str, *, without_case: UUID | None = None
) -> dict[str, Money]:
    """What a lender has granted a customer under facilities that still stand, by product."""
    ended = (FacilityStage.REPAID.value, FacilityStage.CANCELLED.value)
    statement = (
        select(Facility.product, func.sum(Facility.limit_amount))
        .join(Application, col(Application.case_id) == col(Facility.case_id))
        .where(Application.lender_id == lender_id, Application.customer_id == customer_id)
        .where(col(Facility.stage).not_in(ended))
        .group_by(col(Facility.product))
    )
    if without_case is not None:
        statement = statement.where(Facility.case_id != without_case)
    return {product: Money(amount=amount) for product, amount in (await session.exec(statement)).all()}


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
        undrawn_factor=row.undrawn_factor,
        effective_from=row.effective_from,
        effective_to=row.effective_to,
        branch=row.branch,
        version=row.version,
        created_at=row.created_at,
    )
