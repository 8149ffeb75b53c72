"""Collateral-constrained amortisation: the largest loan is the optimum of the linear programme, and its schedule keeps every
constraint."""

import random
from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from domain.balance_curve import Curve, balances, maximum_balances
from domain.coverage import Bound
from domain.money import Rounding, rounded
from services.collateral.calc.conclusion import FIGURES

FEN = Decimal("0.01")


def optimum(cover: list[Decimal], service: list[Decimal], rate: Decimal, reserve: int = 0) -> float:
    """max b_0 subject to cover, debt service, and no interest added to the debt outside the reserve's months."""
    months = len(service)
    rows, bounds = [], []
    for month in range(1, months + 1):
        paid = np.zeros(months)
        paid[month - 1] = 1 + float(rate)
        if month < months:
            paid[month] = -1
        rows.append(paid)
        bounds.append(float(service[month - 1]))
        if month < months and month > reserve:
            grows = np.zeros(months)
            grows[month], grows[month - 1] = 1, -1
            rows.append(grows)
            bounds.append(0.0)
    found = linprog(
        -np.eye(months)[0],
        A_ub=np.array(rows),
        b_ub=np.array(bounds),
        bounds=[(0, float(held)) for held in cover],
        method="highs",
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    assert found.success, found.message
    return -float(found.fun)


def case(seed: int) -> tuple[list[Decimal], list[Decimal], Decimal, int]:
    """A random asset and its cash flow; some are worthless from some month on, some months bring nothing, some rates are
    nought and some loans have a reserve."""
    draw = random.Random(seed)
    months = draw.randint(1, 72)
    value, cover, service = draw.uniform(1e5, 4e6), [], []
    worthless = draw.randint(1, months) if draw.random() < 0.2 else months
    advance = draw.choice([0.0, 0.35, 0.8, 1.0]) if draw.random() < 0.3 else draw.uniform(0.2, 1)
    reserve = draw.randint(0, months - 1) if draw.random() < 0.2 else 0
    for month in range(months):
        cover.append(Decimal(str(round(advance * value, 2) if month < worthless else 0.0)))
        value *= draw.uniform(0.9, 1.03)
        service.append(Decimal(str(round(draw.uniform(0, 9e4), 2) if draw.random() > 0.02 else 0.0)))
    rate = Decimal(0) if draw.random() < 0.1 else Decimal(str(round(draw.uniform(0, 0.15), 4))) / 12
    return cover, service, rate, reserve


def curve_of(seed: int) -> tuple[Curve, list[Decimal], list[Decimal], Decimal, int]:
    with localcontext(FIGURES):
        cover, service, rate, reserve = case(seed)
        return maximum_balances(cover, service, rate, reserve_months=reserve), cover, service, rate, reserve


@pytest.mark.parametrize("seed", range(250))
def test_the_largest_loan_is_the_optimum_of_the_linear_programme(seed: int) -> None:
    curve, cover, service, rate, reserve = curve_of(seed)
    best = Decimal(repr(optimum(cover, service, rate, reserve)))
    # HiGHS answers in float64: to a tenth of a fen on loans of some millions.
    assert abs(curve.largest_loan - best) < Decimal("0.001")
    loan = rounded(curve.largest_loan, 2, Rounding.DOWN)
    assert abs(loan - rounded(best, 2, Rounding.DOWN)) <= FEN


@pytest.mark.parametrize("seed", range(250))
def test_the_schedule_keeps_every_constraint(seed: int) -> None:
    curve, cover, service, rate, reserve = curve_of(seed)
    with localcontext(FIGURES):
        path = balances(curve, curve.largest_loan)
        assert path[0] == curve.largest_loan
        assert path[-1] == 0
        for month in range(1, len(path)):
            assert path[month - 1] <= cover[month - 1]
            assert path[month] <= path[month - 1]
            if month > reserve:
                due = path[month - 1] * (1 + rate) - path[month]
                assert due <= service[month - 1] + Decimal("1e-20")


def test_random_cases_are_not_all_alike() -> None:
    decided = {curve_of(seed)[0].decided()[1] for seed in range(250)}
    assert decided == {Bound.COVER, Bound.MATURITY, Bound.INTEREST}


def test_an_asset_that_is_worth_nothing_from_a_month_on_ends_the_loan_there() -> None:
    curve = maximum_balances([Decimal(100), Decimal(100), Decimal(0), Decimal(100)], [Decimal(60)] * 4, Decimal(0))
    assert [*balances(curve, curve.largest_loan)] == [100, 60, 0, 0, 0]
    assert curve.decided() == (0, Bound.COVER)


def test_a_month_without_cash_flow_bears_no_interest_so_nothing_may_be_owed_in_it() -> None:
    service = [Decimal(50), Decimal(0), Decimal(50)]
    bearing = maximum_balances([Decimal(1000)] * 3, service, Decimal("0.01"))
    assert bearing.ceilings[1] == 0
    assert bearing.decided() == (1, Bound.INTEREST)
    free = maximum_balances([Decimal(1000)] * 3, service, Decimal(0))
    assert free.largest_loan == 100
    funded = maximum_balances([Decimal(1000)] * 3, service, Decimal("0.01"), reserve_months=2)
    assert funded.largest_loan > bearing.largest_loan


def test_no_cover_and_no_cash_flow_carry_nothing() -> None:
    assert maximum_balances([Decimal(0)] * 3, [Decimal(9)] * 3, Decimal("0.01")).largest_loan == 0
    assert maximum_balances([Decimal(9)] * 3, [Decimal(0)] * 3, Decimal("0.01")).largest_loan == 0
    assert maximum_balances([Decimal(9)] * 3, [Decimal(0)] * 3, Decimal(0)).largest_loan == 0


@pytest.mark.parametrize(
    ("cover", "service", "rate"),
    [([1], [1, 1], "0"), ([], [], "0"), ([-1], [1], "0"), ([1], [-1], "0"), ([1], [1], "-0.01")],
)
def test_series_that_cannot_be_are_refused(cover: list[int], service: list[int], rate: str) -> None:
    with pytest.raises(ValueError):
        maximum_balances([Decimal(item) for item in cover], [Decimal(item) for item in service], Decimal(rate))


money = st.decimals(min_value=0, max_value=5_000_000, places=2)
advance = st.decimals(min_value=0, max_value=1, places=4)


@settings(max_examples=200, deadline=None)
@given(
    pairs=st.lists(st.tuples(money, money), min_size=1, max_size=40),
    rates=st.tuples(advance, advance),
    yearly=st.decimals(min_value=0, max_value=Decimal("0.3"), places=4),
)
def test_a_larger_advance_rate_never_lowers_the_loan(
    pairs: list[tuple[Decimal, Decimal]], rates: tuple[Decimal, Decimal], yearly: Decimal
) -> None:
    with localcontext(FIGURES):
        low, high = (
            maximum_balances([alpha * value for value, _ in pairs], [paid for _, paid in pairs], yearly / 12)
            for alpha in sorted(rates)
        )
        assert all(one <= other for one, other in zip(low.ceilings, high.ceilings, strict=True))
        more_cash = maximum_balances(
            [max(rates) * value for value, _ in pairs], [paid + 1 for _, paid in pairs], yearly / 12
        )
        assert more_cash.largest_loan >= high.largest_loan
        dearer = maximum_balances(
            [max(rates) * value for value, _ in pairs], [paid for _, paid in pairs], yearly / 12 + Decimal("0.001")
        )
        assert dearer.largest_loan <= high.largest_loan
