"""Stress tests: a plan held against moves of the market that policy names (domain paper §3.8)."""
