"""The ceiling approved for a customer's unified credit (统一授信额度): the umbrella lines of its group, else its own."""

from datetime import date

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.books import CreditLineKind
from domain.money import Money
from services.origination.tables.books import CreditLine, Customer


async def unified_ceiling(session: AsyncSession, customer: Customer, lender_id: str, day: date) -> Money | None:
    """The sum of the umbrella lines that stand under no other and are in force on the day; ``None`` where there is none.

    A group is measured as a whole: its members' own umbrellas divide the group's and add nothing to it.
    """
    holder = (
        col(CreditLine.customer_id) == customer.id
        if customer.group_id is None
        else col(CreditLine.group_id) == customer.group_id
    )
    found = await session.exec(
        select(func.sum(CreditLine.amount)).where(
            CreditLine.lender_id == lender_id,
            CreditLine.kind == CreditLineKind.UMBRELLA.value,
            col(CreditLine.parent_id).is_(None),
            CreditLine.effective_from <= day,
            CreditLine.effective_to >= day,
            holder,
        )
    )
    ceiling = found.one()
    return None if ceiling is None else Money(amount=ceiling)
