"""The cash flow of a loan month by month: what contracts bring less what running costs (the contract lens), and the debt
service it allows."""

from collections.abc import Sequence
from decimal import Decimal

from domain.limit import CashFlowSegment

_NIL = Decimal(0)


def monthly(segments: Sequence[CashFlowSegment], months: int) -> list[tuple[Decimal, Decimal]]:
    """Revenue and cost of months 1 … ``months``, CNY."""
    revenue, cost = [_NIL] * months, [_NIL] * months
    for segment in segments:
        for at in range(segment.from_month - 1, min(segment.to_month, months)):
            revenue[at] += segment.revenue.amount
            cost[at] += segment.cost.amount
    return list(zip(revenue, cost, strict=True))


def net(segments: Sequence[CashFlowSegment], months: int) -> list[Decimal]:
    """Cash flow available for debt service of months 1 … ``months``, CNY; below nought where running costs more."""
    return [revenue - cost for revenue, cost in monthly(segments, months)]


def serviceable(cash: Sequence[Decimal], target: Decimal) -> list[Decimal]:
    """The most that may fall due in each month: cash flow ÷ target coverage, never below nought."""
    return [max(_NIL, figure) / target for figure in cash]
