"""The case: its application as it stood at each submission, its documents, and what was concluded and decided on it.

These rows are changed only together with the event that says so (``store/events.record``).
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Sequence, UniqueConstraint, text
from sqlmodel import Field

from domain.application import ApplicationContent
from services.kit.database import MONEY, UtcDateTime, new_id, now
from services.origination.tables.base import OriginationTable, document, metadata

_CASE = "origination.application.case_id"

CASE_NUMBERS = Sequence("case_number", metadata=metadata)
"""Running number of cases over all years and branches; gaps are drafts that were never stored."""


class Application(OriginationTable, table=True):
    """An application and the case it opens; one id for both."""

    __tablename__ = "application"
    __table_args__ = (
        CheckConstraint("(amount IS NULL) = (product IS NULL)", name="line_whole"),
        CheckConstraint("(policy_sha256 IS NULL) = (submitted_at IS NULL)", name="pinned_when_submitted"),
        Index("ix_application_submitted", "case_id", postgresql_where=text("submitted_at IS NOT NULL")),
    )

    case_id: UUID = Field(default_factory=new_id, primary_key=True)
    case_number: str = Field(unique=True)
    branch: str = Field(index=True)
    lender_id: str
    stage: str = Field(index=True)
    product: str | None = None
    amount: Decimal | None = Field(default=None, sa_type=MONEY)
    currency: str = "CNY"
    tenor_months: int | None = None
    customer_id: UUID | None = Field(default=None, foreign_key="origination.customer.id", index=True)
    borrower_uscc: str | None = Field(default=None, index=True)
    borrower_name: str | None = None
    content: dict[str, Any] = Field(sa_column=document(ApplicationContent))
    content_version: int = 0
    """The frozen version the case runs on; 0 before the first submission."""
    content_sha256: str | None = None
    policy_sha256: str | None = Field(default=None, foreign_key="origination.policy_bundle.sha256")
    pinned_on: date | None = None
    """Business date on which the policy was pinned: which version of each policy file applies."""
    version: int = 1
    created_by: str = Field(index=True)
    submitted_by: str | None = None
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    updated_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    submitted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class ApplicationVersion(OriginationTable, table=True):
    """The content as it was submitted; what assessment, review and approval speak of."""

    __tablename__ = "application_version"
    __table_args__ = (UniqueConstraint("case_id", "content_version"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    case_id: UUID = Field(foreign_key=_CASE)
    content_version: int
    content: dict[str, Any] = Field(sa_column=document(ApplicationContent))
    sha256: str
    frozen_by: str
    frozen_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class ApplicationDocument(OriginationTable, table=True):
    """A document of the file; its bytes lie in the content-addressed store."""

    __tablename__ = "application_document"
    __table_args__ = (UniqueConstraint("case_id", "kind", "sha256"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    case_id: UUID = Field(foreign_key=_CASE)
    sha256: str = Field(index=True)
    kind: str
    name: str
    media_type: str
    size: int
    as_of: date | None = None
    expires: date | None = None
    uploaded_by: str
    uploaded_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class CaseFinding(OriginationTable, table=True):
    """A machine conclusion as it entered the case, in the order in which it did."""

    __tablename__ = "case_finding"
    __table_args__ = (
        UniqueConstraint("case_id", "step"),
        Index("ix_case_finding_case_id_kind", "case_id", "kind"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    case_id: UUID = Field(foreign_key=_CASE)
    step: str
    """The workflow step that concluded it: one conclusion a step."""
    finding_id: UUID
    kind: str
    outcome: str
    headline: str
    sha256: str
    service: str
    asset_key: str = ""
    cohort: str = ""
    as_of: date
    value: dict[str, Any] = Field(sa_column=document())
    reasons: list[Any] = Field(sa_column=document())
    recorded_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class Decision(OriginationTable, table=True):
    """A credit decision as taken."""

    __tablename__ = "decision"
    __table_args__ = (UniqueConstraint("case_id", "step"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    case_id: UUID = Field(foreign_key=_CASE)
    step: str
    decision: str
    decided_by: list[Any] = Field(sa_column=document())
    authority_rule: str
    conditions: list[Any] = Field(sa_column=document())
    reasons: list[Any] = Field(sa_column=document())
    at: datetime = Field(sa_type=UtcDateTime)
    valid_until: date | None = None


class Offer(OriginationTable, table=True):
    """An offer to the borrower: the terms it was shown, by hash."""

    __tablename__ = "offer"
    __table_args__ = (UniqueConstraint("case_id", "step"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    case_id: UUID = Field(foreign_key=_CASE)
    step: str
    terms: dict[str, Any] = Field(sa_column=document())
    terms_sha256: str
    amount: Decimal = Field(sa_type=MONEY)
    currency: str = "CNY"
    valid_until: date
    made_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class Contract(OriginationTable, table=True):
    """The facility agreement's data: what the text was drawn from and is checked against."""

    __tablename__ = "contract"
    __table_args__ = (UniqueConstraint("case_id", "step"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    case_id: UUID = Field(foreign_key=_CASE)
    step: str
    number: str = Field(unique=True)
    offer_id: UUID = Field(foreign_key="origination.offer.id")
    data: dict[str, Any] = Field(sa_column=document())
    data_sha256: str
    clauses: list[Any] = Field(sa_column=document())
    drawn_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
