"""Visits of a campaign and the needs they found: what comes before an application."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from domain.application.text import Code, Label
from domain.figures import Day, PositiveMoney
from domain.identity import Uscc
from domain.model import Value


class VisitNeed(Value):
    """What the firm needs, as far as it said."""

    purpose: Code
    product: Code | None = None
    amount: PositiveMoney | None = None


class VisitBody(Value):
    """``POST /v1/visits``. Firms only: nobody's name, number or face belongs here."""

    programme: Code
    reference: Code
    """The visit's number in the campaign; unique for each programme."""
    visited_on: Day
    firm_name: Label
    firm_uscc: Uscc | None = None
    need: VisitNeed | None = None
    green_channel: Code | None = None
    """The channel a need came in through; it says by when the need is answered."""


class VisitEntry(Value):
    """A visit in an import, whose programme is that of the whole."""

    reference: Code
    visited_on: Day
    firm_name: Label
    firm_uscc: Uscc | None = None
    need: VisitNeed | None = None
    green_channel: Code | None = None


class VisitImport(Value):
    """``POST /v1/visits/import``: the campaign's list up to a day on which the lender announced its counts. All or nothing."""

    programme: Code
    counted_on: Day
    visits: Annotated[tuple[VisitEntry, ...], Field(min_length=1, max_length=5000)]


class VisitImportResult(Value):
    programme: Code
    counted_on: date
    visits: int
    needs: int
    added: int
    """Visits that were not in the register before; the same list sent again adds none."""


class VisitApplicationBody(Value):
    """``POST /v1/visits/{id}/application``."""

    lender_id: Code
    customer_id: UUID | None = None


class VisitView(VisitBody):
    visit_id: UUID
    branch: str
    answer_due: date | None
    """Last business day for an answer through the green channel."""
    sla: Literal["none", "running", "met", "missed"]
    application_id: UUID | None
    answered_on: date | None
    entered_by: str
    created_at: datetime
    version: int
