"""Buy or rent: the cheapest way to meet a demand for compute."""

from services.pricing.calc.buy_or_rent.comparison import buy_or_rent

__all__ = ["buy_or_rent"]
