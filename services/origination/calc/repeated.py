"""What an application may show once only: an invoice, a contract, a claim that is pledged. Shown twice it would be counted twice.

Over several cases the same is told by the fraud checks (R1, R8); inside one file it is a slip that its author can mend.
"""

from collections.abc import Iterable, Iterator

from domain.application import ApplicationContent, ComputeContract
from domain.application.invoices import Invoice
from domain.canonical import sha256_of
from domain.casefile import MissingItem
from services.origination.calc.integrity.ties import plain


def receivable_mark(contract: ComputeContract) -> str:
    """A claim is one by its buyer and the number of its contract, however that is spelt."""
    return sha256_of(["receivable", contract.buyer_uscc, plain(contract.number)])


def repeated_invoices(invoices: Iterable[tuple[str, Invoice]]) -> Iterator[tuple[str, str]]:
    """Of invoices by their pointers those that came before: the pointer, and that of the first."""
    seen: dict[str, str] = {}
    for pointer, invoice in invoices:
        first = seen.setdefault(invoice.mark(), pointer)
        if first != pointer:
            yield pointer, first


def repeated(content: ApplicationContent) -> Iterator[MissingItem]:
    """Everything an application shows twice, by its pointer."""
    billed = [
        (f"/contracts/{index}/invoices/{place}", invoice)
        for index, contract in enumerate(content.contracts)
        for place, invoice in enumerate(contract.invoices or ())
    ]
    for pointer, first in repeated_invoices(billed):
        yield _item(pointer, first, "duplicate_invoice", "发票", "invoice")
    numbers: dict[str, str] = {}
    marks: dict[str, str] = {}
    for index, contract in enumerate(content.contracts):
        pointer = f"/contracts/{index}/number"
        mark = marks.setdefault(contract.key, receivable_mark(contract))
        first = numbers.setdefault(mark, pointer)
        if first != pointer:
            yield _item(pointer, first, "duplicate_contract", "合同", "contract")
    pledged: dict[str, str] = {}
    for index, asset in enumerate(content.assets):
        if asset.contract_key not in marks:
            continue
        pointer = f"/assets/{index}/contract_key"
        first = pledged.setdefault(marks[asset.contract_key], pointer)
        if first != pointer:
            yield _item(pointer, first, "duplicate_claim", "应收账款或订单", "claim")


def _item(pointer: str, first: str, code: str, zh: str, en: str) -> MissingItem:
    return MissingItem(
        pointer=pointer, code=code, message_zh=f"{zh}与 {first} 重复", message_en=f"the {en} is that of {first}"
    )
