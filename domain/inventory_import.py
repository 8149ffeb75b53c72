"""The import of an inventory into the register: a job to follow, and the report of everything that is wrong with the list."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from domain.model import Value


class ImportState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    """The whole list is in the register."""
    REFUSED = "refused"
    """Nothing of the list is in the register; the faults say why."""
    FAILED = "failed"
    """Nothing is in the register, and the reason is ours: the list can be sent again."""


class ImportPhase(StrEnum):
    READING = "reading"
    ENTERING = "entering"


class ImportFault(Value):
    """One bad cell, row or heading. ``row`` 0 speaks of the whole file, an empty ``column`` of the whole row."""

    row: int
    column: str
    code: str
    message_zh: str
    message_en: str


class ImportJob(Value):
    """``GET /v1/imports/{id}``. Counts are what is known so far."""

    import_id: UUID
    asset_id: UUID
    state: ImportState
    phase: ImportPhase
    rows_read: int
    rows_entered: int
    servers: int
    """Servers of the list that are in the register by this import; 0 until it is done."""
    gpus: int
    """GPU identifiers of these servers."""
    faults: tuple[ImportFault, ...]
    """In the order of the rows, at most 1,000."""
    fault_count: int
    """All of them."""
    document_sha256: str
    size: int
    """Bytes of the file."""
    requested_by: str
    created_at: datetime
    finished_at: datetime | None
