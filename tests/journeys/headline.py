"""The project loan that looks like 80 % (corrections §6) as a relationship manager would hand it in.

The paper gives the project, its capital and the floating charge. The servers are the hundred of the domain paper's golden case
(§3.7); the borrower, its halls' contract, payees and documents are made up.
"""

import hashlib
import io
import json
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

from openpyxl import Workbook

from examples.make_servers import COLUMNS
from suandai.walkthrough.books import today
from suandai.walkthrough.files import EXAMPLES, CaseFiles, Cast

SOURCE = EXAMPLES / "nxb-xiyun"
USCC = "91640500MA76HDLN5D"
NAME = "示例头条算力科技有限公司"
CAST = Cast("yinchuan", "headline")
SERVERS = 100
CHARGE = {"holder": "示例银行丙", "kind": "floating_charge", "registered": "2025-11-01"}
GUARANTEE = "127500000.00"
"""The paper needs at least 127.4m: 264.0 less its 136.6. The exact cover is 136.5…, so the guarantee is a hundred thousand more."""


def yuan(million: int | str) -> dict[str, str]:
    """Millions of yuan as the API takes money."""
    return {"amount": f"{Decimal(million) * 1_000_000:.2f}", "currency": "CNY"}


def _of(value: Any) -> dict[str, Any]:
    return {"value": value}


def sources(*, cured: bool) -> list[dict[str, Any]]:
    """Capital of 70 claimed, 15 of it a shareholder's loan; cured, the owners pay those 15 in themselves."""
    loan = {"kind": "shareholder_loan", "amount": yuan(15), "paid_in": yuan(0), "origin": _of("股东借款")}
    if cured:
        loan = {"kind": "own_cash", "amount": yuan(15), "paid_in": yuan(0), "origin": _of("股东增资，随工程进度到位")}
    return [
        {
            "kind": "own_cash",
            "amount": yuan(20),
            "paid_in": yuan(20),
            "paid_on": "2026-03-10",
            "origin": _of("股东自有资金，近十二个月流水已核对"),
        },
        {"kind": "special_bond", "amount": yuan(21), "paid_in": yuan(0), "origin": _of("专项债券额度")},
        {"kind": "policy_instrument", "amount": yuan(14), "paid_in": yuan(0), "origin": _of("新型政策性金融工具")},
        loan,
        {"kind": "bank_loan", "amount": yuan(280), "origin": {"state": "not_applicable"}},
    ]


def guaranteed() -> dict[str, Any]:
    """The valid guarantee of the second attempt, and the mix of security that goes with it."""
    resolution = json.loads((SOURCE / "application.json").read_text("utf-8"))["guarantees"][0]["resolution_sha256"]
    return {
        "guarantees": [
            {
                "party_key": "guarantor",
                "amount": {"amount": GUARANTEE, "currency": "CNY"},
                "share": "1",
                "resolution_sha256": resolution,
                "listed": False,
                "net_assets": _of(yuan(310)),
                "guarantees_given": _of(yuan(40)),
            }
        ],
        "security": [
            {"method": "mortgage", "amount": {"amount": "152500000.00", "currency": "CNY"}},
            {"method": "guarantee", "amount": {"amount": GUARANTEE, "currency": "CNY"}},
        ],
    }


def application() -> dict[str, Any]:
    """The application as first handed in: 280 million over 120 months, without a guarantee."""
    content: dict[str, Any] = json.loads((SOURCE / "application.json").read_text("utf-8"))
    content["remark"] = "示例：看起来像八成的项目贷款"
    for party in content["parties"]:
        if party["key"] == "borrower":
            party |= {"name": NAME, "uscc": USCC}
    content["borrower"]["query_consents"][0]["subject_uscc"] = USCC
    [line] = content["lines"]
    line |= {"amount": yuan(280), "tenor_months": 120}
    _class_c(content)
    project = content["project"]
    project["headline_investment"]["value"] = yuan(350)
    project["pue"]["value"] = "1.25"
    content["uses"] = [
        {"use_class": "civil", "amount": yuan(60)},
        {"use_class": "power_cooling", "amount": yuan(50)},
        {"use_class": "gpu", "amount": yuan(200)},
        {"use_class": "software", "amount": yuan(20)},
    ]
    content["sources"] = sources(cured=False)
    content["guarantees"], content["security"] = [], [{"method": "mortgage", "amount": yuan(280)}]
    content["assets"] = [asset for asset in content["assets"] if asset["kind"] != "network_storage"]
    for asset in content["assets"]:
        if asset["kind"] == "gpu_server":
            asset |= {"description": "8×H100 智算服务器 100 台", "encumbrances": [CHARGE]}
    [economics] = content["economics"]
    economics |= {
        "rent": {**economics["rent"], "value": "12.00"},
        "occupancy": _of("0.75"),
        "server_kw": _of("8"),
        "tariff_per_kwh": _of("0.55"),
        "rack_per_server_month": _of({"amount": "6000.00", "currency": "CNY"}),
        "maintenance_rate": _of("0.03"),
        "sla_per_server_month": _of({"amount": "0.00", "currency": "CNY"}),
    }
    content["contracts"] = _contracts(content["contracts"])
    content["payees"] = [payee for payee in content["payees"] if payee["key"] != "network-vendor"]
    content["parties"] = [party for party in content["parties"] if party["key"] != "network-vendor"]
    content["price"] |= {"lpr_tenor": "5Y", "spread_bps": 35}
    return content


def _class_c(content: dict[str, Any]) -> None:
    """A borrower whose card reaches class C: it owes nothing without security, which is how the paper reckons."""
    content["technology"] |= {
        "installed_pflops": _of("0.5"),
        "utilisation": _of("0.25"),
        "gflops_per_watt": _of("800"),
        "research_staff": _of(20),
        "masters_staff": _of(5),
        "recognised_talent": _of(0),
        "invention_patents": _of(0),
        "software_copyrights": _of(0),
        "standards_or_awards": _of(0),
        "research_growth_3y": _of("-0.10"),
    }


def _contracts(given: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The golden case's take-or-pay of 70,000 a server and month over 36 months, stated as what is paid after downtime and
    tax (× 0.985 × 0.99 = 68,260.50); and a hosting contract of the halls, which names no GPU and repays the rest."""
    start = today().replace(day=1)
    months = {"servers": 36, "halls": 120}
    amounts = {"servers": "245737800.00", "halls": "1380000000.00"}
    found = []
    for (name, key), contract in zip((("servers", "take-or-pay-a"), ("halls", "take-or-pay-b")), given, strict=True):
        found.append(
            contract
            | {
                "key": key,
                "amount": _of({"amount": amounts[name], "currency": "CNY"}),
                "quantity": _of(SERVERS * 8 if name == "servers" else 1),
                "gpu_model": _of("H100") if name == "servers" else {"state": "not_applicable"},
                "starts": _of(start.isoformat()),
                "ends": _of(start.replace(year=start.year + months[name] // 12).isoformat()),
                "months": _of(months[name]),
            }
        )
    return found


def case_files(directory: Path, prefix: str = "HDLN1") -> CaseFiles:
    """The files of the case, written to a directory: those of the project loan, with this case's application and servers,
    whose serials begin with ``prefix``, and its contracts, which end in it: a thing secures one case."""
    shutil.copytree(SOURCE, directory, dirs_exist_ok=True)
    customer = json.loads((SOURCE / "customer.json").read_text("utf-8")) | {"uscc": USCC, "name": NAME}
    asked = application()
    for contract in asked["contracts"]:
        contract["number"] = f"{contract['number']}-{prefix}"
    for file, content in (("customer.json", customer), ("application.json", asked)):
        (directory / file).write_text(json.dumps(content, ensure_ascii=False), "utf-8")
    (directory / "servers.xlsx").write_bytes(_inventory(prefix))
    # The vendor's invoice is this case's own: one that paid another loan's drawing pays for no second.
    invoice = directory / "documents" / "invoice-advance-servers.pdf"
    invoice.write_bytes(invoice.read_bytes() + f"% {prefix}\n".encode())
    drawing = json.loads((SOURCE / "utilisation.json").read_text("utf-8"))
    drawing["invoices"] = [hashlib.sha256(invoice.read_bytes()).hexdigest()]
    (directory / "utilisation.json").write_text(json.dumps(drawing, ensure_ascii=False), "utf-8")
    return CaseFiles(directory)


def _inventory(prefix: str) -> bytes:
    """A hundred servers of 8×H100 at two million yuan each."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append([f"{chinese} ({field})" for chinese, field in COLUMNS])
    for number in range(1, SERVERS + 1):
        sheet.append(
            [
                f"{prefix}-{number:04d}",
                "8×H100 机架式服务器",
                "H100",
                8,
                80,
                "new",
                f"{prefix}-FP-{(number - 1) // 20 + 1:03d}",
                "2000000.00",
                "0.13",
                "licensed",
                f"{prefix}-BGD-{(number - 1) // 40 + 1:02d}",
                "中卫智算二期机房",
                f"A{(number - 1) // 8 + 1:02d}-{(number - 1) % 8 // 2 + 1:02d}",
                "2030-03-31",
            ]
        )
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()
