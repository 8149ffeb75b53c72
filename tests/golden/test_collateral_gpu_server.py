"""Golden case G-GPU-1 (domain paper §3.7): one 8×H100 server, valued on the merchant mean path."""

from datetime import date
from decimal import Decimal, localcontext

import pytest

from policy.engine import Bundle
from policy.engine.collateral import GpuValuation
from services.collateral.calc.conclusion import FIGURES
from services.collateral.calc.gpu_server import cost, income
from services.collateral.calc.gpu_server.price_process import Cohorts
from services.collateral.calc.gpu_server.simulation import monte_carlo
from services.collateral.calc.gpu_server.value_path import Server, value_path

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


def first_terms(bundle: Bundle) -> GpuValuation:
    """The shipped book's parameters, which are those of the case."""
    return bundle.collateral(date(2025, 3, 1)).gpu


def fen(figure: Decimal) -> Decimal:
    return figure.quantize(Decimal("0.01"))


def test_monthly_cost(bundle: Bundle) -> None:
    assert fen(income.monthly_cost(ECONOMICS, REPLACEMENT_COST, first_terms(bundle).income)) == Decimal("15015.00")


def test_cash_flow_under_contract(bundle: Bundle) -> None:
    cash = income.contracted_cash_flow(Decimal(70_000), ECONOMICS, REPLACEMENT_COST, first_terms(bundle).income)
    assert fen(cash) == Decimal("53245.50")


def test_merchant_cash_flow_in_month_1(bundle: Bundle) -> None:
    terms = first_terms(bundle).income
    rent = income.expected_rent(ECONOMICS.rent_per_gpu_hour, terms.rent_path, 1)
    assert fen(income.merchant_cash_flow(rent, 8, ECONOMICS, REPLACEMENT_COST, terms)) == Decimal("35602.20")


@pytest.mark.parametrize(("month", "value"), [(0, "946802.76"), (12, "651308.49"), (60, "160000.00")])
def test_merchant_value(bundle: Bundle, month: int, value: str) -> None:
    with localcontext(FIGURES):
        got = income.merchant_value(
            ECONOMICS, 8, REPLACEMENT_COST, first_terms(bundle).income, age_months=0, in_month=month
        )
    assert fen(got) == Decimal(value)


def test_value_with_contract(bundle: Bundle) -> None:
    """Thirty-six months of take-or-pay, then merchant, scrapped at sixty: 1,823,609.56 at k = 12 %."""
    terms = first_terms(bundle).income
    with localcontext(FIGURES):
        month = (1 + terms.discount_rate) ** (Decimal(-1) / 12)
        contracted = income.contracted_cash_flow(Decimal(70_000), ECONOMICS, REPLACEMENT_COST, terms)
        fixed = sum((contracted * month**step for step in range(1, 37)), Decimal(0))
        after = income.merchant_value(ECONOMICS, 8, REPLACEMENT_COST, terms, age_months=0, in_month=36)
        assert fen(fixed + after * month**36) == Decimal("1823609.56")


def test_inutility(bundle: Bundle) -> None:
    """§3.5 step 1: market utilisation .50 against a normal .85, exponent .6."""
    assert round(cost.economic(Decimal("0.50"), first_terms(bundle).cost), 4) == Decimal("0.2727")


# --- model 2: the value path (§3.5 step 6, §3.7) ---------------------------------------------------------------------


def second_terms(bundle: Bundle) -> GpuValuation:
    """The terms of the second policy; what they add to the first are the resale curve and the launches at random."""
    return bundle.collateral(date(2026, 12, 1)).gpu


SERVER = Server(ECONOMICS, 8, REPLACEMENT_COST, 0)


@pytest.mark.parametrize(("month", "value"), [(0, "946802.76"), (12, "651308.49"), (60, "160000.00")])
def test_value_along_the_expected_rent(bundle: Bundle, month: int, value: str) -> None:
    assert fen(value_path(SERVER, second_terms(bundle), 60).expected[month]) == Decimal(value)


@pytest.mark.parametrize(("month", "value"), [(12, 505_332), (24, 315_489)])
def test_five_percent_quantile(bundle: Bundle, month: int, value: int) -> None:
    assert round(value_path(SERVER, second_terms(bundle), 60).quantile[month]) == value


@pytest.mark.parametrize(
    ("month", "share"), [(0, "1"), (12, ".65"), (24, ".45"), (36, ".30"), (48, ".175"), (60, ".125")]
)
def test_market_curve(bundle: Bundle, month: int, share: str) -> None:
    assert value_path(SERVER, second_terms(bundle), 60).market[month] == REPLACEMENT_COST * Decimal(share)


def test_market_curve_is_straight_in_its_logarithm(bundle: Bundle) -> None:
    half_a_year = value_path(SERVER, second_terms(bundle), 6).market[6]
    assert fen(half_a_year) == fen(REPLACEMENT_COST * Decimal("0.65").sqrt())


def test_monte_carlo_cross_check(bundle: Bundle) -> None:
    """200,000 paths at month 24: 5 % quantile 315,433 and mean 437,956, each ± 0.1 % and the noise of the run."""
    cohort = Cohorts.of([SERVER], second_terms(bundle).income)
    simulated = monte_carlo(cohort, second_terms(bundle), 24, seed=20260101, paths=200_000)
    assert simulated.quantile == pytest.approx(315_433, rel=5e-3)
    assert simulated.mean == pytest.approx(437_956, rel=1e-3)
