"""What a loan replaces, by the lender's own books."""

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.application import ApplicationContent
from services.origination.store.drafting import frozen_content
from services.origination.tables.cases import Application
from services.origination.tables.facilities import Facility


async def purpose_replaced(session: AsyncSession, row: Application, content: ApplicationContent) -> str | None:
    """Purpose of the facility that is to be replaced; ``None`` where none is, or the customer has no such facility here."""
    facility_id = content.lines[0].replaces_facility_id if content.lines else None
    if facility_id is None:
        return None
    found = await session.exec(
        select(Application)
        .join(Facility, col(Facility.case_id) == col(Application.case_id))
        .where(
            Facility.id == facility_id,
            Application.customer_id == row.customer_id,
            Application.lender_id == row.lender_id,
        )
    )
    replaced = found.one_or_none()
    return (await frozen_content(session, replaced)).lines[0].purpose if replaced is not None else None
