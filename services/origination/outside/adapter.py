"""The adapters to sources outside of the bank. One that is not connected is ``None``: nothing is concluded from it.

A source is asked about one company or invoice at a time. It answers, has nothing under that name, or is silent; silence and
nothing are told apart, for a company nobody has registered is a finding and a registry that is down is none.
"""

from dataclasses import dataclass
from typing import Protocol

from domain.application.invoices import Invoice
from domain.integrity import BureauReport, CourtRecord, InvoiceRecord, RegistryExtract
from services.origination.calc.consents import QueryPermit


class SourceSilent(Exception):
    """The source gave no answer; whether it has anything is unknown."""


class BusinessRegistry(Protocol):
    """工商登记. Every tie of an extract names persons, telephones and addresses by digests, made at this edge."""

    async def extract(self, uscc: str) -> RegistryExtract | None:
        """The record of a company; ``None`` where none is registered. Raises ``SourceSilent``."""
        ...


class InvoiceVerification(Protocol):
    """增值税发票查验, with code, number, date, amount and check code as they are printed."""

    async def verify(self, invoice: Invoice) -> InvoiceRecord:
        """What the tax authority says of an invoice today. Raises ``SourceSilent``."""
        ...


class CourtRecords(Protocol):
    """失信被执行人、被执行人."""

    async def record(self, uscc: str) -> CourtRecord:
        """What the courts have against a company. Raises ``SourceSilent``."""
        ...


class CreditBureau(Protocol):
    """企业征信. It is asked with a permit and with nothing else; permits are made from consents that lie in the file."""

    async def report(self, permit: QueryPermit) -> BureauReport | None:
        """The report on the permit's subject; ``None`` where the bureau has none. Raises ``SourceSilent``."""
        ...


@dataclass(frozen=True)
class OutsideSources:
    """The sources that are connected."""

    registry: BusinessRegistry | None = None
    invoices: InvoiceVerification | None = None
    courts: CourtRecords | None = None
    bureau: CreditBureau | None = None
