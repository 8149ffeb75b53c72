"""VAT invoices as their face shows them (增值税发票).

An invoice of the old kinds is told by code and number together, a fully digital one (数电票, 20 digits) by its number alone.
Date, amount and check code are what the tax authority is asked with; they do not make another invoice of a used one.
"""

from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from domain.application.text import Sha256
from domain.canonical import sha256_of
from domain.figures import Day, PositiveMoney
from domain.identity import Uscc
from domain.model import Value

DIGITAL_DIGITS = 20
"""Length of the number of a fully digital invoice, unique in the country."""

InvoiceCode = Annotated[str, StringConstraints(pattern=r"^([0-9]{10}|[0-9]{12})$")]
InvoiceNumber = Annotated[str, StringConstraints(pattern=r"^([0-9]{8}|[0-9]{20})$")]
CheckCode = Annotated[str, StringConstraints(pattern=r"^([0-9]{6}|[0-9]{20})$")]


class Invoice(Value):
    """One invoice. ``amount`` is its total without VAT, as the tax authority's query asks for it."""

    code: InvoiceCode | None = None
    number: InvoiceNumber
    issued: Day
    amount: PositiveMoney
    check_code: CheckCode | None = None
    seller_uscc: Uscc | None = None
    document_sha256: Sha256 | None = Field(default=None)
    """The document in the file that shows it."""

    @model_validator(mode="after")
    def _identified(self) -> "Invoice":
        if self.code is None and len(self.number) != DIGITAL_DIGITS:
            raise PydanticCustomError("invoice_code", "an invoice with a number of eight digits has a code")
        return self

    def mark(self) -> str:
        """The identity by which two invoices are one: the same whatever date, amount or check code is printed on a copy."""
        return invoice_mark(self.code, self.number)

    def particulars(self) -> tuple[date, str, str]:
        """What must agree between two copies of one invoice: date, amount, and the last six digits of the check code."""
        return self.issued, f"{self.amount.amount:.2f}", (self.check_code or "")[-6:]


def invoice_mark(code: str | None, number: str) -> str:
    """The identity of an invoice by code and number. The 20 digits of a digital invoice stand alone."""
    alone = len(number) == DIGITAL_DIGITS
    return sha256_of(["invoice", "" if alone else code or "", number])


def digital_number(text: str | None) -> str | None:
    """The number of a fully digital invoice in a free text, where it is nothing but that; else nothing can be compared."""
    plain = "" if text is None else "".join(text.split())
    return plain if len(plain) == DIGITAL_DIGITS and plain.isascii() and plain.isdecimal() else None


def document_mark(sha256: str) -> str:
    """The identity of an invoice that is only there as a document: its content."""
    return sha256_of(["document", sha256])
