"""What happened, in order and for ever: case events, the heads of their chains, starts still to be made, refusals."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from services.kit.database import UtcDateTime, new_id, now
from services.origination.tables.base import OriginationTable, document

GENESIS = "0" * 64
"""What the first event of a case names as its predecessor."""


class CaseEvent(OriginationTable, table=True):
    """One event of a case. Rows are inserted and never changed: the database refuses anything else to everybody.

    No foreign key leads to the case's tables: those can be lost and are rebuilt from here.
    """

    __tablename__ = "case_event"
    __table_args__ = (UniqueConstraint("case_id", "seq"), CheckConstraint("seq >= 1", name="seq_from_one"))

    id: UUID = Field(default_factory=new_id, primary_key=True)
    case_id: UUID
    seq: int
    kind: str
    actor: dict[str, Any] = Field(sa_column=document())
    at: datetime = Field(sa_type=UtcDateTime)
    payload: dict[str, Any] = Field(sa_column=document())
    """``facts`` and ``rows`` (images of the changed rows); personal fields stand in it as ciphertext."""
    prev_hash: str
    hash: str


class CaseHead(OriginationTable, table=True):
    """The newest event of a case, signed; its row lock puts a case's events in order."""

    __tablename__ = "case_head"

    case_id: UUID = Field(primary_key=True)
    seq: int = 0
    hash: str = GENESIS
    signature: str = ""
    key_id: str = ""
    signed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class StartRequest(OriginationTable, table=True):
    """A workflow that is to be started, written with what makes it necessary; started after the commit."""

    __tablename__ = "start_request"
    __table_args__ = (
        Index("ix_start_request_waiting", "next_attempt_at", postgresql_where=text("started_at IS NULL")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    workflow: str
    workflow_id: str = Field(unique=True)
    message: dict[str, Any] = Field(sa_column=document())
    traceparent: str = ""
    attempts: int = 0
    next_attempt_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    requested_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    started_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    error_code: str = ""


class AccessRefusal(OriginationTable, table=True):
    """An access or a command that was refused. A rejected update leaves nothing in the process's history, so it is
    here."""

    __tablename__ = "access_refusal"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    at: datetime = Field(index=True, sa_type=UtcDateTime)
    subject: str = Field(default="", index=True)
    """The caller as far as it was verified; empty for a request without a valid token."""
    kind: str = ""
    branch: str = ""
    roles: list[Any] = Field(sa_column=document())
    method: str
    route: str
    object_ids: list[Any] = Field(sa_column=document())
    """The UUIDs of the address that was called; nothing else of it is kept, since anybody can write anything there."""
    code: str = Field(index=True)
    rule: str = ""
    trace_id: str = ""
