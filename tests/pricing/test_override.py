"""The override rule: at most two notches, a second person, a reason, within the rating's own life."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.finding import Finding, Outcome
from domain.rating_override import RatingOverride, RatingOverrideRequest
from services.pricing.calc.conclusion import Conclusion, Inadmissible
from services.pricing.calc.override import override
from services.pricing.calc.rating import rate
from tests.pricing import requests
from tests.pricing.conftest import book

SHA = "a" * 64


def asked(**changes: Any) -> RatingOverrideRequest:
    inputs = requests.rating(book(), requests.facts())
    rating = rate(inputs, book()).value
    assert rating is not None
    assert rating.grade == "R3"
    given = {
        **{name: getattr(inputs, name) for name in ("case_id", "policy_sha256", "product", "lender_id", "as_of")},
        "rating": rating,
        "rating_sha256": SHA,
        "grade": "R5",
        "reason": "Parent has announced that it withdraws its support",
        "proposed_by": "analyst.one",
        "confirmed_by": "confirmer.two",
    }
    return RatingOverrideRequest.model_validate(given | changes)


def concluded(**changes: Any) -> Conclusion[RatingOverride]:
    return override(asked(**changes), book())


def codes(conclusion: Conclusion[RatingOverride]) -> set[str]:
    return {reason.code for reason in conclusion.reasons}


@pytest.mark.parametrize(("grade", "notches", "pd"), [("R5", 2, "0.0075"), ("R2", -1, "0.0010"), ("R1", -2, "0.0005")])
def test_two_notches_either_way(grade: str, notches: int, pd: str) -> None:
    found = concluded(grade=grade)
    assert found.outcome is Outcome.PASS
    assert found.value is not None
    assert (found.value.notches, found.value.pd, found.value.grade) == (notches, Decimal(pd), grade)
    assert found.value.valid_until == asked().rating.valid_until
    assert [step.step for step in found.trace] == ["override/notches", "override/validity", "override/pd"]


def test_everything_wrong_is_said_at_once_and_nothing_is_concluded() -> None:
    expired = asked().rating.valid_until + timedelta(days=1)
    found = concluded(grade="R6", reason=" … ", confirmed_by="analyst.one", as_of=expired, pinned_on=asked().as_of)
    assert found.outcome is Outcome.FAIL
    assert found.value is None
    assert codes(found) == {"OVERRIDE_TOO_FAR", "OVERRIDE_WITHOUT_REASON", "OVERRIDE_SAME_PERSON", "RATING_EXPIRED"}
    assert all(reason.message_zh for reason in found.reasons)


def test_the_last_day_of_a_rating_still_counts() -> None:
    assert concluded(as_of=asked().rating.valid_until, pinned_on=asked().as_of).outcome is Outcome.PASS


def test_the_models_own_grade_is_no_override() -> None:
    assert codes(concluded(grade="R3")) == {"OVERRIDE_WITHOUT_CHANGE"}


def test_one_person_alone_proposes_only() -> None:
    found = concluded(confirmed_by=None)
    assert found.outcome is Outcome.REFER
    assert codes(found) == {"OVERRIDE_UNCONFIRMED"}
    assert found.value is not None


def test_a_grade_of_no_scale_is_refused_with_its_field() -> None:
    with pytest.raises(Inadmissible) as refused:
        concluded(grade="R11", rating=asked().rating.model_copy(update={"grade": "AAA"}))
    assert refused.value.fields == ("rating/grade", "grade")


def test_who_and_why_stand_in_the_inputs_and_not_in_the_trace() -> None:
    found = concluded()
    text = repr((found.trace, found.value, found.reasons))
    assert "analyst.one" not in text
    assert "Parent" not in text


def test_the_finding_hashes_who_decided() -> None:
    def sha(request: RatingOverrideRequest) -> str:
        conclusion = override(request, book())
        made_at = datetime(2026, 3, 2, tzinfo=UTC)
        return conclusion.finding(request, Finding[RatingOverride], finding_id=requests.CASE, made_at=made_at).sha256()

    assert sha(asked()) == sha(asked())
    assert sha(asked()) != sha(asked(confirmed_by="confirmer.three"))
