"""A demand for compute, and what owning and renting a server costs, to be changed by each test."""

from typing import Any

from domain.buy_or_rent import BuyOrRentRequest
from domain.money import yuan
from tests.pricing.conftest import book
from tests.pricing.requests import common

OWN: dict[str, Any] = {
    "price": yuan(2_000_000),
    "server_kw": "8",
    "pue": "1.25",
    "tariff_per_kwh": "0.55",
    "rack_per_month": yuan(6_000),
    "maintenance_rate": "0.03",
    "sla_per_month": yuan(0),
    "residual_share": "0.08",
    "useful_months": 60,
}
"""One server with eight cards, as in the worked case of domain paper §3.7: 15,015.00 a month to run."""


def request(own: dict[str, Any] | None = None, rent: dict[str, Any] | None = None, **changes: Any) -> BuyOrRentRequest:
    values: dict[str, Any] = {
        "horizon_months": 36,
        "discount_rate": "0.12",
        "demand": [{"from_month": 1, "to_month": 36, "servers": 10}],
        "own": OWN | (own or {}),
        "rent": {"per_month": yuan(70_000), "yearly_change": "0"} | (rent or {}),
    }
    return BuyOrRentRequest.model_validate(common(book(), "jsb_wc", "jsb") | values | changes)
