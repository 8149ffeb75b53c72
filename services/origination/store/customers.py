"""Customers and groups: who they are and who may see them."""

from uuid import UUID

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from domain.books import CustomerBody, CustomerFile, CustomerView, GroupBody, GroupView
from domain.identity import uscc_inner_digit_suspect
from domain.roles import HEAD_OFFICE
from services.kit.database import now
from services.kit.paging import PageRequest, Slice, fetch_page
from services.kit.principal import Principal
from services.kit.problems import Fault, Problem
from services.origination.tables.books import Customer, CustomerGroup


def branch_of(who: Principal, asked: str | None) -> str:
    """The branch that is to keep a new record. Only head office may give a record to another branch than its own."""
    if asked is None or asked == who.branch:
        return who.branch
    if who.branch == HEAD_OFFICE:
        return asked
    fault = Fault("/branch", "foreign_branch", "只能使用本机构", "must be your own branch")
    raise Problem("invalid_request", errors=[fault], count=1)


def _customers(who: Principal) -> SelectOfScalar[Customer]:
    """The customers within the caller's sight: a borrower's user sees the borrower itself."""
    statement = select(Customer)
    if who.kind == "service" or who.branch == HEAD_OFFICE:
        return statement
    if who.kind == "borrower":
        return statement.where(Customer.uscc == who.uscc)
    return statement.where(Customer.branch == who.branch)


def _groups(who: Principal) -> SelectOfScalar[CustomerGroup]:
    """The groups within the caller's sight. Borrowers see none: a group is the lender's view of a risk."""
    statement = select(CustomerGroup)
    if who.kind == "service" or who.branch == HEAD_OFFICE:
        return statement
    return statement.where(CustomerGroup.branch == who.branch)


async def visible_customer(session: AsyncSession, who: Principal, customer_id: UUID, *, lock: bool = False) -> Customer:
    """A customer within the caller's sight. Raises ``not_found``."""
    statement = _customers(who).where(Customer.id == customer_id)
    found = (await session.exec(statement.with_for_update() if lock else statement)).one_or_none()
    if found is None:
        raise Problem("not_found")
    return found


async def visible_group(session: AsyncSession, who: Principal, group_id: UUID, *, lock: bool = False) -> CustomerGroup:
    """A group within the caller's sight. Raises ``not_found``."""
    statement = _groups(who).where(CustomerGroup.id == group_id)
    found = (await session.exec(statement.with_for_update() if lock else statement)).one_or_none()
    if found is None:
        raise Problem("not_found")
    return found


async def customers(
    session: AsyncSession, who: Principal, page: PageRequest, *, uscc: str | None, group_id: UUID | None
) -> Slice[Customer]:
    """A page of the customers within the caller's sight."""
    statement = _customers(who)
    if uscc is not None:
        statement = statement.where(Customer.uscc == uscc)
    if group_id is not None:
        statement = statement.where(Customer.group_id == group_id)
    return await fetch_page(session, statement, Customer.id, page)


async def groups(session: AsyncSession, who: Principal, page: PageRequest) -> Slice[CustomerGroup]:
    """A page of the groups within the caller's sight."""
    return await fetch_page(session, _groups(who), CustomerGroup.id, page)


async def _check_group(session: AsyncSession, who: Principal, group_id: UUID | None) -> None:
    if group_id is None:
        return
    try:
        await visible_group(session, who, group_id)
    except Problem:
        fault = Fault("/group_id", "unknown_group", "没有该集团", "no such group")
        raise Problem("invalid_request", errors=[fault], count=1) from None


async def add_customer(session: AsyncSession, who: Principal, body: CustomerBody) -> Customer:
    """Enter a customer. A code that is in the books already raises ``already_exists`` when the transaction flushes."""
    await _check_group(session, who, body.group_id)
    row = Customer(
        uscc=body.uscc,
        name=body.name,
        branch=branch_of(who, body.branch),
        group_id=body.group_id,
        file=body.file.model_dump(mode="json"),
        created_by=who.subject,
    )
    session.add(row)
    await session.flush()
    return row


async def replace_customer(session: AsyncSession, who: Principal, row: Customer, body: CustomerBody) -> Customer:
    """Replace what is known of a customer. The code is the customer's identity and does not change."""
    if body.uscc != row.uscc:
        fault = Fault("/uscc", "immutable", "统一社会信用代码不可变更", "the code of a customer cannot change")
        raise Problem("invalid_request", errors=[fault], count=1)
    await _check_group(session, who, body.group_id)
    row.name = body.name
    row.branch = branch_of(who, body.branch) if body.branch is not None else row.branch
    row.group_id = body.group_id
    row.file = body.file.model_dump(mode="json")
    row.version += 1
    row.updated_at = now()
    session.add(row)
    await session.flush()
    return row


async def add_group(session: AsyncSession, who: Principal, body: GroupBody) -> CustomerGroup:
    """Enter a group of connected clients."""
    row = CustomerGroup(
        name=body.name,
        head_uscc=body.head_uscc,
        basis=body.basis.value,
        branch=branch_of(who, body.branch),
        created_by=who.subject,
    )
    session.add(row)
    await session.flush()
    return row


def customer_view(row: Customer) -> CustomerView:
    return CustomerView(
        customer_id=row.id,
        uscc=row.uscc,
        name=row.name,
        branch=row.branch,
        group_id=row.group_id,
        file=CustomerFile.model_validate(row.file),
        warnings=("uscc_inner_digit",) if uscc_inner_digit_suspect(row.uscc) else (),
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def group_view(row: CustomerGroup) -> GroupView:
    return GroupView(
        group_id=row.id,
        name=row.name,
        head_uscc=row.head_uscc,
        basis=row.basis,
        branch=row.branch,
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
