"""The terms of an offer, and the agreement they become: every condition is a clause, and the whole has one hash."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from pydantic import Field

from domain.application import CreditLineRequest, Party, PartyRole, Repayment
from domain.canonical import sha256_of
from domain.dossier import Dossier
from domain.facility import (
    ApprovalCondition,
    ConditionAsked,
    ConditionKind,
    ConditionTerm,
    PricedTerms,
    approval_terms,
)
from domain.margin_ratchet import EsgClause, GridClause, MarginClauses
from domain.model import Value
from domain.money import Money
from domain.requests.repayment import fitted


class OfferTerms(Value):
    """What the borrower is offered (批复条件), as it is shown and hashed."""

    case_number: str
    lender_id: str
    lender_name: str
    borrower_name: str
    borrower_uscc: str
    product: str
    amount: Money
    tenor_months: int
    purpose: str
    repayment: Repayment
    price: PricedTerms
    comprehensive_cost: str | None
    """综合融资成本 as a fraction per year, nominal: by the repayment schedule where it was reckoned, else as quoted."""
    effective_cost: str | None = Field(default=None, exclude_if=lambda cost: cost is None)
    """The same compounded, as it is held against another lender's offer."""
    instalments: int
    total_interest: Money
    conditions: tuple[ConditionTerm, ...]
    approval_conditions: tuple[ConditionAsked, ...]
    """Conditions that the approvers added in their own words, each with its kind."""
    offered_on: date
    valid_until: date

    def sha256(self) -> str:
        return sha256_of(self)

    def all_conditions(self) -> tuple[ConditionTerm, ...]:
        """Those of the product first, then those the approvers added."""
        return self.conditions + approval_terms(self.approval_conditions)


class Clause(Value):
    """A clause of the agreement and the condition it carries."""

    number: int
    code: str
    kind: str
    text_zh: str
    text_en: str


class ContractData(Value):
    """What the text of the agreement is drawn from, and is checked against when it is signed."""

    number: str
    offer_id: UUID
    terms: OfferTerms
    terms_sha256: str
    parties: tuple[Party, ...]
    decision: str
    decided_by: tuple[str, ...]
    authority_rule: str
    policy_sha256: str
    clauses: tuple[Clause, ...]
    drawn_on: date
    conditions: tuple[ConditionTerm, ...] = Field(default=())

    def sha256(self) -> str:
        return sha256_of(self)


def offer_terms(
    dossier: Dossier,
    conditions: tuple[ConditionTerm, ...],
    approval_conditions: tuple[ApprovalCondition, ...],
    *,
    validity_days: int,
    as_of: date,
) -> OfferTerms:
    """The offer: no more than the limit and no more than was asked, at the price quoted.

    The dossier must hold limit, quote and schedule.
    """
    assert dossier.limit is not None
    assert dossier.quote is not None
    assert dossier.schedule is not None
    amount = offered(dossier.line, dossier.limit.limit)
    tenor_months = min(dossier.line.tenor_months, dossier.limit.tenor_months)
    borrower = dossier.content.party(PartyRole.BORROWER)
    assert borrower is not None
    line, quote = dossier.line, dossier.quote
    by_plan = dossier.borrowing_cost.cost if dossier.borrowing_cost is not None else None
    cost = by_plan.nominal if by_plan is not None else quote.comprehensive_cost
    effective = by_plan.effective if by_plan is not None else quote.effective_cost
    return OfferTerms(
        case_number=dossier.case_number,
        lender_id=dossier.lender_id,
        lender_name=dossier.lender.name,
        borrower_name=borrower.name,
        borrower_uscc=borrower.uscc,
        product=line.product,
        amount=amount,
        tenor_months=tenor_months,
        purpose=line.purpose,
        repayment=fitted(line, amount, tenor_months),
        price=PricedTerms(all_in_rate=quote.all_in_rate, base_rate=quote.base_rate, margin_bps=quote.margin_bps),
        comprehensive_cost=None if cost is None else f"{cost:.8f}",
        effective_cost=None if effective is None else f"{effective:.8f}",
        instalments=len(dossier.schedule.instalments),
        total_interest=dossier.schedule.total_interest,
        conditions=conditions,
        approval_conditions=approval_conditions,
        offered_on=as_of,
        valid_until=as_of + timedelta(days=validity_days),
    )


def offered(line: CreditLineRequest, limit: Money) -> Money:
    """The smaller of what was asked and what the limit allows."""
    return min(line.amount, limit)


def clauses(terms: OfferTerms) -> tuple[Clause, ...]:
    """Every condition as a numbered clause: those of the product first, then those the approvers added."""
    return tuple(
        Clause(number=number, code=term.code, kind=term.kind.value, text_zh=zh, text_en=en)
        for number, term in enumerate(terms.all_conditions(), start=1)
        for zh, en in (_text(term),)
    )


_FROM = {
    "effective": ("合同生效", "the agreement's effect"),
    "payment": ("放款", "payment"),
    "delivery": ("交付", "delivery"),
}


def _text(term: ConditionTerm) -> tuple[str, str]:
    if term.ratchet is not None:
        zh, en = margin_words(term.ratchet)
        return f"{term.title_zh}：{zh}", f"{term.title_en}: {en}"
    if term.kind is ConditionKind.UNDERTAKING:
        return f"授信存续期间持续：{term.title_zh}。", f"For as long as the facility lasts: {term.title_en}."
    if term.counts_from is None or term.due_days is None:
        return f"首次提款前：{term.title_zh}。", f"Before the first drawing: {term.title_en}."
    since_zh, since_en = _FROM[term.counts_from]
    return (
        f"{since_zh}之日起 {term.due_days} 日内：{term.title_zh}；逾期的，{term.consequence_zh}。",
        f"Within {term.due_days} days of {since_en}: {term.title_en}; failing that, {term.consequence_en}.",
    )


def margin_words(ratchet: MarginClauses) -> tuple[str, str]:
    """The clauses of the margin as the agreement words them. Its data carry them in full, and are what a reset reads."""
    above, below = ratchet.above_original_bps, ratchet.below_original_bps
    least_zh = "" if below is None else f"，至多下调 {below} 个基点"
    least_en = "" if below is None else f" and falls by at most {below} bp"
    read = [_clause_words(clause) for clause in ratchet.clauses]
    zh = (
        f"自生效满 {ratchet.first_reset_months} 个月后的首个计息期起，每 {ratchet.every_months} 个月按已复核的报告重定加点；"
        f"较原加点至多上调 {above} 个基点{least_zh}。" + "；".join(zh for zh, _ in read) + "。"
    )
    en = (
        f"from the first interest period {ratchet.first_reset_months} months after effect and every {ratchet.every_months}"
        f" months from then the margin is reset by what was reported and checked; it rises above the original by at most"
        f" {above} bp{least_en}. " + "; ".join(en for _, en in read) + "."
    )
    return zh, en


def _clause_words(clause: EsgClause | GridClause) -> tuple[str, str]:
    if isinstance(clause, EsgClause):
        notch = clause.per_notch_bps
        step_zh, step_en = (
            ("政策所定基点", "the policy's step") if notch is None else (f"{notch} 个基点", f"{notch} bp")
        )
        both_zh, both_en = ("升降均计", "both ways") if clause.both_ways else ("只降不升", "downwards only")
        return (
            f"{clause.agency} ESG 评级较 {clause.baseline} 每变动一级 {step_zh}（{both_zh}）",
            f"for each notch of {clause.agency}'s ESG grade from {clause.baseline} {step_en} ({both_en})",
        )
    bands = ", ".join(f"{band.when}: {band.adjustment_bps:+d} bp" for band in clause.bands)
    return f"{clause.fact}（{bands}）", f"{clause.fact} ({bands})"


def contract_data(
    dossier: Dossier, terms: OfferTerms, offer_id: UUID, decision: dict[str, Any], *, number: str, as_of: date
) -> ContractData:
    """The agreement's data from an offer and the decision behind it."""
    return ContractData(
        number=number,
        offer_id=offer_id,
        terms=terms,
        terms_sha256=terms.sha256(),
        parties=dossier.content.parties,
        decision=decision["decision"],
        decided_by=tuple(decision["decided_by"]),
        authority_rule=decision["authority_rule"],
        policy_sha256=dossier.policy_sha256,
        clauses=clauses(terms),
        drawn_on=as_of,
        conditions=terms.all_conditions(),
    )
