"""Requests that a case would send, to be varied by a test."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

from domain.collateral import ValuationRequest
from tests.collateral.conftest import book

AS_OF = date(2026, 3, 2)

ECONOMICS: dict[str, Any] = {
    "rent_per_gpu_hour": "12",
    "rent_basis": "on_demand",
    "occupancy": "0.75",
    "server_kw": "8",
    "tariff_per_kwh": "0.55",
    "pue": "1.25",
    "rack_per_month": {"amount": "6000"},
    "maintenance_rate": "0.03",
    "sla_per_month": {"amount": "0"},
}


def cohort(**changes: Any) -> dict[str, Any]:
    """The golden server (G-GPU-1), bought new from an official channel."""
    subject: dict[str, Any] = {
        "kind": "gpu_cohort",
        "model": "8xH100 SXM",
        "gpu_type": "H100-SXM",
        "gpus_per_server": 8,
        "servers": 1,
        "condition": "new",
        "provenance": "official_cn",
        "age_months": 0,
        "replacement_cost_new": {"amount": "2000000"},
        "economics": ECONOMICS,
    }
    return subject | changes


def valuation(subject: dict[str, Any] | None = None, case_id: UUID | None = None, **changes: Any) -> dict[str, Any]:
    """A valuation request as it goes over the wire."""
    body: dict[str, Any] = {
        "case_id": str(case_id or uuid4()),
        "policy_sha256": book().sha256,
        "product": "nxb_project_loan",
        "lender_id": "nxb",
        "as_of": AS_OF.isoformat(),
        "asset_key": "servers",
        "subject": subject if subject is not None else cohort(),
        "encumbered": False,
        "exists": True,
        "colocated": False,
        "duplicate_serial": False,
    }
    return body | changes


def request(subject: dict[str, Any] | None = None, **changes: Any) -> ValuationRequest:
    """The same as the calculation takes it."""
    return ValuationRequest.model_validate(valuation(subject, **changes))


def server(serial: str, **changes: Any) -> dict[str, Any]:
    """A row of an inventory."""
    row: dict[str, Any] = {
        "serial": serial,
        "model": "8xH100 SXM",
        "gpu_type": "H100-SXM",
        "gpu_count": 8,
        "gpu_memory_gb": 80,
        "condition": "new",
        "price_ex_vat": {"amount": "2000000.00"},
        "vat_rate": "0.13",
        "provenance": "official_cn",
    }
    return row | changes


def registration(case_id: UUID, *serials: str, **changes: Any) -> dict[str, Any]:
    """The entry of a case's servers into the register."""
    entry: dict[str, Any] = {
        "case_id": str(case_id),
        "case_number": f"SD2026-640100-{case_id.int % 10**6:06d}",
        "asset_key": "servers",
        "kind": "gpu_server",
        "description": "GPU servers",
        "branch": "640100",
        "servers": [server(serial) for serial in serials],
        "encumbrances": [],
    }
    return entry | changes
