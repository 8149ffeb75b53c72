"""The price: a build-up, the same as LPR + bp, RAROC against its hurdle, and the floor (domain paper §5.5)."""

from services.pricing.calc.price.engine import MODEL, quote

__all__ = ["MODEL", "quote"]
