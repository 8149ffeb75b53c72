"""Buy or rent: a linear programme and a count of every mix beside us."""

from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.optimize import linprog

from domain.buy_or_rent import BuyOrRent, BuyOrRentRequest
from domain.finding import Outcome
from domain.money import yuan
from services.pricing.calc.buy_or_rent import buy_or_rent
from services.pricing.calc.conclusion import Inadmissible
from tests.pricing.compute import OWN, request
from tests.pricing.conftest import book


def value(asked: BuyOrRentRequest) -> BuyOrRent:
    found = buy_or_rent(asked, book()).value
    assert found is not None
    return found


@st.composite
def demands(draw: st.DrawFn) -> list[dict[str, int]]:
    segments = []
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(1, 36))
        segments.append(
            {"from_month": start, "to_month": draw(st.integers(start, 36)), "servers": draw(st.integers(1, 30))}
        )
    return segments


@settings(max_examples=60, deadline=None)
@given(demand=demands(), rent=st.integers(20_000, 150_000), change=st.sampled_from(["-0.3", "0", "0.1"]))
def test_the_mix_is_the_optimum_of_the_linear_programme(demand: list[dict[str, int]], rent: int, change: str) -> None:
    """min own·k + Σ rent_t·r_t subject to k + r_t ≥ demand_t, by scipy, in binary floats."""
    found = value(request(demand=demand, rent={"per_month": yuan(rent), "yearly_change": change}))
    factors = 1.12 ** (-np.arange(1, 37) / 12)
    own = 2_000_000 * (1 - 0.08 * factors[-1]) + 15_015 * factors.sum()
    rents = rent * (1 + float(change)) ** (np.arange(36) // 12) * factors
    needed = np.zeros(36)
    for item in demand:
        needed[item["from_month"] - 1 : item["to_month"]] += item["servers"]
    best = linprog(np.r_[own, rents], A_ub=-np.c_[np.ones(36), np.eye(36)], b_ub=-needed)
    chosen = next(item for item in found.strategies if item.name == found.recommended)
    assert float(chosen.present_value.amount) == pytest.approx(best.fun, rel=1e-9, abs=0.01)
    for strategy in found.strategies:
        assert chosen.present_value <= strategy.present_value


@settings(max_examples=40, deadline=None)
@given(demand=demands(), rent=st.integers(20_000, 150_000), dearer=st.integers(0, 50_000))
def test_dearer_rents_never_own_less(demand: list[dict[str, int]], rent: int, dearer: int) -> None:
    cheap, dear = (value(request(demand=demand, rent={"per_month": yuan(r)})) for r in (rent, rent + dearer))
    assert cheap.owned <= dear.owned


def test_at_the_break_even_rent_both_cost_the_same() -> None:
    level = value(request()).break_even_rent
    found = value(request(rent={"per_month": level}))
    assert abs(found.rent_to_build - 1) < Decimal("1e-6")


def test_break_even_months() -> None:
    """2,380,540 at 100,000 a month without discounting: the 24th month pays for the server."""
    assert value(request(rent={"per_month": yuan(100_000)}, discount_rate="0")).break_even_months == 24
    assert value(request(rent={"per_month": yuan(10_000)}, discount_rate="0")).break_even_months is None


def test_equal_costs_are_rented() -> None:
    own = OWN | {"rack_per_month": yuan(0), "maintenance_rate": "0", "server_kw": "0", "residual_share": "0"}
    found = value(request(own=own | {"price": yuan(360_000)}, rent={"per_month": yuan(10_000)}, discount_rate="0"))
    assert (found.rent_to_build, found.recommended) == (1, "rent")


def test_every_cost_line_that_is_not_known_is_named_and_none_is_nought() -> None:
    absent: dict[str, Any] = dict.fromkeys(OWN)
    found = buy_or_rent(request(own=absent, rent={"per_month": None}), book())
    assert (found.outcome, found.value) == (Outcome.REFER, None)
    assert [reason.subject for reason in found.reasons] == [*(f"own.{name}" for name in OWN), "rent.per_month"]


def test_a_voucher_stands_beside_and_turns_nothing() -> None:
    claim = {
        "programme": "zh_voucher",
        "contract_amount": yuan(8_400_000),
        "signed_on": "2026-03-02",
        "contract_months": 12,
        "supplier_related": None,
        "claimed_this_year": yuan(0),
        "otherwise_supported": False,
    }
    plain, supported = value(request()), value(request(voucher=claim))
    assert supported.voucher is not None
    assert supported.voucher.amount == yuan(2_000_000)
    assert supported.model_copy(update={"voucher": None}) == plain
    unknown = buy_or_rent(request(voucher=claim | {"claimed_this_year": None}), book())
    assert unknown.outcome is Outcome.REFER
    assert [reason.subject for reason in unknown.reasons] == ["voucher.claimed_this_year"]


def test_working_capital_does_not_buy_servers() -> None:
    found = buy_or_rent(request(rent={"per_month": yuan(150_000)}), book())
    assert found.outcome is Outcome.REFER
    assert [reason.code for reason in found.reasons] == ["BUY_CHEAPER"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"own": {"useful_months": 35}}, "horizon_months"),
        (
            {
                "own": {
                    "server_kw": "0",
                    "rack_per_month": yuan(0),
                    "maintenance_rate": "0",
                    "residual_share": "1",
                },
                "discount_rate": "0",
            },
            "own",
        ),
        ({"voucher": {"programme": "nobody"}}, "voucher/programme"),
        ({"voucher": {"programme": "equipment_renewal_subsidy"}}, "voucher/programme"),
        ({"voucher": {"standing": "friend"}}, "voucher/standing"),
    ],
)
def test_what_cannot_be_compared_is_refused_by_name(changes: dict[str, Any], field: str) -> None:
    claim = {
        "programme": "zh_voucher",
        "contract_amount": yuan(1),
        "signed_on": "2026-03-02",
        "contract_months": 12,
        "supplier_related": False,
        "claimed_this_year": yuan(0),
        "otherwise_supported": False,
    }
    if "voucher" in changes:
        changes = changes | {"voucher": claim | changes["voucher"]}
    with pytest.raises(Inadmissible) as refusal:
        buy_or_rent(request(**changes), book())
    assert refusal.value.fields == (field,)


@pytest.mark.parametrize(
    "changes",
    [
        {"demand": [{"from_month": 1, "to_month": 37, "servers": 1}]},
        {"demand": [{"from_month": 2, "to_month": 1, "servers": 1}]},
        {"demand": [{"from_month": 1, "to_month": 1, "servers": 100_000}] * 2},
        {"own": {"price": yuan(0)}},
        {"own": {"pue": "0.9"}},
        {"rent": {"yearly_change": "-1"}},
    ],
)
def test_figures_out_of_bounds_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        request(**changes)


def test_the_largest_figures_allowed_still_add_up() -> None:
    huge = {
        "price": yuan(1_000_000_000),
        "server_kw": "1000",
        "pue": "3",
        "tariff_per_kwh": "100",
        "rack_per_month": yuan(10_000_000),
        "maintenance_rate": "1",
        "sla_per_month": yuan(10_000_000),
        "useful_months": 120,
    }
    demand = [{"from_month": 1, "to_month": 120, "servers": 100_000}]
    found = value(
        request(
            own=huge,
            rent={"per_month": yuan(10_000_000), "yearly_change": "1"},
            horizon_months=120,
            discount_rate="0",
            demand=demand,
        )
    )
    assert found.strategies[0].present_value.amount > 0
