"""The validation report of a card: whom it was measured on, every statistic, and what follows."""

from datetime import date
from typing import Literal

from domain.finding import ModelRef, Outcome, PolicyRef, worst
from domain.model import Value
from policy.engine import Bundle
from services.pricing.calc.validation.figures import Figures, measure
from services.pricing.calc.validation.judgement import Check, judge
from services.pricing.calc.validation.sample import Population, Sample, defaults, known

MODEL = ModelRef(id="model_validation", version="1")


class Counted(Value):
    """One population: obligors, those whose outcome is known, and the defaults among them."""

    population: Population
    obligors: int
    known: int
    defaults: int


class ValidationReport(Value):
    """The same sample, policy and day give the same bytes: nothing here depends on when or where it was made."""

    outcome: Outcome
    """The worst of the checks."""
    as_of: date
    inputs_sha256: str
    """Of the file as it came."""
    scale: PolicyRef
    standards: PolicyRef
    model: ModelRef
    populations: tuple[Counted, ...]
    ranked_by: Literal["score", "pd"]
    pd_of_grade: Literal["mean", "midpoint"]
    figures: Figures
    checks: tuple[Check, ...]


def validate(sample: Sample, bundle: Bundle, scale_id: str, as_of: date, inputs_sha256: str) -> ValidationReport:
    """Validate a card on a sample, by the master scale and the standards in force on ``as_of``.

    Raises ``PolicyNotInForce`` where the bundle has no such scale or no standards on that day.
    """
    scale = bundle.rating_scale(scale_id, as_of)
    standards = bundle.validation_standards(as_of)
    figures = measure(sample, scale, standards)
    defaulted = defaults(sample.of(Population.VALIDATION))
    checks = judge(figures, standards, scale.max_override_notches, defaulted)
    return ValidationReport(
        outcome=worst([check.outcome for check in checks]),
        as_of=as_of,
        inputs_sha256=inputs_sha256,
        scale=bundle.ref(scale),
        standards=bundle.ref(standards),
        model=MODEL,
        populations=tuple(_counted(population, sample) for population in Population),
        ranked_by="score" if "score" in sample.columns else "pd",
        pd_of_grade="mean" if "pd" in sample.columns else "midpoint",
        figures=figures,
        checks=checks,
    )


def _counted(population: Population, sample: Sample) -> Counted:
    obligors = sample.of(population)
    return Counted(
        population=population, obligors=len(obligors), known=len(known(obligors)), defaults=defaults(obligors)
    )
