"""Repayment capacity, by the way the product measures it.

Cash flow: ``multiplier × Σ (revenue − cost)_t ÷ DSCR* ÷ (1 + i/12)^t`` over the months of the tenor, on contracts
that exist (the contract lens). Order: its own collectible proceeds. Turnover: a share of a year's revenue.
"""

from decimal import Decimal

from domain.pricing import CapName, CashFlowSegment, ContractNeed, LimitRequest
from policy.engine import Product
from services.pricing.calc.conclusion import Trace
from services.pricing.calc.limit.cap import Formed, lacking, of
from services.pricing.calc.limit.contract import collectible_base
from services.pricing.calc.periods import WIDE

CODE = "CAP_CAPACITY"


def capacity(request: LimitRequest, product: Product, tenor_months: int, annual_rate: Decimal, trace: Trace) -> Formed:
    """Capacity times the multiplier of the borrower's class. What is not known is named."""
    missing = [] if request.limit_multiplier is not None else ["limit_multiplier"]
    base: Decimal | None = None
    if product.capacity == "cash_flow":
        assert product.minimum_dscr is not None
        if request.cash_flows is None:
            missing.append("cash_flows")
        else:
            base = discounted(request.cash_flows, tenor_months, annual_rate, product.minimum_dscr)
            trace.term(
                "capacity/cash_flow",
                "Σ (revenue − cost) ÷ DSCR* ÷ (1 + i ÷ 12)^t, not below 0",
                base,
                months=tenor_months,
                annual_rate=annual_rate,
                dscr=product.minimum_dscr,
                segments=len(request.cash_flows),
            )
    elif product.capacity == "contract":
        base = collectible_base(request.need) if isinstance(request.need, ContractNeed) else None
        if base is None:
            missing.append("need/collectible_within_tenor")
    else:
        assert product.revenue_share is not None
        if request.annual_revenue is None:
            missing.append("annual_revenue")
        else:
            base = WIDE.multiply(request.annual_revenue.amount, product.revenue_share)
            trace.term(
                "capacity/revenue",
                "revenue × share",
                base,
                revenue=request.annual_revenue,
                share=product.revenue_share,
            )
    if missing or base is None or request.limit_multiplier is None:
        return lacking(CapName.CAPACITY, tuple(missing))
    amount = WIDE.multiply(base, request.limit_multiplier)
    trace.term("capacity", "class multiplier × base", amount, multiplier=request.limit_multiplier, base=base)
    return of(CapName.CAPACITY, amount, CODE)


def discounted(
    segments: tuple[CashFlowSegment, ...], tenor_months: int, annual_rate: Decimal, dscr: Decimal
) -> Decimal:
    """Debt that the cash flow of months 1 … ``tenor_months`` repays at ``annual_rate``, covered ``dscr`` times, in
    yuan.

    Segments that overlap add up; a month without one has no cash flow. A loss in one month takes from the others.
    """
    monthly = WIDE.add(Decimal(1), WIDE.divide(annual_rate, Decimal(12)))
    changes: dict[int, Decimal] = {}
    for segment in segments:
        net = segment.revenue.amount - segment.cost.amount
        changes[segment.from_month] = changes.get(segment.from_month, Decimal(0)) + net
        changes[segment.to_month + 1] = changes.get(segment.to_month + 1, Decimal(0)) - net
    net, growth, worth = Decimal(0), Decimal(1), Decimal(0)
    for month in range(1, tenor_months + 1):
        net += changes.get(month, Decimal(0))
        growth = WIDE.multiply(growth, monthly)
        worth = WIDE.add(worth, WIDE.divide(net, growth))
    return max(WIDE.divide(worth, dscr), Decimal(0))
