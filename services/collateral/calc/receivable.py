"""Compute orders and receivables: what can still be collected of a binding contract with an unrelated buyer (row A4)."""

from dataclasses import dataclass
from decimal import Decimal

from domain.collateral import ReceivableSubject
from domain.finding import Reason, TraceStep
from domain.money import ZERO, Money
from services.collateral.calc.conclusion import plain, reason


@dataclass(frozen=True)
class Appraisal:
    """``value`` is None where a fact is not known, zero where the claim is known not to count."""

    value: Money | None
    reasons: tuple[Reason, ...]
    trace: tuple[TraceStep, ...]


def appraise(subject: ReceivableSubject) -> Appraisal:
    """Contract amount less advances received, retention and what was collected; never negative.

    A framework agreement, a related buyer or a clause against assignment leaves nothing to lend on.
    """
    barred = [
        reason(code)
        for code, stands in (
            ("NOT_A_RECEIVABLE", subject.firm is False),
            ("RELATED_DEBTOR", subject.buyer_related is True),
            ("NOT_ASSIGNABLE", subject.assignment_allowed is False),
        )
        if stands
    ]
    if barred:
        return Appraisal(ZERO, tuple(barred), (_step(subject, Decimal(0)),))
    amounts = {
        "amount": subject.amount,
        "advance_received": subject.advance_received,
        "retention": subject.retention,
        "collected": subject.collected,
    }
    unknown = [reason("AMOUNT_UNKNOWN", name) for name, amount in amounts.items() if amount is None]
    unknown += [
        reason(code)
        for code, fact in (
            ("FIRMNESS_UNKNOWN", subject.firm),
            ("BUYER_RELATION_UNKNOWN", subject.buyer_related),
            ("ASSIGNABILITY_UNKNOWN", subject.assignment_allowed),
        )
        if fact is None
    ]
    if unknown:
        return Appraisal(None, tuple(unknown), ())
    gone = sum((m.amount for name, m in amounts.items() if m is not None and name != "amount"), Decimal(0))
    base = max(Decimal(0), (subject.amount or ZERO).amount - gone)
    return Appraisal(Money(amount=base), (), (_step(subject, base),))


def _step(subject: ReceivableSubject, base: Decimal) -> TraceStep:
    def shown(money: Money | None) -> str:
        return "unknown" if money is None else plain(money.amount, 2)

    return TraceStep(
        step=f"{subject.asset_kind.value}/base",
        rule="max(0, amount − advance − retention − collected); zero for framework, related buyer, no assignment",
        inputs={
            "amount": shown(subject.amount),
            "advance_received": shown(subject.advance_received),
            "retention": shown(subject.retention),
            "collected": shown(subject.collected),
            "firm": str(subject.firm).lower(),
            "buyer_related": str(subject.buyer_related).lower(),
            "assignment_allowed": str(subject.assignment_allowed).lower(),
        },
        result=plain(base, 2),
    )
