"""Departures from policy: what those who decide must answer for, and what raises the body that must decide."""

from collections.abc import Iterable, Mapping
from typing import Any

from domain.pricing import Quote

PRICE_BELOW_FLOOR = "PRICE_BELOW_FLOOR"


def exceptions_of(checks: Iterable[Mapping[str, Any]], price: Quote | None) -> tuple[str, ...]:
    """The rules a case departs from by the conclusions of its checks, each once however many checks found it, and a
    price below floor."""
    rules = {str(rule) for check in checks for rule in check.get("exceptions", ())}
    below = (PRICE_BELOW_FLOOR,) if price is not None and price.below_floor else ()
    return (*sorted(rules), *below)
