"""Collateral-constrained amortisation: how much an asset and its cash flow carry together, and how a plan stands to it."""
