"""The limit: five caps, each named, and the one that binds (domain paper §5.4)."""

from services.pricing.calc.limit.engine import limit, model

__all__ = ["limit", "model"]
