"""A dossier of a project loan as origination would give it; every figure is made up for the tests."""

import json
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from domain.application import ApplicationContent, AssetKind
from domain.collateral import Valuation
from domain.dossier import Dossier, ValuedAsset
from domain.finding import FindingRef, Outcome
from domain.identity import uscc_check_character
from domain.money import yuan
from domain.requests.collateral import cohorts
from tests.pricing import requests
from tests.pricing.conftest import book
from tests.pricing.vintages import lender

AS_OF = date(2026, 3, 2)


def uscc(number: int) -> str:
    body = f"91640500MA{number:07d}"
    return body + uscc_check_character(body)


def known(value: Any, **more: Any) -> dict[str, Any]:
    return {"state": "value", "value": value} | more


def money(amount: Any) -> dict[str, str]:
    return {"amount": f"{Decimal(amount):.2f}", "currency": "CNY"}


def server(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "serial": f"XY-{number:04d}",
        "model": "8x H20 server",
        "gpu_type": "h20",
        "gpu_count": 8,
        "gpu_memory_gb": 96,
        "condition": "new",
        "purchased": "2026-02-01",
        "price_ex_vat": money(1_000_000),
        "vat_rate": "0.13",
        "provenance": "official_cn",
    } | changes


def content(**changes: Any) -> dict[str, Any]:
    """The application as JSON: 350m of uses, 280m asked for over 96 months, one take-or-pay contract."""
    application: dict[str, Any] = {
        "lender_id": "nxb",
        "application_date": "2026-02-20",
        "parties": [
            {"key": "borrower", "role": "borrower", "name": "测试算力科技有限公司", "uscc": uscc(1)},
            {"key": "parent", "role": "guarantor", "name": "测试控股有限公司", "uscc": uscc(2)},
        ],
        "borrower": {"size": known("medium"), "chain_segment": known("compute_operator")},
        "lines": [
            {
                "key": "project",
                "product": "nxb_project_loan",
                "kind": "term",
                "amount": money(280_000_000),
                "tenor_months": 96,
                "purpose": "compute_centre_construction",
                "repayment": {"method": "equal_principal", "grace_months": 6, "frequency": "quarterly"},
            }
        ],
        "accounts": [
            {
                "period_end": "2025-12-31",
                "audited": True,
                "scope": "solo",
                "revenue": known(money(200_000_000)),
                "cost_of_sales": known(money(120_000_000)),
                "profit": known(money(30_000_000)),
                "expected_growth": known("0.25"),
                "operating_cash_flow": known(money(60_000_000)),
                "cash": known(money(90_000_000)),
                "monthly_burn": known(money(6_000_000)),
                "total_assets": known(money(500_000_000)),
                "equity": known(money(250_000_000)),
                "debt": [{"lender": "另一银行", "balance": money(100_000_000), "secured": True}],
                "research_expense": known(money(24_000_000)),
                "research_capitalised": known("0.30"),
            }
        ],
        "technology": {
            "installed_pflops": known("120"),
            "precision_basis": known("fp16"),
            "utilisation": known("0.72"),
            "gflops_per_watt": known("42"),
            "fleet_median_gflops_per_watt": known("40"),
            "staff": known(120),
            "research_staff": known(54),
            "masters_staff": known(36),
            "key_people": [
                {"name": "甲", "position": "CTO", "joined": "2022-03-02"},
                {"name": "乙", "position": "CEO", "joined": "2021-03-02"},
            ],
            "recognised_talent": known(2),
            "invention_patents": known(8),
            "software_copyrights": known(12),
            "standards_or_awards": known(1),
            "ip_litigation": known(False),
            "research_growth_3y": known("0.18"),
        },
        "project": {
            "headline_investment": known(money(350_000_000)),
            "operation_date": known("2026-06-01"),
            "pue": known("1.20", evidence=["a" * 64]),
            "rack_use": known("0.75", evidence=["a" * 64]),
            "green_power": known("0.85", evidence=["a" * 64]),
            "hub": known(True),
            "green_catalogue_code": known("1.2.3"),
        },
        "sources": [
            {
                "kind": "own_cash",
                "amount": money(70_000_000),
                "paid_in": money(30_000_000),
                "paid_on": "2026-01-15",
                "origin": known("股东增资"),
            },
            {"kind": "bank_loan", "amount": money(280_000_000)},
        ],
        "uses": [
            {"use_class": "civil", "amount": money(100_000_000)},
            {"use_class": "gpu", "amount": money(250_000_000)},
        ],
        "assets": [
            {
                "key": "hall",
                "kind": "civil_works",
                "description": "机房",
                "existing": True,
                "cost": money(100_000_000),
            },
            {
                "key": "gpus",
                "kind": "gpu_server",
                "description": "GPU 服务器",
                "existing": False,
                "servers": [server(number) for number in range(1, 11)],
            },
        ],
        "economics": [
            {
                "server_kw": known("8"),
                "tariff_per_kwh": known("0.50"),
                "rack_per_server_month": known(money(6_000)),
                "maintenance_rate": known("0.03"),
                "sla_per_server_month": known(money(0)),
            }
        ],
        "contracts": [
            {
                "key": "anchor",
                "number": "HT-1",
                "buyer_name": "测试云计算有限公司",
                "buyer_uscc": uscc(3),
                "buyer_tier": known("tier_1"),
                "buyer_related": known(False),
                "kind": known("take_or_pay"),
                "amount": known(money(600_000_000)),
                "starts": known("2026-06-01"),
                "months": known(96),
                "collected": known(money(0)),
                "revenue_share": known("0.45"),
            }
        ],
        "guarantees": [
            {"party_key": "parent", "amount": money(250_000_000), "share": "1", "resolution_sha256": "b" * 64}
        ],
        "price": {"fees": [{"name": "保证费", "amount": money(500_000), "payer": "borrower"}]},
    }
    return application | changes


def dossier(application: dict[str, Any] | None = None, **changes: Any) -> Dossier:
    whole = ApplicationContent.model_validate_json(json.dumps(application or content()))
    values: dict[str, Any] = {
        "case_id": UUID("019315f0-0000-7000-8000-000000000002"),
        "case_number": "SD2026-640100-000001",
        "branch": "640100",
        "policy_sha256": book().sha256,
        "pinned_on": date(2026, 2, 25),
        "lender_id": whole.lender_id,
        "content": whole,
        "line": whole.lines[0],
        "lender": lender(),
        "exposures": requests.exposures(),
        "findings": (screening(Outcome.PASS),),
        "valuations": valued(whole),
    }
    return Dossier(**(values | changes))


def screening(outcome: Outcome) -> FindingRef:
    return FindingRef(id=UUID(int=1), kind="screening", outcome=outcome, sha256="d" * 64)


def valued(whole: ApplicationContent) -> tuple[ValuedAsset, ...]:
    """A valuation for every cohort: 60 % of 100m for the hall, 36 % of a million a server."""
    found = []
    for number, ref in enumerate(cohorts(whole), start=2):
        gpu = ref.kind == AssetKind.GPU_SERVER
        found.append(
            ValuedAsset(
                asset_key=ref.asset_key,
                cohort=ref.cohort,
                finding=FindingRef(id=UUID(int=number), kind="valuation", outcome=Outcome.PASS, sha256="e" * 64),
                valuation=Valuation(
                    asset_key=ref.asset_key,
                    asset_kind=AssetKind(ref.kind),
                    units=ref.units,
                    approaches=(),
                    reconciled_value=None,
                    lending_value=yuan(1_000_000 * ref.units if gpu else 100_000_000),
                    orderly_liquidation=None,
                    forced_liquidation=None,
                    eligible=True,
                    ltv=Decimal("0.36") if gpu else Decimal("0.60"),
                    tenor_cap_months=48 if gpu else 120,
                    valid_until=date(2026, 6, 1),
                ),
            )
        )
    return tuple(found)
