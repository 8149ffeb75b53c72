"""What a fit says, in the form in which it may be filed as reference data, with everything the history cannot tell."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

import numpy as np

from domain.application.text import Sha256
from domain.money import from_float
from domain.reference import Caution, Estimate, LaunchJump, PriceProcess, ReferenceVintage
from services.collateral.calc.calibration import process
from services.collateral.calc.calibration.history import YEAR_DAYS, Series
from services.collateral.calc.calibration.process import Fit, fit

_PLACES: Final = 4
"""More would only be the noise of the machine: no error is smaller than a unit of the third place."""
_STICKY: Final = 0.10
_ODD: Final = 4.0
"""Standard deviations: among some hundreds of normal innovations none is as large."""
_LARGEST: Final = 9999.0
_LEAST_LONG: Final = 10


@dataclass(frozen=True)
class Calibrated:
    """A series with its fit, and the parameters to be filed."""

    series: Series
    fit: Fit
    process: PriceProcess

    def vintage(self, effective_from: date) -> ReferenceVintage:
        """As reference data, named by the last day of the history."""
        body = self.process
        return ReferenceVintage(
            id=f"price_process.{body.gpu_model.lower()}.{body.basis}",
            vintage=body.last.isoformat(),
            effective_from=effective_from,
            source=f"Calibration of {body.basis} prices, {body.first} to {body.last}",
            illustrative=False,
            body=body.model_dump(mode="json", exclude_none=True),
        )


def calibrate(series: Series, history_sha256: Sha256) -> Calibrated:
    """Fit a series. Raises ``TooFew`` where it cannot bear a fit."""
    found = fit(series.history)
    jumps = tuple(
        LaunchJump(on=day, change=None if change is None else _estimate(change))
        for day, change in zip(series.launches, found.jumps, strict=True)
    )
    correlation, unchanged = _correlation(series, found), _unchanged(series)
    largest = float(np.abs(found.innovations).max())
    return Calibrated(
        series,
        found,
        PriceProcess(
            gpu_model=series.gpu_model,
            basis=series.basis,
            currency=series.currency,
            first=series.days[0],
            last=series.days[-1],
            observations=len(series.days),
            segments=series.starts,
            gap_days=series.gap_days,
            annual_decline=_estimate(found.decline),
            reversion=_estimate(found.reversion),
            volatility=_estimate(found.volatility),
            jumps=jumps,
            innovation_correlation=_figure(correlation),
            largest_innovation=_figure(largest),
            volatility_one_month=_volatility_over(series, 30 / YEAR_DAYS),
            volatility_two_months=_volatility_over(series, 60 / YEAR_DAYS),
            unchanged_share=_figure(unchanged),
            cautions=tuple(_cautions(series, found, correlation, largest, unchanged)),
            history_sha256=history_sha256,
            attribution=series.sources,
        ),
    )


def _cautions(series: Series, found: Fit, correlation: float, largest: float, unchanged: float) -> list[Caution]:
    """What the history cannot tell, or tells against the model."""
    told: list[Caution] = []
    decline, years = found.decline, (series.days[-1] - series.days[0]).days / YEAR_DAYS
    if decline.value < 0:
        told.append("TREND_RISING")
    if (decline.low or 0) <= 0 <= (decline.high or 0):
        told.append("TREND_NOT_DISTINGUISHED")
    if found.reversion.low is None or found.reversion.high is None:
        told.append("REVERSION_NOT_DISTINGUISHED")
    if None in found.jumps:
        told.append("JUMP_NOT_IDENTIFIED")
    if abs(correlation) > 2 / np.sqrt(len(series.days)):
        told.append("INNOVATIONS_CORRELATED")
    if largest > _ODD:
        told.append("INNOVATIONS_NOT_NORMAL")
    if unchanged > _STICKY:
        told.append("PRICE_STICKY")
    # Less than three times the time in which a deviation falls to 1/e shows hardly one return to the path.
    if found.reversion.value * years < 3:
        told.append("HISTORY_SHORT")
    if series.left_out:
        told.append("OBSERVATIONS_LEFT_OUT")
    return told


def _correlation(series: Series, found: Fit) -> float:
    """Of innovations that follow one another inside a segment; the first of a segment is no innovation."""
    segment = series.history.segment
    first = np.concatenate([[True], np.diff(segment) != 0])
    ok = ~first[1:] & ~first[:-1]
    before, after = found.innovations[:-1][ok], found.innovations[1:][ok]
    if before.size < 3 or not (before.std() and after.std()):
        return 0.0
    return float(np.corrcoef(before, after)[0, 1])


def _volatility_over(series: Series, years: float) -> Decimal | None:
    """Root mean square of changes over about so many years inside a segment, around their mean, for a year."""
    history = series.history
    changes, spans = [], []
    for start in range(len(series.days)):
        after = np.flatnonzero(
            (history.segment == history.segment[start])
            & (history.years >= history.years[start] + years)
            & (history.years <= history.years[start] + 1.5 * years)
        )
        if after.size:
            changes.append(history.logs[after[0]] - history.logs[start])
            spans.append(history.years[after[0]] - history.years[start])
    if len(changes) < _LEAST_LONG:
        return None
    return _figure(float(np.sqrt(np.var(changes) / np.mean(spans))))


def _unchanged(series: Series) -> float:
    inside = np.diff(series.history.segment) == 0
    return float((np.diff(series.history.logs)[inside] == 0).mean())


def _estimate(found: process.Estimate) -> Estimate:
    return Estimate(
        value=_figure(found.value),
        error=_figure(found.error),
        low=None if found.low is None else _figure(found.low),
        high=None if found.high is None else _figure(found.high),
    )


def _figure(value: float) -> Decimal:
    return from_float(min(_LARGEST, max(-_LARGEST, value)), _PLACES)
