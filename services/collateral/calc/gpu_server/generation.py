"""The newest generation a server is held against (domain paper §3.5 step 1, functional obsolescence)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from domain.collateral import CohortSubject, ModernEquivalent
from domain.finding import Reason
from domain.gpu_valuation import Generation
from domain.money import RATE_SCALE, Rounding, rounded
from services.collateral.calc.conclusion import reason


@dataclass(frozen=True)
class Newest:
    """``equivalent`` is None where nobody says what the newest generation is. ``source`` names who does."""

    equivalent: ModernEquivalent | None
    source: str
    stale: tuple[Reason, ...]


def newest_generation(cohort: CohortSubject, seen: Sequence[Generation], on: date, believed_days: int) -> Newest:
    """What the case itself names, else the generation that does the same work for the least money.

    Servers are compared by the work they do: ``Q = share·inference + (1 − share)·training``; where the share is not
    known, by the kind of work at which the newer server is furthest ahead. A price older than ``believed_days`` still
    counts, for leaving it out would raise the value, and is referred.
    """
    if cohort.modern_equivalent is not None:
        return Newest(cohort.modern_equivalent, "the case", ())
    alike = [item for item in seen if item.gpus_per_server == cohort.gpus_per_server]
    if not alike:
        return Newest(None, "", ())
    cheapest = min(alike, key=lambda item: (item.price_ex_vat.amount / _throughput(cohort, item), item.index_id))
    equivalent = ModernEquivalent(
        price=cheapest.price_ex_vat,
        throughput_ratio=rounded(_throughput(cohort, cheapest), RATE_SCALE, Rounding.UP),
        server_kw=cheapest.server_kw,
    )
    late = (on - cheapest.seen_on).days > believed_days
    told = reason("GENERATION_STALE", f"{cheapest.index_id} {cheapest.seen_on.isoformat()}")
    return Newest(equivalent, cheapest.index_id, (told,) if late else ())


def _throughput(cohort: CohortSubject, newer: Generation) -> Decimal:
    share = cohort.inference_share
    if share is None:
        return max(newer.inference_ratio, newer.training_ratio)
    return share * newer.inference_ratio + (1 - share) * newer.training_ratio
