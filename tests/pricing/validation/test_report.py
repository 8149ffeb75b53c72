"""The report as a whole: what it concludes, and from what."""

import json
import random
from dataclasses import replace
from decimal import Decimal
from functools import cache

import pytest

from domain.finding import Outcome
from policy.engine import PolicyNotInForce
from services.pricing.calc.validation import Sample, ValidationReport, validate
from services.pricing.calc.validation.figures import CURVE_POINTS
from tests.pricing.conftest import book
from tests.pricing.validation.samples import AS_OF, made_up

SHA = "0" * 64


def report(sample: Sample) -> ValidationReport:
    return validate(sample, book(), "master_scale", AS_OF, SHA)


@cache
def usual() -> ValidationReport:
    return report(made_up())


def outcomes(found: ValidationReport) -> dict[str, Outcome]:
    return {check.id: check.outcome for check in found.checks}


def without(sample: Sample, **columns: object) -> Sample:
    kept = sample.columns - set(columns)
    return Sample(tuple(replace(item, **columns) for item in sample.obligors), frozenset(kept))


def test_a_card_that_says_what_happens_is_not_refused() -> None:
    found = usual()
    assert found.outcome in (Outcome.PASS, Outcome.REFER)
    assert outcomes(found)["auc"] is Outcome.PASS
    assert outcomes(found)["hosmer_lemeshow"] is Outcome.PASS
    assert outcomes(found)["score_stability"] is Outcome.PASS
    assert [item.obligors for item in found.populations] == [1000, 1000]


def test_a_pd_that_is_too_low_fails_every_test_of_calibration() -> None:
    verdicts = outcomes(report(made_up(lifted="3")))
    assert {verdicts[name] for name in ("hosmer_lemeshow", "portfolio", "binomial", "jeffreys")} == {Outcome.FAIL}


def test_a_pd_that_is_too_high_is_put_before_a_person() -> None:
    sample = made_up(size=6000, lifted="0.5")
    assert outcomes(report(sample))["portfolio"] is Outcome.REFER


def test_a_population_that_has_moved_fails_on_stability() -> None:
    verdicts = outcomes(report(made_up(mean=72)))
    assert (verdicts["score_stability"], verdicts["grade_stability"]) == (Outcome.FAIL, Outcome.FAIL)


def test_a_card_that_says_nothing_fails_on_discrimination() -> None:
    sample, source = made_up(size=4000), random.Random(3)
    scores = [item.score for item in sample.obligors]
    source.shuffle(scores)
    blind = [replace(item, score=score) for item, score in zip(sample.obligors, scores, strict=True)]
    verdicts = outcomes(report(Sample(tuple(blind), sample.columns)))
    assert (verdicts["auc"], verdicts["ks"]) == (Outcome.FAIL, Outcome.FAIL)


def test_overrides_beyond_the_bound_fail_and_many_are_asked_about() -> None:
    sample = made_up(overridden=0)
    first = replace(sample.obligors[-1], model_grade="R1", grade="R9")
    verdicts = outcomes(report(Sample((*sample.obligors[:-1], first), sample.columns)))
    assert (verdicts["override_rate"], verdicts["override_bound"]) == (Outcome.PASS, Outcome.FAIL)
    assert outcomes(report(made_up(overridden=0.18)))["override_rate"] is Outcome.REFER
    assert outcomes(report(made_up(overridden=0.4)))["override_rate"] is Outcome.FAIL


def test_one_grade_of_eight_beyond_one_per_cent_is_asked_about_and_refuses_nothing() -> None:
    """Seed 7 leaves R4 with a Jeffreys p of 0.0058: below 1 %, above an eighth of it."""
    check = next(check for check in usual().checks if check.id == "jeffreys")
    assert "R4 p 0.0058" in check.message_en
    assert check.outcome is Outcome.REFER
    assert check.trace[0].result == "0.00125000"


def test_few_defaults_conclude_nothing() -> None:
    found = report(made_up(size=400))
    assert next(item.defaults for item in found.populations if item.population == "validation") < 20
    resting_on_outcomes = [
        check for check in found.checks if "stability" not in check.id and "override" not in check.id
    ]
    assert all(check.outcome is not Outcome.PASS for check in resting_on_outcomes)
    assert any("not conclusive" in check.message_en for check in resting_on_outcomes)


def test_what_the_file_lacks_is_not_run_and_never_passes() -> None:
    found = report(without(made_up(), pd=None, model_grade=None))
    verdicts = outcomes(found)
    not_run = {"brier", "hosmer_lemeshow", "portfolio", "override_rate", "override_bound"}
    assert {name for name, outcome in verdicts.items() if outcome is Outcome.NOT_RUN} == not_run
    assert found.outcome is not Outcome.PASS
    assert found.pd_of_grade == "midpoint"
    assert {item.grade: item.test.pd for item in found.figures.grades}["R6"] == Decimal("0.0135")


def test_unknown_outcomes_are_counted_and_judge_nothing() -> None:
    sample = made_up()
    opened = Sample(tuple(replace(item, defaulted=None) for item in sample.obligors), sample.columns)
    found = report(opened)
    assert [(item.known, item.defaults) for item in found.populations] == [(0, 0), (0, 0)]
    assert found.figures.grades == ()
    ran = {name for name, outcome in outcomes(found).items() if outcome is not Outcome.NOT_RUN}
    assert ran == {"score_stability", "grade_stability", "override_rate", "override_bound"}


def test_a_file_without_a_default_still_tests_its_grades() -> None:
    sample = made_up()
    sound = Sample(tuple(replace(item, defaulted=False) for item in sample.obligors), sample.columns)
    verdicts = outcomes(report(sound))
    assert (verdicts["auc"], verdicts["brier"]) == (Outcome.NOT_RUN, Outcome.NOT_RUN)
    assert verdicts["binomial"] is Outcome.REFER


def test_without_scores_the_pd_ranks() -> None:
    by_score, by_pd = usual(), report(without(made_up(), score=None))
    assert (by_score.ranked_by, by_pd.ranked_by) == ("score", "pd")
    assert by_pd.figures.discrimination is not None
    assert by_score.figures.discrimination is not None
    # Scores below the PD's floor are told apart, their PDs are not: the two differ only there.
    assert abs(by_pd.figures.discrimination.auc - by_score.figures.discrimination.auc) < Decimal("0.01")
    assert outcomes(by_pd)["score_stability"] is Outcome.NOT_RUN


def test_the_order_of_the_rows_changes_nothing() -> None:
    sample = made_up()
    mixed = list(sample.obligors)
    random.Random(1).shuffle(mixed)
    assert report(Sample(tuple(mixed), sample.columns)).model_dump_json() == report(sample).model_dump_json()


def test_the_report_is_plain_json_with_figures_as_text() -> None:
    found = usual()
    data = json.loads(found.model_dump_json(), parse_float=lambda text: pytest.fail(f"a float: {text}"))
    discrimination = data["figures"]["discrimination"]
    assert len(discrimination["auc"].partition(".")[2]) == 8
    assert discrimination["curve"][0] == ["0.00000000", "0.00000000"]
    assert discrimination["curve"][-1] == ["1.00000000", "1.00000000"]
    assert len(discrimination["curve"]) <= CURVE_POINTS + 1
    assert data["scale"]["sha256"] == book().sha256
    for check in data["checks"]:
        assert check["message_zh"]
        assert check["message_en"]
        assert bool(check["trace"]) == (check["outcome"] != "not_run")


def test_a_day_without_policy() -> None:
    with pytest.raises(PolicyNotInForce):
        validate(made_up(size=10), book(), "master_scale", AS_OF.replace(year=2001), SHA)
    with pytest.raises(PolicyNotInForce):
        validate(made_up(size=10), book(), "no_such_scale", AS_OF, SHA)
