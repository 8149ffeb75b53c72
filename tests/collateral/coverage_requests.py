"""Requests about coverage, to be varied by a test: the golden server under its contract."""

from typing import Any
from uuid import UUID, uuid4

from domain.coverage import AmortisationRequest, StressRequest
from tests.collateral.conftest import book
from tests.collateral.requests import cohort
from tests.collateral.servers import MODEL_2_ON

CONTRACTED = "53245.50"
"""Net cash of the golden server a month under its contract of 70,000 (§3.7)."""


def tranche(key: str = "servers", subject: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    return {"key": key, "subject": subject if subject is not None else cohort()} | changes


def segment(revenue: str, cost: str = "0", first: int = 1, last: int = 36) -> dict[str, Any]:
    return {"from_month": first, "to_month": last, "revenue": {"amount": revenue}, "cost": {"amount": cost}}


def coverage_body(*tranches: dict[str, Any], case_id: UUID | None = None, **changes: Any) -> dict[str, Any]:
    """G-GPU-1: one server, 36 months, 3.85 %, coverage 1.20."""
    body: dict[str, Any] = {
        "case_id": str(case_id or uuid4()),
        "policy_sha256": book().sha256,
        "product": "nxb_project_loan",
        "lender_id": "nxb",
        "as_of": MODEL_2_ON.isoformat(),
        "annual_rate": "0.0385",
        "tenor_months": 36,
        "tranches": list(tranches) or [tranche()],
        "cash_flows": [segment("68260.50", "15015.00")],
        "dscr_target": "1.20",
    }
    return body | changes


def amortisation(*tranches: dict[str, Any], **changes: Any) -> AmortisationRequest:
    return AmortisationRequest.model_validate(coverage_body(*tranches, **changes))


def stress(*tranches: dict[str, Any], **changes: Any) -> StressRequest:
    return StressRequest.model_validate(coverage_body(*tranches, **changes))
