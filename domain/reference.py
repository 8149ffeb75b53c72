"""Reference data: dated, append-only, looked up as of use and recorded by hash. It is not policy and is never pinned."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field

from domain.application.text import Code, Label
from domain.model import Value
from domain.money import Money, Rate

ReferenceId = Literal["lpr", "ftp", "calendar", "lender", "list"]


class ReferenceVintage(Value):
    """One vintage of one series, as origination keeps and serves it."""

    id: Code
    """``lpr``, ``ftp``, ``calendar.cn``, ``lender.nxb``, ``list.blacklist`` …"""
    vintage: Code
    effective_from: date
    source: Label
    illustrative: bool = False
    body: dict[str, Any]
    """The series itself; its type follows from the id (``Lpr``, ``FtpCurve``, ``BusinessCalendar``, ``LenderBooks`` …)."""
    sha256: str = ""


class Lpr(Value):
    """Loan prime rates as published by the National Interbank Funding Center on a date."""

    one_year: Rate
    five_year: Rate
    published: date


class FtpPoint(Value):
    months: Annotated[int, Field(ge=1, le=600)]
    rate: Rate


class FtpCurve(Value):
    """Funds transfer price by tenor; between points linear, beyond the last flat."""

    points: Annotated[tuple[FtpPoint, ...], Field(min_length=1, max_length=100)]


class LenderBooks(Value):
    """The lender's own figures that limits are measured against."""

    lender_id: Code
    name: Label
    licence: Literal["bank", "rural_bank", "city_bank", "finance_lease"]
    region: Code
    capital_method: Literal["standardised", "irb_foundation"]
    net_capital: Money
    tier1_capital: Money
    tax_rate: Rate
    branches: tuple[Code, ...] = ()


class NamedList(Value):
    """A list of codes: legal entities (blacklist, known off-takers, suppliers), or types of goods."""

    entries: Annotated[tuple[str, ...], Field(max_length=100_000)]
