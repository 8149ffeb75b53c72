"""Golden case G-GPU-1 (domain paper §3.7): one 8×H100 server, valued on the merchant mean path."""

from datetime import date
from decimal import Decimal, localcontext
from pathlib import Path

import pytest

from policy.engine import CollateralPolicy, load_book
from services.collateral.calc.conclusion import FIGURES
from services.collateral.calc.gpu_server import cost, income

REPLACEMENT_COST = Decimal(2_000_000)
ECONOMICS = income.RunningEconomics(
    rent_per_gpu_hour=Decimal(12),
    occupancy=Decimal("0.75"),
    server_kw=Decimal(8),
    tariff_per_kwh=Decimal("0.55"),
    pue=Decimal("1.25"),
    rack_per_month=Decimal(6000),
    maintenance_rate=Decimal("0.03"),
    sla_per_month=Decimal(0),
)


@pytest.fixture(scope="module")
def collateral_policy() -> CollateralPolicy:
    """The shipped book's parameters, which are those of the case."""
    return load_book(Path("policy/book")).collateral(date(2025, 3, 1))


def fen(figure: Decimal) -> Decimal:
    return figure.quantize(Decimal("0.01"))


def test_monthly_cost(collateral_policy: CollateralPolicy) -> None:
    assert fen(income.monthly_cost(ECONOMICS, REPLACEMENT_COST, collateral_policy.gpu.income)) == Decimal("15015.00")


def test_cash_flow_under_contract(collateral_policy: CollateralPolicy) -> None:
    cash = income.contracted_cash_flow(Decimal(70_000), ECONOMICS, REPLACEMENT_COST, collateral_policy.gpu.income)
    assert fen(cash) == Decimal("53245.50")


def test_merchant_cash_flow_in_month_1(collateral_policy: CollateralPolicy) -> None:
    terms = collateral_policy.gpu.income
    rent = income.expected_rent(ECONOMICS.rent_per_gpu_hour, terms.rent_path, 1)
    assert fen(income.merchant_cash_flow(rent, 8, ECONOMICS, REPLACEMENT_COST, terms)) == Decimal("35602.20")


@pytest.mark.parametrize(("month", "value"), [(0, "946802.76"), (12, "651308.49"), (60, "160000.00")])
def test_merchant_value(collateral_policy: CollateralPolicy, month: int, value: str) -> None:
    with localcontext(FIGURES):
        got = income.merchant_value(
            ECONOMICS, 8, REPLACEMENT_COST, collateral_policy.gpu.income, age_months=0, in_month=month
        )
    assert fen(got) == Decimal(value)


def test_value_with_contract(collateral_policy: CollateralPolicy) -> None:
    """Thirty-six months of take-or-pay, then merchant, scrapped at sixty: 1,823,609.56 at k = 12 %."""
    terms = collateral_policy.gpu.income
    with localcontext(FIGURES):
        month = (1 + terms.discount_rate) ** (Decimal(-1) / 12)
        contracted = income.contracted_cash_flow(Decimal(70_000), ECONOMICS, REPLACEMENT_COST, terms)
        fixed = sum((contracted * month**step for step in range(1, 37)), Decimal(0))
        after = income.merchant_value(ECONOMICS, 8, REPLACEMENT_COST, terms, age_months=0, in_month=36)
        assert fen(fixed + after * month**36) == Decimal("1823609.56")


def test_inutility(collateral_policy: CollateralPolicy) -> None:
    """§3.5 step 1: market utilisation .50 against a normal .85, exponent .6."""
    assert round(cost.economic(Decimal("0.50"), collateral_policy.gpu.cost), 4) == Decimal("0.2727")
