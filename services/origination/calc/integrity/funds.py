"""Where money comes from and goes to: borrowed capital (R17), short loans for fixed assets (R19), split payments (R18)."""

from datetime import date, timedelta

from domain.application import ApplicationContent, FundingSource, SourceKind
from domain.facts import known
from domain.money import ZERO
from policy.engine.integrity import CapitalRules, IntegrityPolicy
from services.origination.calc.case_facts import total
from services.origination.calc.integrity.examination import Examination, IntegrityInputs
from services.origination.calc.integrity.ownership import graph_of

_CAPITAL = (SourceKind.OWN_CASH, SourceKind.RETAINED_PROFIT, SourceKind.EQUITY_FUND)
_DAYS_OF_MONTH = 31


def borrowed_capital(
    seen: Examination, inputs: IntegrityInputs, content: ApplicationContent, policy: IntegrityPolicy
) -> None:
    """R17: capital whose traced origin is a debt, or that came in when a debt of the same amount stands in the accounts."""
    rules = policy.capital
    latest = max(content.accounts, key=lambda item: item.period_end, default=None)
    owners = {owner.entity_name for owner in content.borrower.owners or () if owner.entity_name is not None}
    for place, source in enumerate(content.sources):
        if source.kind not in _CAPITAL:
            continue
        where = f"/sources/{place}"
        origin = known(source.origin)
        words = _debt_words(origin or "", rules)
        if origin is None:
            seen.silent("资本金来源未追溯", "the origin of the capital was not traced")
        else:
            seen.look("the traced origin is no debt", ", ".join(words) or "no word of debt", source=source.kind.value)
        if words:
            seen.hit(
                "CAPITAL_FROM_DEBT",
                zh=f"资本金来源的追溯说明提及“{words[0]}”，疑为借入",
                en=f"the traced origin of the capital speaks of {words[0]!r}: it looks borrowed",
                evidence=f"{source.kind.value} · {words[0]}",
                subject=where,
            )
        if latest is None or not _recent(source, inputs.as_of, rules.look_back_months):
            continue
        paid = source.paid_in
        for debt in latest.debt or ():
            same = paid is not None and paid > ZERO and debt.balance == paid
            related = debt.lender in owners
            seen.look("no debt of the same amount", "same" if same else "another", lender=place, related=related)
            if same:
                seen.hit(
                    "CAPITAL_MATCHES_DEBT",
                    zh=f"到位资本金 {paid} 与{'股东' if related else ''}借款余额相同，须核对资金来源",
                    en=f"capital paid in of {paid} equals a debt to {'an owner' if related else 'a lender'}: trace its origin",
                    evidence=f"{source.kind.value} · {paid} · {'owner' if related else 'lender'}",
                    subject=where,
                )


def _debt_words(origin: str, rules: CapitalRules) -> list[str]:
    text = origin.casefold()
    for word in sorted(rules.harmless_words, key=len, reverse=True):
        text = text.replace(word.casefold(), " ")
    return [word for word in rules.debt_words if word.casefold() in text]


def _recent(source: FundingSource, as_of: date, months: int) -> bool:
    return source.paid_on is not None and source.paid_on >= as_of - timedelta(days=months * _DAYS_OF_MONTH)


def short_loans_for_assets(
    seen: Examination, inputs: IntegrityInputs, content: ApplicationContent, policy: IntegrityPolicy
) -> None:
    """R19: working capital that goes to those who sell the borrower fixed assets, and short loans that follow one another."""
    if not inputs.working_capital:
        return
    vendors = frozenset(inputs.asset_vendors)
    payees = (
        [(payee.uscc, f"/payees/{place}") for place, payee in enumerate(inputs.drawing.payees)]
        if inputs.drawing is not None
        else [(payee.uscc, f"/payees/{place}") for place, payee in enumerate(content.payees)]
    )
    to_vendors = [(uscc, where) for uscc, where in payees if uscc in vendors]
    earlier = [payment for payment in inputs.payments if payment.working_capital and payment.payee in vendors]
    seen.look(
        "no working capital to vendors of fixed assets",
        f"{len(to_vendors)} payees, {len(earlier)} earlier payments",
        vendors=len(vendors),
    )
    for uscc, where in to_vendors:
        seen.hit(
            "WORKING_CAPITAL_TO_ASSET_VENDOR",
            zh=f"流动资金贷款拟支付固定资产供应商 {uscc}",
            en=f"working capital is to be paid to {uscc}, who sells the borrower fixed assets",
            evidence=uscc,
            subject=where,
        )
    if earlier:
        paid = total(payment.amount for payment in earlier)
        seen.hit(
            "WORKING_CAPITAL_WENT_TO_ASSETS",
            zh=f"既往流动资金贷款已向固定资产供应商支付 {paid}",
            en=f"{paid} of earlier working capital went to those who sell the borrower fixed assets",
            evidence="; ".join(f"{item.facility} · {item.payee} · {item.amount}" for item in earlier),
        )
    rules = policy.short_loans
    short = [item for item in inputs.short_facilities if item.months <= rules.longest_months]
    renewed = [item for item in short if item.replaces]
    seen.look(
        f"fewer than {rules.renewals} short facilities renewed", f"{len(renewed)} of {len(short)}", short=len(short)
    )
    if len(renewed) >= rules.renewals:
        seen.hit(
            "SHORT_LOANS_ROLLED",
            zh=f"{rules.look_back_months} 个月内短期流动资金贷款续作 {len(renewed)} 次，疑短贷长投",
            en=f"short working-capital loans were renewed {len(renewed)} times in {rules.look_back_months} months",
            evidence=", ".join(item.number for item in renewed),
        )


def split_payment(
    seen: Examination, inputs: IntegrityInputs, content: ApplicationContent, policy: IntegrityPolicy
) -> None:
    """R18: payments inside the window to payees under several codes who are one. What goes to one owner is added up, so that it
    is entrusted as one payment would be; one account under two codes belongs to somebody else than at least one of them."""
    drawing = inputs.drawing
    if drawing is None:
        return
    graph = graph_of(inputs, policy)
    first = inputs.as_of - timedelta(days=inputs.same_payee_window_days)
    recent = [
        (item.payee, item.account, item.amount) for item in inputs.payments if first <= item.made_on <= inputs.as_of
    ]
    asked = [(payee.uscc, payee.account, payee.amount) for payee in drawing.payees]
    for place, payee in enumerate(drawing.payees):
        others = [item for item in (*asked, *recent) if item[0] != payee.uscc]
        same_account = sorted({uscc for uscc, account, _ in others if account == payee.account})
        one_owner = sorted({uscc for uscc, *_ in others if graph.relation(payee.uscc, uscc) is not None})
        seen.look(
            f"in {inputs.same_payee_window_days} days no other code with the payee's account or owner",
            ", ".join((*same_account, *one_owner)) or "none",
            payee=payee.key,
        )
        for uscc in same_account:
            seen.hit(
                "ACCOUNT_UNDER_TWO_CODES",
                zh=f"收款账户同时用于 {payee.uscc} 与 {uscc}，须核对户名",
                en=f"one account is given for {payee.uscc} and for {uscc}: check in whose name it stands",
                evidence=f"{payee.key} · {uscc}",
                subject=f"/payees/{place}",
            )
        if one_owner:
            ones = {payee.uscc, *one_owner}
            together = total(amount for uscc, _, amount in (*asked, *recent) if uscc in ones)
            seen.warn(
                "PAYEES_ARE_ONE",
                zh=f"{inputs.same_payee_window_days} 天内向关联收款人合计支付 {together}，按一笔确定支付方式",
                en=f"{together} go to payees of one owner within {inputs.same_payee_window_days} days and count as one payment",
                subject=f"/payees/{place}",
            )
