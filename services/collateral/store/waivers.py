"""Waivers of possessory liens, and the sites of an asset's servers that they cover."""

from datetime import date
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.collateral import SiteLien
from domain.security_interest import LienWaiver, LienWaiverEntry
from services.collateral.tables import HELD, Asset, LienWaiverRow, Server
from services.kit.database import new_id, now


async def add(session: AsyncSession, asset: Asset, entry: LienWaiverEntry, entered_by: str) -> LienWaiver:
    """Enter a waiver."""
    row = LienWaiverRow(
        id=new_id(),
        asset_id=asset.id,
        branch=asset.branch,
        operator=entry.operator,
        site=entry.site,
        signed_on=entry.signed_on,
        valid_until=entry.valid_until,
        document_sha256=entry.document_sha256,
        entered_by=entered_by,
        created_at=now(),
    )
    session.add(row)
    await session.flush()
    return view(row)


async def sites(session: AsyncSession, asset_id: UUID, as_of: date) -> tuple[SiteLien, ...]:
    """Where an asset's servers stand, and whether the lien there is waived on a day; sites in order of their names."""
    counted = (
        await session.exec(
            select(Server.site, func.count())
            .where(Server.asset_id == asset_id, Server.state == HELD)
            .group_by(col(Server.site))
        )
    ).all()
    in_force = {
        row.site: row
        for row in (
            await session.exec(
                select(LienWaiverRow)
                .where(LienWaiverRow.asset_id == asset_id, col(LienWaiverRow.signed_on) <= as_of)
                .order_by(col(LienWaiverRow.id))
            )
        ).all()
        if row.valid_until is None or row.valid_until >= as_of
    }
    return tuple(
        SiteLien(
            site=site or "",
            servers=count,
            waived=site in in_force,
            operator=in_force[site].operator if site in in_force else None,
            valid_until=in_force[site].valid_until if site in in_force else None,
        )
        for site, count in sorted(counted, key=lambda item: item[0] or "")
    )


async def waived_everywhere(session: AsyncSession, asset_id: UUID, as_of: date) -> bool:
    """Whether the lien is waived at every site where servers of the asset stand; False for an asset without servers."""
    found = await sites(session, asset_id, as_of)
    return bool(found) and all(site.waived for site in found)


def view(row: LienWaiverRow) -> LienWaiver:
    """A row as readers see it."""
    return LienWaiver(
        waiver_id=row.id,
        asset_id=row.asset_id,
        operator=row.operator,
        site=row.site,
        signed_on=row.signed_on,
        valid_until=row.valid_until,
        document_sha256=row.document_sha256,
        entered_by=row.entered_by,
    )
