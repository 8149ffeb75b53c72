"""What cases leave behind by which other cases are compared with them: marks of things, invoices, parties, trade and prices.

All of it follows from frozen content and from drawings, and can be laid down again from them; it is an index over the books
and no record of its own. Persons, telephones, addresses and accounts are digests.
"""

from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlmodel import Field

from services.kit.database import RATE, UNIT_PRICE, new_id
from services.origination.tables.base import OriginationTable

_CASE = "origination.application.case_id"


class TracedCase(OriginationTable, table=True):
    """Up to which version of its content a case has left its traces."""

    __tablename__ = "traced_case"

    of_case: UUID = Field(primary_key=True, foreign_key=_CASE)
    content_version: int


class PledgeTrace(OriginationTable, table=True):
    """A thing that secures a case and is no server: a receivable, an order, data by content or certificate."""

    __tablename__ = "pledge_trace"
    __table_args__ = (Index("ix_pledge_trace_mark", "mark"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    of_case: UUID = Field(foreign_key=_CASE, index=True)
    asset_key: str
    what: str
    mark: str


class InvoiceTrace(OriginationTable, table=True):
    """A use of an invoice, by a case or by one of its drawings."""

    __tablename__ = "invoice_trace"
    __table_args__ = (Index("ix_invoice_trace_mark", "mark"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    of_case: UUID = Field(foreign_key=_CASE, index=True)
    of_drawing: UUID | None = Field(default=None, sa_column_args=[ForeignKey("origination.utilisation.id")], index=True)
    mark: str
    particulars: str
    """Digest of date, amount and check code; empty where only the document or the number is there."""
    pointer: str


class PartyTrace(OriginationTable, table=True):
    """A part that a company has in a case. ``asset_vendor`` is a supplier of a case that acquires equipment or works."""

    __tablename__ = "party_trace"
    __table_args__ = (
        Index("ix_party_trace_party", "uscc", "role"),
        Index("ix_party_trace_borrower", "borrower_uscc", "role"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    of_case: UUID = Field(foreign_key=_CASE, index=True)
    borrower_uscc: str
    role: str
    uscc: str


class TieTrace(OriginationTable, table=True):
    """A tie of a company as a case states it (``domain.integrity.Tie``)."""

    __tablename__ = "tie_trace"
    __table_args__ = (Index("ix_tie_trace_subject", "subject"), Index("ix_tie_trace_other", "other", "subject"))

    id: UUID = Field(default_factory=new_id, primary_key=True)
    of_case: UUID = Field(foreign_key=_CASE, index=True)
    subject: str
    kind: str
    other: str
    share: Decimal | None = Field(default=None, sa_type=RATE)


class TradeTrace(OriginationTable, table=True):
    """Money owed by a contract or a purchase, from one company to another. Payments themselves are transfers."""

    __tablename__ = "trade_trace"
    __table_args__ = (Index("ix_trade_trace_payer", "payer", "on_day"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    of_case: UUID = Field(foreign_key=_CASE, index=True)
    payer: str
    payee: str
    on_day: date
    source: str
    reference: str


class PriceTrace(OriginationTable, table=True):
    """What a case pays for an accelerator in new servers: the median per GPU without VAT."""

    __tablename__ = "price_trace"
    __table_args__ = (Index("ix_price_trace_type", "gpu_type", "per_gpu"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    of_case: UUID = Field(foreign_key=_CASE, index=True)
    gpu_type: str
    per_gpu: Decimal = Field(sa_type=UNIT_PRICE)
