"""Margin ratchets: the clauses of an agreement read on its reset dates."""

from services.pricing.calc.ratchet.resets import margin_standing

__all__ = ["margin_standing"]
