"""The inbox, the commands people sent, and the register of authority (授权书)."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlmodel import Field

from services.kit.database import MONEY, UtcDateTime, new_id, now
from services.origination.tables.base import OriginationTable, document

_HOW_MANY = "jsonb_array_length(body -> 'candidates')"
_TO_ANYBODY = text(f"({_HOW_MANY} = 0)")
_PLACE = text("uuid_send(id)")
"""The order of a page; ``store.inbox`` says why it is not the key itself."""


class Task(OriginationTable, table=True):
    """A human task as the process last reported it. The workflow is its master; a row only ever moves to a newer
    version."""

    __tablename__ = "task"
    __table_args__ = (
        CheckConstraint("version >= 1", name="version_from_one"),
        # An inbox is read newest first, by type and state: of a branch or of all, of a company, of a person. What is offered to
        # a whole role is kept apart from what is offered by name.
        Index("ix_task_offered", "type", _TO_ANYBODY, "state", _PLACE),
        Index("ix_task_branch_offered", "branch", "type", _TO_ANYBODY, "state", _PLACE),
        Index("ix_task_company", "borrower_uscc", "type", "state", _PLACE),
        Index("ix_task_assignee", "assignee", "type", "state", _PLACE, postgresql_where=text("assignee IS NOT NULL")),
        Index("ix_task_owner", "owner", postgresql_where=text("owner IS NOT NULL")),
        Index(
            "ix_task_named",
            text("((body -> 'candidates') ->> 0)"),
            "type",
            "state",
            _PLACE,
            postgresql_where=text("((body -> 'candidates') ->> 0) IS NOT NULL"),
        ),
        Index(
            "ix_task_candidates",
            text("(body -> 'candidates')"),
            postgresql_using="gin",
            postgresql_where=text(f"{_HOW_MANY} > 1"),
        ),
    )

    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="origination.application.case_id", index=True)
    workflow_id: str
    type: str
    stage: str
    state: str
    outcome: str | None = None
    role: str
    branch: str
    borrower_uscc: str | None = None
    assignee: str | None = None
    owner: str | None = None
    priority: int
    due_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)
    completed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    version: int
    body: dict[str, Any] = Field(sa_column=document())
    """The whole ``HumanTask``."""


class Command(OriginationTable, table=True):
    """What a person told a process to do, written before it is sent; its outcome is added when it is known."""

    __tablename__ = "command"
    __table_args__ = (CheckConstraint("state IN ('pending', 'applied', 'refused', 'lost')", name="state"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    principal: str
    target: str
    """The task, transfer or case it was sent to."""
    of_case: UUID = Field(index=True)
    workflow_id: str
    update_name: str
    update_id: str = Field(unique=True, max_length=64)
    command: dict[str, Any] = Field(sa_column=document())
    actor: dict[str, Any] = Field(sa_column=document())
    """The verified caller: whoever enters the outcome, the event names the one who sent it."""
    event_kind: str
    state: str = "pending"
    refusal: dict[str, Any] | None = Field(default=None, sa_column=document(nullable=True))
    sent_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    settled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class MandateEntry(OriginationTable, table=True):
    """An entry of the register of authority: proposed by one person, put into force by another, dated."""

    __tablename__ = "mandate"
    __table_args__ = (
        CheckConstraint("valid_to >= valid_from", name="period"),
        CheckConstraint("limit_amount >= 0 AND rank >= 0", name="not_negative"),
        CheckConstraint("checker IS NULL OR (checker <> maker AND checker <> subject)", name="three_persons_apart"),
        CheckConstraint("maker <> subject", name="not_for_oneself"),
        CheckConstraint("(checker IS NULL) = (approved_at IS NULL)", name="approval_whole"),
        CheckConstraint("(ended_by IS NULL) = (ended_at IS NULL)", name="end_whole"),
        ExcludeConstraint(
            ("subject", "="),
            ("body", "="),
            ("branch", "="),
            (text("daterange(valid_from, valid_to, '[]')"), "&&"),
            name="ex_mandate_one_at_a_time",
            using="gist",
            where=text("checker IS NOT NULL AND ended_at IS NULL"),
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    subject: str = Field(index=True)
    body: str
    rank: int
    limit_amount: Decimal = Field(sa_type=MONEY)
    currency: str = "CNY"
    branch: str
    valid_from: date
    valid_to: date
    basis: str
    """The document of the bank that grants it (授权书编号)."""
    maker: str
    proposed_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    checker: str | None = None
    approved_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_by: str | None = None
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    end_reason: str = ""
    version: int = 1
