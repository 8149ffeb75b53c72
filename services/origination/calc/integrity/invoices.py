"""Invoices (R8): used once, and valid by the tax authority."""

from domain.application import ApplicationContent
from domain.application.invoices import Invoice
from domain.integrity import InvoiceRecord
from policy.engine.integrity import IntegrityPolicy
from services.origination.calc.integrity.examination import Examination, IntegrityInputs

_WRONG = {
    "void": ("已作废", "is void"),
    "red_letter": ("已红冲", "was reversed by a red-letter invoice"),
    "unknown": ("查无此票或票面要素不符", "is unknown to the tax authority with these particulars"),
}


def invoices_of(inputs: IntegrityInputs, content: ApplicationContent) -> list[tuple[str, Invoice]]:
    """The invoices of a moment, by pointer: those of the drawing, else those financed contracts were billed with."""
    if inputs.drawing is not None:
        return [(f"/invoice_details/{place}", invoice) for place, invoice in enumerate(inputs.drawing.invoices)]
    return [
        (f"/contracts/{index}/invoices/{place}", invoice)
        for index, contract in enumerate(content.contracts)
        for place, invoice in enumerate(contract.invoices or ())
    ]


def invoice_reused(
    seen: Examination, inputs: IntegrityInputs, content: ApplicationContent, policy: IntegrityPolicy
) -> None:
    """R8: one invoice supports one drawing of one loan. The books know it by code and number, or as a document."""
    if not inputs.invoices_presented:
        return
    seen.look(
        "code and number, or document, in no other case or drawing",
        f"{len(inputs.invoice_uses)} used before",
        invoices=inputs.invoices_presented,
    )
    for use in inputs.invoice_uses:
        by = use.drawing_number or use.case_number
        changed_zh = "，且票面要素已改动" if use.altered else ""
        changed_en = ", with other particulars on its face" if use.altered else ""
        seen.hit(
            "INVOICE_ALTERED" if use.altered else "INVOICE_REUSED",
            zh=f"发票已用于 {by}{changed_zh}",
            en=f"the invoice was used for {by}{changed_en}",
            evidence=f"{use.pointer} · {by}{' · altered' if use.altered else ''}",
            subject=use.pointer,
        )


def invoice_void(
    seen: Examination, inputs: IntegrityInputs, content: ApplicationContent, policy: IntegrityPolicy
) -> None:
    """R8: what the tax authority says of an invoice today; a red-letter invoice may come months later."""
    asked = invoices_of(inputs, content)
    if not asked:
        return
    if inputs.invoice_records is None:
        seen.silent("发票查验未接通", "the tax authority's verification is not connected")
        return
    answers: dict[str, InvoiceRecord] = {record.mark: record for record in inputs.invoice_records}
    for pointer, invoice in asked:
        record = answers.get(invoice.mark())
        if record is None:
            seen.silent("发票查验未应答", "the tax authority gave no answer")
            continue
        seen.look("the tax authority has it as valid", record.status, invoice=pointer)
        if record.status != "valid":
            zh, en = _WRONG[record.status]
            seen.hit(
                f"INVOICE_{record.status.upper()}",
                zh=f"发票{zh}",
                en=f"the invoice {en}",
                evidence=f"{pointer} · {record.status}",
                subject=pointer,
            )
