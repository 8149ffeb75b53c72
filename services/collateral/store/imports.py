"""Imports of inventories as jobs: who works on which, how far it is, and what came of it."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import or_, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.inventory_import import ImportFault, ImportJob, ImportPhase, ImportState
from services.collateral.tables import Asset, ImportRow
from services.kit.database import new_id, now
from services.kit.documents import StoredDocument

UNFINISHED = (ImportState.WAITING.value, ImportState.RUNNING.value)


async def unfinished(session: AsyncSession, asset_id: UUID) -> ImportRow | None:
    """The import of an asset that is under way; there is one at most."""
    statement = select(ImportRow).where(ImportRow.asset_id == asset_id, col(ImportRow.state).in_(UNFINISHED))
    return (await session.exec(statement)).one_or_none()


async def open_job(session: AsyncSession, asset: Asset, document: StoredDocument, requested_by: str) -> ImportRow:
    """Enter an import. A second one of the same asset violates a unique index while the first is under way."""
    row = ImportRow(
        id=new_id(),
        asset_id=asset.id,
        branch=asset.branch,
        document_sha256=document.sha256,
        media_type=document.media_type,
        size=document.size,
        state=ImportState.WAITING.value,
        phase=ImportPhase.READING.value,
        faults=[],
        requested_by=requested_by,
        created_at=now(),
    )
    session.add(row)
    await session.flush()
    return row


async def take_next(session: AsyncSession, runner: UUID, lease: timedelta) -> ImportRow | None:
    """The oldest import that nobody works on, now leased to ``runner``; whoever died over one has let it go by then."""
    moment = now()
    row = (
        await session.exec(
            select(ImportRow)
            .where(
                col(ImportRow.state).in_(UNFINISHED),
                or_(col(ImportRow.leased_until).is_(None), col(ImportRow.leased_until) < moment),
            )
            .order_by(col(ImportRow.id))
            .limit(1)
            .with_for_update(skip_locked=True)
        )
    ).one_or_none()
    if row is None:
        return None
    row.state = ImportState.RUNNING.value
    row.phase = ImportPhase.READING.value
    row.rows_read = row.rows_entered = 0
    row.runner, row.leased_until = runner, moment + lease
    row.attempts += 1
    session.add(row)
    return row


async def progress(session: AsyncSession, job_id: UUID, runner: UUID, until: datetime, **reached: Any) -> bool:
    """Note how far an import is and hold it until an instant; False where another has taken it over."""
    statement = (
        update(ImportRow)
        .where(col(ImportRow.id) == job_id, col(ImportRow.runner) == runner)
        .values(leased_until=until, **reached)
    )
    return bool((await (await session.connection()).execute(statement)).rowcount)


async def let_go(session: AsyncSession, job_id: UUID, runner: UUID) -> None:
    """Leave an import to whoever comes next, from its beginning."""
    statement = (
        update(ImportRow)
        .where(col(ImportRow.id) == job_id, col(ImportRow.runner) == runner)
        .values(state=ImportState.WAITING.value, runner=None, leased_until=None)
    )
    await (await session.connection()).execute(statement)


async def held(session: AsyncSession, job_id: UUID, runner: UUID) -> ImportRow | None:
    """The import with its row locked, where ``runner`` still has it."""
    row = await session.get(ImportRow, job_id, with_for_update=True, populate_existing=True)
    return row if row is not None and row.runner == runner and row.state in UNFINISHED else None


def finish(row: ImportRow, state: ImportState, faults: list[ImportFault], fault_count: int) -> None:
    """Close an import, whose row the caller holds."""
    row.state = state.value
    row.faults = [fault.model_dump(mode="json") for fault in faults]
    row.fault_count = fault_count
    row.runner = row.leased_until = None
    row.finished_at = now()


def view(row: ImportRow) -> ImportJob:
    """A row as readers see it."""
    return ImportJob(
        import_id=row.id,
        asset_id=row.asset_id,
        state=ImportState(row.state),
        phase=ImportPhase(row.phase),
        rows_read=row.rows_read,
        rows_entered=row.rows_entered,
        servers=row.servers,
        gpus=row.gpus,
        faults=tuple(ImportFault.model_validate(fault) for fault in row.faults),
        fault_count=row.fault_count,
        document_sha256=row.document_sha256,
        size=row.size,
        requested_by=row.requested_by,
        created_at=row.created_at,
        finished_at=row.finished_at,
    )
