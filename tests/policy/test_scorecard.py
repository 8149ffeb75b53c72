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
