"""Valuation, perfection and eligibility: pure functions of inputs, policy and business date."""
