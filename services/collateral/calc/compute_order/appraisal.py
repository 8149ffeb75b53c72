"""What of a compute order may be lent on: firm, eligible, by its buyer's tier, repaid as the buyer pays (row A4)."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from domain.collateral import ReceivableSubject
from domain.compute_order import OrderFacts, RepaymentCeiling
from domain.finding import Reason, TraceStep
from domain.money import ZERO, Money, Rounding, rounded
from policy.engine.collateral import CollateralKind
from policy.engine.compute_order import ComputeOrderPolicy
from services.collateral.calc.compute_order.collection import Plan, months_until, plan, planned
from services.collateral.calc.compute_order.firmness import firmness
from services.collateral.calc.conclusion import plain, reason

_AMOUNTS = ("amount", "advance_received", "retention", "collected")
_LONGEST_CEILING = 600


@dataclass(frozen=True)
class Appraisal:
    """``value``: the eligible base, None where a fact is not known, zero where the order counts nothing. ``ltv``: what
    the buyer's tier and the concentration leave of the kind's ceiling."""

    value: Money | None
    ltv: Decimal
    remaining_months: int | None
    referred: bool
    ceilings: tuple[RepaymentCeiling, ...]
    reasons: tuple[Reason, ...]
    trace: tuple[TraceStep, ...]


def appraise(subject: ReceivableSubject, as_of: date, kind: CollateralKind, policy: ComputeOrderPolicy) -> Appraisal:
    """Value an order on the business date. ``kind`` is the entry of the collateral policy.

    ``eligible base = min(amount − advance − retention − collected, collectible within the tenor)``; what may be advanced
    is ``min(LTV × outstanding, LTV × collectible, cost to complete)``.
    """
    order = subject.order
    if order is None:
        return _unvalued((reason("ORDER_FACTS_NOT_GIVEN"),), (), kind, None)
    firm = firmness(subject, order, policy)
    if firm.void:
        return _unvalued((*firm.void, *firm.unknown, *firm.doubts), (firm.trace,), kind, ZERO)
    unknown = (*firm.unknown, *_lacking(subject, order))
    if unknown:
        return _unvalued((*unknown, *firm.doubts), (firm.trace,), kind, None)
    return _valued(subject, order, as_of, kind, policy, list(firm.doubts), firm.trace)


def _valued(
    subject: ReceivableSubject,
    order: OrderFacts,
    as_of: date,
    kind: CollateralKind,
    policy: ComputeOrderPolicy,
    doubts: list[Reason],
    firm: TraceStep,
) -> Appraisal:
    outstanding, base_step = _outstanding(subject)
    ltv, tier_step, labels, concentrated = _carried(subject, order, kind, policy)
    doubts += concentrated
    paid = _paid(order, outstanding, as_of, kind, policy)
    if order.collections is None:
        doubts.append(reason("COLLECTIONS_NOT_STATED"))
    elif planned(order.collections, as_of) != outstanding:
        doubts.append(reason("COLLECTIONS_DO_NOT_RECONCILE"))
    assert order.collectible_within_tenor is not None
    assert order.cost_to_complete is not None
    stated = order.collectible_within_tenor.amount
    collectible = min(stated, outstanding if paid is None else paid.left[0])
    base = min(outstanding, collectible)
    terms = {
        "share of the contract": ltv * outstanding,
        "share of what is collectible": ltv * collectible,
        "cost to complete": order.cost_to_complete.amount,
    }
    binding = min(terms, key=lambda name: terms[name])
    advance = rounded(terms[binding], 2, Rounding.DOWN)
    if paid is None:
        assert order.ends is not None
        months = months_until(order.ends, as_of)
    else:
        months = paid.months
    return Appraisal(
        value=Money(amount=rounded(base, 2, Rounding.DOWN)),
        ltv=ltv,
        remaining_months=months,
        referred=bool(doubts),
        ceilings=_ceilings(paid, base, advance, ltv),
        reasons=(*doubts, *labels),
        trace=(
            firm,
            base_step,
            tier_step,
            TraceStep(
                step="compute_order/tenor",
                rule="months until the last payment, each late by the lag; the end of the contract without a plan",
                inputs={
                    "collections": "not stated" if order.collections is None else str(len(order.collections)),
                    "ends": "not known" if order.ends is None else order.ends.isoformat(),
                    "lag_days": str(policy.collection_lag_days),
                    "collected_within_cap": "not known" if paid is None else plain(paid.left[0], 2),
                },
                result=str(months),
            ),
            TraceStep(
                step="compute_order/advance",
                rule="min(LTV × outstanding, LTV × collectible within the tenor, cost to complete)",
                inputs={name.replace(" ", "_"): plain(amount, 2) for name, amount in terms.items()}
                | {"collectible": plain(collectible, 2), "binding": binding},
                result=plain(advance, 2),
            ),
        ),
    )


def _outstanding(subject: ReceivableSubject) -> tuple[Decimal, TraceStep]:
    amounts = {name: getattr(subject, name).amount for name in _AMOUNTS}
    left = max(Decimal(0), amounts["amount"] - sum(amounts[name] for name in _AMOUNTS[1:]))
    step = TraceStep(
        step="compute_order/outstanding",
        rule="max(0, amount − advance received − retention − collected)",
        inputs={name: plain(amount, 2) for name, amount in amounts.items()},
        result=plain(left, 2),
    )
    return left, step


def _carried(
    subject: ReceivableSubject, order: OrderFacts, kind: CollateralKind, policy: ComputeOrderPolicy
) -> tuple[Decimal, TraceStep, list[Reason], list[Reason]]:
    """The LTV, its step, what the contract must watch (a label), and what a person must decide."""
    tier = policy.of_tier(subject.buyer_tier or "")
    carried = Decimal(0) if tier is None else tier.ltv
    ltv = min(kind.ltv, carried)
    share, terms = order.revenue_share, policy.concentration
    concentrated = share is None or share > terms.above
    spared = tier is not None and tier.may_concentrate
    labels: list[Reason] = []
    decide: list[Reason] = []
    if concentrated and not spared:
        ltv = min(ltv, terms.ltv)
    if share is None:
        (labels if spared else decide).append(reason("TOP_BUYER_UNKNOWN"))
    elif concentrated:
        (labels if spared else decide).append(reason("OFFTAKER_CONC", f"{share * 100:.1f} %"))
    if carried == 0:
        decide.append(reason("OFFTAKER_TIER_NOT_ACCEPTED", subject.buyer_tier or ""))
    step = TraceStep(
        step="compute_order/ltv",
        rule="min(ceiling of the kind, of the buyer's tier, of a concentration the tier is not spared)",
        inputs={
            "kind": plain(kind.ltv),
            "tier": f"{subject.buyer_tier}: {plain(carried)}",
            "revenue_share": "not known" if share is None else plain(share),
            "concentrated_above": plain(terms.above),
            "concentrated": plain(terms.ltv),
            "spared": str(spared).lower(),
        },
        result=plain(ltv),
    )
    return ltv, step, labels, decide


def _paid(
    order: OrderFacts, outstanding: Decimal, as_of: date, kind: CollateralKind, policy: ComputeOrderPolicy
) -> Plan | None:
    if order.collections is None:
        return None
    return plan(order.collections, outstanding, as_of, policy.collection_lag_days, kind.tenor_cap_months)


def _ceilings(paid: Plan | None, base: Decimal, advance: Decimal, ltv: Decimal) -> tuple[RepaymentCeiling, ...]:
    """Never more than was advanced, nor than the tier carries of what is still to come in."""
    if paid is None:
        return ()
    return tuple(
        RepaymentCeiling(
            month=month, amount=Money(amount=rounded(min(advance, ltv * min(base, left)), 2, Rounding.DOWN))
        )
        for month, left in enumerate(paid.left[: _LONGEST_CEILING + 1])
    )


def _lacking(subject: ReceivableSubject, order: OrderFacts) -> list[Reason]:
    lacking = [reason("AMOUNT_UNKNOWN", name) for name in _AMOUNTS if getattr(subject, name) is None]
    for name in ("cost_to_complete", "collectible_within_tenor"):
        if getattr(order, name) is None:
            lacking.append(reason("AMOUNT_UNKNOWN", f"order/{name}"))
    if subject.buyer_tier is None:
        lacking.append(reason("ORDER_FACT_UNKNOWN", "buyer_tier"))
    if order.collections is None and order.ends is None:
        lacking.append(reason("ORDER_FACT_UNKNOWN", "order/ends"))
    return lacking


def _unvalued(
    reasons: tuple[Reason, ...], trace: tuple[TraceStep, ...], kind: CollateralKind, value: Money | None
) -> Appraisal:
    return Appraisal(value, kind.ltv, None, True, (), reasons, trace)
