"""Cost approach in the form of 专家指引第9号: ``P = TC·(1 + R)·U``, ``U = α·β·(1 + l)·(1 − r)`` (domain paper §4.2 step 1)."""

from decimal import Decimal


def utility(quality: Decimal, circulation: Decimal, scarcity: Decimal, realisation_risk: Decimal) -> Decimal:
    """``U``: what quality α, circulation β, scarcity l and the risk of realisation r leave of a reproduction cost."""
    return quality * circulation * (1 + scarcity) * (1 - realisation_risk)


def cost_value(total: Decimal, profit_rate: Decimal, factor: Decimal) -> Decimal:
    """``P`` from the total cost at today's prices, a maker's reasonable profit, and ``U``. Golden: 3,504,847.50."""
    return total * (1 + profit_rate) * factor
