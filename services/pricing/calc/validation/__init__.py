"""Validation of a rating card on what became of the obligors it rated. Pure: bytes of a file in, a report out."""

from services.pricing.calc.validation.reading import SampleFault, SampleRefused, read_sample
from services.pricing.calc.validation.report import ValidationReport, validate
from services.pricing.calc.validation.sample import Obligor, Population, Sample

__all__ = [
    "Obligor",
    "Population",
    "Sample",
    "SampleFault",
    "SampleRefused",
    "ValidationReport",
    "read_sample",
    "validate",
]
