"""Allocations: which share of an asset secures which facility."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.collateral import Allocation, AllocationRequest
from services.collateral.tables import AllocationRow, Asset
from services.kit.database import new_id, now


async def allocated_share(session: AsyncSession, asset: Asset) -> Decimal:
    """How much of the asset secures facilities already. The caller holds the asset's row."""
    total = (
        await session.exec(
            select(func.coalesce(func.sum(col(AllocationRow.share)), 0)).where(AllocationRow.asset_id == asset.id)
        )
    ).one()
    return Decimal(total)


@dataclass(frozen=True)
class Prior:
    """Whom an asset secures already, and at which rank."""

    case_number: str
    rank: int


async def comes_behind(session: AsyncSession, asset: Asset, case_id: UUID, rank: int) -> Prior | None:
    """Whom an allocation to a case would have to come behind and at this rank does not; None where nothing is in its way.
    The caller holds the asset's row.

    The case that entered the asset holds its first rank from that day on: another comes behind it even while nothing is
    allocated yet, and does not push it back by having been quicker.
    """
    statement = select(AllocationRow).where(AllocationRow.asset_id == asset.id).order_by(col(AllocationRow.id))
    rows = (await session.exec(statement)).all()
    others = [(row.case_id, row.rank) for row in rows if row.case_id != case_id]
    if not any(row.case_id == asset.case_id for row in rows):
        if case_id != asset.case_id:
            others.append((asset.case_id, 1))
        elif all(rank < other for _, other in others):
            return None
    last = max(others, key=lambda other: other[1], default=None)
    if last is None or rank > last[1]:
        return None
    named = select(Asset.case_number).where(Asset.case_id == last[0], col(Asset.case_number).is_not(None)).limit(1)
    return Prior((await session.exec(named)).first() or str(last[0]), last[1])


async def add(session: AsyncSession, request: AllocationRequest, created_by: str) -> Allocation:
    """Add an allocation; the same asset to the same facility twice violates a unique constraint."""
    row = AllocationRow(
        id=new_id(),
        asset_id=request.asset_id,
        facility_id=request.facility_id,
        case_id=request.case_id,
        rank=request.rank,
        share=request.share,
        created_by=created_by,
        created_at=now(),
    )
    session.add(row)
    await session.flush()
    return view(row)


def view(row: AllocationRow) -> Allocation:
    """A row as readers see it."""
    return Allocation(
        allocation_id=row.id,
        asset_id=row.asset_id,
        facility_id=row.facility_id,
        case_id=row.case_id,
        rank=row.rank,
        share=row.share,
    )
