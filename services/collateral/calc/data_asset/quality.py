"""Quality by dimension: ``α = Σ wᵢ·scoreᵢ / 100``, and at most the policy's ceiling where one dimension is weak (§4.3)."""

from dataclasses import dataclass
from decimal import Decimal

from domain.data_asset import DataQuality
from domain.finding import TraceStep
from policy.engine.data_asset import DIMENSIONS, QualityTerms
from services.collateral.calc.conclusion import plain


@dataclass(frozen=True)
class Quality:
    """``alpha`` is None while a dimension is not known; ``missing`` names those."""

    alpha: Decimal | None
    missing: tuple[str, ...]
    trace: TraceStep


def quality(scores: DataQuality, terms: QualityTerms) -> Quality:
    """The quality factor α, between 0 and 1."""
    found: dict[str, Decimal | None] = {name: getattr(scores, name) for name in DIMENSIONS}
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
            | {"weak_below": plain(terms.weak_below), "weak_ceiling": plain(terms.weak_ceiling)},
            result="unknown" if alpha is None else plain(alpha),
        ),
    )
