"""Whether an application is fit to be submitted: everything missing or wrong is found at once, with its place.

What cannot be known yet may be declared so; what is declared is listed as unknown and refers the case where it is needed.
"""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from domain.application import ApplicationContent, AssetKind, CreditLineRequest, PartyRole
from domain.application.serials import gpu_identity, serial_identity
from domain.casefile import MissingItem
from domain.facts import FactState
from domain.model import Value
from domain.stages import Stage
from policy.engine import Bundle, Product, RequiredDocument
from services.origination.calc.eligibility import mix_adds_up, never_offered, not_booked_reason
from services.origination.calc.known_names import unknown_names
from services.origination.calc.repayment_terms import repayment_faults
from services.origination.calc.repeated import repeated
from services.origination.calc.required_facts import Case, gaps
from services.origination.calc.tags import tag_faults


class FiledDocument(Value):
    """A document that really lies in the file."""

    kind: str
    sha256: str
    as_of: date | None = None


def missing(
    content: ApplicationContent, bundle: Bundle, filed: tuple[FiledDocument, ...], on: date, today: date | None = None
) -> tuple[MissingItem, ...]:
    """Everything that keeps an application from being submitted on a day, in the order of its sections.

    ``bundle`` is the policy the application would be pinned to, by its versions of the day ``on``. ``today`` is the day by
    which documents are fresh or stale, where a returned case keeps the policy of an earlier one.
    """
    found = [*_header(content), *unknown_names(content, bundle, on)]
    line = content.lines[0] if len(content.lines) == 1 else None
    product = None
    if line is not None:
        products = {item.id: item for item in bundle.products(on)}
        product = products.get(line.product)
        found += _line(content, line, product)
        if product is not None:
            found += repayment_faults(line, product, today or on, bundle.validity(on).availability_days)
    found += _sums(content, line, product)
    found += [*_keys(content), *repeated(content)]
    found += tag_faults(content.tags or (), bundle.tag_lists(on))
    if line is not None and product is not None:
        case = Case(content, line, product, _asked(bundle, product, on))
        found += _sections(case)
        found += [_gap(gap.pointer, gap.value_needed) for gap in gaps(case)]
        checklist = bundle.checklist(product.id, Stage.INTAKE, on)
        found += _documents(content, checklist, filed, today or on)
    found += _evidence(content, filed)
    return tuple(dict.fromkeys(found))


def _asked(bundle: Bundle, product: Product, on: date) -> frozenset[str]:
    """The facts that the product's card and its admission speak of."""
    return bundle.scorecard(product.scorecard, on).asked() | product.asked()


def unknown_facts(content: ApplicationContent) -> tuple[str, ...]:
    """Pointers of the facts that are declared unknown or undisclosed."""
    return tuple(_absent(content.model_dump(mode="json"), ""))


def _absent(node: Any, pointer: str) -> Iterator[str]:
    if isinstance(node, Mapping):
        if node.get("state") in (FactState.UNKNOWN, FactState.UNDISCLOSED):
            yield pointer
            return
        for name, child in node.items():
            yield from _absent(child, f"{pointer}/{name}")
    elif isinstance(node, list):
        for index, child in enumerate(node):
            yield from _absent(child, f"{pointer}/{index}")


def _gap(pointer: str, value_needed: bool) -> MissingItem:
    if value_needed:
        return MissingItem(
            pointer=pointer,
            code="value_required",
            message_zh="须给出具体值，不能声明未知",
            message_en="a value is required; it cannot be declared unknown",
        )
    return MissingItem(
        pointer=pointer,
        code="statement_required",
        message_zh="须填写，或声明未知、未披露或不适用",
        message_en="must be given, or declared unknown, undisclosed or not applicable",
    )


def _header(content: ApplicationContent) -> Iterator[MissingItem]:
    for name in ("customer_id", "application_date"):
        if getattr(content, name) is None:
            yield _gap(f"/{name}", True)
    if len(content.lines) != 1:
        yield MissingItem(
            pointer="/lines",
            code="one_line",
            message_zh="一笔申请须恰有一项额度",
            message_en="an application asks for exactly one line",
        )
    borrowers = sum(party.role is PartyRole.BORROWER for party in content.parties)
    if borrowers != 1:
        yield MissingItem(
            pointer="/parties",
            code="one_borrower",
            message_zh="须恰有一个借款人",
            message_en="there must be exactly one party in the borrower's role",
        )
    if not content.accounts:
        yield MissingItem(
            pointer="/accounts",
            code="accounts_required",
            message_zh="至少一期财务报表",
            message_en="the accounts of at least one period are required",
        )
    consents = content.borrower.query_consents or ()
    if not any(consent.subject_kind == "borrower" for consent in consents):
        yield MissingItem(
            pointer="/borrower/query_consents",
            code="consent_required",
            message_zh="缺少借款人签署的征信授权",
            message_en="the borrower's signed consent to a bureau query is missing",
        )
    covered = {consent.subject_uscc for consent in consents}
    for index, party in enumerate(content.parties):
        if party.role is PartyRole.GUARANTOR and party.uscc not in covered:
            yield MissingItem(
                pointer=f"/parties/{index}",
                code="consent_required",
                message_zh="缺少保证人签署的征信授权",
                message_en="the guarantor's signed consent to a bureau query is missing",
            )


def _line(content: ApplicationContent, line: CreditLineRequest, product: Product | None) -> Iterator[MissingItem]:
    if product is None:
        return
    if product.not_booked is not None:
        reason = not_booked_reason(product.not_booked)
        yield MissingItem(
            pointer="/lines/0/product",
            code=reason.code,
            message_zh=reason.message_zh,
            message_en=reason.message_en,
        )
    if content.lender_id not in product.lenders:
        yield MissingItem(
            pointer="/lender_id",
            code="not_the_lenders_product",
            message_zh="该机构不提供此产品",
            message_en="the lender does not offer this product",
        )
    if line.kind is not product.line_kind:
        yield MissingItem(
            pointer="/lines/0/kind",
            code="line_kind_mismatch",
            message_zh=f"该产品的额度种类为 {product.line_kind.value}",
            message_en=f"lines of this product are {product.line_kind.value}",
        )
    if line.amount.amount <= 0:
        yield MissingItem(
            pointer="/lines/0/amount", code="not_positive", message_zh="金额须大于零", message_en="must be above nought"
        )
    if "loan.direction" in product.asked() and line.direction is None:
        yield _gap("/lines/0/direction", True)
    # What shortens or caps is for the limit; what the product does not do at all is refused here.
    for reason in never_offered(product, line, content):
        yield MissingItem(
            pointer=reason.subject, code=reason.code, message_zh=reason.message_zh, message_en=reason.message_en
        )


def _sections(case: Case) -> Iterator[MissingItem]:
    """Sections without which a product of this kind cannot be assessed at all."""
    content = case.content
    needed: list[tuple[str, object]] = []
    if case.project:
        needed += [("project", content.project), ("uses", content.uses), ("sources", content.sources)]
        needed += [("assets", content.assets), ("payees", content.payees)]
    if case.order:
        needed += [("contracts", content.contracts), ("assets", content.assets), ("payees", content.payees)]
    if case.servers:
        needed += [("economics", content.economics)]
    needed += [("security", content.security)]
    for name, section in needed:
        if not section:
            yield MissingItem(
                pointer=f"/{name}",
                code="section_required",
                message_zh="该产品须填写本部分",
                message_en="this section is required for the product",
            )
    for index, asset in enumerate(content.assets):
        if asset.kind is AssetKind.GPU_SERVER and not asset.servers:
            yield MissingItem(
                pointer=f"/assets/{index}/servers",
                code="servers_required",
                message_zh="须逐台列明服务器",
                message_en="GPU servers are listed one by one",
            )


def _sums(
    content: ApplicationContent, line: CreditLineRequest | None, product: Product | None
) -> Iterator[MissingItem]:
    if line is not None and content.security:
        total = sum((leg.amount.amount for leg in content.security), Decimal(0))
        if not mix_adds_up(total, line, product):
            yield MissingItem(
                pointer="/security",
                code="security_sum",
                message_zh=f"担保组合合计 {total:,.2f}，与申请金额不等",
                message_en=f"the guarantee mix adds up to {total:,.2f}, not to the amount asked for",
            )
    offered = sum((leg.amount.amount for leg in content.security if leg.method == "guarantee"), Decimal(0))
    guaranteed = sum((item.amount.amount for item in content.guarantees), Decimal(0))
    if offered > guaranteed:
        yield MissingItem(
            pointer="/guarantees",
            code="guarantee_short",
            message_zh="保证部分大于所列保证金额",
            message_en="the guaranteed part exceeds the guarantees offered",
        )


def _keys(content: ApplicationContent) -> Iterator[MissingItem]:
    """References inside the application lead somewhere, and keys name one thing."""
    for name in ("parties", "lines", "assets", "contracts", "payees"):
        seen: set[str] = set()
        for index, item in enumerate(getattr(content, name)):
            if item.key in seen:
                yield MissingItem(
                    pointer=f"/{name}/{index}/key",
                    code="duplicate_key",
                    message_zh="编号重复",
                    message_en="the key is used twice",
                )
            seen.add(item.key)
    contracts = {contract.key for contract in content.contracts}
    for index, asset in enumerate(content.assets):
        if asset.contract_key is not None and asset.contract_key not in contracts:
            yield _dangling(f"/assets/{index}/contract_key")
    suppliers = {party.key for party in content.parties if party.role is PartyRole.SUPPLIER}
    if content.purchase is not None and content.purchase.supplier_key not in suppliers:
        yield _dangling("/purchase/supplier_key")
    guarantors = {party.key for party in content.parties if party.role is PartyRole.GUARANTOR}
    for index, guarantee in enumerate(content.guarantees):
        if guarantee.party_key not in guarantors:
            yield _dangling(f"/guarantees/{index}/party_key")
    serials: dict[str, str] = {}
    gpus: dict[str, str] = {}
    for place, asset in enumerate(content.assets):
        for index, server in enumerate(asset.servers):
            pointer = f"/assets/{place}/servers/{index}/serial"
            first = serials.setdefault(serial_identity(server.serial), pointer)
            if first != pointer:
                yield MissingItem(
                    pointer=pointer,
                    code="duplicate_serial",
                    message_zh=f"序列号与 {first} 重复",
                    message_en=f"the serial number is that of {first}",
                )
            for number, gpu in enumerate(server.gpu_uuids):
                pointer = f"/assets/{place}/servers/{index}/gpu_uuids/{number}"
                first = gpus.setdefault(gpu_identity(gpu), pointer)
                if first != pointer:
                    yield MissingItem(
                        pointer=pointer,
                        code="duplicate_gpu",
                        message_zh=f"GPU 标识与 {first} 重复",
                        message_en=f"the GPU identifier is that of {first}",
                    )


def _dangling(pointer: str) -> MissingItem:
    return MissingItem(
        pointer=pointer,
        code="unknown_key",
        message_zh="所指编号不存在",
        message_en="refers to nothing in the application",
    )


def _documents(
    content: ApplicationContent, checklist: tuple[RequiredDocument, ...], filed: tuple[FiledDocument, ...], on: date
) -> Iterator[MissingItem]:
    listed = {(document.kind, document.sha256): document for document in content.documents}
    for required in checklist:
        there = [item for item in filed if item.kind == required.kind and (item.kind, item.sha256) in listed]
        if not there:
            if required.required:
                yield MissingItem(
                    pointer="/documents",
                    code=f"document_required:{required.kind}",
                    message_zh=f"缺少：{required.title_zh}",
                    message_en=f"missing: {required.title_en}",
                )
            continue
        if required.shelf_life_days is None:
            continue
        oldest = on - timedelta(days=required.shelf_life_days)
        dated = [item.as_of for item in there if item.as_of is not None]
        if not dated or max(dated) < oldest:
            yield MissingItem(
                pointer="/documents",
                code=f"document_stale:{required.kind}",
                message_zh=f"{required.title_zh} 未注明日期或早于 {oldest.isoformat()}",
                message_en=f"{required.title_en}: undated, or older than {oldest.isoformat()}",
            )


def _evidence(content: ApplicationContent, filed: tuple[FiledDocument, ...]) -> Iterator[MissingItem]:
    """Every document the application refers to was uploaded: a hash nobody can open proves nothing."""
    there = {item.sha256 for item in filed}
    for pointer, sha256 in _referred(content.model_dump(mode="json"), ""):
        if sha256 not in there:
            yield MissingItem(
                pointer=pointer,
                code="document_not_uploaded",
                message_zh="所引用的文件尚未上传",
                message_en="the document referred to has not been uploaded",
            )


def _referred(node: Any, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, Mapping):
        for name, child in node.items():
            if child is None:
                continue
            if name in ("sha256", "document_sha256", "resolution_sha256", "long_cycle_evidence"):
                yield f"{pointer}/{name}", str(child)
            elif name == "evidence":
                for index, sha256 in enumerate(child):
                    yield f"{pointer}/evidence/{index}", str(sha256)
            else:
                yield from _referred(child, f"{pointer}/{name}")
    elif isinstance(node, list):
        for index, child in enumerate(node):
            yield from _referred(child, f"{pointer}/{index}")
