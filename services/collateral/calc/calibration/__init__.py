"""Calibration of the rent process to an observed price history: reading, fit, what the data cannot tell, chart."""

from services.collateral.calc.calibration.history import (
    HistoryFault,
    HistoryRefused,
    PriceHistory,
    Series,
    Treatment,
    read_history,
    series_of,
)
from services.collateral.calc.calibration.process import TooFew
from services.collateral.calc.calibration.vintage import Calibrated, calibrate

__all__ = [
    "Calibrated",
    "HistoryFault",
    "HistoryRefused",
    "PriceHistory",
    "Series",
    "TooFew",
    "Treatment",
    "calibrate",
    "read_history",
    "series_of",
]
