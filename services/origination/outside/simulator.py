"""Simulated sources: what they say follows from the company's code or the invoice's number, the same on every day.

Companies of the examples are registered, active and clean. The last digits of an invoice decide on its state, so that a
demonstration brings a case of each kind about by choosing them; ``Told`` lays single answers down.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import yaml

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


_COMPANIES: Final = Path(__file__).with_name("companies.yaml")


class SimulatedRegistry:
    """A registry that holds the companies of the examples and what it was told, and is silent about everybody else: it cannot
    know a company's name."""

    def __init__(self, told: Told) -> None:
        self._told = told
        self._names: dict[str, str] = yaml.safe_load(_COMPANIES.read_text("utf-8"))

    async def extract(self, uscc: str) -> RegistryExtract | None:
        if uscc in self._told.registry:
            return self._told.registry[uscc]
        if uscc not in self._names:
            raise SourceSilent(uscc)
        return RegistryExtract(uscc=uscc, name=self._names[uscc], status="active")


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
