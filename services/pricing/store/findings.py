"""The findings of this service by id, each in the shape of its kind."""

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.borrowing_cost import BorrowingCost
from domain.buy_or_rent import BuyOrRent
from domain.decision import DecisionInputs
from domain.finding import Finding
from domain.limit import Limit
from domain.margin_ratchet import MarginStanding
from domain.pricing import Quote, Schedule
from domain.rating import Rating
from domain.rating_override import RatingOverride
from domain.sensitivity import Sensitivity
from services.pricing.tables import findings

PricingFinding = (
    Finding[Rating]
    | Finding[RatingOverride]
    | Finding[Limit]
    | Finding[Quote]
    | Finding[Schedule]
    | Finding[Sensitivity]
    | Finding[MarginStanding]
    | Finding[BorrowingCost]
    | Finding[BuyOrRent]
)

SHAPES: dict[str, type[Finding[Any]]] = {
    "rating": Finding[Rating],
    "rating_override": Finding[RatingOverride],
    "limit": Finding[Limit],
    "quote": Finding[Quote],
    "schedule": Finding[Schedule],
    "sensitivity": Finding[Sensitivity],
    "margin_reset": Finding[MarginStanding],
    "borrowing_cost": Finding[BorrowingCost],
    "buy_or_rent": Finding[BuyOrRent],
}


async def file(session: AsyncSession, finding: Finding[Any], request: DecisionInputs) -> None:
    """File a finding with its inputs under the case it speaks of."""
    await findings.put(session, finding, request, subject=str(request.case_id))


async def find(session: AsyncSession, finding_id: UUID) -> Finding[Any] | None:
    """A finding with its whole trace, or None. Raises ``FindingDamaged`` when it no longer has its hash."""
    connection = await session.connection()
    kind = await connection.scalar(select(findings.finding.c.kind).where(findings.finding.c.id == finding_id))
    return None if kind is None else await findings.get(session, finding_id, SHAPES[kind])


async def inputs(session: AsyncSession, finding_id: UUID) -> dict[str, Any] | None:
    """The inputs a finding was drawn from, as they were filed."""
    connection = await session.connection()
    columns = findings.finding.c
    sha256 = await connection.scalar(select(columns.inputs_sha256).where(columns.id == finding_id))
    return None if sha256 is None else await findings.inputs(session, sha256)
