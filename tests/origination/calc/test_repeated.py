"""What one application shows twice is told with both places, however it is spelt, before it can be submitted."""

from datetime import date
from typing import Any

from domain.application import ApplicationContent, AssetKind, AssetLine, ComputeContract, Invoice
from domain.facts import Known
from domain.money import yuan
from services.origination.calc.repeated import repeated

BUYERS = ("91330100MA27BYCX6D", "91320100MA21CPCX1F")
DIGITAL = "26332000000012345678"


def contract(key: str, number: str, buyer: int = 0, *invoices: Invoice) -> ComputeContract:
    return ComputeContract(
        key=key,
        number=number,
        buyer_name="买方",
        buyer_uscc=BUYERS[buyer],
        amount=Known(value=yuan(1_000_000)),
        invoices=invoices or None,
    )


def invoice(number: str = DIGITAL, **fields: Any) -> Invoice:
    return Invoice.model_validate({"number": number, "issued": date(2026, 10, 1), "amount": yuan(100), **fields})


def pledged(key: str, contract_key: str, kind: AssetKind = AssetKind.RECEIVABLE) -> AssetLine:
    return AssetLine(key=key, kind=kind, description=key, existing=True, contract_key=contract_key)


def told(**fields: Any) -> list[tuple[str, str]]:
    content = ApplicationContent.model_validate(
        {"lender_id": "jsb", "application_date": date(2026, 11, 22), "parties": (), "lines": (), **fields}
    )
    return [(item.code, item.pointer) for item in repeated(content)]


def test_what_is_shown_once_is_not_repeated() -> None:
    contracts = (
        contract("a", "SL-1", 0, invoice(), invoice("00000001", code="0110020003")),
        # One number of two buyers, and one invoice number under another code, are different things.
        contract("b", "SL-1", 1, invoice("00000001", code="0110020004")),
    )
    assert told(contracts=contracts, assets=(pledged("x", "a"), pledged("y", "b"))) == []


def test_an_invoice_of_two_contracts_is_told_whatever_a_copy_shows() -> None:
    contracts = (
        contract("a", "SL-1", 0, invoice()),
        contract("b", "SL-2", 0, invoice(issued=date(2026, 11, 1), amount=yuan(999))),
    )
    assert told(contracts=contracts) == [("duplicate_invoice", "/contracts/1/invoices/0")]


def test_one_contract_under_two_keys_is_one() -> None:
    contracts = (contract("a", "SL-2026-0302"), contract("b", "ＳＬ ２０２６／０３０２"))
    assert told(contracts=contracts, assets=(pledged("x", "a"), pledged("y", "b"))) == [
        ("duplicate_contract", "/contracts/1/number"),
        ("duplicate_claim", "/assets/1/contract_key"),
    ]


def test_a_claim_is_pledged_once() -> None:
    assets = (pledged("x", "a", AssetKind.COMPUTE_ORDER), pledged("y", "a"), pledged("z", "nowhere"))
    assert told(contracts=(contract("a", "SL-1"),), assets=assets) == [("duplicate_claim", "/assets/1/contract_key")]
