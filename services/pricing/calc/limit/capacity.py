"""Repayment capacity, by the way the product measures it.

Cash flow: ``multiplier × Σ (revenue − cost)_t ÷ DSCR* ÷ (1 + i/12)^t`` over the months of the tenor, on contracts
that exist (the contract lens). Order: its own collectible proceeds. Turnover: a share of a year's revenue, or a multiple
of a year's operating cash flow.
"""

from collections.abc import Iterator
from decimal import Decimal

from domain.finding import Outcome, Reason
from domain.limit import CapName, CashFlowSegment, ContractNeed, LimitRequest
from policy.engine import LimitPolicy, Product
from services.pricing.calc.conclusion import Trace
from services.pricing.calc.limit.cap import Formed, lacking, of
from services.pricing.calc.limit.contract import collectible_base
from services.pricing.calc.periods import WIDE

CODE = "CAP_CAPACITY"


def capacity(
    request: LimitRequest,
    product: Product,
    rules: LimitPolicy | None,
    tenor_months: int,
    annual_rate: Decimal,
    trace: Trace,
) -> Formed:
    """Capacity times the multiplier of the borrower's class. What is not known is named."""
    missing = [] if request.limit_multiplier is not None else ["limit_multiplier"]
    base: Decimal | None = None
    outcome, reasons, explained = Outcome.PASS, [], []
    if product.capacity == "cash_flow":
        assert product.minimum_dscr is not None
        if request.cash_flows is None:
            missing.append("cash_flows")
        elif rules is None:
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
        else:
            base, month = repaid_by(request.cash_flows, tenor_months, annual_rate, product.minimum_dscr)
            trace.term(
                "capacity/cash_flow",
                "largest over T ≤ tenor of Σ_{t ≤ T} (revenue − cost) ÷ DSCR* ÷ (1 + i ÷ 12)^t, not below 0",
                base,
                months=tenor_months,
                repaid_by_month=month,
                annual_rate=annual_rate,
                dscr=product.minimum_dscr,
                segments=len(request.cash_flows),
            )
            if 0 < month < tenor_months:
                outcome, reasons = Outcome.REFER, [_loss_after(month)]
    elif product.capacity == "contract":
        base = collectible_base(request.need) if isinstance(request.need, ContractNeed) else None
        if base is None:
            missing.append("need/collectible_within_tenor")
    elif product.capacity == "operating_cash":
        assert product.operating_cash_multiple is not None
        if request.operating_cash_flow is None:
            missing.append("operating_cash_flow")
        else:
            # Operations that take money repay nothing.
            earned = max(request.operating_cash_flow.amount, Decimal(0))
            base = WIDE.multiply(earned, product.operating_cash_multiple)
            trace.term(
                "capacity/operating_cash",
                "operating cash flow × multiple, not below 0",
                base,
                operating_cash_flow=request.operating_cash_flow,
                multiple=product.operating_cash_multiple,
            )
    else:
        assert product.revenue_share is not None
        if request.annual_revenue is None:
            missing.append("annual_revenue")
        elif rules is not None and request.annual_revenue.amount == 0:
            missing.append("annual_revenue")
            explained.append("annual_revenue")
            reasons.append(_no_sales())
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
        return lacking(CapName.CAPACITY, tuple(missing), tuple(reasons), tuple(explained))
    amount = WIDE.multiply(base, request.limit_multiplier)
    trace.term("capacity", "class multiplier × base", amount, multiplier=request.limit_multiplier, base=base)
    return of(CapName.CAPACITY, amount, CODE, outcome, tuple(reasons))


def discounted(
    segments: tuple[CashFlowSegment, ...], tenor_months: int, annual_rate: Decimal, dscr: Decimal
) -> Decimal:
    """Debt that the cash flow of months 1 … ``tenor_months`` repays at ``annual_rate``, covered ``dscr`` times, in
    yuan.

    Segments that overlap add up; a month without one has no cash flow. A loss in one month takes from the others.
    """
    *_, worth = _running_worth(segments, tenor_months, annual_rate)
    return max(WIDE.divide(worth, dscr), Decimal(0))


def repaid_by(
    segments: tuple[CashFlowSegment, ...], tenor_months: int, annual_rate: Decimal, dscr: Decimal
) -> tuple[Decimal, int]:
    """The most that a loan of at most ``tenor_months`` can be and still be repaid, in yuan, and the month by which.

    As ``discounted``, of the best month to be repaid by: a loss after that month takes nothing from a loan that has
    ended, and a longer tenor never lends less. Of several months the last; 0 where no month repays anything.
    """
    best, by = Decimal(0), 0
    for month, worth in enumerate(_running_worth(segments, tenor_months, annual_rate), start=1):
        if worth > 0 and worth >= best:
            best, by = worth, month
    return WIDE.divide(best, dscr), by


def _running_worth(segments: tuple[CashFlowSegment, ...], tenor_months: int, annual_rate: Decimal) -> Iterator[Decimal]:
    """Present value of the cash flow up to and with each month."""
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
        yield worth


def _loss_after(month: int) -> Reason:
    return Reason(
        code="CASH_FLOW_LOSS_AFTER",
        message_zh=f"第 {month} 个月之后现金流为负，测算假定贷款在该月前还清",
        message_en=f"after month {month} the cash flow is a loss: the capacity stands on repayment by then",
        subject="cash_flows",
    )


def _no_sales() -> Reason:
    return Reason(
        code="NO_PRIOR_YEAR_SALES",
        message_zh="无上年销售收入，按收入测算的偿债能力不适用",
        message_en="without a prior year's sales a capacity measured on turnover does not apply",
        subject="annual_revenue",
    )
