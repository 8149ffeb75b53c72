"""Ratings: absent facts are named, and better facts never score worse."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.facts import FactState
from domain.finding import Finding, Outcome
from domain.rating import Rating
from services.pricing.calc.conclusion import Conclusion, Inadmissible
from services.pricing.calc.rating import rate
from tests.pricing import requests
from tests.pricing.conftest import book


def rated(**changes: Any) -> Conclusion[Rating]:
    return rate(requests.rating(book(), requests.facts(**changes)), book())


@pytest.mark.parametrize("state", [FactState.UNKNOWN, FactState.UNDISCLOSED])
def test_an_absent_fact_refers_by_name_and_is_never_nought(state: FactState) -> None:
    conclusion = rated(ip__invention_patents=state, team__recognised_talent=state)
    assert conclusion.value is None
    assert conclusion.outcome is Outcome.REFER
    assert {reason.subject for reason in conclusion.reasons} == {"ip.invention_patents", "team.recognised_talent"}
    assert any(step.step == "rating/certain" for step in conclusion.trace)


def test_what_does_not_apply_to_a_segment_leaves_the_weights() -> None:
    """Corrections §2, E1: compute efficiency of a chip designer."""
    without = FactState.NOT_APPLICABLE
    conclusion = rated(
        tech__installed_pflops=without, tech__utilisation=without, tech__efficiency_ratio=without, project__pue=without
    )
    assert conclusion.value is not None
    compute = next(item for item in conclusion.value.factors if item.factor == "compute")
    assert (compute.points, compute.of) == (0, 0)
    whole = sum(item.of for item in conclusion.value.factors)
    earned = sum(item.points for item in conclusion.value.factors)
    assert conclusion.value.card_score == (earned * 100 / whole).quantize(Decimal("1e-8"))


def test_a_knock_out_is_the_last_class_whatever_the_points() -> None:
    conclusion = rated(finance__runway_months="2")
    assert conclusion.value is not None
    assert conclusion.value.card_class == "C"
    assert "KO_RUNWAY" in {reason.code for reason in conclusion.reasons}


def test_a_rating_stands_for_a_year_from_its_business_date() -> None:
    conclusion = rated()
    assert conclusion.value is not None
    assert conclusion.value.valid_until == requests.AS_OF + timedelta(days=365)


def test_versions_are_chosen_by_the_day_of_pinning() -> None:
    """A case pinned before the first version of the policy finds none, whatever the business date."""
    early = requests.rating(book(), pinned_on=date(2020, 1, 1))
    with pytest.raises(Inadmissible):
        rate(early, book())


def test_a_fact_outside_the_vocabulary_is_refused() -> None:
    with pytest.raises(Inadmissible) as refusal:
        rated(tech__charm="1", borrower__luck=True)
    assert refusal.value.code == "fact_unknown"
    assert refusal.value.fields == ("facts/facts/borrower.luck", "facts/facts/tech.charm")


def test_a_fact_of_another_type_is_refused() -> None:
    with pytest.raises(Inadmissible) as refusal:
        rated(ip__litigation="no", ip__invention_patents=True)
    assert refusal.value.code == "fact_type"
    assert refusal.value.fields == ("facts/facts/ip.invention_patents", "facts/facts/ip.litigation")


BETTER_IS_MORE = [
    "tech.installed_pflops",
    "tech.utilisation",
    "tech.efficiency_ratio",
    "team.research_staff_share",
    "team.masters_share",
    "research.intensity",
    "market.backlog_cover",
    "finance.debt_service_cover",
]


@settings(max_examples=120, deadline=None)
@given(
    name=st.sampled_from(BETTER_IS_MORE),
    first=st.decimals(min_value=0, max_value=1, places=4),
    second=st.decimals(min_value=0, max_value=1, places=4),
)
def test_a_better_figure_never_raises_the_probability_of_default(name: str, first: Decimal, second: Decimal) -> None:
    low, high = sorted((first, second))
    found = []
    for figure in (low, high):
        conclusion = rated(**{name.replace(".", "__"): figure})
        assert conclusion.value is not None
        found.append(conclusion.value)
    assert found[1].pd <= found[0].pd
    assert found[1].limit_multiplier >= found[0].limit_multiplier


def test_the_same_request_gives_the_same_bytes() -> None:
    request = requests.rating(book())
    made = [
        rate(request, book()).finding(
            request,
            Finding[Rating],
            finding_id=UUID(int=number),
            made_at=datetime(2026, 3, number, tzinfo=UTC),
        )
        for number in (1, 2)
    ]
    assert made[0].sha256() == made[1].sha256()
