"""Does the population still look like the one the card was built on, and how often do people set the card aside?"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext

from services.pricing.calc.validation.statistic import CONTEXT, Statistic

_HALF = Decimal("0.5")


@dataclass(frozen=True)
class Band:
    """One band: obligors then and now, and its part of the index. ``filled`` says that one side was empty and half an
    obligor stands in its place, for the logarithm of nothing has no value.
    """

    label: str
    reference: int
    current: int
    part: Statistic
    filled: bool


@dataclass(frozen=True)
class Stability:
    bands: tuple[Band, ...]
    psi: Statistic


def population_stability(reference: Mapping[str, int], current: Mapping[str, int]) -> Stability:
    """``PSI = Σ (a − e) ln(a ÷ e)`` over bands in the order of ``reference``; a band that is empty on both sides is left
    out. Raises ``ValueError`` where either population is empty or ``current`` has a band the reference does not name.
    """
    if set(current) - set(reference):
        raise ValueError("every band is named by the reference")
    then, now = sum(reference.values()), sum(current.values())
    if not then or not now:
        raise ValueError("stability compares two populations")
    bands = []
    with localcontext(CONTEXT):
        for label, before in reference.items():
            after = current.get(label, 0)
            if not before and not after:
                continue
            expected, actual = (before or _HALF) / Decimal(then), (after or _HALF) / Decimal(now)
            part = (actual - expected) * (actual / expected).ln()
            bands.append(Band(label, before, after, part, not before or not after))
        return Stability(tuple(bands), sum((band.part for band in bands), Decimal(0)))


def score_edges(reference: Sequence[Decimal], bins: int) -> tuple[Decimal, ...]:
    """Upper edges of at most ``bins`` − 1 bands holding about equally many of the reference; the last band is open."""
    ordered = sorted(reference)
    edges = [ordered[k * len(ordered) // bins - 1] for k in range(1, bins) if k * len(ordered) // bins > 0]
    return tuple(edge for edge in dict.fromkeys(edges) if edge < ordered[-1])


def by_edges(scores: Sequence[Decimal], edges: Sequence[Decimal]) -> dict[str, int]:
    """How many scores lie in each band; an edge belongs to the band below it."""
    shown = [format(edge.normalize(), "f") for edge in edges]
    labels = [*(f"≤ {edge}" for edge in shown), f"> {shown[-1]}" if shown else "*"]
    counts = dict.fromkeys(labels, 0)
    for score in scores:
        counts[labels[bisect_left(edges, score)]] += 1
    return counts


@dataclass(frozen=True)
class Overrides:
    """Ratings that a person moved: ``better`` up the scale, ``worse`` down; ``notches`` counts them by distance
    (negative is better), and ``beyond`` are those further than the scale allows.
    """

    ratings: int
    better: int
    worse: int
    beyond: int
    notches: dict[int, int]
    rate: Statistic


def overrides(pairs: Sequence[tuple[str, str]], grades: Sequence[str], most: int) -> Overrides:
    """Count what became of the model's grade: ``pairs`` of (model's grade, grade in force), ``grades`` best first.

    Raises ``ValueError`` without a rating or for a grade that is not of the scale.
    """
    if not pairs:
        raise ValueError("a rate needs at least one rating")
    place = {grade: index for index, grade in enumerate(grades)}
    if missing := {grade for pair in pairs for grade in pair} - set(place):
        raise ValueError(f"not grades of the scale: {sorted(missing)}")
    moved: dict[int, int] = {}
    for model, final in pairs:
        if distance := place[final] - place[model]:
            moved[distance] = moved.get(distance, 0) + 1
    better = sum(number for distance, number in moved.items() if distance < 0)
    worse = sum(number for distance, number in moved.items() if distance > 0)
    return Overrides(
        ratings=len(pairs),
        better=better,
        worse=worse,
        beyond=sum(number for distance, number in moved.items() if abs(distance) > most),
        notches=dict(sorted(moved.items())),
        rate=CONTEXT.divide(Decimal(better + worse), Decimal(len(pairs))),
    )
