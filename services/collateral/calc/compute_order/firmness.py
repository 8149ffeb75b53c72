"""Whether an order binds its buyer (domain paper §7 R5), and what a person must look at before believing it.

Every test is run and every reason told at once. The known frauds were framework agreements without deposit, model,
quantity or date, with buyers whom nobody had asked.
"""

from dataclasses import dataclass
from decimal import Decimal

from domain.collateral import ReceivableSubject
from domain.compute_order import OrderFacts
from domain.finding import Reason, TraceStep
from policy.engine.compute_order import ComputeOrderPolicy
from services.collateral.calc.conclusion import plain, reason

_WORDS = {True: "fails", False: "passes", None: "not known"}
_TERMS = ("model", "quantity", "price", "start")


@dataclass(frozen=True)
class Firmness:
    """``void``: the order counts nothing. ``unknown``: no value until it is known. ``doubts``: the value stands, a
    person decides."""

    void: tuple[Reason, ...]
    unknown: tuple[Reason, ...]
    doubts: tuple[Reason, ...]
    trace: TraceStep


def firmness(subject: ReceivableSubject, order: OrderFacts, policy: ComputeOrderPolicy) -> Firmness:
    """Run the tests of a firm order."""
    verdicts: dict[tuple[str, str], bool | None] = {
        ("NOT_A_RECEIVABLE", ""): _fails(subject.firm),
        ("ORDER_NOT_BINDING", ""): _unbound(subject, order, policy),
        ("RELATED_DEBTOR", ""): subject.buyer_related,
        ("NOT_ASSIGNABLE", ""): _fails(subject.assignment_allowed),
        ("ORDER_NOT_CONFIRMED", ""): _fails(order.buyer_confirmed),
        ("ORDER_NOT_STARTABLE", ""): _fails(order.ready_to_start),
    }
    for term in _TERMS:
        verdicts["ORDER_TERM_ABSENT", term] = _fails(getattr(order, f"{term}_stated"))
    return Firmness(
        void=tuple(reason(code, named) for (code, named), verdict in verdicts.items() if verdict),
        unknown=tuple(_unknown(code, named) for (code, named), verdict in verdicts.items() if verdict is None),
        doubts=tuple(_doubts(subject, order, policy)),
        trace=TraceStep(
            step="compute_order/firmness",
            rule="binding, confirmed, assignable, startable, unrelated, with model, quantity, price and start",
            inputs={
                f"{code}.{named}" if named else code: _WORDS[verdict] for (code, named), verdict in verdicts.items()
            }
            | {
                "least_deposit": plain(policy.least_deposit),
                "announcement": order.announcement or "not known",
                "order_to_capex": _shown(_capex_ratio(subject, order)),
            },
            result="void" if any(verdicts.values()) else "unknown" if None in verdicts.values() else "firm",
        ),
    )


def _fails(fact: bool | None) -> bool | None:
    return None if fact is None else not fact


def _unbound(subject: ReceivableSubject, order: OrderFacts, policy: ComputeOrderPolicy) -> bool | None:
    """Neither does the buyer take or pay, nor has it left a deposit that it would lose."""
    if order.take_or_pay:
        return False
    if subject.amount is None or subject.advance_received is None:
        return None
    if subject.amount.amount and subject.advance_received.amount >= policy.least_deposit * subject.amount.amount:
        return False
    return None if order.take_or_pay is None else True


def _doubts(subject: ReceivableSubject, order: OrderFacts, policy: ComputeOrderPolicy) -> list[Reason]:
    found = []
    if order.announcement is None:
        found.append(reason("ANNOUNCEMENT_NOT_SEARCHED"))
    elif order.announcement == "absent":
        found.append(reason("ANNOUNCEMENT_ABSENT"))
    ratio = _capex_ratio(subject, order)
    if order.buyer_compute_capex is None:
        found.append(reason("BUYER_CAPEX_UNKNOWN"))
    elif ratio is not None and ratio > policy.most_of_buyer_capex:
        found.append(reason("ORDER_TOO_LARGE_FOR_BUYER", f"{ratio * 100:.1f} %"))
    return found


def _capex_ratio(subject: ReceivableSubject, order: OrderFacts) -> Decimal | None:
    if subject.amount is None or order.buyer_compute_capex is None:
        return None
    return subject.amount.amount / order.buyer_compute_capex.amount


def _shown(ratio: Decimal | None) -> str:
    return "not known" if ratio is None else plain(ratio)


def _unknown(code: str, named: str) -> Reason:
    match code:
        case "NOT_A_RECEIVABLE":
            return reason("FIRMNESS_UNKNOWN")
        case "RELATED_DEBTOR":
            return reason("BUYER_RELATION_UNKNOWN")
        case "NOT_ASSIGNABLE":
            return reason("ASSIGNABILITY_UNKNOWN")
        case "ORDER_TERM_ABSENT":
            return reason("ORDER_FACT_UNKNOWN", f"order/{named}_stated")
        case "ORDER_NOT_BINDING":
            return reason("ORDER_FACT_UNKNOWN", "order/take_or_pay")
        case "ORDER_NOT_CONFIRMED":
            return reason("ORDER_FACT_UNKNOWN", "order/buyer_confirmed")
        case _:
            return reason("ORDER_FACT_UNKNOWN", "order/ready_to_start")
