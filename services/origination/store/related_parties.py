"""What the lender's related parties owe it together (银行保险机构关联交易管理办法 §16)."""

from datetime import date
from uuid import UUID

from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.application import RelatedTo
from domain.money import Money
from services.origination.calc.exposures import unified_credit
from services.origination.store.exposures import positions
from services.origination.tables.books import Customer

_RELATED = [kind.value for kind in RelatedTo if kind is not RelatedTo.NONE]


async def related_total(
    session: AsyncSession, borrower: UUID, lender_id: str, day: date, *, without_case: UUID | None = None
) -> Money:
    """Credit of every customer on file as related to the lender, the borrower among them whatever its file says, at
    notional: what is owed, and what may still be drawn."""
    kind = col(Customer.file)["related_to_lender"]["value"].astext
    found = await session.exec(select(Customer.id).where(or_(kind.in_(_RELATED), col(Customer.id) == borrower)))
    standing = await positions(session, lender_id, found.all(), day, without_case)
    return unified_credit(standing, day)
