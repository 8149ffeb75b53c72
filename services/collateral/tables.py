"""Tables of the collateral service (schema ``collateral``)."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
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
    inventory_sha256: str | None = None
    """The list its servers were imported from; None where they were entered with the asset."""
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
    site: str | None = None
    rack: str | None = None
    purchased: date | None = None
    state: str
    created_at: datetime = Field(sa_type=UtcDateTime)


class Gpu(CollateralTable, table=True):
    """In which server a GPU sits, as it was pledged: both by their identities. It holds as long as a server of that serial
    is held for a case."""

    __tablename__ = "gpu"

    identity: str = Field(primary_key=True)
    serial: str = Field(index=True)


class ImportRow(CollateralTable, table=True):
    """An import of an inventory. ``runner`` works on it until ``leased_until``; after that, whoever comes first takes over."""

    __tablename__ = "import_job"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'running', 'done', 'refused', 'failed')", name="state"),
        Index(
            "uq_import_job_asset_id_unfinished",
            "asset_id",
            unique=True,
            postgresql_where=text("state IN ('waiting', 'running')"),
        ),
        Index(None, "branch", "id"),
    )

    id: UUID = Field(primary_key=True)
    asset_id: UUID = Field(foreign_key="collateral.asset.id")
    branch: str
    document_sha256: str
    media_type: str
    size: int = Field(sa_type=BigInteger)
    state: str
    phase: str
    rows_read: int = 0
    rows_entered: int = 0
    servers: int = 0
    gpus: int = 0
    faults: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    fault_count: int = 0
    attempts: int = 0
    runner: UUID | None = None
    leased_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    requested_by: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


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


class CaseConclusion(CollateralTable, table=True):
    """A conclusion about a case as a whole: what its assets and cash flow carry, how its plan stands under stress. The
    finding itself is in the finding store under the same id."""

    __tablename__ = "case_conclusion"
    __table_args__ = (Index(None, "case_id", "kind", "id"),)

    id: UUID = Field(primary_key=True)
    case_id: UUID
    kind: str
    branch: str
    outcome: str
    as_of: date
    created_at: datetime = Field(sa_type=UtcDateTime)


class RevaluationRow(CollateralTable, table=True):
    """A fleet valued anew. ``runner`` works on it until ``leased_until``; after that, whoever comes first goes on from where
    it stopped. ``cohorts`` None: not grouped yet."""

    __tablename__ = "revaluation"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'running', 'done', 'failed')", name="state"),
        Index(None, "branch", "id"),
        Index("ix_revaluation_unfinished", "id", postgresql_where=text("state IN ('waiting', 'running')")),
    )

    id: UUID = Field(primary_key=True)
    branch: str
    state: str
    request: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    cohorts: int | None = None
    cohorts_done: int = 0
    servers: int = Field(default=0, sa_type=BigInteger)
    servers_unvalued: int = Field(default=0, sa_type=BigInteger)
    value_before: Decimal = Field(default=Decimal(0), sa_type=MONEY)
    value_after: Decimal = Field(default=Decimal(0), sa_type=MONEY)
    attempts: int = 0
    runner: UUID | None = None
    leased_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    requested_by: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class RevaluedCohort(CollateralTable, table=True):
    """A cohort of a revaluation: as it was found, and its value path once it has one."""

    __tablename__ = "revaluation_cohort"
    __table_args__ = (UniqueConstraint("revaluation_id", "position"), Index(None, "revaluation_id", "id"))

    id: UUID = Field(primary_key=True)
    revaluation_id: UUID = Field(foreign_key="collateral.revaluation.id")
    position: int
    case_id: UUID
    asset_key: str
    model: str
    gpu_type: str
    gpus_per_server: int
    purchased_in: date | None = None
    servers: int
    age_months: int | None = None
    rent_factor: Decimal = Field(sa_type=RATE)
    valuation_id: UUID | None = None
    """The valuation whose cash lines and price it is valued on."""
    code: str = ""
    value_before: Decimal | None = Field(default=None, sa_type=MONEY)
    path: list[Decimal] | None = Field(default=None, sa_column=Column(ARRAY(MONEY)))


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
    registered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """The instant by the registry's clock, which tells registrations of one day apart."""
    agreed_on: date | None = None
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


class InterestChange(CollateralTable, table=True):
    """What became of a registration: extended or cancelled. Only ever added."""

    __tablename__ = "security_interest_change"
    __table_args__ = (CheckConstraint("kind IN ('extended', 'cancelled')", name="kind"),)

    id: UUID = Field(primary_key=True)
    interest_id: UUID = Field(foreign_key="collateral.security_interest.id", index=True)
    kind: str
    effective_on: date
    expires: date | None = None
    remark: str = ""
    changed_by: str
    created_at: datetime = Field(sa_type=UtcDateTime)


class LienWaiverRow(CollateralTable, table=True):
    """An operator's waiver of the possessory lien on what stands in its rooms (Civil Code §456). Only ever added."""

    __tablename__ = "lien_waiver"
    __table_args__ = (Index(None, "asset_id", "id"),)

    id: UUID = Field(primary_key=True)
    asset_id: UUID = Field(foreign_key="collateral.asset.id")
    branch: str
    operator: str
    site: str
    signed_on: date
    valid_until: date | None = None
    document_sha256: str
    entered_by: str
    created_at: datetime = Field(sa_type=UtcDateTime)


class SiteKey(CollateralTable, table=True):
    """The public key by which a site's statements are checked; good once a second person has confirmed it."""

    __tablename__ = "site_key"
    __table_args__ = (UniqueConstraint("public_key"), Index(None, "branch", "id"))

    id: UUID = Field(primary_key=True)
    site: str
    branch: str
    public_key: str
    registered_by: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    confirmed_by: str | None = None
    confirmed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoked_by: str | None = None
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Challenge(CollateralTable, table=True):
    """A nonce for one attestation of one asset at one site."""

    __tablename__ = "attestation_challenge"
    __table_args__ = (UniqueConstraint("nonce"),)

    id: UUID = Field(primary_key=True)
    asset_id: UUID = Field(foreign_key="collateral.asset.id", index=True)
    site: str
    branch: str
    nonce: str
    issued_by: str
    issued_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class AttestationRow(CollateralTable, table=True):
    """The headline of an attestation; the finding itself is in the finding store under the same id. Only ever added."""

    __tablename__ = "attestation"
    __table_args__ = (Index(None, "asset_id", "id"), Index(None, "branch", "id"))

    id: UUID = Field(primary_key=True)
    asset_id: UUID = Field(foreign_key="collateral.asset.id")
    challenge_id: UUID = Field(foreign_key="collateral.attestation_challenge.id", unique=True)
    key_id: UUID = Field(foreign_key="collateral.site_key.id")
    site: str
    branch: str
    outcome: str
    pledged: int
    present: int
    missing: int
    taken_at: datetime = Field(sa_type=UtcDateTime)
    as_of: date
    created_at: datetime = Field(sa_type=UtcDateTime)


class AttestedServer(CollateralTable, table=True):
    """Where a pledged server was last seen answering, by its identity."""

    __tablename__ = "attested_server"

    serial: str = Field(primary_key=True)
    site: str
    attestation_id: UUID = Field(foreign_key="collateral.attestation.id")
    taken_at: datetime = Field(sa_type=UtcDateTime)


class RegistrySearchRow(CollateralTable, table=True):
    """The headline of a search of the registry; the finding is in the finding store under the same id. Only ever added."""

    __tablename__ = "registry_search"
    __table_args__ = (Index(None, "asset_id", "id"), Index(None, "branch", "id"))

    id: UUID = Field(primary_key=True)
    asset_id: UUID = Field(foreign_key="collateral.asset.id")
    branch: str
    outcome: str
    entries: int
    as_of: date
    searched_by: str
    created_at: datetime = Field(sa_type=UtcDateTime)
