"""The rent a valuation stands on: what the case declares, held against indices of rents (domain paper §3.3, §6.3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from domain.finding import Reason, TraceStep
from domain.gpu_valuation import RentBasis, RentReading
from policy.engine.gpu_market import IndexTerms
from services.collateral.calc.conclusion import plain, reason

_DAYS_OF_A_MONTH = 30


@dataclass(frozen=True)
class StandingRent:
    """``rent`` per GPU-hour, CNY before tax, and how much of its hours the market sells, None where no index says so.

    ``referred``: an index would move the value in a way that a person must look at first.
    """

    rent: Decimal
    market_utilisation: Decimal | None
    reasons: tuple[Reason, ...]
    referred: bool
    trace: tuple[TraceStep, ...]


@dataclass(frozen=True)
class _Counted:
    """A reading and what it counts for on the day."""

    reading: RentReading
    months_late: int
    rent: Decimal


def standing_rent(
    declared: Decimal, basis: RentBasis | None, readings: Sequence[RentReading], on: date, terms: IndexTerms
) -> StandingRent:
    """The lower of the declared rent and the lowest index of its own basis; rents of another basis are another price.

    No such index leaves the declared rent, and says so. An observation older than policy allows counts less for each
    month begun beyond that, and only where no index is fresh. A restated one counts by the lower of its two figures.
    An index that is old, or restated with no other fresh one beside it, is referred: it never moves a value silently.
    """
    alike = sorted(
        (_counted(item, on, terms) for item in readings if item.basis == basis),
        key=lambda item: (item.rent, item.reading.index_id),
    )
    if not alike:
        return StandingRent(declared, None, (reason("RENT_NOT_INDEXED"),), False, ())
    fresh = [item for item in alike if not item.months_late]
    taken = (fresh or alike)[0]
    reasons = []
    if not fresh:
        reasons.append(reason("INDEX_STALE", f"{taken.reading.index_id} {taken.reading.observed_on.isoformat()}"))
    if taken.reading.restated_from is not None and len(fresh) < 2:
        before, now = taken.reading.restated_from, taken.reading.rent_per_gpu_hour
        reasons.append(reason("INDEX_RESTATED", f"{taken.reading.index_id}: {plain(before, 4)} → {plain(now, 4)}"))
    referred = bool(reasons)
    if declared > taken.rent:
        reasons.append(reason("RENT_ABOVE_INDEX", f"{plain(declared, 4)} > {plain(taken.rent, 4)}"))
    rent = min(declared, taken.rent)
    return StandingRent(
        rent,
        taken.reading.market_utilisation,
        tuple(reasons),
        referred,
        (*(_index_step(item, terms) for item in alike), _rent_step(declared, taken, rent)),
    )


def _counted(reading: RentReading, on: date, terms: IndexTerms) -> _Counted:
    late = max(0, (on - reading.observed_on).days - terms.stale_after_days)
    months = -(-late // _DAYS_OF_A_MONTH)
    observed = reading.rent_per_gpu_hour
    if reading.restated_from is not None:
        observed = min(observed, reading.restated_from)
    return _Counted(reading, months, observed * (1 - terms.stale_haircut_per_month) ** months)


def _index_step(item: _Counted, terms: IndexTerms) -> TraceStep:
    reading = item.reading
    return TraceStep(
        step=f"gpu_server/rent/{reading.index_id}",
        rule="observed·(1 − haircut)^months late; a restated observation by its lower figure",
        inputs={
            "basis": reading.basis,
            "observed_on": reading.observed_on.isoformat(),
            "observed": plain(reading.rent_per_gpu_hour),
            "restated_from": "not restated" if reading.restated_from is None else plain(reading.restated_from),
            "months_late": str(item.months_late),
            "haircut_per_month": plain(terms.stale_haircut_per_month),
        },
        result=plain(item.rent),
    )


def _rent_step(declared: Decimal, taken: _Counted, rent: Decimal) -> TraceStep:
    return TraceStep(
        step="gpu_server/rent",
        rule="min(declared, lowest fresh index of the same basis, else the lowest old one)",
        inputs={"declared": plain(declared), "index": taken.reading.index_id, "counts": plain(taken.rent)},
        result=plain(rent),
    )
