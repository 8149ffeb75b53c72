"""Every statistic that a sample allows, before anything is judged."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, localcontext

from policy.engine import RatingScale, ValidationStandards
from services.pricing.calc.validation.accuracy import (
    Brier,
    HosmerLemeshow,
    RateTest,
    brier,
    hosmer_lemeshow,
    rate_test,
)
from services.pricing.calc.validation.discrimination import Discrimination, Ranked, discrimination
from services.pricing.calc.validation.sample import Obligor, Population, Sample, known
from services.pricing.calc.validation.stability import (
    Overrides,
    Stability,
    by_edges,
    overrides,
    population_stability,
    score_edges,
)
from services.pricing.calc.validation.statistic import CONTEXT, Statistic

CURVE_POINTS = 200
"""Points of the curve that a report keeps; its figures come from all of them."""


@dataclass(frozen=True)
class GradeTest:
    """Defaults of a grade against the mean PD assigned in it, or against its midpoint where the sample states no PD."""

    grade: str
    midpoint: Statistic
    test: RateTest


@dataclass(frozen=True)
class Figures:
    """Statistics of the validation sample; what the sample does not allow is ``None``, never a nought."""

    discrimination: Discrimination | None
    development: Discrimination | None
    """Discrimination on the development sample, for comparison only."""
    brier: Brier | None
    hosmer_lemeshow: HosmerLemeshow | None
    portfolio: RateTest | None
    grades: tuple[GradeTest, ...]
    """Best grade first; grades without an obligor of known outcome are left out."""
    score_stability: Stability | None
    grade_stability: Stability | None
    overrides: Overrides | None


def measure(sample: Sample, scale: RatingScale, standards: ValidationStandards) -> Figures:
    """Discrimination, accuracy, stability and overrides of a sample."""
    reference, current = sample.of(Population.DEVELOPMENT), sample.of(Population.VALIDATION)
    forecasts = [(item.pd, bool(item.defaulted)) for item in known(current) if item.pd is not None]
    pairs = [(item.model_grade, item.grade) for item in current if item.model_grade and item.grade]
    order = [grade.id for grade in scale.grades]
    return Figures(
        discrimination=_told_apart(current),
        development=_told_apart(reference),
        brier=brier(forecasts) if forecasts else None,
        hosmer_lemeshow=hosmer_lemeshow(forecasts, standards.score_bins) if forecasts else None,
        portfolio=_tested([pd for pd, _ in forecasts], sum(bad for _, bad in forecasts), standards.interval),
        grades=_grades(current, scale, standards.interval),
        score_stability=_score_stability(reference, current, standards.score_bins),
        grade_stability=_grade_stability(reference, current, order),
        overrides=overrides(pairs, order, scale.max_override_notches) if pairs else None,
    )


def _told_apart(obligors: Sequence[Obligor]) -> Discrimination | None:
    ranked: list[Ranked] = []
    for item in known(obligors):
        # A file has a score for every row or for none; without one a lower PD is the better risk.
        rank = item.score if item.score is not None else -item.pd if item.pd is not None else None
        if rank is not None:
            ranked.append((rank, bool(item.defaulted)))
    if len({defaulted for _, defaulted in ranked}) < 2:
        return None
    found = discrimination(ranked)
    points = found.curve
    step = -(-len(points) // CURVE_POINTS)
    return replace(found, curve=(*points[:-1:step], points[-1]))


def _tested(pds: Sequence[Decimal], defaulted: int, interval: Decimal) -> RateTest | None:
    if not pds:
        return None
    with localcontext(CONTEXT):
        mean = sum(pds, Decimal(0)) / len(pds)
    return rate_test(len(pds), defaulted, mean, interval)


def _grades(obligors: Sequence[Obligor], scale: RatingScale, interval: Decimal) -> tuple[GradeTest, ...]:
    tests = []
    for grade in scale.grades:
        members = [item for item in known(obligors) if item.grade == grade.id]
        pds = [item.pd if item.pd is not None else grade.midpoint for item in members]
        test = _tested(pds, sum(1 for item in members if item.defaulted), interval)
        if test is not None:
            tests.append(GradeTest(grade.id, grade.midpoint, test))
    return tuple(tests)


def _score_stability(reference: Sequence[Obligor], current: Sequence[Obligor], bins: int) -> Stability | None:
    then = [item.score for item in reference if item.score is not None]
    now = [item.score for item in current if item.score is not None]
    if not then or not now:
        return None
    edges = score_edges(then, bins)
    return population_stability(by_edges(then, edges), by_edges(now, edges))


def _grade_stability(reference: Sequence[Obligor], current: Sequence[Obligor], order: list[str]) -> Stability | None:
    then = Counter(item.grade for item in reference if item.grade)
    now = Counter(item.grade for item in current if item.grade)
    if not then or not now:
        return None
    return population_stability({grade: then[grade] for grade in order}, now)
