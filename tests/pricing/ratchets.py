"""An agreement at LPR + 60 bp with yearly resets from 15 January 2026, to be changed by each test."""

from typing import Any

from domain.margin_ratchet import MarginResetRequest
from tests.pricing.conftest import book
from tests.pricing.requests import common

GRADES = ["AAA", "AA", "A", "BBB", "BB", "B", "CCC"]


def esg(**changes: Any) -> dict[str, Any]:
    clause = {"kind": "esg", "id": "esg", "agency": "江苏银行", "grades": GRADES, "baseline": "BBB"}
    return clause | changes


def efficiency(**changes: Any) -> dict[str, Any]:
    """Compute per watt against the fleet's median: 5 bp off above it, 5 bp on below 0.7."""
    clause = {
        "kind": "compute_efficiency",
        "id": "efficiency",
        "fact": "tech.efficiency_ratio",
        "bands": [
            {"id": "POOR", "when": "< 0.7", "adjustment_bps": 5},
            {"id": "MEDIAN", "when": "[0.7, 1)", "adjustment_bps": 0},
            {"id": "GOOD", "when": ">= 1", "adjustment_bps": -5},
        ],
    }
    return clause | changes


def cover(**changes: Any) -> dict[str, Any]:
    """Debt service cover: the lock-up of 1.30 costs 25 bp, the default level of 1.10 costs 50 bp."""
    clause = {
        "kind": "covenant",
        "id": "dscr",
        "fact": "finance.debt_service_cover",
        "bands": [
            {"id": "DEFAULT", "when": "< 1.10", "adjustment_bps": 50},
            {"id": "LOCK_UP", "when": "[1.10, 1.30)", "adjustment_bps": 25},
            {"id": "KEPT", "when": "[1.30, 1.50)", "adjustment_bps": 0},
            {"id": "AMPLE", "when": ">= 1.50", "adjustment_bps": -5},
        ],
    }
    return clause | changes


def grade(to: str, on: str = "2025-12-01", received_on: str | None = None, **changes: Any) -> dict[str, Any]:
    report = {
        "kind": "grade",
        "agency": "江苏银行",
        "grade": to,
        "on": on,
        "received_on": received_on or on,
        "evidence": "e" * 64,
    }
    return report | changes


def figure(
    fact: str, value: str | None, on: str = "2025-12-31", received_on: str | None = None, **changes: Any
) -> dict[str, Any]:
    report = {
        "kind": "figure",
        "fact": fact,
        "figure": value,
        "on": on,
        "received_on": received_on or on,
        "evidence": "f" * 64,
    }
    return report | changes


def request(
    terms: dict[str, Any] | None = None, reports: list[dict[str, Any]] | None = None, **changes: Any
) -> MarginResetRequest:
    agreed = {
        "margin_bps": 60,
        "signed_on": "2025-01-15",
        "first_reset": "2026-01-15",
        "every_months": 12,
        "ends_on": "2030-01-15",
        "clauses": [esg()],
    }
    values = {
        "base": {"tenor": "1Y", "fixed_on": "2026-01-15"},
        "terms": agreed | (terms or {}),
        "reports": reports if reports is not None else [grade("BBB")],
    }
    return MarginResetRequest.model_validate(common(book()) | values | changes)
