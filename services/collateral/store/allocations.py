"""Allocations: which share of an asset secures which facility."""

from decimal import Decimal

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
