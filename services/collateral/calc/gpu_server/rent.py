"""The rent a valuation stands on: what the case declares, held against the index of merchant rents (domain paper §6.3)."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from domain.finding import Reason, TraceStep
from domain.gpu_valuation import RentReading
from policy.engine.gpu_market import IndexTerms
from services.collateral.calc.conclusion import plain, reason

_DAYS_OF_A_MONTH = 30


@dataclass(frozen=True)
class StandingRent:
    """``rent`` per GPU-hour, CNY before tax. ``referred``: a person must look before the index moves a value."""

    rent: Decimal
    reasons: tuple[Reason, ...]
    referred: bool
    trace: tuple[TraceStep, ...]


def standing_rent(declared: Decimal, reading: RentReading | None, on: date, terms: IndexTerms) -> StandingRent:
    """The lower of the declared rent and the index. No index leaves the declared rent, and says so.

    An observation older than policy allows counts less for each month begun beyond that; one that was restated counts
    by the lower of its two figures until a second source has spoken. Both are referred.
    """
    if reading is None:
        return StandingRent(declared, (reason("RENT_NOT_INDEXED"),), False, ())
    reasons = []
    late = max(0, (on - reading.observed_on).days - terms.stale_after_days)
    months = -(-late // _DAYS_OF_A_MONTH)
    observed = reading.rent_per_gpu_hour
    if reading.restated_from is not None:
        observed = min(observed, reading.restated_from)
        reasons.append(
            reason("INDEX_RESTATED", f"{reading.index_id}: {reading.restated_from:f} → {reading.rent_per_gpu_hour:f}")
        )
    if months:
        reasons.append(reason("INDEX_STALE", f"{reading.index_id} {reading.observed_on.isoformat()}"))
    index = observed * (1 - terms.stale_haircut_per_month) ** months
    referred = bool(reasons)
    if declared > index:
        reasons.append(reason("RENT_ABOVE_INDEX", f"{plain(declared, 4)} > {plain(index, 4)}"))
    rent = min(declared, index)
    step = TraceStep(
        step="gpu_server/rent",
        rule="min(declared, index·(1 − haircut)^months late), a restated index by its lower figure",
        inputs={
            "declared": plain(declared),
            "index": reading.index_id,
            "observed_on": reading.observed_on.isoformat(),
            "observed": plain(reading.rent_per_gpu_hour),
            "restated_from": "not restated" if reading.restated_from is None else plain(reading.restated_from),
            "months_late": str(months),
            "haircut_per_month": plain(terms.stale_haircut_per_month),
        },
        result=plain(rent),
    )
    return StandingRent(rent, tuple(reasons), referred, (step,))
