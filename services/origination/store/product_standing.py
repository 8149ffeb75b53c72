"""What the borrower has with the lender already, by product: what a family of products leaves, and what a loan replaces."""

from decimal import Decimal
from typing import Final

from sqlalchemy import exists
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.application import ApplicationContent
from domain.money import Money
from domain.stages import FacilityStage
from services.origination.store.drafting import frozen_content
from services.origination.tables.cases import Application
from services.origination.tables.facilities import Facility
from services.origination.tables.limits import LimitReservation

_OVER: Final = (FacilityStage.REPAID.value, FacilityStage.CANCELLED.value)
"""A facility in one of these stages leaves its room to others."""


async def held_by_product(session: AsyncSession, row: Application) -> dict[str, Money]:
    """What the customer's other cases have with the lender by product: the limits of standing facilities, drawn or not, and
    what an approval holds that has no facility yet. One that is to be replaced counts until it is repaid."""
    others = (
        Application.customer_id == row.customer_id,
        Application.lender_id == row.lender_id,
        Application.case_id != row.case_id,
    )
    contracted = await session.exec(
        select(Facility.product, func.sum(Facility.limit_amount))
        .join(Application, col(Application.case_id) == col(Facility.case_id))
        .where(*others, col(Facility.stage).not_in(_OVER))
        .group_by(Facility.product)
    )
    approved = await session.exec(
        select(Application.product, func.sum(col(LimitReservation.reserved) + col(LimitReservation.committed)))
        .join(LimitReservation, col(LimitReservation.case_id) == col(Application.case_id))
        .where(
            *others,
            col(Application.product).is_not(None),
            col(LimitReservation.reserved) + col(LimitReservation.committed) > 0,
            ~exists().where(col(Facility.case_id) == col(Application.case_id)),
        )
        .group_by(col(Application.product))
    )
    held: dict[str, Decimal] = {}
    for product, amount in (*contracted.all(), *approved.all()):
        if product is not None:
            held[product] = held.get(product, Decimal(0)) + Decimal(amount)
    return {product: Money(amount=held[product]) for product in sorted(held)}


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
