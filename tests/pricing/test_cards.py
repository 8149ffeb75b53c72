"""Every card of the book: a worse figure never gains points, an unknown one never scores, and nothing is declared away."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.facts import FactState
from domain.factsheet import FactSheet
from policy.engine import FactDefinition, FactType, Scorecard, ScoreDecision, score
from policy.engine.cells import parse_cell, samples
from policy.engine.scorecard import Characteristic
from services.pricing.calc.rating import policy_facts
from tests.pricing.cards import (
    ADAS,
    FOUNDER,
    FROM_THE_WORST,
    JIANGSU,
    LESS_IS_BETTER,
    MORE_IS_BETTER,
    SHUNDE,
)
from tests.pricing.conftest import book

BEFORE, ON = date(2026, 11, 30), date(2026, 12, 1)
CARDS: dict[str, tuple[str, date, dict[str, Any]]] = {
    "jsb 1": ("card_jsb_v1", BEFORE, JIANGSU),
    "jsb 2": ("card_jsb_v1", ON, JIANGSU),
    "shunde": ("card_sdrcb_v1", ON, SHUNDE),
    "adas": ("card_shrcb_adas_v1", ON, ADAS),
    "founder": ("card_founder_v1", ON, FOUNDER),
}
EXEMPTING = {
    "borrower.segment": ("compute_operator", "ai_chip", "model_developer"),
    "borrower.life_stage": ("growth", "start_up", "seed"),
    "adas.position": ("domain_controller", "chip", "algorithm", "map_and_data", "testing"),
}
APPLYING = {"borrower.segment": "compute_operator", "borrower.life_stage": "growth", "adas.position": "integrator"}
"""Segment, stage and place that every characteristic speaks of."""
each_card = pytest.mark.parametrize("name", CARDS)


def card_of(name: str) -> Scorecard:
    card, on, _ = CARDS[name]
    return book().scorecard(card, on)


def scored(name: str, facts: dict[str, Any]) -> ScoreDecision:
    """As the rating reads a sheet: what is not on it is unknown."""
    return score(card_of(name), policy_facts(FactSheet.of(facts)))


def characteristics(name: str) -> list[Characteristic]:
    return [item for factor in card_of(name).factors for item in factor.characteristics]


def test_every_card_of_the_book_is_here() -> None:
    there = {(file.id, file.version) for file in book().files() if isinstance(file, Scorecard)}
    assert there == {(card.id, card.version) for card in map(card_of, CARDS)}


@each_card
def test_the_way_to_the_better_is_known_for_every_figure(name: str) -> None:
    asked = {item.fact for item in characteristics(name)}
    assert asked <= MORE_IS_BETTER | LESS_IS_BETTER | FROM_THE_WORST.keys()


@each_card
def test_a_card_that_states_a_direction_states_this_one(name: str) -> None:
    for item in characteristics(name):
        if item.better is not None:
            assert item.fact in (MORE_IS_BETTER if item.better == "higher" else LESS_IS_BETTER), item.id
    if name != "jsb 1":
        assert {item.fact for item in characteristics(name) if item.better is None} <= FROM_THE_WORST.keys()


def values(definition: FactDefinition, fact: str) -> st.SearchStrategy[Any]:
    if fact in FROM_THE_WORST:
        return st.sampled_from(FROM_THE_WORST[fact])
    if definition.type is FactType.BOOLEAN:
        return st.booleans()
    low = Decimal(definition.minimum) if definition.minimum is not None else Decimal(-3)
    high = Decimal(definition.maximum) if definition.maximum is not None else Decimal(150)
    if definition.type is FactType.INTEGER:
        return st.integers(int(low), int(high))
    if definition.type is FactType.MONEY:
        return st.decimals(0, 20_000_000, places=2)
    return st.decimals(low, high, places=4)


def badness(fact: str, value: Any) -> Decimal:
    """The larger, the worse."""
    if fact in FROM_THE_WORST:
        return Decimal(-FROM_THE_WORST[fact].index(value))
    return Decimal(value) * (-1 if fact in MORE_IS_BETTER else 1)


@st.composite
def borrowers(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """Anybody the card may meet: every figure anywhere in its range, any segment, stage and place."""
    _, on, usual = CARDS[name]
    vocabulary = book().vocabulary(on)
    facts = dict(usual)
    for item in characteristics(name):
        facts[item.fact] = draw(values(vocabulary[item.fact], item.fact))
    for fact, stations in EXEMPTING.items():
        facts[fact] = draw(st.sampled_from(stations))
    return facts


@each_card
def test_from_the_worst_value_to_the_best_every_step_earns_as_much_or_more(name: str) -> None:
    """Every bin of every figure: one value from each stretch on which the card does not change its mind."""
    _, on, usual = CARDS[name]
    vocabulary = book().vocabulary(on)
    for item in characteristics(name):
        cells = [parse_cell(one.when, vocabulary[item.fact]) for one in item.bins]
        stretches = [one.value for one in samples(cells, vocabulary[item.fact])]
        earned = []
        for value in sorted(stretches, key=lambda value: -badness(item.fact, value)):
            result = scored(name, {**usual, **APPLYING, item.fact: value})
            assert result.points is not None
            earned.append(result.points)
        assert earned == sorted(earned), item.id
        assert earned[0] < earned[-1], item.id


@each_card
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_worse_figure_never_gains_points(name: str, data: st.DataObject) -> None:
    facts = data.draw(borrowers(name))
    item = data.draw(st.sampled_from(characteristics(name)))
    other = data.draw(values(book().vocabulary(CARDS[name][1])[item.fact], item.fact))
    better, worse = sorted((facts[item.fact], other), key=lambda value: badness(item.fact, value))
    high, low = scored(name, {**facts, item.fact: better}), scored(name, {**facts, item.fact: worse})
    assert high.points is not None
    assert low.points is not None
    assert low.points <= high.points
    assert low.multiplier is not None
    assert high.multiplier is not None
    assert low.multiplier <= high.multiplier
    assert low.card_class is not None
    assert high.card_class is not None
    assert low.card_class.id >= high.card_class.id
    for worsened, kept in zip(low.factors, high.factors, strict=True):
        assert (worsened.weight, worsened.points <= kept.points) == (kept.weight, True)


@each_card
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_points_lie_on_the_card_and_are_the_sum_of_their_cells(name: str, data: st.DataObject) -> None:
    facts = data.draw(borrowers(name))
    card, result = card_of(name), scored(name, facts)
    assert result.points is not None
    assert 0 <= result.points <= card.total
    cells = [step.result for step in result.trace if step.step.count("/") == 2 and "→" in step.rule]
    earned = sum(map(Decimal, cells), Decimal(0))
    weight = sum(item.weight for item in result.factors)
    assert earned == sum(item.points for item in result.factors)
    assert abs(result.points - earned * card.total / weight) <= Decimal("5e-9")


@each_card
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_an_unknown_figure_gives_no_points_and_its_truth_never_less_than_was_certain(
    name: str, data: st.DataObject
) -> None:
    facts = data.draw(borrowers(name))
    item = data.draw(st.sampled_from(characteristics(name)))
    state = data.draw(st.sampled_from([FactState.UNKNOWN, FactState.UNDISCLOSED, None]))
    whole, open_card = scored(name, facts), scored(name, {**facts, item.fact: state})
    assert whole.points is not None
    if open_card.points is None:
        assert item.fact in {referral.fact for referral in open_card.referred}
        assert open_card.lowest_points <= whole.points
    else:
        # The characteristic does not speak of this borrower, so nobody needs its figure.
        assert open_card.points == whole.points


@pytest.mark.parametrize("name", [name for name in CARDS if name != "jsb 1"])
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_no_figure_is_declared_away(name: str, data: st.DataObject) -> None:
    """Beside the runway of a firm that burns no cash and the growth of a young firm, read from accounts and papers."""
    facts = data.draw(borrowers(name))
    item = data.draw(st.sampled_from([one for one in characteristics(name) if one.not_applicable == "refer"]))
    stated, declared = scored(name, facts), scored(name, {**facts, item.fact: FactState.NOT_APPLICABLE})
    assert stated.points is not None
    assert declared.points in (None, stated.points)


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_the_second_version_changes_nothing_for_those_who_operate_their_compute(data: st.DataObject) -> None:
    """The recorded cases are operators and data centres: they keep their points, class and limit factor."""
    segment = data.draw(st.sampled_from(["compute_operator", "data_centre", "cloud_platform"]))
    facts = data.draw(borrowers("jsb 2")) | {"borrower.segment": segment}
    first, second = scored("jsb 1", facts), scored("jsb 2", facts)
    assert first.points is not None
    assert (first.points, first.card_class and first.card_class.id, first.multiplier, first.factors) == (
        second.points,
        second.card_class and second.card_class.id,
        second.multiplier,
        second.factors,
    )
