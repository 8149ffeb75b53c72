"""What operators are told of."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field

from services.kit.database import UtcDateTime, new_id, now
from services.origination.tables.base import OriginationTable


class StuckItem(OriginationTable, table=True):
    """A process that was found standing still. One open row for each process and cause of standstill."""

    __tablename__ = "stuck_process"
    __table_args__ = (
        Index(
            "ix_stuck_process_open",
            "workflow_id",
            "kind",
            "activity_id",
            unique=True,
            postgresql_where=text("closed_at IS NULL"),
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    workflow_id: str
    process: str
    case_number: str
    branch: str
    build: str
    settled_build: str
    """The build that took the process's last good step; the same as ``build`` unless the process was moved."""
    moves_by_itself: bool
    """Whether the process goes over to a new build without being told."""
    kind: str
    activity_id: str = ""
    step: str = ""
    cause: str
    failure_type: str = ""
    attempts: int
    since: datetime = Field(sa_type=UtcDateTime)
    seen_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
