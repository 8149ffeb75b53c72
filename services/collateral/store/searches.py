"""Searches of the registry: the finding with its inputs, and the headline by which it is found."""

from datetime import date
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.finding import Finding
from domain.security_interest import RegistrySearch, SearchInputs
from services.collateral.tables import Asset, RegistrySearchRow, findings


async def keep(
    session: AsyncSession, asset: Asset, finding: Finding[RegistrySearch], inputs: SearchInputs, searched_by: str
) -> None:
    """File a search."""
    assert finding.value is not None
    await findings.put(session, finding, inputs, subject=str(asset.id))
    session.add(
        RegistrySearchRow(
            id=finding.id,
            asset_id=asset.id,
            branch=asset.branch,
            outcome=finding.outcome.value,
            entries=len(finding.value.entries),
            as_of=finding.as_of,
            searched_by=searched_by,
            created_at=finding.made_at,
        )
    )


async def latest(session: AsyncSession, asset_id: UUID, as_of: date) -> Finding[RegistrySearch] | None:
    """The last search of an asset made for a business date up to this one."""
    statement = (
        select(RegistrySearchRow.id)
        .where(RegistrySearchRow.asset_id == asset_id, col(RegistrySearchRow.as_of) <= as_of)
        .order_by(col(RegistrySearchRow.as_of).desc(), col(RegistrySearchRow.id).desc())
        .limit(1)
    )
    found = (await session.exec(statement)).first()
    return None if found is None else await findings.get(session, found, Finding[RegistrySearch])


async def names_servers(session: AsyncSession, asset_id: UUID, as_of: date) -> bool:
    """Whether the last search found servers of the asset on another creditor's registration."""
    found = await latest(session, asset_id, as_of)
    return found is not None and found.value is not None and any(entry.serials for entry in found.value.entries)
