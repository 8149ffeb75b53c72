"""Scorecards: exact points, honest about what is not known."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from domain.facts import Absent
from policy.engine import FactValue, ScoreDecision, score
from tests.policy.small_books import HEAD, book, faults

ON = date(2024, 6, 1)

SCALE = f"""
kind: rating_scale
id: scale
{HEAD.replace("    ", "")}
base: 480
per_point: 2
points_to_double_odds: 20
anchor_score: 600
anchor_odds: 50
floor: 0.0005
max_override_notches: 2
grades: [{{id: R1, midpoint: 0.01}}, {{id: R2, midpoint: 0.04}}]
"""


def card(**change: str) -> str:
    text = f"""
kind: scorecard
id: card
{HEAD.replace("    ", "")}
total: 10
rating_scale: scale
factors:
  - id: plant
    title_zh: 机房
    title_en: Plant
    weight: 4
    characteristics:
      - id: pue
        title_zh: 能效
        title_en: PUE
        fact: plant.pue
        points: 4
        not_applicable: renormalise
        bins: [{{when: "<= 1.3", share: 1}}, {{when: "> 1.3", share: 0.3}}]
  - id: firm
    title_zh: 企业
    title_en: Firm
    weight: 6
    characteristics:
      - id: size
        title_zh: 规模
        title_en: Size
        fact: firm.size
        points: 6
        bins: [{{when: small, share: 0.5}}, {{when: large, share: 1}}]
classes:
  - {{id: A, at_least: 7, access: standard, multiplier: 1, unsecured_share: 0.3}}
  - {{id: B, at_least: 0, access: secured_only, multiplier: 0.3, unsecured_share: 0}}
knock_outs:
  - id: LISTED
    severity: BLOCK
    applies: [approval]
    breached_when: [{{firm.listed: "true"}}]
    message_zh: 上市
    message_en: Listed
"""
    for old, new in change.items():
        assert old.replace("__", " ") in text
        text = text.replace(old.replace("__", " "), new)
    return text


def scored(directory: Path, facts: dict[str, FactValue]) -> ScoreDecision:
    return score(book(directory, scale=SCALE, card=card()).scorecard("card", ON), facts)


def test_points_factors_and_class(tmp_path: Path) -> None:
    result = scored(tmp_path, {"plant.pue": Decimal("1.3"), "firm.size": "small", "firm.listed": False})
    assert result.points == Decimal("7.00000000")
    assert result.card_class is not None
    assert (result.card_class.id, result.card_class.multiplier) == ("A", Decimal(1))
    assert [(factor.id, factor.points, factor.weight) for factor in result.factors] == [
        ("plant", Decimal(4), Decimal(4)),
        ("firm", Decimal(3), Decimal(6)),
    ]
    assert result.referred == ()
    assert [step.step for step in result.trace] == [
        "card/plant/pue",
        "card/firm/size",
        "card/knock_outs/LISTED",
        "card/total",
    ]
    assert result.trace[0].rule == "plant.pue <= 1.3 → 1.00000000 × 4.00000000"


def test_an_unknown_characteristic_scores_nothing_and_leaves_the_card_open(tmp_path: Path) -> None:
    result = scored(tmp_path, {"plant.pue": Absent(state="unknown"), "firm.size": "large", "firm.listed": False})
    assert (result.points, result.card_class) == (None, None)
    assert [item.fact for item in result.referred] == ["plant.pue"]
    assert (result.lowest_points, result.lowest_class.id) == (Decimal("6.00000000"), "B")


def test_a_characteristic_that_does_not_apply_leaves_the_total(tmp_path: Path) -> None:
    nothing = Absent(state="not_applicable")
    result = scored(tmp_path, {"plant.pue": nothing, "firm.size": "large", "firm.listed": False})
    assert result.points == Decimal("10.00000000")
    refused = scored(tmp_path, {"plant.pue": Decimal(1), "firm.size": nothing, "firm.listed": False})
    assert [(item.fact, item.state) for item in refused.referred] == [("firm.size", "not_applicable")]


def test_a_knock_out_forces_the_last_class_and_an_undecided_one_refers(tmp_path: Path) -> None:
    facts: dict[str, FactValue] = {"plant.pue": Decimal(1), "firm.size": "large"}
    knocked = scored(tmp_path, {**facts, "firm.listed": True})
    assert (knocked.points, knocked.card_class and knocked.card_class.id) == (Decimal("10.00000000"), "B")
    assert [reason.code for reason in knocked.knock_outs] == ["LISTED"]
    undecided = scored(tmp_path, facts)
    assert (undecided.card_class, undecided.lowest_class.id) == (None, "B")
    assert [item.fact for item in undecided.referred] == ["firm.listed"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"weight:__4": "weight: 5"}, "the characteristics add up to 4.00000000, the weight is 5.00000000"),
        ({"total:__10": "total: 11"}, "the weights add up to 10.00000000"),
        ({"at_least:__0,": "at_least: 1,"}, "the last begins at 0"),
        ({'"<=__1.3"': '"< 1.3"'}, "no bin covers plant.pue = 1.3"),
        ({'">__1.3"': '">= 1.3"'}, "both cover plant.pue = 1.3"),
        ({"when:__small": "when: tiny"}, "'tiny' is not a declared value"),
        ({"when:__small": 'when: "n/a | small"'}, "said by 'not_applicable'"),
        ({"fact:__firm.size": "fact: firm.sise"}, "'firm.sise' is not a declared fact"),
        ({"rating_scale:__scale": "rating_scale: other"}, "there is no rating_scale 'other'"),
        ({"share:__0.3}": "share: 1.3}"}, "less than or equal to 1"),
    ],
)
def test_a_card_that_does_not_add_up_is_refused(tmp_path: Path, change: dict[str, str], said: str) -> None:
    assert said in "\n".join(faults(tmp_path, scale=SCALE, card=card(**change)))


# --- what a characteristic does not speak of --------------------------------------------------------------------------

BY_SEGMENT = {
    "not_applicable:__renormalise": 'does_not_apply_to: [{firm.region: "east | west", firm.listed: "false"}]\n        better: lower'
}
PLANT_OUT = "does not apply to firm.listed false; firm.region east | west: weights renormalise"


def by_segment(directory: Path, facts: dict[str, FactValue]) -> ScoreDecision:
    return score(book(directory, scale=SCALE, card=card(**BY_SEGMENT)).scorecard("card", ON), facts)


def test_a_segment_takes_its_points_out_whatever_is_stated(tmp_path: Path) -> None:
    facts: dict[str, FactValue] = {"firm.region": "east", "firm.listed": False, "firm.size": "small"}
    for pue in (Decimal("1.1"), Decimal("2.0"), Absent(state="not_applicable"), Absent(state="unknown"), None):
        result = by_segment(tmp_path, {**facts, "plant.pue": pue})
        assert result.points == Decimal("5.00000000"), pue
        assert [(item.points, item.weight) for item in result.factors] == [(0, 0), (3, 6)]
        assert result.trace[0].rule == PLANT_OUT
        assert result.trace[0].inputs == {"firm.region": "east", "firm.listed": "false"}
    assert result.trace[-1].inputs == {"earned": "3.0000000000000000", "applicable": "6.00000000"}


def test_nobody_else_leaves_a_weak_figure_by_declaring_it_inapplicable(tmp_path: Path) -> None:
    facts: dict[str, FactValue] = {"firm.region": "north", "firm.listed": False, "firm.size": "small"}
    assert by_segment(tmp_path, {**facts, "plant.pue": Decimal(2)}).points == Decimal("4.20000000")
    refused = by_segment(tmp_path, {**facts, "plant.pue": Absent(state="not_applicable")})
    assert (refused.points, refused.card_class, refused.multiplier) == (None, None, None)
    assert [(item.fact, item.state) for item in refused.referred] == [("plant.pue", "not_applicable")]


def test_a_segment_nobody_knows_is_named_and_with_it_what_is_unknown_beside_it(tmp_path: Path) -> None:
    facts: dict[str, FactValue] = {"firm.listed": False, "firm.size": "large"}
    known = by_segment(tmp_path, {**facts, "plant.pue": Decimal("1.1")})
    assert known.points is None
    assert [item.fact for item in known.referred] == ["firm.region"]
    assert known.lowest_points == Decimal("6.00000000")
    both = by_segment(tmp_path, {**facts, "plant.pue": Absent(state="unknown")})
    assert [(item.fact, item.state) for item in both.referred] == [
        ("firm.region", "not_given"),
        ("plant.pue", "unknown"),
    ]
    declared = by_segment(tmp_path, {**facts, "plant.pue": Absent(state="not_applicable")})
    assert [item.fact for item in declared.referred] == ["firm.region"]


def test_a_card_of_which_nothing_applies_gives_no_class(tmp_path: Path) -> None:
    nothing = BY_SEGMENT | {"points:__6\n": "points: 6\n        does_not_apply_to: [{firm.region: east}]\n"}
    whole = score(
        book(tmp_path, scale=SCALE, card=card(**nothing)).scorecard("card", ON),
        {"firm.region": "east", "firm.listed": False},
    )
    assert (whole.points, whole.card_class, whole.multiplier) == (None, None, None)
    assert whole.lowest_class.id == "B"


# --- what capacity counts at ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pue", "size", "listed", "multiplier"),
    [
        ("1.3", "large", False, "0.90000000"),  # 10 points, but the class carries no more than 0.9
        ("1.3", "small", False, "0.70000000"),
        ("2", "small", False, "0.30000000"),  # 4.2 points, of the last class
        ("1.3", "large", True, "0.30000000"),  # knocked out
    ],
)
def test_the_points_are_the_factor_of_the_limit_below_the_ceiling_of_the_class(
    tmp_path: Path, pue: str, size: str, listed: bool, multiplier: str
) -> None:
    text = card(
        **{"rating_scale:__scale": "rating_scale: scale\nlimit_factor: points", "multiplier:__1,": "multiplier: 0.9,"}
    )
    result = score(
        book(tmp_path, scale=SCALE, card=text).scorecard("card", ON),
        {"plant.pue": Decimal(pue), "firm.size": size, "firm.listed": listed},
    )
    assert result.multiplier == Decimal(multiplier)
    assert result.trace[-1].step == "card/limit_factor"
    assert result.trace[-1].result == multiplier


def test_without_a_word_on_it_the_class_is_the_factor_of_the_limit(tmp_path: Path) -> None:
    result = scored(tmp_path, {"plant.pue": Decimal("1.3"), "firm.size": "small", "firm.listed": False})
    assert result.multiplier == Decimal(1)
    assert "card/limit_factor" not in [step.step for step in result.trace]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"points:__4": "points: 4\n        better: higher"},
            "'> 1.3' is better than '<= 1.3' and earns a smaller share",
        ),
        ({"points:__6": "points: 6\n        better: higher"}, "a code has no order"),
        (
            {"points:__4": 'points: 4\n        does_not_apply_to: [{firm.shade: "red"}]'},
            "'firm.shade' is not a declared",
        ),
        (
            {"points:__4": 'points: 4\n        does_not_apply_to: [{firm.size: "tiny"}]'},
            "'tiny' is not a declared value",
        ),
        (
            {"points:__4": 'points: 4\n        does_not_apply_to: [{plant.pue: "> 2"}]'},
            "cannot say that it does not apply",
        ),
        ({"severity:__BLOCK": "severity: WARN"}, "a knock-out is a BLOCK"),
        ({"id:__B,": "id: A,"}, "a class is listed twice"),
        ({"id:__B,": "id: D,"}, "classes/1/id: Input should be 'A', 'B' or 'C'"),
        ({"multiplier:__1,": "multiplier: 0.2,"}, "no larger multiplier"),
        ({"unsecured_share:__0}": "unsecured_share: 0.4}"}, "no larger unsecured_share"),
        ({"total:__10": "total: 10\nlimit_factor: score"}, "limit_factor: Input should be 'class' or 'points'"),
    ],
)
def test_a_card_that_pays_for_less_or_says_nothing_clear_is_refused(
    tmp_path: Path, change: dict[str, str], said: str
) -> None:
    assert said in "\n".join(faults(tmp_path, scale=SCALE, card=card(**change)))
