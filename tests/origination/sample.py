"""A complete application for a project loan, as a relationship manager would send it; the figures are synthetic."""

import io
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from domain.calendar import BANK_ZONE
from domain.identity import uscc_check_character
from services.kit.database import now
from tests.origination.house import House, key, read

TODAY = now().astimezone(BANK_ZONE).date()


def uscc(number: int) -> str:
    """A synthetic code with a right check character."""
    body = f"91640500MA76X{number:04d}"[:17]
    return body + uscc_check_character(body)


BORROWER = uscc(1001)
SUPPLIER = uscc(2001)
OFFTAKER = uscc(3001)
PERSON = "欧阳明月"

UNKNOWN = {"state": "unknown"}
NOT_APPLICABLE = {"state": "not_applicable"}
HEADINGS = (
    "serial",
    "model",
    "gpu_type",
    "gpu_count",
    "gpu_memory_gb",
    "condition",
    "price_ex_vat",
    "vat_rate",
    "provenance",
)


def known(value: Any) -> dict[str, Any]:
    return {"value": value}


def yuan(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "CNY"}


def fact(amount: str) -> dict[str, Any]:
    return known(yuan(amount))


DOCUMENTS = {
    "business_licence": "营业执照",
    "bureau_consent": "征信授权书",
    "financial_statements": "财务报表",
    "feasibility_study": "可行性研究报告",
    "project_filing": "项目备案证",
    "purchase_contract": "设备采购合同",
}


def content(customer_id: str, consent_sha256: str) -> dict[str, Any]:
    """The application without its documents and servers, which are uploaded."""
    return {
        "lender_id": "nxb",
        "customer_id": customer_id,
        "application_date": TODAY.isoformat(),
        "parties": [
            {"key": "borrower", "role": "borrower", "name": "宁夏样例算力科技有限公司", "uscc": BORROWER},
            {"key": "vendor", "role": "supplier", "name": "样例服务器有限公司", "uscc": SUPPLIER},
            {"key": "buyer", "role": "offtaker", "name": "样例云服务有限公司", "uscc": OFFTAKER},
        ],
        "borrower": borrower(consent_sha256),
        "lines": [
            {
                "key": "main",
                "product": "nxb_project_loan",
                "kind": "term",
                "amount": yuan("40000000.00"),
                "tenor_months": 60,
                "purpose": "compute_centre_construction",
                "repayment": {"method": "equal_principal", "grace_months": 6, "frequency": "quarterly"},
            }
        ],
        "accounts": [accounts()],
        "technology": technology(),
        "project": project(),
        "sources": [
            {
                "kind": "own_cash",
                "amount": yuan("12000000.00"),
                "paid_in": yuan("12000000.00"),
                "paid_on": "2026-01-05",
            },
            {"kind": "bank_loan", "amount": yuan("40000000.00")},
        ],
        "uses": [
            {"use_class": "civil", "amount": yuan("8000000.00")},
            {"use_class": "power_cooling", "amount": yuan("10400000.00")},
            {"use_class": "gpu", "amount": yuan("33600000.00")},
        ],
        "assets": [
            {
                "key": "gpu",
                "kind": "gpu_server",
                "description": "八卡训练服务器",
                "existing": False,
                "encumbrances": [],
                "colocation_operator": NOT_APPLICABLE,
                "lien_waiver": NOT_APPLICABLE,
            },
            {
                "key": "power",
                "kind": "power_cooling",
                "description": "供配电与液冷",
                "existing": False,
                "cost": yuan("10400000.00"),
                "useful_life_months": 120,
                "encumbrances": [],
            },
        ],
        "economics": [
            {
                "rent": known("16.50000000"),
                "rent_unit": "per_gpu_hour",
                "rent_basis": "on_demand",
                "rent_tax_included": True,
                "occupancy": known("0.78000000"),
                "server_kw": known("10.20000000"),
                "tariff_per_kwh": known("0.38000000"),
                "power_contract_expires": known("2031-12-31"),
                "rack_per_server_month": fact("2400.00"),
                "maintenance_rate": known("0.04000000"),
                "sla_per_server_month": fact("0.00"),
            }
        ],
        "contracts": [contract()],
        "payees": [
            {
                "key": "vendor",
                "name": "样例服务器有限公司",
                "uscc": SUPPLIER,
                "account": "6400100012345678",
                "bank": "样例银行银川分行",
                "amount": yuan("33600000.00"),
                "new": False,
                "related": False,
            }
        ],
        "security": [{"method": "mortgage", "amount": yuan("40000000.00")}],
        "price": {"fees": []},
    }


def borrower(consent_sha256: str) -> dict[str, Any]:
    return {
        "division_code": "640500",
        "established": known("2019-03-11"),
        "industry": known("I6450"),
        "chain_segment": known("compute_operator"),
        "life_stage": known("growth"),
        "employees": known(180),
        "size": known("medium"),
        "first_loan": known(False),
        "licences": [{"kind": "idc", "number": "B1-20230001", "expires": "2028-01-01"}],
        "listed_code": NOT_APPLICABLE,
        "builder_type": known("cloud_provider"),
        "government_platform": known(False),
        "related_to_lender": known("none"),
        "owners": [{"kind": "person", "person_name": PERSON, "share": "1.00000000", "beneficial": True}],
        "query_consents": [
            {
                "subject_kind": "borrower",
                "signed": (TODAY - timedelta(days=3)).isoformat(),
                "document_sha256": consent_sha256,
            }
        ],
    }


def accounts() -> dict[str, Any]:
    return {
        "period_end": (TODAY.replace(day=1) - timedelta(days=1)).isoformat(),
        "months": 12,
        "audited": True,
        "scope": "consolidated",
        "revenue": fact("96000000.00"),
        "cost_of_sales": fact("61000000.00"),
        "profit": fact("14500000.00"),
        "expected_growth": known("0.15000000"),
        "operating_cash_flow": fact("22000000.00"),
        "cash": fact("18000000.00"),
        "monthly_burn": fact("3000000.00"),
        "total_assets": fact("210000000.00"),
        "equity": fact("118000000.00"),
        "debt": [{"lender": "样例银行", "balance": yuan("30000000.00"), "secured": True}],
        "guarantees_given": fact("0.00"),
        "research_expense": fact("11500000.00"),
        "research_capitalised": known("0.10000000"),
    }


def technology() -> dict[str, Any]:
    return {
        "installed_pflops": known("420.00000000"),
        "precision_basis": known("fp16"),
        "utilisation": known("0.74000000"),
        "gflops_per_watt": known("60.00000000"),
        "fleet_median_gflops_per_watt": known("52.00000000"),
        "staff": known(180),
        "research_staff": known(70),
        "masters_staff": known(45),
        "key_people": [{"name": PERSON, "position": "总工程师", "joined": "2019-04-01"}],
        "recognised_talent": known(3),
        "invention_patents": known(14),
        "software_copyrights": known(36),
        "standards_or_awards": known(1),
        "ip_litigation": known(False),
        "research_growth_3y": known("0.18000000"),
    }


def project() -> dict[str, Any]:
    return {
        "name": "智算样例一期",
        "headline_investment": fact("52000000.00"),
        "filing_number": known("2025-640500-65-01-000001"),
        "energy_review_number": known("宁发改能评〔2025〕1号"),
        "environment_approval": known("宁环表〔2025〕1号"),
        "land_right": known("宁(2024)不动产权第0001号"),
        "construction_permit": known("640500202500001"),
        "progress": known("0.35000000"),
        "start_date": known("2025-09-01"),
        "operation_date": known("2027-03-01"),
        "pue": known("1.18000000"),
        "rack_use": known("0.72000000"),
        "green_power": known("0.85000000"),
        "hub": known(True),
        "green_catalogue_code": known("1.6.4"),
    }


def contract() -> dict[str, Any]:
    return {
        "key": "rent",
        "number": "YL-2026-001",
        "buyer_name": "样例云服务有限公司",
        "buyer_uscc": OFFTAKER,
        "buyer_tier": known("tier_1"),
        "buyer_related": known(False),
        "kind": known("take_or_pay"),
        "amount": fact("120000000.00"),
        "signed": known((TODAY - timedelta(days=60)).isoformat()),
        "starts": known("2027-03-01"),
        "ends": known("2031-02-28"),
        "months": known(48),
        "advance_received": fact("0.00"),
        "retention": fact("0.00"),
        "collected": fact("0.00"),
        "assignment_allowed": known(True),
        "termination_notice_months": known(6),
        "collection_account": known("6400100099999999"),
        "revenue_share": known("0.35000000"),
    }


def servers(count: int = 16, prefix: str = "SN-A") -> list[tuple[Any, ...]]:
    price = "1858407.08"
    return [
        (f"{prefix}{index:04d}", "X640 G50", "H20", 8, 96, "new", price, "0.13", "official_cn")
        for index in range(count)
    ]


def sheet(rows: list[tuple[Any, ...]], headings: tuple[str, ...] = HEADINGS) -> bytes:
    book = Workbook()
    page = book.active
    assert isinstance(page, Worksheet)
    page.append(headings)
    for row in rows:
        page.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@dataclass
class Draft:
    """A draft on its way, and how to send the next thing."""

    manager: httpx.AsyncClient
    case_id: str
    customer_id: str

    @property
    def address(self) -> str:
        return f"/v1/applications/{self.case_id}"

    async def version(self) -> str:
        return (await self.manager.get(self.address)).headers["etag"]

    async def upload(self, kind: str, text: str, as_of: str = TODAY.isoformat()) -> Any:
        answer = await self.manager.post(
            f"{self.address}/documents",
            files={"file": (f"{kind}.pdf", b"%PDF-1.7\n" + text.encode(), "application/pdf")},
            data={"kind": kind, "as_of": as_of},
            headers=key(),
        )
        return await read(answer, 201)

    async def import_servers(self, content: bytes, asset_key: str = "gpu") -> httpx.Response:
        return await self.manager.post(
            f"{self.address}/assets/import",
            files={"file": ("servers.xlsx", content, "application/octet-stream")},
            data={"asset_key": asset_key},
            headers=key(),
        )

    async def patch(self, sections: dict[str, Any]) -> httpx.Response:
        return await self.manager.patch(self.address, json=sections, headers={"If-Match": await self.version()})

    async def submit(self, **params: str) -> httpx.Response:
        return await self.manager.post(
            f"{self.address}/submit", params=params, headers={**key(), "If-Match": await self.version()}
        )


CUSTOMER_FILE = {
    "division_code": "640500",
    "owners": [{"kind": "person", "person_name": PERSON, "share": "1.00000000", "beneficial": True}],
    "risk_class": "low",
    "identified_on": "2025-01-10",
    "review_due": (TODAY + timedelta(days=365)).isoformat(),
}


async def opened(house: House, *, number: int = 1001) -> Draft:
    """A draft of the whole application with nothing uploaded."""
    manager = await house.manager()
    body = {"uscc": uscc(number), "name": "宁夏样例算力科技有限公司", "file": CUSTOMER_FILE}
    customer = await read(await manager.post("/v1/customers", json=body, headers=key()), 201)
    sections = content(customer["customer_id"], "0" * 64)
    sections["parties"][0]["uscc"] = uscc(number)
    draft = await read(await manager.post("/v1/applications", json=sections, headers=key()), 201)
    return Draft(manager, draft["application_id"], customer["customer_id"])


async def prepared(house: House, *, number: int = 1001, prefix: str = "SN-A") -> Draft:
    """A draft that is fit to be submitted."""
    draft = await opened(house, number=number)
    consent = None
    for kind, title in DOCUMENTS.items():
        stored = await draft.upload(kind, f"{title} {number}")
        consent = stored["sha256"] if kind == "bureau_consent" else consent
    await read(await draft.import_servers(sheet(servers(prefix=prefix))), 200)
    await read(await draft.patch({"borrower": borrower(str(consent))}), 200)
    return draft
