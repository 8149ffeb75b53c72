"""A lender's programmes as counters: what was booked or intended under them, against floors that limit nothing."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from domain.application.tags import ApplicationTag
from domain.application.text import Code, Label
from domain.figures import Day, figure
from domain.model import Value
from domain.money import Money

Volume = Annotated[Money, figure("CNY", "[0, 100 trillion]", at_least="0", at_most="100000000000000")]
"""What one book or letter can speak of; sums of many still fit a money amount."""
PositiveVolume = Annotated[Money, figure("CNY", "(0, 100 trillion]", above="0", at_most="100000000000000")]
InstrumentCode = Literal["equity", "loan", "bond", "guarantee", "lease"]


class ProgrammeFigureBody(Value):
    """``POST /v1/programmes/{id}/figures``: what another book holds under the programme, cumulated up to a day."""

    instrument: InstrumentCode
    amount: Volume
    as_of: Day
    book: Code
    """Whose book it is; the latest figure of each book counts, so that a correction replaces and nothing is added twice."""
    source: Label


class ProgrammeFigureView(ProgrammeFigureBody):
    figure_id: UUID
    programme: Code
    entered_by: str
    created_at: datetime


class InstrumentSum(Value):
    instrument: InstrumentCode
    own: Money
    """Of facilities granted here."""
    reported: Money
    """By other books."""


class FloorStanding(Value):
    """``short`` is no refusal: it says how much is still to be brought."""

    id: str
    at_least: Money
    counted: Money
    status: Literal["met", "short"]
    code: str = ""
    short_by: Money


class ProgrammeStanding(Value):
    programme: Code
    version: str
    as_of: date
    until: date | None
    counts: Literal["booked", "intentions", "nothing"]
    instruments: tuple[InstrumentSum, ...]
    total: Money
    facilities: int
    intentions: int
    floors: tuple[FloorStanding, ...]


class FlagSum(Value):
    flag: Code
    title_zh: str
    title_en: str
    loans: int
    amount: Money


class StrategicFlagReport(Value):
    """Σ by flag, and the total in which a loan counts once however many flags it carries."""

    as_of: date
    flags: tuple[FlagSum, ...]
    loans: int
    amount: Money


class TagView(Value):
    """A tag of an application, as the list of its policy spells it."""

    list: Code
    tag: Code
    family: str
    title_zh: str
    title_en: str
    document_number: str | None
    route_to: str | None
    """Desk that sees the case because of the tag; admission, score and limit do not know of it."""


class IntentionLine(Value):
    """One credit the letter speaks of. A product's cap holds for each line, so that more is to be split into several."""

    instrument: InstrumentCode
    product: Code | None = None
    amount: PositiveVolume


class IntentionBody(Value):
    """``POST /v1/intentions``: a letter of intention. It is no facility: exposure and limit are those of what is approved."""

    lender_id: Code
    customer_id: UUID
    programme: Code | None = None
    signing: Code | None = None
    """The occasion on which several letters were signed together."""
    reference: Code
    """The letter's number with the lender; unique for each."""
    signed_on: Day
    lines: Annotated[tuple[IntentionLine, ...], Field(min_length=1, max_length=20)]
    tags: Annotated[tuple[ApplicationTag, ...], Field(max_length=20)] = ()


class IntentionView(IntentionBody):
    intention_id: UUID
    total: Money
    branch: str
    entered_by: str
    created_at: datetime
