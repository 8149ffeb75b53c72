"""The limit tree out of the books, and the reservations on it: what an account officer reads and an auditor adds up."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.books import CreditLineKind
from domain.limit_tree import LimitMovement, LimitNode, LimitNodeKind, LimitReservationView, LimitTree
from domain.money import Money
from domain.roles import HEAD_OFFICE
from domain.stages import FacilityStage
from services.kit.paging import PageRequest, Slice, fetch_page
from services.kit.principal import Principal
from services.origination.store.limits import available
from services.origination.tables.books import CreditLine, Customer, CustomerGroup
from services.origination.tables.cases import Application
from services.origination.tables.facilities import Commitment, Facility, Utilisation
from services.origination.tables.limits import LimitEntry, LimitReservation

_OVER = (FacilityStage.REPAID.value, FacilityStage.CANCELLED.value)
Path = tuple[str, ...]


@dataclass(frozen=True)
class _Books:
    """Everything that stands under some customers at a lender, read once."""

    on: date
    customers: Sequence[Customer]
    lines: Sequence[CreditLine]
    reservations: Mapping[UUID, LimitReservation]
    """By case: what stands."""
    cases: Mapping[UUID, Application]
    facilities: Mapping[UUID, tuple[Facility, Commitment]]
    """By case."""
    drawings: Mapping[UUID, list[Utilisation]]
    """By facility."""


async def group_tree(session: AsyncSession, group: CustomerGroup, lender_id: str, as_of: date) -> LimitTree:
    """The tree of a group: its lines, and every member with what it has."""
    books = await _read(session, col(Customer.group_id) == group.id, lender_id, as_of, group_id=group.id)
    path = (group.name,)
    lines = [line for line in books.lines if line.group_id is not None]
    tops = [line for line in lines if line.parent_id is None]
    members = [_customer(books, customer, path) for customer in books.customers]
    children = (*(_line(books, line, path) for line in tops), *members)
    root = LimitNode(
        kind=LimitNodeKind.GROUP,
        id=group.id,
        label=group.name,
        path=path,
        **_totals(_ceilings(tops, as_of)),
        drawn=_drawn(books, books.facilities),
        children=children,
    )
    return LimitTree(lender_id=lender_id, as_of=as_of, root=root)


async def customer_tree(session: AsyncSession, customer: Customer, lender_id: str, as_of: date) -> LimitTree:
    """The part of the tree that is the customer's own."""
    books = await _read(session, col(Customer.id) == customer.id, lender_id, as_of)
    return LimitTree(lender_id=lender_id, as_of=as_of, root=_customer(books, customer, ()))


async def _read(
    session: AsyncSession, which: ColumnElement[bool], lender_id: str, as_of: date, *, group_id: UUID | None = None
) -> _Books:
    customers = list(await session.exec(select(Customer).where(which).order_by(col(Customer.id))))
    ids = [customer.id for customer in customers]
    holder: ColumnElement[bool] = col(CreditLine.customer_id).in_(ids)
    if group_id is not None:
        holder |= col(CreditLine.group_id) == group_id
    lines = await session.exec(
        select(CreditLine).where(CreditLine.lender_id == lender_id, holder).order_by(col(CreditLine.id))
    )
    reservations = await session.exec(
        select(LimitReservation).where(
            LimitReservation.lender_id == lender_id,
            col(LimitReservation.customer_id).in_(ids),
            col(LimitReservation.reserved) + col(LimitReservation.committed) > 0,
        )
    )
    of_customers = (Application.lender_id == lender_id, col(Application.customer_id).in_(ids))
    held = {row.case_id: row for row in reservations}
    facilities = await session.exec(
        select(Facility, Commitment)
        .join(Commitment, col(Commitment.facility_id) == col(Facility.id))
        .join(Application, col(Application.case_id) == col(Facility.case_id))
        .where(*of_customers, col(Facility.stage).not_in(_OVER))
        .order_by(col(Facility.id))
    )
    granted = {facility.case_id: (facility, commitment) for facility, commitment in facilities.all()}
    cases = await session.exec(select(Application).where(col(Application.case_id).in_({*held, *granted})))
    drawings: dict[UUID, list[Utilisation]] = defaultdict(list)
    found = await session.exec(
        select(Utilisation)
        .where(col(Utilisation.facility_id).in_([facility.id for facility, _ in granted.values()]))
        .order_by(col(Utilisation.number))
    )
    for drawing in found:
        drawings[drawing.facility_id].append(drawing)
    return _Books(
        on=as_of,
        customers=customers,
        lines=list(lines),
        reservations=held,
        cases={row.case_id: row for row in cases},
        facilities=granted,
        drawings=drawings,
    )


def _customer(books: _Books, customer: Customer, above: Path) -> LimitNode:
    """A customer with its top lines, and what was granted to it under no line of its own."""
    path = (*above, customer.name)
    own = [line for line in books.lines if line.customer_id == customer.id]
    known = {line.id for line in own}
    tops = [line for line in own if line.parent_id not in known]
    cases = [case_id for case_id, row in books.cases.items() if row.customer_id == customer.id]
    loose = [case_id for case_id in cases if _own_line(books, case_id) not in known]
    granted = {case_id: books.facilities[case_id] for case_id in cases if case_id in books.facilities}
    return LimitNode(
        kind=LimitNodeKind.CUSTOMER,
        id=customer.id,
        label=customer.name,
        path=path,
        **_totals(_ceilings(tops, books.on)),
        drawn=_drawn(books, granted),
        children=(
            *(_line(books, line, path) for line in tops),
            *(_granted(books, case_id, path) for case_id in sorted(loose)),
        ),
    )


def _line(books: _Books, line: CreditLine, above: Path) -> LimitNode:
    path = (*above, line.reference)
    umbrella = line.kind == CreditLineKind.UMBRELLA
    under = [child for child in books.lines if child.parent_id == line.id]
    # A group's line shows the members' parts of it with the members.
    lines = [child for child in under if (child.customer_id is None) == (line.customer_id is None)]
    cases = sorted(case_id for case_id in books.reservations if _own_line(books, case_id) == line.id)
    return LimitNode(
        kind=LimitNodeKind.LINE,
        id=line.id,
        label=line.reference,
        path=path,
        ceiling=_money(line.amount),
        allocated=_money(line.allocated) if umbrella else None,
        reserved=_money(line.reserved) if umbrella else None,
        committed=_money(line.committed) if umbrella else None,
        drawn=None if umbrella else _money(line.outstanding),
        available=_money(available(line) if umbrella else max(line.amount - line.outstanding, Decimal(0))),
        in_force=_in_force(line, books.on),
        stage=line.kind,
        children=(
            *(_line(books, child, path) for child in lines),
            *(_granted(books, case_id, path) for case_id in cases),
        ),
    )


def _granted(books: _Books, case_id: UUID, above: Path) -> LimitNode:
    """What a case holds: its facility where there is one, else its reservation."""
    found = books.facilities.get(case_id)
    if found is not None:
        return _facility(books, *found, above)
    held, row = books.reservations[case_id], books.cases[case_id]
    return LimitNode(
        kind=LimitNodeKind.CASE,
        id=case_id,
        label=row.case_number,
        path=(*above, row.case_number),
        ceiling=_money(held.amount),
        reserved=_money(held.reserved),
        committed=_money(held.committed),
        stage=row.stage,
    )


def _facility(books: _Books, facility: Facility, commitment: Commitment, above: Path) -> LimitNode:
    path = (*above, facility.number)
    return LimitNode(
        kind=LimitNodeKind.FACILITY,
        id=facility.id,
        label=facility.number,
        path=path,
        ceiling=_money(commitment.amount),
        reserved=_money(commitment.reserved),
        drawn=_money(commitment.drawn),
        available=_money(commitment.amount - commitment.reserved - commitment.drawn),
        stage=facility.stage,
        children=tuple(
            LimitNode(
                kind=LimitNodeKind.DRAWING,
                id=drawing.id,
                label=drawing.number,
                path=(*path, drawing.number),
                ceiling=_money(drawing.amount),
                stage=drawing.stage,
            )
            for drawing in books.drawings.get(facility.id, [])
        ),
    )


def _own_line(books: _Books, case_id: UUID) -> UUID | None:
    held = books.reservations.get(case_id)
    return None if held is None else held.customer_line_id


def _ceilings(lines: Iterable[CreditLine], on: date) -> list[CreditLine]:
    return [line for line in lines if line.kind == CreditLineKind.UMBRELLA and _in_force(line, on)]


def _totals(counted: Sequence[CreditLine]) -> dict[str, Money | None]:
    """The ceilings of a holder together; nothing where it has none."""
    if not counted:
        return {}
    return {
        "ceiling": _sum(line.amount for line in counted),
        "allocated": _sum(line.allocated for line in counted),
        "reserved": _sum(line.reserved for line in counted),
        "committed": _sum(line.committed for line in counted),
        "available": _sum(available(line) for line in counted),
    }


def _drawn(books: _Books, facilities: Mapping[UUID, tuple[Facility, Commitment]]) -> Money:
    return _sum(commitment.drawn for _, commitment in facilities.values())


def _in_force(line: CreditLine, on: date) -> bool:
    return line.effective_from <= on <= line.effective_to


def _sum(amounts: Iterable[Decimal]) -> Money:
    return _money(sum(amounts, Decimal(0)))


def _money(amount: Decimal) -> Money:
    return Money(amount=amount)


# --- reservations -----------------------------------------------------------------------------------------------------


async def reservations(
    session: AsyncSession,
    who: Principal,
    page: PageRequest,
    *,
    case_id: UUID | None,
    customer_id: UUID | None,
    group_id: UUID | None,
    line_id: UUID | None,
    standing: bool,
) -> Slice[LimitReservation]:
    """A page of the reservations of cases within the caller's sight, newest first."""
    statement = select(LimitReservation)
    if who.branch != HEAD_OFFICE:
        branch = select(Application.case_id).where(Application.branch == who.branch)
        statement = statement.where(col(LimitReservation.case_id).in_(branch))
    for column, value in (
        (LimitReservation.case_id, case_id),
        (LimitReservation.customer_id, customer_id),
        (LimitReservation.group_id, group_id),
    ):
        if value is not None:
            statement = statement.where(col(column) == value)
    if line_id is not None:
        on = (col(LimitReservation.customer_line_id) == line_id) | (col(LimitReservation.group_line_id) == line_id)
        statement = statement.where(on)
    if standing:
        statement = statement.where(col(LimitReservation.reserved) + col(LimitReservation.committed) > 0)
    return await fetch_page(session, statement, LimitReservation.id, page)


async def views(session: AsyncSession, rows: Sequence[LimitReservation]) -> list[LimitReservationView]:
    """Reservations with their movements, in the order given."""
    ids = [row.id for row in rows]
    numbers = await session.exec(
        select(Application.case_id, Application.case_number).where(
            col(Application.case_id).in_([row.case_id for row in rows])
        )
    )
    case_numbers = dict(numbers.all())
    movements: dict[UUID, list[LimitMovement]] = defaultdict(list)
    found = await session.exec(
        select(LimitEntry).where(col(LimitEntry.reservation_id).in_(ids)).order_by(col(LimitEntry.id))
    )
    for entry in found:
        movements[entry.reservation_id].append(
            LimitMovement.model_validate(
                {
                    "kind": entry.kind,
                    "reserved": _money(entry.reserved),
                    "committed": _money(entry.committed),
                    "step": entry.step,
                    "as_of": entry.as_of,
                    "at": entry.at,
                }
            )
        )
    return [
        LimitReservationView(
            reservation_id=row.id,
            case_id=row.case_id,
            case_number=case_numbers[row.case_id],
            lender_id=row.lender_id,
            customer_id=row.customer_id,
            group_id=row.group_id,
            customer_line_id=row.customer_line_id,
            group_line_id=row.group_line_id,
            exposure_kind=row.exposure_kind,
            state="reserved" if row.reserved else "committed" if row.committed else "released",
            amount=_money(row.amount),
            reserved=_money(row.reserved),
            committed=_money(row.committed),
            as_of=row.as_of,
            lapses_on=row.lapses_on,
            reserved_at=row.reserved_at,
            movements=tuple(movements[row.id]),
        )
        for row in rows
    ]
