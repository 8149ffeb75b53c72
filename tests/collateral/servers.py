"""Servers as the formulas take them, to be varied by a test."""

from datetime import date
from decimal import Decimal
from typing import Any

from policy.engine.collateral import GpuValuation
from services.collateral.calc.gpu_server.income import RunningEconomics
from services.collateral.calc.gpu_server.value_path import Server
from tests.collateral.conftest import book

MODEL_2_ON = date(2026, 12, 1)
"""A day on which the second version of the collateral policy is in force."""


def terms() -> GpuValuation:
    """The valuation terms of the second policy as shipped."""
    return book().collateral(MODEL_2_ON).gpu


def golden(**changes: Any) -> Server:
    """The server of case G-GPU-1; ``age_months``, ``replacement_cost`` and any cash line can be changed."""
    age, price = changes.pop("age_months", 0), changes.pop("replacement_cost", Decimal(2_000_000))
    lines: dict[str, Any] = {
        "rent_per_gpu_hour": Decimal(12),
        "occupancy": Decimal("0.75"),
        "server_kw": Decimal(8),
        "tariff_per_kwh": Decimal("0.55"),
        "pue": Decimal("1.25"),
        "rack_per_month": Decimal(6000),
        "maintenance_rate": Decimal("0.03"),
        "sla_per_month": Decimal(0),
    }
    return Server(RunningEconomics(**lines | changes), 8, price, age)
