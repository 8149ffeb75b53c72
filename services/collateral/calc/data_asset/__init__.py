"""Data assets, model 2 (domain paper §4): the gate of rights first, then quality, approaches, and what may be lent."""

from services.collateral.calc.data_asset.appraisal import Appraisal, appraise

__all__ = ["Appraisal", "appraise"]
