"""The need of an order: ``min(share of the contract, share of what is collectible in the tenor, cost to complete)``.

Advances received, retention and what was collected already are no longer the lender's to be repaid from, so they
leave the base. A framework agreement is no order, and a related buyer's order is no evidence of anything.
"""

from decimal import Decimal

from domain.finding import Outcome, Reason
from domain.limit import CapName, ContractNeed
from policy.engine import Product
from services.pricing.calc.conclusion import Trace
from services.pricing.calc.limit.cap import Formed, lacking, of, percent
from services.pricing.calc.periods import WIDE

_AMOUNTS = ("amount", "advance_received", "retention", "collected", "cost_to_complete", "collectible_within_tenor")


def need(inputs: ContractNeed, product: Product, trace: Trace) -> Formed:
    """The need as a cap; absent facts of the contract are named and refer."""
    assert product.advance_rate is not None
    refusal = _no_order(inputs)
    if refusal is not None:
        trace.term(
            "need", "a firm order of an unrelated buyer", 0, firm=inputs.firm, buyer_related=inputs.buyer_related
        )
        return of(CapName.NEED, Decimal(0), refusal.code, Outcome.FAIL, (refusal,))
    judged = ("firm", "buyer_related", "buyer_tier", *_AMOUNTS)
    missing = tuple(f"need/{name}" for name in judged if getattr(inputs, name) is None)
    if missing:
        return lacking(CapName.NEED, missing)
    base, collectible = outstanding(inputs), collectible_base(inputs)
    assert base is not None
    assert collectible is not None
    assert inputs.cost_to_complete is not None
    of_contract = WIDE.multiply(base, product.advance_rate)
    of_collectible = WIDE.multiply(collectible, product.advance_rate)
    share = percent(product.advance_rate)
    terms = (
        (of_contract, f"CAP_CONTRACT_{share}"),
        (of_collectible, f"CAP_COLLECTIBLE_{share}"),
        (inputs.cost_to_complete.amount, "CAP_COST_TO_COMPLETE"),
    )
    amount, code = min(terms, key=lambda term: term[0])
    trace.term(
        "need/base",
        "contract − advance received − retention − collected, not below 0",
        base,
        **{name: getattr(inputs, name) for name in _AMOUNTS[:4]},
    )
    trace.term(
        "need",
        "min(advance rate × base, advance rate × collectible within the tenor, cost to complete)",
        amount,
        advance_rate=product.advance_rate,
        base=base,
        collectible=collectible,
        cost_to_complete=inputs.cost_to_complete,
    )
    return of(CapName.NEED, amount, code)


def outstanding(inputs: ContractNeed) -> Decimal | None:
    """What the buyer still has to pay, in yuan; None while a part of it is not known."""
    parts = (inputs.amount, inputs.advance_received, inputs.retention, inputs.collected)
    if any(part is None for part in parts):
        return None
    amount, *less = (part.amount for part in parts if part is not None)
    return max(amount - sum(less), Decimal(0))


def collectible_base(inputs: ContractNeed) -> Decimal | None:
    """What can be collected within the tenor, never more than what is outstanding."""
    base = outstanding(inputs)
    if base is None or inputs.collectible_within_tenor is None:
        return None
    return min(base, inputs.collectible_within_tenor.amount)


def _no_order(inputs: ContractNeed) -> Reason | None:
    if inputs.firm is False:
        return Reason(
            code="ORDER_NOT_FIRM",
            message_zh="框架协议不是订单，不能据以融资",
            message_en="a framework agreement is not an order and finances nothing",
            subject="need/firm",
        )
    if inputs.buyer_related:
        return Reason(
            code="BUYER_RELATED",
            message_zh="买方为关联方，其订单不计入",
            message_en="the buyer is related to the borrower; its order does not count",
            subject="need/buyer_related",
        )
    return None
