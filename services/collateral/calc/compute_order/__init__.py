"""Compute orders, model 2 (domain paper §7 R5, corrections A4): firm or not, what of it counts, how fast it repays."""

from services.collateral.calc.compute_order.appraisal import Appraisal, appraise

__all__ = ["Appraisal", "appraise"]
