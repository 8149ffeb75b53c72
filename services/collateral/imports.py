"""Imports of inventories while nobody waits: one after the other, each entered whole or not at all.

A job is leased to the process that works on it and held by a heartbeat. What a process that died was at is begun anew by
the next when the lease has passed: reading changes nothing, and entering is one transaction that also closes the job.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy.exc import OperationalError

from domain.application.serials import serial_identity
from domain.collateral import GpuConflict, SerialConflict
from domain.inventory_import import ImportFault, ImportPhase, ImportState
from services.collateral.desk import MOST_ATTEMPTS, Desk
from services.collateral.inventory import Abandoned, InventoryFile
from services.collateral.store import imports, register
from services.collateral.tables import Asset, ImportRow
from services.kit.database import Database, now
from services.kit.documents import DocumentStore

LEASE: Final = timedelta(seconds=20)
HEARTBEAT: Final = timedelta(seconds=1)

_log = structlog.get_logger(__name__)


class _Refused(Exception):
    """The list cannot be entered; it undoes the transaction."""


class ImportDesk(Desk):
    """The imports of one process."""

    kind = "import"

    def __init__(self, database: Database, documents: DocumentStore, *, lease: timedelta = LEASE) -> None:
        super().__init__(database, lease)
        self._documents = documents

    async def work_once(self) -> bool:
        """Do the next import; False when there is none."""
        async with self._database.session() as session:
            job = await imports.take_next(session, self._runner, self._lease)
        if job is None:
            return False
        if job.attempts > MOST_ATTEMPTS:
            await self._close(job.id, ImportState.FAILED, [_TOO_OFTEN], 1)
            return True
        run = _Run(job, InventoryFile(self._documents.path(job.document_sha256), job.media_type))
        async with self._leased(job.id):
            try:
                await self._held(run)
            finally:
                run.file.abandoned = True
        return True

    async def _held(self, run: "_Run") -> None:
        """Carry an import out with a heartbeat beside it; it is given up where another process has taken it over."""
        task = asyncio.create_task(self._carried_out(run))
        try:
            while not task.done():
                await asyncio.wait({task}, timeout=HEARTBEAT.total_seconds())
                if not task.done() and not await self._still_mine(run):
                    run.file.abandoned = True
                    task.cancel()
            await task
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await task

    async def _carried_out(self, run: "_Run") -> None:
        file = run.file
        await asyncio.to_thread(file.read)
        if not file.fault_count:
            run.phase = ImportPhase.ENTERING
            with suppress(_Refused):
                await self._entered(run)
        if file.fault_count:
            await self._close(run.job.id, ImportState.REFUSED, file.faults, file.fault_count, rows_read=file.rows_read)

    async def _entered(self, run: "_Run") -> None:
        """Enter the list in one transaction, which is undone where anything stands against it."""
        job, file = run.job, run.file
        async with self._database.session() as session:
            asset = await session.get(Asset, job.asset_id, with_for_update=True)
            assert asset is not None
            if asset.released_at is not None:
                file.told(0, "", "asset_released", "资产已解除担保", "the asset secures nothing any more")
                raise _Refused
            against = await register.take_inventory(session, asset, file.servers, job.document_sha256, run.entered)
            _report(file, *against)
            if file.fault_count:
                raise _Refused
            # The job's row is taken last and briefly: until then the heartbeat writes to it.
            row = await imports.held(session, job.id, self._runner)
            if row is None:
                raise Abandoned
            row.phase = ImportPhase.ENTERING.value
            row.rows_read = row.rows_entered = row.servers = len(file.servers)
            row.gpus = file.gpu_count
            imports.finish(row, ImportState.DONE, [], 0)
            session.add(row)
        _log.info("inventory_imported", import_id=str(job.id), servers=len(file.servers))

    async def _still_mine(self, run: "_Run") -> bool:
        try:
            async with self._database.session() as session:
                return await imports.progress(
                    session,
                    run.job.id,
                    self._runner,
                    now() + self._lease,
                    phase=run.phase.value,
                    rows_read=run.file.rows_read,
                    rows_entered=run.rows_entered,
                )
        except OperationalError:
            # The transaction that ends the job holds its row: nothing is left to be told.
            return True

    async def _close(
        self, job_id: UUID, state: ImportState, faults: list[ImportFault], count: int, *, rows_read: int = 0
    ) -> None:
        async with self._database.session() as session:
            row = await imports.held(session, job_id, self._runner)
            if row is not None:
                row.rows_read = rows_read
                imports.finish(row, state, faults, count)
                session.add(row)
        _log.info("inventory_refused", import_id=str(job_id), state=state.value, faults=count)

    async def _let_go(self, job_id: UUID) -> None:
        async with self._database.session() as session:
            await imports.let_go(session, job_id, self._runner)


@dataclass
class _Run:
    """An import under way."""

    job: ImportRow
    file: InventoryFile
    phase: ImportPhase = ImportPhase.READING
    rows_entered: int = 0

    def entered(self, rows: int) -> None:
        self.rows_entered = rows


def _report(file: InventoryFile, serials: tuple[SerialConflict, ...], gpus: tuple[GpuConflict, ...]) -> None:
    for conflict in serials:
        file.told(
            file.row_of(serial_identity(conflict.serial)),
            "serial",
            "serial_pledged",
            f"序列号已为业务 {conflict.case_number} 设定担保",
            f"the server secures the case {conflict.case_number} already",
        )
    for gpu in gpus:
        file.told(
            file.row_of(serial_identity(gpu.serial)),
            "gpu_uuids",
            "gpu_pledged",
            f"GPU 属于业务 {gpu.case_number} 的服务器 {gpu.pledged_serial}",
            f"a GPU sits in the server {gpu.pledged_serial} of the case {gpu.case_number}",
        )
    file.faults.sort(key=lambda fault: fault.row)


_TOO_OFTEN: Final = ImportFault(
    row=0,
    column="",
    code="import_failed",
    message_zh="多次未能完成导入，请联系运行人员",
    message_en="the import did not end several times; ask the operator",
)
