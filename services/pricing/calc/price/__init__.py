"""The price: a build-up, the same as LPR + bp, RAROC against its hurdle, and the floor (domain paper §5.5)."""

from services.pricing.calc.price.chart import chart
from services.pricing.calc.price.engine import quote
from services.pricing.calc.price.sensitivity import sensitivity

__all__ = ["chart", "quote", "sensitivity"]
