"""What the borrower has with the lender already, by product: what a family of products leaves, and what a loan replaces."""

from decimal import Decimal
from typing import Final

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.application import ApplicationContent
from domain.money import Money
from domain.stages import FacilityStage
from services.origination.store.drafting import frozen_content
from services.origination.tables.cases import Application
from services.origination.tables.facilities import Facility

_OVER: Final = (FacilityStage.REPAID.value, FacilityStage.CANCELLED.value)
"""A facility in one of these stages leaves its room to others."""


async def held_by_product(session: AsyncSession, row: Application) -> dict[str, Money]:
    """Limits of the customer's other standing facilities with the lender by product, drawn or not."""
    found = await session.exec(
        select(Facility.product, func.sum(Facility.limit_amount))
        .join(Application, col(Application.case_id) == col(Facility.case_id))
        .where(
            Application.customer_id == row.customer_id,
            Application.lender_id == row.lender_id,
            Facility.case_id != row.case_id,
            col(Facility.stage).not_in(_OVER),
        )
        .group_by(Facility.product)
        .order_by(Facility.product)
    )
    return {product: Money(amount=Decimal(amount)) for product, amount in found.all()}


async def replaced_purpose(session: AsyncSession, row: Application, content: ApplicationContent) -> str | None:
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
