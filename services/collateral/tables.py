"""Tables of the collateral service (schema ``collateral``)."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from services.kit.database import MONEY, RATE, UtcDateTime, service_metadata
from services.kit.findings import FindingStore
from services.kit.idempotency import idempotency_table

metadata = service_metadata("collateral")
idempotency = idempotency_table(metadata)
findings = FindingStore(metadata)


class CollateralTable(SQLModel, registry=registry(metadata=metadata)):
    """Base of this service's tables."""


class Asset(CollateralTable, table=True):
    """An asset that secures a case. ``released_at``: it secures nothing any more."""

    __tablename__ = "asset"
    __table_args__ = (UniqueConstraint("case_id", "asset_key"), Index(None, "branch", "id"))

    id: UUID = Field(primary_key=True)
    case_id: UUID
    case_number: str | None = None
    asset_key: str
    kind: str
    description: str
    branch: str
    encumbrances: list[dict[str, Any]] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    version: int = 1
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)
    released_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


HELD = "held"
CONTESTED = "contested"
RELEASED = "released"


class Server(CollateralTable, table=True):
    """A server of an asset by its normalised serial. One asset at a time holds a serial; a later claim is contested."""

    __tablename__ = "server"
    __table_args__ = (
        CheckConstraint("state IN ('held', 'contested', 'released')", name="state"),
        Index("uq_server_serial_held", "serial", unique=True, postgresql_where=text("state = 'held'")),
        Index(None, "asset_id", "state"),
        Index("ix_server_serial_contested", "serial", postgresql_where=text("state = 'contested'")),
    )

    id: UUID = Field(primary_key=True)
    asset_id: UUID = Field(foreign_key="collateral.asset.id")
    serial: str
    serial_as_given: str
    model: str
    gpu_type: str
    gpu_count: int
    state: str
    created_at: datetime = Field(sa_type=UtcDateTime)


class ValuationRow(CollateralTable, table=True):
    """The headline of a stored valuation; the finding itself is in the finding store under the same id."""

    __tablename__ = "valuation"
    __table_args__ = (Index(None, "case_id", "asset_key", "id"),)

    id: UUID = Field(primary_key=True)
    case_id: UUID
    asset_key: str
    branch: str
    outcome: str
    lending_value: Decimal = Field(sa_type=MONEY)
    currency: str
    ltv: Decimal = Field(sa_type=RATE)
    eligible: bool
    as_of: date
    valid_until: date
    created_at: datetime = Field(sa_type=UtcDateTime)


class AllocationRow(CollateralTable, table=True):
    """An asset's share that secures a facility."""

    __tablename__ = "allocation"
    __table_args__ = (
        UniqueConstraint("asset_id", "facility_id"),
        CheckConstraint("share > 0 AND share <= 1", name="share"),
        CheckConstraint("rank >= 1", name="rank"),
    )

    id: UUID = Field(primary_key=True)
    asset_id: UUID = Field(foreign_key="collateral.asset.id")
    facility_id: UUID
    case_id: UUID = Field(index=True)
    rank: int
    share: Decimal = Field(sa_type=RATE)
    created_by: str
    created_at: datetime = Field(sa_type=UtcDateTime)


class SecurityInterest(CollateralTable, table=True):
    """A security interest as registered or otherwise perfected."""

    __tablename__ = "security_interest"
    __table_args__ = (
        UniqueConstraint("registry_name", "number", "asset_id", postgresql_nulls_not_distinct=True),
        Index(None, "case_id", "id"),
    )

    id: UUID = Field(primary_key=True)
    case_id: UUID
    facility_id: UUID | None = None
    asset_id: UUID | None = Field(default=None, foreign_key="collateral.asset.id", index=True)
    branch: str
    kind: str
    registry_name: str
    number: str
    registered_on: date
    delivered_on: date | None = None
    expires: date | None = None
    certificate_sha256: str
    purchase_money_priority: bool | None = None
    registered_by: str
    created_at: datetime = Field(sa_type=UtcDateTime)


class PriceIndexRow(CollateralTable, table=True):
    """A vintage of a price index. Only added to: what a valuation was pinned to stays as it was."""

    __tablename__ = "price_index"
    __table_args__ = (
        UniqueConstraint("series", "vintage"),
        Index(None, "series", "published_on", "id"),
        Index(None, "gpu_type", "published_on"),
    )

    id: UUID = Field(primary_key=True)
    series: str
    vintage: str
    gpu_type: str
    """In upper case, as valuations ask for it."""
    published_on: date
    body: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    restated: list[str] = Field(sa_column=Column(JSONB, nullable=False))
    sha256: str
    recorded_by: str
    recorded_at: datetime = Field(sa_type=UtcDateTime)
