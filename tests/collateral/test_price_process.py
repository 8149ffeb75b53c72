"""Value paths: one server in exact decimals, many cohorts in arrays, and both against simulated rents."""

from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from policy.engine.collateral import GpuValuation, RentPath
from services.collateral.calc.gpu_server import price_process, simulation
from services.collateral.calc.gpu_server.income import merchant_value
from services.collateral.calc.gpu_server.price_process import AGREEMENT, Cohorts
from services.collateral.calc.gpu_server.rent_process import rent_factors, standard_quantile, variance
from services.collateral.calc.gpu_server.value_path import Server, value_path
from tests.collateral.servers import golden, terms

TERMS = terms()
INCOME = TERMS.income
SEED = 20260101


def with_rents(**changes: Any) -> GpuValuation:
    path = INCOME.rent_path.model_copy(update=changes)
    return TERMS.model_copy(update={"income": INCOME.model_copy(update={"rent_path": path})})


def one(server: Server | None = None, under: GpuValuation = TERMS) -> Cohorts:
    return Cohorts.of([server or golden()], under.income)


def test_the_expected_rent_is_the_falling_path_whatever_the_volatility() -> None:
    """E[e^X] of a normal X with mean μ − ½v and variance v is e^μ, integrated numerically."""
    path = INCOME.rent_path
    factors = rent_factors(path, 60)
    for month in (1, 17, 18, 42, 60):
        held = float(variance(path, month))
        drawn, _ = quad(lambda y, v=held: np.exp(y - v / 2) * norm.pdf(y, 0, np.sqrt(v)), -6, 6)
        assert drawn == pytest.approx(1, abs=1e-9)
    assert float(factors.expected[12]) == pytest.approx(np.exp(-0.15))
    assert float(factors.expected[18]) == pytest.approx(np.exp(-0.15 * 1.5) * 0.88)


def test_the_conditional_expectation_of_a_rent_is_what_simulated_rents_average_to() -> None:
    """§3.5 (6): from X_12 at its 5 % quantile, 24 more months of the process."""
    path, month, ahead = INCOME.rent_path, 12, 24
    source = np.random.Generator(np.random.PCG64(SEED))
    start = float(standard_quantile(path.quantile)) * float(variance(path, month).sqrt())
    fade = np.exp(-float(path.reversion) * ahead / 12)
    y = start * fade + float(variance(path, ahead).sqrt()) * source.standard_normal(1_000_000)
    total = float(variance(path, month + ahead))
    averaged = np.exp(y - total / 2).mean()
    assert averaged == pytest.approx(float(rent_factors(path, 60).in_quantile[month][ahead]), rel=2e-3)


def test_variance_without_reversion_grows_with_time_and_with_it_has_a_bound() -> None:
    wandering = INCOME.rent_path.model_copy(update={"reversion": Decimal(0)})
    assert variance(wandering, 24) == Decimal("0.32")
    assert float(variance(INCOME.rent_path, 1200)) == pytest.approx(0.08)
    nearly = INCOME.rent_path.model_copy(update={"reversion": Decimal("0.00000001")})
    assert float(variance(nearly, 24)) == pytest.approx(0.32, abs=1e-6)


def test_without_volatility_all_paths_are_the_value_of_model_1_in_each_month() -> None:
    calm = with_rents(volatility=Decimal(0))
    server = golden()
    path = value_path(server, calm, 60)
    assert path.expected == path.quantile
    for month in (0, 7, 30, 59, 60):
        plain = merchant_value(server.economics, 8, server.replacement_cost, calm.income, age_months=0, in_month=month)
        assert path.expected[month] == pytest.approx(plain, abs=Decimal("1e-20"))
    assert price_process.mean_path(one(under=calm), calm, 60)[0] == pytest.approx(np.array(path.expected, dtype=float))


@pytest.mark.parametrize("month", [6, 12, 24, 36, 48])
def test_simulated_rents_agree_with_the_closed_forms(month: int) -> None:
    """Mean and 5 % quantile within half a percent, at a stored seed."""
    simulated = simulation.monte_carlo(one(), TERMS, month, seed=SEED, paths=200_000)
    quantile = price_process.income_quantile_path(one(), TERMS, month)[0, month]
    mean = price_process.mean_path(one(), TERMS, month)[0, month]
    assert simulated.quantile == pytest.approx(quantile, rel=5e-3)
    assert simulated.mean == pytest.approx(mean, abs=4 * simulated.mean_error, rel=5e-3)
    assert simulated.seed == SEED


def test_the_mean_counts_that_a_server_which_does_not_pay_is_switched_off() -> None:
    """Where rents barely cover costs, dispersion is worth something, and simulated rents show how much."""
    poor = golden(rent_per_gpu_hour=Decimal("4.5"))
    mean = price_process.mean_path(one(poor), TERMS, 24)[0, 24]
    expected = price_process.expected_rent_path(one(poor), TERMS, 24)[0, 24]
    simulated = simulation.monte_carlo(one(poor), TERMS, 24, seed=SEED, paths=200_000)
    assert mean > expected * 1.01
    assert simulated.mean == pytest.approx(mean, rel=5e-3)


def test_a_seed_repeats_its_run_and_another_seed_is_another_run() -> None:
    first, again, other = (
        simulation.monte_carlo(one(), TERMS, 12, seed=seed, paths=1_000) for seed in (SEED, SEED, SEED + 1)
    )
    assert first == again
    assert first.mean != other.mean


def test_launches_at_random_widen_the_lower_tail() -> None:
    known = simulation.monte_carlo(one(), TERMS, 24, seed=SEED, paths=100_000)
    assert TERMS.random_launches is not None
    chance = simulation.monte_carlo(one(), TERMS, 24, seed=SEED, paths=100_000, launches=TERMS.random_launches)
    assert chance.quantile / chance.mean < known.quantile / known.mean


def test_launches_that_never_come_leave_the_path_without_jumps() -> None:
    assert TERMS.random_launches is not None
    never = TERMS.random_launches.model_copy(update={"per_month": Decimal(0)})
    plain = with_rents(jumps=())
    simulated = simulation.monte_carlo(one(), TERMS, 24, seed=SEED, paths=2_000, launches=never)
    assert simulated == simulation.monte_carlo(one(), plain, 24, seed=SEED, paths=2_000)


def test_expected_launches_lower_the_mean_as_their_rate_says() -> None:
    """E[p_t] of random launches is p_0·e^{−δt}·e^{λ·t·E[J]}: with no costs the value is linear in the rent."""
    launches = TERMS.random_launches
    assert launches is not None
    free = golden(server_kw=Decimal(0), rack_per_month=Decimal(0), maintenance_rate=Decimal(0))
    simulated = simulation.monte_carlo(one(free), TERMS, 24, seed=SEED, paths=200_000, launches=launches)
    months = np.arange(25, 61)
    rents = np.exp(-0.15 * months / 12) * np.exp(float(launches.per_month * launches.mean_change) * months)
    held = 1.12 ** (-(months - 24) / 12)
    value = (one(free).gross[0] * rents * held).sum() + 160_000 * 1.12**-3
    assert simulated.mean == pytest.approx(value, rel=5e-3)


def test_geometric_brownian_motion_for_comparison() -> None:
    path = INCOME.rent_path
    assert simulation.brownian_quantile(100.0, path, 0, drift=-0.15) == 100
    two_years = 100 * np.exp((-0.15 - 0.08) * 2 - 1.64485363 * 0.4 * np.sqrt(2))
    assert simulation.brownian_quantile(100.0, path, 24, drift=-0.15) == pytest.approx(two_years)


@pytest.mark.parametrize(("paths", "month"), [(99, 12), (simulation.MOST_PATHS + 1, 12), (1000, -1)])
def test_runs_that_mean_nothing_are_refused(paths: int, month: int) -> None:
    with pytest.raises(ValueError, match="lies in"):
        simulation.monte_carlo(one(), TERMS, month, seed=SEED, paths=paths)


@pytest.mark.parametrize(
    ("array", "figure"),
    [("gross", np.nan), ("gross", -1.0), ("monthly_cost", np.inf), ("replacement_cost", -0.01), ("age_months", -1)],
)
def test_arrays_that_are_no_cohorts_are_refused_by_name(array: str, figure: float) -> None:
    good = one()
    arrays = {name: getattr(good, name) for name in ("gross", "monthly_cost", "replacement_cost", "age_months")}
    arrays[array] = np.array([figure], dtype=arrays[array].dtype)
    with pytest.raises(ValueError, match=array):
        Cohorts(**arrays)


def test_arrays_of_different_lengths_are_refused() -> None:
    good = one()
    with pytest.raises(ValueError, match="one figure a cohort"):
        Cohorts(good.gross, good.monthly_cost, np.zeros(2), good.age_months)


def test_no_cohorts_have_no_paths() -> None:
    assert price_process.quantile_path(Cohorts.of([], INCOME), TERMS, 12).shape == (0, 13)


rents = st.decimals(min_value="0", max_value="60", places=2)
shares_ = st.decimals(min_value="0", max_value="1", places=2)
servers = st.builds(
    golden,
    rent_per_gpu_hour=rents,
    occupancy=shares_,
    tariff_per_kwh=shares_,
    age_months=st.integers(0, 90),
    replacement_cost=st.decimals(min_value="1000", max_value="9999999", places=2),
)


@settings(max_examples=25, deadline=None)
@given(fleet=st.lists(servers, min_size=1, max_size=6), months=st.integers(0, 72))
def test_the_arrays_agree_with_the_exact_path(fleet: list[Server], months: int) -> None:
    cohorts = Cohorts.of(fleet, INCOME)
    arrays = price_process.quantile_path(cohorts, TERMS, months)
    expected = price_process.expected_rent_path(cohorts, TERMS, months)
    for row, server in enumerate(fleet):
        exact = value_path(server, TERMS, months)
        assert arrays[row] == pytest.approx(np.array(exact.lendable, dtype=float), rel=AGREEMENT)
        assert expected[row] == pytest.approx(np.array(exact.expected, dtype=float), rel=AGREEMENT)


def test_cohorts_beyond_one_block_are_valued_as_in_one() -> None:
    fleet = [golden(age_months=number % 70, rent_per_gpu_hour=Decimal(number % 23)) for number in range(2050)]
    together = price_process.quantile_path(Cohorts.of(fleet, INCOME), TERMS, 3)
    alone = price_process.quantile_path(Cohorts.of(fleet[2045:], INCOME), TERMS, 3)
    assert (together[2045:] == alone).all()


def lower(worse: Server, better: Server, worse_terms: GpuValuation = TERMS, better_terms: GpuValuation = TERMS) -> bool:
    """Whether no month of any curve is worth more for the worse server."""
    below, above = value_path(worse, worse_terms, 60), value_path(better, better_terms, 60)
    return all(
        low <= high + Decimal("1e-20")
        for name in ("expected", "quantile", "market", "lendable")
        for low, high in zip(getattr(below, name), getattr(above, name), strict=True)
    )


@settings(max_examples=25, deadline=None)
@given(rent=rents, more=rents, occupancy=shares_, tariff=shares_, age=st.integers(0, 70), older=st.integers(1, 40))
def test_no_month_is_worth_more_for_a_worse_server(
    rent: Decimal, more: Decimal, occupancy: Decimal, tariff: Decimal, age: int, older: int
) -> None:
    better = {"rent_per_gpu_hour": rent + more, "occupancy": occupancy, "tariff_per_kwh": tariff, "age_months": age}
    worse: tuple[dict[str, Any], ...] = (
        {"rent_per_gpu_hour": rent},
        {"occupancy": occupancy / 2},
        {"tariff_per_kwh": tariff + Decimal("0.2")},
        {"age_months": age + older},
        {"rack_per_month": Decimal(7000)},
        {"sla_per_month": Decimal(1)},
        {"server_kw": Decimal(9)},
    )
    for change in worse:
        assert lower(golden(**better | change), golden(**better)), change


@settings(max_examples=25, deadline=None)
@given(rent=rents, rate=st.decimals(min_value="0", max_value="0.5", places=3))
def test_no_month_is_worth_more_at_a_higher_discount_rate(rent: Decimal, rate: Decimal) -> None:
    dearer = TERMS.model_copy(update={"income": INCOME.model_copy(update={"discount_rate": rate + Decimal("0.03")})})
    cheaper = TERMS.model_copy(update={"income": INCOME.model_copy(update={"discount_rate": rate})})
    server = golden(rent_per_gpu_hour=rent)
    assert lower(server, server, dearer, cheaper)


def test_a_lower_quantile_is_a_lower_path_and_never_above_the_expected_rent() -> None:
    server = golden()
    careful = value_path(server, with_rents(quantile=Decimal("0.01")), 60).quantile
    usual = value_path(server, TERMS, 60)
    assert all(low <= high for low, high in zip(careful, usual.quantile, strict=True))
    assert all(low <= high for low, high in zip(usual.quantile, usual.expected, strict=True))


def test_the_factors_of_a_path_are_formed_once() -> None:
    same = RentPath.model_validate(INCOME.rent_path.model_dump())
    assert rent_factors(same, 60) is rent_factors(INCOME.rent_path, 60)
