"""Facilities, their commitments, utilisations, transfers and conditions."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from services.kit.database import MONEY, UtcDateTime, new_id, now
from services.origination.tables.base import OriginationTable, document

_CASE = "origination.application.case_id"
_FACILITY = "origination.facility.id"
_UTILISATION = "origination.utilisation.id"


class Facility(OriginationTable, table=True):
    """A facility under a signed contract."""

    __tablename__ = "facility"
    __table_args__ = (
        CheckConstraint("limit_amount > 0", name="limit_positive"),
        CheckConstraint("availability_end <= termination_date", name="availability"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    case_id: UUID = Field(foreign_key=_CASE, unique=True)
    contract_id: UUID = Field(foreign_key="origination.contract.id")
    number: str = Field(unique=True)
    product: str
    limit_amount: Decimal = Field(sa_type=MONEY)
    currency: str = "CNY"
    effective_on: date
    availability_end: date
    termination_date: date
    stage: str
    branch: str = Field(index=True)
    borrower_uscc: str = Field(index=True)
    policy_sha256: str
    pinned_on: date
    version: int = 1
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    updated_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class Commitment(OriginationTable, table=True):
    """What the lender has promised under a facility. Its row lock orders all reservations; they never exceed the
    promise."""

    __tablename__ = "commitment"
    __table_args__ = (
        CheckConstraint("reserved >= 0 AND drawn >= 0 AND reserved + drawn <= amount", name="within_commitment"),
    )

    facility_id: UUID = Field(foreign_key=_FACILITY, primary_key=True)
    case_id: UUID = Field(foreign_key=_CASE)
    amount: Decimal = Field(sa_type=MONEY)
    reserved: Decimal = Field(sa_type=MONEY)
    drawn: Decimal = Field(sa_type=MONEY)
    currency: str = "CNY"
    version: int = 1


class CommitmentEntry(OriginationTable, table=True):
    """One movement of a commitment: each utilisation reserves once, and once either draws or releases."""

    __tablename__ = "commitment_entry"
    __table_args__ = (
        UniqueConstraint("utilisation_id", "kind"),
        CheckConstraint("kind IN ('reserve', 'draw', 'release')", name="kind"),
        CheckConstraint("amount > 0", name="amount_positive"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    case_id: UUID = Field(foreign_key=_CASE)
    facility_id: UUID = Field(foreign_key=_FACILITY, index=True)
    utilisation_id: UUID = Field(foreign_key=_UTILISATION)
    kind: str
    amount: Decimal = Field(sa_type=MONEY)
    currency: str = "CNY"
    as_of: date
    at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class Utilisation(OriginationTable, table=True):
    """A drawing as it was asked for, and how far it got."""

    __tablename__ = "utilisation"
    __table_args__ = (CheckConstraint("amount > 0", name="amount_positive"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    case_id: UUID = Field(foreign_key=_CASE)
    facility_id: UUID = Field(foreign_key=_FACILITY, index=True)
    number: str = Field(unique=True)
    amount: Decimal = Field(sa_type=MONEY)
    currency: str = "CNY"
    value_date: date
    delivery_date: date | None = None
    purpose: str
    payees: list[Any] = Field(sa_column=document())
    invoices: list[Any] = Field(sa_column=document())
    invoice_details: list[Any] | None = Field(default=None, sa_column=document(nullable=True))
    """What is printed on them, as far as it was given."""
    remark: str = ""
    stage: str
    payment_mode: str | None = None
    gate_finding_id: UUID | None = None
    reasons: list[Any] = Field(default_factory=list, sa_column=document())
    requested_by: str
    requested_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    paid_on: date | None = None
    paid_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    version: int = 1


class Transfer(OriginationTable, table=True):
    """One outgoing payment of a utilisation, made once under its end-to-end id."""

    __tablename__ = "transfer"
    __table_args__ = (
        UniqueConstraint("utilisation_id", "payee_key"),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint(
            "state IN ('created', 'confirmed_by_owner', 'sending', 'unknown', 'confirmed', 'failed',"
            " 'rejected_by_owner', 'expired')",
            name="state",
        ),
        Index("ix_transfer_payee", "payee_uscc", "made_on"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    case_id: UUID = Field(foreign_key=_CASE)
    facility_id: UUID = Field(foreign_key=_FACILITY, index=True)
    utilisation_id: UUID = Field(foreign_key=_UTILISATION)
    end_to_end_id: str = Field(unique=True, max_length=35)
    payee_key: str
    payee_name: str
    payee_uscc: str
    payee_account: str
    payee_bank: str
    amount: Decimal = Field(sa_type=MONEY)
    currency: str = "CNY"
    purpose: str
    instruction_sha256: str
    made_on: date
    state: str
    expires_at: datetime = Field(sa_type=UtcDateTime)
    decided_by: str | None = None
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    settled_on: date | None = None
    bank_reference: str = ""
    reason_code: str = ""
    version: int = 1


class ConditionEntry(OriginationTable, table=True):
    """Where a condition of the facility agreement stands, for the facility or for one utilisation."""

    __tablename__ = "condition_status"
    __table_args__ = (
        UniqueConstraint("case_id", "utilisation_id", "code", postgresql_nulls_not_distinct=True),
        CheckConstraint("state IN ('open', 'satisfied', 'waived', 'breached')", name="state"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    case_id: UUID = Field(foreign_key=_CASE)
    utilisation_id: UUID | None = Field(default=None, foreign_key=_UTILISATION, index=True)
    code: str
    state: str
    due: date | None = None
    evidence: list[Any] = Field(sa_column=document())
    decided_by: str | None = None
    note: str = ""
    at: datetime = Field(sa_type=UtcDateTime)
    version: int = 1
