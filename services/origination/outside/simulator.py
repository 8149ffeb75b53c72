"""Simulated sources: what they say follows from the company's code or the invoice's number, the same on every day.

Most companies are registered, active and clean. The last digits of what is asked decide on the rest, so that a demonstration or
a test brings a case of each kind about by choosing them; ``Told`` overrides single answers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from domain.application.invoices import Invoice
from domain.integrity import BureauReport, CourtRecord, InvoiceRecord, RegistryExtract
from domain.money import ZERO
from services.origination.calc.consents import QueryPermit
from services.origination.outside.adapter import OutsideSources, SourceSilent

_INVOICE_STATES: Final = {"00": "void", "01": "red_letter", "02": "unknown"}


@dataclass(frozen=True)
class Told:
    """Answers that were laid down, by code. What a source has no answer for it says nothing about."""

    registry: Mapping[str, RegistryExtract | None] = field(default_factory=dict)
    courts: Mapping[str, CourtRecord] = field(default_factory=dict)
    bureau: Mapping[str, BureauReport] = field(default_factory=dict)


class SimulatedRegistry:
    """A registry that holds what it was told, and is silent about everybody else: it cannot know a company's name."""

    def __init__(self, told: Told) -> None:
        self._told = told

    async def extract(self, uscc: str) -> RegistryExtract | None:
        if uscc not in self._told.registry:
            raise SourceSilent(uscc)
        return self._told.registry[uscc]


class SimulatedInvoices:
    """A tax authority to which invoices are valid, unless their number ends in 00 (void), 01 (reversed) or 02 (unknown)."""

    async def verify(self, invoice: Invoice) -> InvoiceRecord:
        status = _INVOICE_STATES.get(invoice.number[-2:], "valid")
        return InvoiceRecord.model_validate({"mark": invoice.mark(), "status": status})


class SimulatedCourts:
    """Courts that have nothing against anybody they were not told of."""

    def __init__(self, told: Told) -> None:
        self._told = told

    async def record(self, uscc: str) -> CourtRecord:
        return self._told.courts.get(uscc, CourtRecord(uscc=uscc, dishonest_debtor=False, open_enforcements=0))


class SimulatedBureau:
    """A bureau with a clean report on everybody it was not told of."""

    def __init__(self, told: Told) -> None:
        self._told = told

    async def report(self, permit: QueryPermit) -> BureauReport | None:
        uscc = permit.subject_uscc
        if uscc is None:
            return None
        told = self._told.bureau.get(uscc)
        if told is not None:
            return told.model_copy(update={"consent_sha256": permit.consent_sha256})
        return BureauReport(
            uscc=uscc, consent_sha256=permit.consent_sha256, overdue=ZERO, written_off=False, attention_classes=0
        )


def simulated(told: Told | None = None) -> OutsideSources:
    """All four sources, simulated."""
    answers = told or Told()
    return OutsideSources(
        registry=SimulatedRegistry(answers),
        invoices=SimulatedInvoices(),
        courts=SimulatedCourts(answers),
        bureau=SimulatedBureau(answers),
    )
