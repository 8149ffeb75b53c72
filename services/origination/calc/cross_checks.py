"""Cross-checks of due diligence (尽职调查): do the parts of the file agree with one another.

Thresholds are the house's own and stand here with their reasons. A fact that is absent is compared with nothing; it is asked
for by the checks that need it.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Final

from pydantic import Field

from domain.application import Accounts, ApplicationContent, PartyRole, Provenance, UseClass
from domain.facts import Known, known
from domain.finding import Outcome, TraceStep
from domain.model import Value
from domain.money import Money
from policy.engine import Bundle
from services.origination.calc.case_facts import total
from services.origination.calc.conclusion import Check
from services.origination.calc.integrity.examination import IntegrityInputs
from services.origination.calc.integrity.run import examine, take_over
from services.origination.calc.support_checks import SupportOfCase, support_notes

INVENTORY_TOLERANCE: Final = Decimal("0.05")
"""Invoices including VAT may differ from the planned use by freight, installation and rounding, not by more."""


class CrossCheckInputs(Value):
    """What the cross-checks are drawn from. The content is found under its hash."""

    content_sha256: str
    as_of: date
    accounts_months: int
    """Shelf life of accounts, from the pinned policy."""
    support: SupportOfCase | None = Field(default=None, exclude_if=lambda known: known is None)
    """Of an application that claims public support."""
    integrity: IntegrityInputs | None = Field(default=None, exclude_if=lambda inputs: inputs is None)
    """Of the fraud and consistency checks of this moment; ``None`` where the pinned policy has none."""


def cross_checks(inputs: CrossCheckInputs, content: ApplicationContent, pinned: Bundle | None = None) -> Check:
    """All cross-checks of a file. ``pinned`` is the case's policy, which the fraud and consistency checks go by."""
    check = Check()
    _inventory(check, content)
    _funding(check, content)
    _payees(check, content)
    _provenance(check, content)
    _contracts(check, content)
    _accounts(check, content, inputs)
    _people(check, content)
    _owners(check, content)
    if inputs.support is not None:
        support_notes(check, content, inputs.support)
    if inputs.integrity is not None:
        assert pinned is not None
        take_over(check, examine(inputs.integrity, content, pinned))
    return check


def _trace(check: Check, step: str, rule: str, result: str, **inputs: object) -> None:
    texts = {name: str(item) for name, item in sorted(inputs.items())}
    check.trace.append(TraceStep(step=f"cross_checks/{step}", rule=rule, inputs=texts, result=result))


def _inventory(check: Check, content: ApplicationContent) -> None:
    """Servers by invoice against the use of funds they are bought with."""
    servers = [server for asset in content.assets for server in asset.servers if not asset.existing]
    uses = total(use.amount for use in content.uses if use.use_class is UseClass.GPU)
    if not servers or not content.uses:
        return
    gross = total(server.price_ex_vat.times(1 + server.vat_rate) for server in servers)
    gap = abs(gross.amount - uses.amount)
    allowed = uses.amount * INVENTORY_TOLERANCE
    _trace(check, "inventory", f"|Σ price × (1 + VAT) − GPU use| ≤ {INVENTORY_TOLERANCE} × GPU use",
           f"{gap:.2f}", gross=gross, uses=uses, servers=len(servers))  # fmt: skip
    if gap > allowed:
        check.note(
            "INVENTORY_VALUE_GAP",
            Outcome.REFER,
            zh=f"服务器清单含税合计 {gross} 与算力设备用途 {uses} 相差 {gap:,.2f}",
            en=f"the inventory adds up to {gross} with VAT, the GPU use to {uses}: {gap:,.2f} apart",
            subject="/assets",
        )
    else:
        check.note("INVENTORY_VALUE", Outcome.PASS, detail=str(gross))


def _funding(check: Check, content: ApplicationContent) -> None:
    """The loan appears among the sources as it is asked for, and sources cover uses."""
    if not content.uses or not content.sources:
        return
    uses, sources = total(use.amount for use in content.uses), total(source.amount for source in content.sources)
    asked = content.lines[0].amount
    loans = total(source.amount for source in content.sources if source.kind == "bank_loan")
    _trace(check, "funding", "Σ sources ≥ Σ uses; the loan among the sources covers what is asked", "",
           asked=asked, loans=loans, sources=sources, uses=uses)  # fmt: skip
    if sources.amount < uses.amount:
        check.note(
            "SOURCES_SHORT",
            Outcome.REFER,
            zh=f"资金来源 {sources} 少于资金用途 {uses}",
            en=f"sources of {sources} do not cover uses of {uses}",
            subject="/sources",
        )
    if loans.amount < asked.amount:
        check.note(
            "LOAN_NOT_AMONG_SOURCES",
            Outcome.REFER,
            zh=f"资金来源中的银行贷款 {loans} 少于申请金额 {asked}",
            en=f"bank loans among the sources are {loans}, less than the {asked} asked for",
            subject="/sources",
        )
    if sources.amount >= uses.amount and loans.amount >= asked.amount:
        check.note("FUNDING", Outcome.PASS, detail=f"{sources} / {uses}")


def _payees(check: Check, content: ApplicationContent) -> None:
    """Loan money goes to parties of the transaction, and to no more than the loan."""
    if not content.payees:
        return
    asked = content.lines[0].amount
    planned = total(payee.amount for payee in content.payees)
    suppliers = {party.uscc for party in content.parties if party.role is PartyRole.SUPPLIER}
    _trace(
        check, "payees", "Σ payees ≤ amount; every payee is a supplier of the file", "", planned=planned, asked=asked
    )
    if planned.amount > asked.amount:
        check.note(
            "PAYEES_EXCEED_LOAN",
            Outcome.REFER,
            zh=f"拟支付合计 {planned} 超过申请金额 {asked}",
            en=f"planned payments of {planned} exceed the {asked} asked for",
            subject="/payees",
        )
    for index, payee in enumerate(content.payees):
        if payee.uscc not in suppliers:
            check.note(
                "PAYEE_NOT_SUPPLIER",
                Outcome.REFER,
                zh="收款人不在本案供应商之列",
                en="the payee is not among the suppliers of the file",
                subject=f"/payees/{index}",
            )
        if payee.related:
            check.note(
                "PAYEE_RELATED",
                Outcome.REFER,
                zh="收款人为借款人关联方",
                en="the payee is related to the borrower",
                subject=f"/payees/{index}",
            )
    check.note("PAYEES", Outcome.PASS, detail=str(planned))


def _provenance(check: Check, content: ApplicationContent) -> None:
    """Grey or unknown goods carry no collateral value; licensed ones show their customs document."""
    suspect = papers = count = 0
    for asset in content.assets:
        for server in asset.servers:
            count += 1
            suspect += server.provenance in (Provenance.GREY, Provenance.UNKNOWN)
            papers += server.provenance is Provenance.LICENSED and server.customs_document is None
    if suspect:
        check.note(
            "PROVENANCE_SUSPECT",
            Outcome.REFER,
            zh=f"{suspect} 台服务器来源为灰色或不明",
            en=f"{suspect} servers are of grey or unknown provenance",
            subject="/assets",
        )
    if papers:
        check.note(
            "CUSTOMS_DOCUMENT_MISSING",
            Outcome.REFER,
            zh=f"{papers} 台许可进口服务器无报关单证",
            en=f"{papers} licensed imports have no customs document",
            subject="/assets",
        )
    if count and not suspect and not papers:
        check.note("PROVENANCE", Outcome.PASS, detail=f"{count} servers")


def _contracts(check: Check, content: ApplicationContent) -> None:
    """A contract's money adds up, it does not sell to the borrower itself, and it is signed before it is financed."""
    borrower = content.party(PartyRole.BORROWER)
    for index, contract in enumerate(content.contracts):
        where = f"/contracts/{index}"
        parts = (contract.advance_received, contract.retention, contract.collected)
        amount = known(contract.amount)
        known_parts = [part.value for part in parts if isinstance(part, Known)]
        if amount is not None and known_parts and total(known_parts).amount > amount.amount:
            check.note(
                "CONTRACT_SUMS",
                Outcome.REFER,
                zh="预收、质保金与已回款之和大于合同金额",
                en="advance, retention and collections add up to more than the contract",
                subject=where,
            )
        if borrower is not None and contract.buyer_uscc == borrower.uscc:
            check.note(
                "SELF_CONTRACT",
                Outcome.FAIL,
                zh="合同买方即借款人本身",
                en="the buyer under the contract is the borrower itself",
                subject=where,
            )
        signed, ends = known(contract.signed), known(contract.ends)
        if signed is not None and content.application_date is not None and signed > content.application_date:
            check.note(
                "CONTRACT_NOT_SIGNED_YET",
                Outcome.REFER,
                zh="合同签署日晚于申请日",
                en="the contract is signed after the application",
                subject=where,
            )
        if ends is not None and content.application_date is not None and ends <= content.application_date:
            check.note(
                "CONTRACT_ENDED", Outcome.REFER, zh="合同已到期", en="the contract has run out", subject=f"{where}/ends"
            )
    if content.contracts:
        check.note("CONTRACTS", Outcome.PASS, detail=f"{len(content.contracts)}")


def _accounts(check: Check, content: ApplicationContent, inputs: CrossCheckInputs) -> None:
    latest = max(content.accounts, key=lambda item: item.period_end, default=None)
    if latest is None:
        return
    age = (inputs.as_of.year - latest.period_end.year) * 12 + inputs.as_of.month - latest.period_end.month
    _trace(check, "accounts_age", f"≤ {inputs.accounts_months} months", str(age), period_end=latest.period_end)
    if age > inputs.accounts_months:
        check.note(
            "ACCOUNTS_STALE",
            Outcome.REFER,
            zh=f"最近一期报表距今 {age} 个月，超过 {inputs.accounts_months} 个月",
            en=f"the latest accounts are {age} months old; {inputs.accounts_months} are allowed",
            subject="/accounts",
        )
    if not latest.audited:
        check.note(
            "ACCOUNTS_UNAUDITED",
            Outcome.PASS,
            zh="最近一期报表未经审计",
            en="the latest accounts are not audited",
            subject="/accounts",
        )
    for index, accounts in enumerate(content.accounts):
        for code, zh, en in _balance(accounts):
            check.note(code, Outcome.REFER, zh=zh, en=en, subject=f"/accounts/{index}")
    check.note("ACCOUNTS", Outcome.PASS, detail=latest.period_end.isoformat())


def _balance(accounts: Accounts) -> Iterator[tuple[str, str, str]]:
    """Figures of one period that cannot stand together."""
    assets, equity, cash = known(accounts.total_assets), known(accounts.equity), known(accounts.cash)
    revenue, profit = known(accounts.revenue), known(accounts.profit)
    if assets is not None and equity is not None and equity.amount > assets.amount:
        yield "EQUITY_ABOVE_ASSETS", "净资产大于总资产", "equity exceeds total assets"
    if assets is not None and cash is not None and cash.amount > assets.amount:
        yield "CASH_ABOVE_ASSETS", "货币资金大于总资产", "cash exceeds total assets"
    if revenue is not None and profit is not None and profit.amount > revenue.amount:
        yield "PROFIT_ABOVE_REVENUE", "利润大于营业收入", "profit exceeds revenue"
    if accounts.debt and assets is not None and equity is not None:
        debt = total(item.balance for item in accounts.debt)
        if debt.amount > _liabilities(assets, equity):
            yield "DEBT_ABOVE_LIABILITIES", "借款合计大于负债", "debts to lenders exceed all liabilities"


def _liabilities(assets: Money, equity: Money) -> Decimal:
    return assets.amount - equity.amount


def _people(check: Check, content: ApplicationContent) -> None:
    staff, research = known(content.technology.staff), known(content.technology.research_staff)
    masters = known(content.technology.masters_staff)
    if staff is None:
        return
    for code, part, zh, en in (
        ("RESEARCH_STAFF", research, "研发人员多于员工总数", "there are more R&D staff than staff"),
        (
            "MASTERS_STAFF",
            masters,
            "硕士及以上人员多于员工总数",
            "there are more holders of master's degrees than staff",
        ),
    ):
        if part is not None and part > staff:
            check.note(f"{code}_ABOVE_STAFF", Outcome.REFER, zh=zh, en=en, subject="/technology")
    check.note("PEOPLE", Outcome.PASS, detail=str(staff))


def _owners(check: Check, content: ApplicationContent) -> None:
    owners = content.borrower.owners
    if not owners:
        return
    shares = sum((owner.share for owner in owners if not owner.beneficial), Decimal(0))
    _trace(check, "owners", "Σ shares of direct owners ≤ 1", str(shares), owners=len(owners))
    if shares > 1:
        check.note(
            "OWNERS_ABOVE_WHOLE",
            Outcome.REFER,
            zh="股东持股合计超过 100%",
            en="the owners' shares add up to more than the whole",
            subject="/borrower/owners",
        )
    else:
        check.note("OWNERS", Outcome.PASS, detail=str(shares))
