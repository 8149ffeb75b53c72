"""A fleet by cohort: grouping, paths before and after a move, and a cohort that is worth its servers."""

from collections.abc import Iterable
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.collateral.calc.fleet.cohorts import grouped
from services.collateral.calc.fleet.revaluation import revalued
from services.collateral.calc.gpu_server.price_process import Cohorts
from services.collateral.calc.gpu_server.value_path import Server, value_path
from tests.collateral.servers import golden, terms

ONE = Decimal(1)


def codes(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def test_servers_that_are_alike_in_every_trait_are_one_cohort() -> None:
    found = grouped(codes(0, 1, 0, 1, 0), codes(5, 5, 5, 5, 6), codes(0, 0, 0, 0, 0))
    assert found.servers.tolist() == [2, 1, 2]
    assert found.first.tolist() == [0, 4, 1]
    assert found.cohort.tolist() == [0, 2, 0, 2, 1]


@pytest.mark.parametrize("traits", [(), (codes(0), codes(0, 1)), (codes(-1),)])
def test_traits_that_cannot_be_are_refused(traits: tuple[np.ndarray, ...]) -> None:
    with pytest.raises(ValueError):
        grouped(*traits)


def test_more_combinations_than_can_be_numbered_are_refused() -> None:
    with pytest.raises(ValueError, match="combinations"):
        grouped(*[codes(0, 2**31)] * 3)


def test_a_fleet_without_servers_has_no_cohorts() -> None:
    assert grouped(codes(), codes()).servers.tolist() == []


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 60), st.integers(0, 2)), min_size=1, max_size=60))
def test_a_cohort_is_worth_the_sum_of_its_servers_to_the_fen(fleet: list[tuple[int, int, int]]) -> None:
    model, age, contract = (codes(*trait) for trait in zip(*fleet, strict=True))
    found = grouped(model, age, contract)

    def one(at: int) -> Server:
        rent, occupancy = Decimal(8 + int(model[at])), Decimal(6 - int(contract[at])) / 8
        return golden(age_months=int(age[at]), rent_per_gpu_hour=rent, occupancy=occupancy)

    def servers(places: Iterable[int]) -> Cohorts:
        return Cohorts.of(map(one, places), terms().income)

    rents = [Decimal("0.9")] * len(fleet)
    each = revalued(servers(range(len(fleet))), [1] * len(fleet), rents, terms(), 24)
    whole = revalued(servers(found.first.tolist()), found.servers.tolist(), rents[: len(found.first)], terms(), 24)
    for place, path in enumerate(whole):
        alike = [item for at, item in enumerate(each) if found.cohort[at] == place]
        assert path.before == sum(item.before for item in alike)
        assert path.values == tuple(sum(month) for month in zip(*(item.values for item in alike), strict=True))


def test_a_cohort_has_the_path_of_its_finding_and_follows_the_move() -> None:
    cohorts = Cohorts.of([golden()], terms().income)
    (still,) = revalued(cohorts, [3], [ONE], terms(), 36)
    exact = value_path(golden(), terms(), 36).lendable
    assert still.before == still.values[0]
    assert all(abs(value / 3 - one) < Decimal("0.02") for value, one in zip(still.values, exact, strict=True))
    (fallen,) = revalued(cohorts, [3], [Decimal("0.6")], terms(), 36)
    moved = value_path(golden(rent_per_gpu_hour=Decimal("7.2")), terms(), 36).lendable
    assert fallen.before == still.before
    assert all(abs(value / 3 - one) < Decimal("0.02") for value, one in zip(fallen.values, moved, strict=True))


@pytest.mark.parametrize(
    ("servers", "factors", "months"), [([1, 1], [ONE], 1), ([-1], [ONE], 1), ([1], [-ONE], 1), ([1], [ONE], 121)]
)
def test_a_fleet_that_cannot_be_is_refused(servers: list[int], factors: list[Decimal], months: int) -> None:
    with pytest.raises(ValueError):
        revalued(Cohorts.of([golden()], terms().income), servers, factors, terms(), months)
