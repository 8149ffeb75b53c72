"""Programmes and what stands beside credit: claims of public support, letters of intention, visits, referrals, projects won.

None of these rows is an exposure, and none hangs on a case: they are there before and beyond it.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from services.kit.database import MONEY, UtcDateTime, new_id, now
from services.origination.tables.base import OriginationTable, document

_CUSTOMER = "origination.customer.id"


class SupportClaim(OriginationTable, table=True):
    """A claim under a voucher programme. Among the claims that take money a contract is claimed once a programme and year."""

    __tablename__ = "support_claim"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'refused', 'entered', 'confirmed', 'withdrawn')", name="state"),
        CheckConstraint("amount IS NULL OR amount >= 0", name="not_negative"),
        CheckConstraint("confirmed_by IS NULL OR confirmed_by <> entered_by", name="two_persons"),
        Index(
            "ix_support_claim_once",
            "programme",
            "contract_key",
            "firm_uscc",
            "year",
            unique=True,
            postgresql_where=text("state IN ('entered', 'confirmed')"),
        ),
        Index("ix_support_claim_firm", "firm_uscc", "contract_key"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    programme: str = Field(index=True)
    programme_version: str
    policy_sha256: str = Field(foreign_key="origination.policy_bundle.sha256")
    state: str
    claimed_on: date
    year: int
    firm_uscc: str
    contract_number: str
    contract_key: str
    """The number without spaces, marks and width: another spelling is the same contract."""
    contract_amount: Decimal = Field(sa_type=MONEY)
    signed_on: date
    contract_months: int
    supplier_uscc: str
    supplier_related: bool | None = None
    standing: str
    supported_elsewhere: bool | None = None
    amount: Decimal | None = Field(default=None, sa_type=MONEY)
    currency: str = "CNY"
    code: str = ""
    missing: list[Any] = Field(sa_column=document())
    claimed_under: list[Any] = Field(sa_column=document())
    branch: str = Field(index=True)
    entered_by: str
    confirmed_by: str | None = None
    withdrawn_by: str | None = None
    reason: str = ""
    version: int = 1
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    updated_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class ProgrammeFigure(OriginationTable, table=True):
    """What another book reports under a programme, cumulated up to a day. Rows are added and never changed."""

    __tablename__ = "programme_figure"
    __table_args__ = (
        UniqueConstraint("programme", "instrument", "book", "as_of"),
        CheckConstraint("amount >= 0", name="not_negative"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    programme: str
    instrument: str
    book: str
    as_of: date
    amount: Decimal = Field(sa_type=MONEY)
    currency: str = "CNY"
    source: str
    entered_by: str
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class Intention(OriginationTable, table=True):
    """A letter of intention: no facility, no line, no exposure."""

    __tablename__ = "intention"
    __table_args__ = (
        UniqueConstraint("lender_id", "reference"),
        CheckConstraint("total > 0", name="total_positive"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    lender_id: str
    customer_id: UUID = Field(foreign_key=_CUSTOMER, index=True)
    programme: str | None = Field(default=None, index=True)
    signing: str | None = None
    reference: str
    signed_on: date
    lines: list[Any] = Field(sa_column=document())
    tags: list[Any] = Field(sa_column=document())
    total: Decimal = Field(sa_type=MONEY)
    currency: str = "CNY"
    branch: str = Field(index=True)
    entered_by: str
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class Visit(OriginationTable, table=True):
    """A visit to a firm, and the application that came of it."""

    __tablename__ = "visit"
    __table_args__ = (
        UniqueConstraint("programme", "reference"),
        CheckConstraint("application_id IS NULL OR need_purpose IS NOT NULL", name="need_before_application"),
        CheckConstraint("(application_id IS NULL) = (answered_on IS NULL)", name="answer_whole"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    programme: str
    reference: str
    visited_on: date
    firm_name: str
    firm_uscc: str | None = Field(default=None, index=True)
    need_purpose: str | None = None
    """None where the visit found no need."""
    need_product: str | None = None
    need_amount: Decimal | None = Field(default=None, sa_type=MONEY)
    currency: str = "CNY"
    green_channel: str | None = None
    answer_due: date | None = None
    application_id: UUID | None = Field(default=None, unique=True)
    answered_on: date | None = None
    branch: str = Field(index=True)
    entered_by: str
    version: int = 1
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class ServiceReferral(OriginationTable, table=True):
    """That a customer was referred to a service beside credit."""

    __tablename__ = "service_referral"
    __table_args__ = (UniqueConstraint("customer_id", "programme", "service", "referred_on"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    customer_id: UUID = Field(foreign_key=_CUSTOMER, index=True)
    programme: str
    service: str
    referred_on: date
    entered_by: str
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class InnovationProject(OriginationTable, table=True):
    """A project that a customer has won, and the certificate that proves it where there is one."""

    __tablename__ = "innovation_project"
    __table_args__ = (
        Index(
            "ix_innovation_project_certificate",
            "programme",
            "certificate_id",
            unique=True,
            postgresql_where=text("certificate_id IS NOT NULL"),
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    customer_id: UUID = Field(foreign_key=_CUSTOMER, index=True)
    programme: str
    project: str
    won_on: date
    certificate_id: str | None = None
    entered_by: str
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
