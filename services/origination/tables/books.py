"""The books that outlive any application: customers, groups, lines, exposures, reference data, published policy."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field

from domain.books import CustomerFile
from services.kit.database import MONEY, RATE, UtcDateTime, new_id, now
from services.origination.tables.base import OriginationTable, document

_GROUP = "origination.customer_group.id"
_CUSTOMER = "origination.customer.id"
_NOTHING: Final = {"server_default": text("0")}


class CustomerGroup(OriginationTable, table=True):
    """A group of connected clients: the root of the limit tree."""

    __tablename__ = "customer_group"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    name: str
    head_uscc: str | None = Field(default=None, unique=True)
    basis: str
    """Why these customers are one risk: ``control`` or ``economic_dependence``."""
    branch: str = Field(index=True)
    version: int = 1
    created_by: str
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    updated_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class Customer(OriginationTable, table=True):
    """A legal entity that the lender knows (KYC), once per code."""

    __tablename__ = "customer"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    uscc: str = Field(unique=True, max_length=18)
    name: str
    branch: str = Field(index=True)
    group_id: UUID | None = Field(default=None, foreign_key=_GROUP, index=True)
    file: dict[str, Any] = Field(sa_column=document(CustomerFile))
    version: int = 1
    created_by: str
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    updated_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class CreditLine(OriginationTable, table=True):
    """A node of the limit tree: a ceiling for a group or a customer, and what stands under it in the lender's books."""

    __tablename__ = "credit_line"
    __table_args__ = (
        CheckConstraint("(customer_id IS NULL) <> (group_id IS NULL)", name="one_holder"),
        CheckConstraint("amount >= 0 AND outstanding >= 0", name="not_negative"),
        CheckConstraint("undrawn_factor BETWEEN 0 AND 1", name="undrawn_factor_fraction"),
        CheckConstraint("effective_to >= effective_from", name="period"),
        CheckConstraint("allocated >= 0 AND reserved >= 0 AND committed >= 0", name="taken_not_negative"),
        CheckConstraint("allocated + reserved + committed <= amount", name="within_line"),
        CheckConstraint("kind = 'umbrella' OR allocated + reserved + committed = 0", name="taken_of_umbrella"),
        UniqueConstraint("lender_id", "reference"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    lender_id: str
    reference: str
    """The line's number in the lender's core books."""
    group_id: UUID | None = Field(default=None, foreign_key=_GROUP, index=True)
    customer_id: UUID | None = Field(default=None, foreign_key=_CUSTOMER, index=True)
    parent_id: UUID | None = Field(default=None, sa_column_args=[ForeignKey("origination.credit_line.id")])
    kind: str
    """``umbrella`` (a ceiling only), ``loan``, ``guarantee``, ``trade``, ``bond`` or ``lease``."""
    amount: Decimal = Field(sa_type=MONEY)
    outstanding: Decimal = Field(sa_type=MONEY)
    allocated: Decimal = Field(default=Decimal(0), sa_type=MONEY, sa_column_kwargs=_NOTHING)
    """Of an umbrella: the amounts of the lines under it, whether used or not. Kept by a trigger, as the next two."""
    reserved: Decimal = Field(default=Decimal(0), sa_type=MONEY, sa_column_kwargs=_NOTHING)
    """Of an umbrella: what approved cases hold of it until their agreements are effective."""
    committed: Decimal = Field(default=Decimal(0), sa_type=MONEY, sa_column_kwargs=_NOTHING)
    """Of an umbrella: what facilities granted under it take."""
    undrawn_factor: Decimal = Field(sa_type=RATE)
    """Conversion factor of the undrawn part (大额风险暴露管理办法): it counts as exposure in this share. Guarantees and trade
    items are converted whole."""
    currency: str = "CNY"
    effective_from: date
    effective_to: date
    branch: str = Field(index=True)
    version: int = 1
    created_by: str
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    updated_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class ReferenceData(OriginationTable, table=True):
    """A vintage of a series (LPR, FTP, calendar, a lender's capital, a list). Rows are added and never changed."""

    __tablename__ = "reference_data"
    __table_args__ = (
        UniqueConstraint("series", "vintage"),
        Index("ix_reference_data_series_effective_from", "series", text("effective_from DESC"), text("id DESC")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    series: str
    vintage: str
    effective_from: date
    source: str
    illustrative: bool = False
    body: dict[str, Any] = Field(sa_column=document())
    sha256: str
    recorded_by: str
    recorded_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class PolicyBundle(OriginationTable, table=True):
    """A policy bundle by its content; kept for as long as any case refers to it, which is for ever."""

    __tablename__ = "policy_bundle"

    sha256: str = Field(primary_key=True, max_length=64)
    canonical: bytes = Field(sa_type=LargeBinary)
    """The canonical bytes (RFC 8785) whose SHA-256 is the key."""
    files: int
    stored_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class PolicyPublication(OriginationTable, table=True):
    """That a bundle was proposed by one person and put into force by another."""

    __tablename__ = "policy_publication"
    __table_args__ = (
        CheckConstraint("checker IS NULL OR checker <> maker", name="two_persons"),
        CheckConstraint("(checker IS NULL) = (approved_at IS NULL)", name="approval_whole"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    sha256: str = Field(foreign_key="origination.policy_bundle.sha256", unique=True)
    maker: str
    comment: str
    in_force_from: date
    proposed_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    checker: str | None = None
    approved_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
