"""Names in an application that policy has to know: product, purpose, segment and kinds of document.

A name nobody knows is a slip of the pen and not a fact of the case: it is refused where it is written, all of them at once,
instead of being referred to a person weeks later.
"""

from collections.abc import Iterator
from datetime import date

from domain.application import ApplicationContent
from domain.casefile import MissingItem
from domain.facts import Known
from policy.engine import Bundle
from policy.engine.cells import Cell
from policy.engine.rules import RegulationFile
from services.origination.calc.concentration_facts import DEPENDENCE_EXAMINED, OUT_OF_AREA_CONSENT, RELATED_RESOLUTIONS
from services.origination.calc.security_facts import EXTERNAL_APPRAISAL

ALWAYS_KNOWN = RELATED_RESOLUTIONS | {"other", "due_diligence_report", "guarantee_resolution", "long_cycle_evidence",
                                      "head_office_tenor_consent", "capital_proof", "invoice", DEPENDENCE_EXAMINED,
                                      OUT_OF_AREA_CONSENT, EXTERNAL_APPRAISAL}  # fmt: skip
"""Kinds a file may hold beside those of the checklists and conditions of its product: with some of them a regulation is kept."""
PURPOSE = "loan.purpose"
SEGMENT = "borrower.segment"
_MOST_LISTED = 40


def known_document_kinds(bundle: Bundle, on: date, product: str | None = None) -> frozenset[str]:
    """The kinds of document that a product's checklists and conditions ask for; of all products without one."""
    names = [product] if product is not None else [item.id for item in bundle.products(on)]
    asked = {document.kind for name in names for document in bundle.checklist(name, None, on)}
    return frozenset(ALWAYS_KNOWN | asked | {kind for name in names for kind in bundle.proofs(name, on)})


def ruled_purposes(bundle: Bundle, on: date) -> frozenset[str]:
    """The purposes that a regulation speaks of by name, whether a product has them or not: what is forbidden is not unknown."""
    tests = (
        test
        for file in bundle.files_on(on)
        if isinstance(file, RegulationFile)
        for rule in file.rules
        for part in (rule.scope_tests, *rule.breaches)
        for test in part
    )
    return frozenset(
        str(value)
        for test in tests
        if test.fact == PURPOSE and isinstance(test.cell, Cell)
        for value in test.cell.values
    )


def unknown_names(content: ApplicationContent, bundle: Bundle, on: date) -> tuple[MissingItem, ...]:
    """Every name that the policy of a day does not know, by its pointer. What is not stated is not unknown."""
    return tuple(_unknown(content, bundle, on))


def _unknown(content: ApplicationContent, bundle: Bundle, on: date) -> Iterator[MissingItem]:
    products = bundle.products(on)
    names = sorted(item.id for item in products)
    purposes = sorted({purpose for item in products for purpose in item.purposes})
    ruled = ruled_purposes(bundle, on)
    for index, line in enumerate(content.lines):
        if line.product not in names:
            yield _item(f"/lines/{index}/product", "unknown_product", "现行政策中没有该产品", "product", names)
        if line.purpose not in purposes and line.purpose not in ruled:
            yield _item(f"/lines/{index}/purpose", "unknown_purpose", "现行政策中没有该用途", "purpose", purposes)
    segment = content.borrower.chain_segment if content.borrower is not None else None
    listed = bundle.vocabulary(on)[SEGMENT].values if SEGMENT in bundle.vocabulary(on) else ()
    if listed and isinstance(segment, Known) and segment.value not in listed:
        yield _item("/borrower/chain_segment", "unknown_segment", "现行政策中没有该产业链环节", "segment", list(listed))
    kinds = known_document_kinds(bundle, on)
    for index, document in enumerate(content.documents):
        if document.kind not in kinds:
            pointer = f"/documents/{index}/kind"
            yield _item(pointer, "unknown_document_kind", "现行政策中没有该文件种类", "kind of document", sorted(kinds))


def _item(pointer: str, code: str, zh: str, what: str, known: list[str]) -> MissingItem:
    one_of = f"：{', '.join(known)}" if len(known) <= _MOST_LISTED else ""
    en = f": one of {', '.join(known)}" if one_of else ""
    return MissingItem(
        pointer=pointer, code=code, message_zh=f"{zh}{one_of}", message_en=f"the policy in force has no such {what}{en}"
    )
