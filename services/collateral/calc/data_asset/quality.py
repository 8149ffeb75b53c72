"""Quality by dimension: ``α = Σ wᵢ·scoreᵢ / 100``, and at most the policy's ceiling where one dimension is weak (§4.3).

A score is stated by the evaluation report, or follows from the counts of a machine's tests; where both are there the lower
holds. Accuracy is found in a sample: it is taken at the lower end of its interval (Wilson 1927), so that ten records
without a fault are no proof of a million.
"""

from dataclasses import dataclass
from decimal import Decimal

from domain.application import Counted, DataTests, Lag
from domain.data_asset import DataQuality
from domain.finding import TraceStep
from policy.engine.data_asset import DIMENSIONS, Dimension, QualityTerms
from services.collateral.calc.conclusion import plain

_HUNDRED = Decimal(100)


@dataclass(frozen=True)
class Quality:
    """``alpha`` is None while a dimension is not known; ``missing`` names those."""

    alpha: Decimal | None
    missing: tuple[str, ...]
    trace: TraceStep


def quality(scores: DataQuality, terms: QualityTerms) -> Quality:
    """The quality factor α, between 0 and 1."""
    found = {name: _score(name, scores, terms) for name in DIMENSIONS}
    points = {name: score for name, score in found.items() if score is not None}
    missing = tuple(name for name in DIMENSIONS if name not in points)
    alpha = None
    if not missing:
        alpha = sum((terms.weights[name] * points[name] for name in DIMENSIONS), Decimal(0)) / 100
        if min(points.values()) < terms.weak_below:
            alpha = min(alpha, terms.weak_ceiling)
    return Quality(
        alpha,
        missing,
        TraceStep(
            step="data_asset/quality",
            rule="α = Σ w·score / 100; at most the ceiling where a dimension lies below the weak mark",
            inputs={
                name: f"{plain(terms.weights[name])} × {plain(points[name]) if name in points else 'not known'}"
                for name in DIMENSIONS
            }
            | {"weak_below": plain(terms.weak_below), "weak_ceiling": plain(terms.weak_ceiling)}
            | _shown(scores.tests),
            result="unknown" if alpha is None else plain(alpha),
        ),
    )


def _score(name: Dimension, scores: DataQuality, terms: QualityTerms) -> Decimal | None:
    stated: Decimal | None = getattr(scores, name)
    test: Counted | Lag | None = getattr(scores.tests, name) if scores.tests is not None else None
    if test is None:
        return stated
    if isinstance(test, Lag):
        counted = _HUNDRED if test.hours <= test.promised else _HUNDRED * test.promised / test.hours
    elif name == "accuracy":
        counted = _HUNDRED * lower_end(test.right, test.of, terms.sample_deviations)
    else:
        counted = _HUNDRED * test.right / test.of
    return counted if stated is None else min(stated, counted)


def lower_end(right: int, of: int, deviations: Decimal) -> Decimal:
    """The lower end of Wilson's interval for the share that is right, when ``right`` of a sample ``of`` were."""
    share, square = Decimal(right) / of, deviations * deviations
    spread = (share * (1 - share) / of + square / (4 * of * of)).sqrt()
    return max(Decimal(0), (share + square / (2 * of) - deviations * spread) / (1 + square / of))


def _shown(tests: DataTests | None) -> dict[str, str]:
    shown = {}
    for name, test in tests or ():
        if isinstance(test, Lag):
            shown[f"test.{name}"] = f"{plain(test.hours)} h old, {plain(test.promised)} h promised"
        elif isinstance(test, Counted):
            shown[f"test.{name}"] = f"{test.right} of {test.of}"
    return shown
