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


async def last_of_other_cases(session: AsyncSession, asset: Asset, case_id: UUID) -> Prior | None:
    """The allocation to another case that ranks last; a further case must come behind it. The caller holds the asset's
    row."""
    row = (
        await session.exec(
            select(AllocationRow)
            .where(AllocationRow.asset_id == asset.id, AllocationRow.case_id != case_id)
            .order_by(col(AllocationRow.rank).desc(), col(AllocationRow.id))
            .limit(1)
        )
    ).first()
    if row is None:
        return None
    named = select(Asset.case_number).where(Asset.case_id == row.case_id, col(Asset.case_number).is_not(None)).limit(1)
    return Prior((await session.exec(named)).first() or str(row.case_id), row.rank)


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
