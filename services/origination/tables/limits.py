"""Reservations on the limit tree: what a case holds of its customer's and its group's ceilings, and every movement of it.

A reservation names the ceilings it stands on once and for all. Triggers of the migration carry its balance to those
lines, so that a line always shows what its reservations add up to, and refuse a balance that its entries do not.
"""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from services.kit.database import MONEY, UtcDateTime, new_id, now
from services.origination.tables.base import OriginationTable

_CASE = "origination.application.case_id"
_LINE = "origination.credit_line.id"
_STANDS = text("reserved + committed > 0")


class LimitReservation(OriginationTable, table=True):
    """What one case holds: reserved with its approval, committed with its agreement, nothing once it is given back."""

    __tablename__ = "limit_reservation"
    __table_args__ = (
        UniqueConstraint("case_id", "step"),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("reserved >= 0 AND committed >= 0", name="not_negative"),
        CheckConstraint("reserved + committed <= amount", name="within_amount"),
        CheckConstraint("reserved = 0 OR committed = 0", name="one_state"),
        Index("uq_limit_reservation_standing", "case_id", unique=True, postgresql_where=_STANDS),
        Index("ix_limit_reservation_customer", "customer_id", postgresql_where=_STANDS),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    case_id: UUID = Field(foreign_key=_CASE)
    step: str
    """The step of the process that asked for it: asked again, the answer is that of the first time."""
    lender_id: str
    customer_id: UUID = Field(foreign_key="origination.customer.id")
    group_id: UUID | None = Field(default=None, foreign_key="origination.customer_group.id", index=True)
    """The customer's group when it was reserved."""
    customer_line_id: UUID | None = Field(default=None, foreign_key=_LINE, index=True)
    """The customer's own ceiling it stands on."""
    group_line_id: UUID | None = Field(default=None, foreign_key=_LINE, index=True)
    """The group's ceiling it stands on where no line of the customer has a part of it allocated."""
    exposure_kind: str
    """Kind of credit by the policy table ``conversion_factors``."""
    amount: Decimal = Field(sa_type=MONEY)
    reserved: Decimal = Field(sa_type=MONEY)
    committed: Decimal = Field(sa_type=MONEY)
    currency: str = "CNY"
    as_of: date
    lapses_on: date | None = None
    """The approval's last day; the case ends with it, and its end gives the reservation back."""
    reserved_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    version: int = 1


class LimitEntry(OriginationTable, table=True):
    """One movement of a reservation, as signed changes of its two balances. Never changed, never removed."""

    __tablename__ = "limit_entry"
    __table_args__ = (
        UniqueConstraint("reservation_id", "kind", "step"),
        CheckConstraint("kind IN ('reserve', 'commit', 'release')", name="kind"),
        CheckConstraint(
            "(kind = 'reserve' AND reserved > 0 AND committed = 0)"
            " OR (kind = 'commit' AND committed > 0 AND reserved = -committed)"
            " OR (kind = 'release' AND reserved <= 0 AND committed <= 0 AND reserved + committed < 0)",
            name="movement",
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    case_id: UUID = Field(foreign_key=_CASE)
    reservation_id: UUID = Field(foreign_key="origination.limit_reservation.id", index=True)
    kind: str
    reserved: Decimal = Field(sa_type=MONEY)
    committed: Decimal = Field(sa_type=MONEY)
    step: str
    as_of: date
    at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
