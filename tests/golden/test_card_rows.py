"""Rows E1, E2, A12 and A35: what every card says beside its points: directions, classes, knock-outs, what renormalises."""

from datetime import date
from decimal import Decimal

import pytest

from domain.facts import Absent
from domain.finding import Outcome
from policy.engine import Bundle, FactValue, check_rules, score
from tests.pricing.cards import ADAS, FOUNDER, JIANGSU, LESS_IS_BETTER, MORE_IS_BETTER, SHUNDE

FIRST, SECOND = date(2026, 11, 23), date(2026, 12, 1)
"""Days on which the first and the second version of the Jiangsu-type card stand; the other cards stand on both."""
CARDS: dict[str, tuple[str, date, dict[str, FactValue]]] = {
    "jsb 1": ("card_jsb_v1", FIRST, JIANGSU),
    "jsb 2": ("card_jsb_v1", SECOND, JIANGSU),
    "sdrcb": ("card_sdrcb_v1", FIRST, SHUNDE),
    "adas": ("card_shrcb_adas_v1", FIRST, ADAS),
    "founder": ("card_founder_v1", FIRST, FOUNDER),
}
STATED = [name for name in CARDS if name != "jsb 1"]
"""Cards that say which way their figures get better; the first version of Jiangsu's did not yet."""


@pytest.mark.parametrize("name", STATED)
def test_e1_e2_a12_a35_no_bin_pays_more_for_a_worse_figure(bundle: Bundle, name: str) -> None:
    card, on, _ = CARDS[name]
    known = dict.fromkeys(MORE_IS_BETTER, "higher") | dict.fromkeys(LESS_IS_BETTER, "lower")
    for factor in bundle.scorecard(card, on).factors:
        for item in factor.characteristics:
            if item.fact in known:
                assert (item.id, item.better) == (item.id, known[item.fact])


@pytest.mark.parametrize("name", CARDS)
@pytest.mark.parametrize(
    ("points", "expected"), [("75", "A"), ("74.99999999", "B"), ("60", "B"), ("59.99999999", "C"), ("0", "C")]
)
def test_e1_e2_a12_a35_class_bounds(bundle: Bundle, name: str, points: str, expected: str) -> None:
    card, on, _ = CARDS[name]
    assert bundle.scorecard(card, on).class_of(Decimal(points)).id == expected


LISTED = [(name, fact, rule) for name in CARDS for fact, rule in (
    ("borrower.blacklisted", "KO_BLACKLIST"),
    ("borrower.fraud_flag", "KO_FRAUD"),
)]  # fmt: skip


@pytest.mark.parametrize(("name", "fact", "rule"), LISTED)
def test_e1_e2_a12_a35_a_listed_borrower_is_knocked_out(bundle: Bundle, name: str, fact: str, rule: str) -> None:
    card, on, borrower = CARDS[name]
    result = score(bundle.scorecard(card, on), {**borrower, fact: True})
    assert result.card_class is not None
    assert (result.card_class.id, [item.code for item in result.knock_outs]) == ("C", [rule])


OTHER_KNOCK_OUTS: list[tuple[str, str, FactValue, str]] = [
    *((name, "finance.runway_months", Decimal("2.9"), "KO_RUNWAY") for name in ("jsb 1", "jsb 2", "adas", "founder")),
    *((name, "asset.provenance", "grey", "KO_GREY_GPU") for name in ("jsb 1", "jsb 2")),
    ("adas", "adas.open_safety_recall", True, "KO_SAFETY_RECALL"),
    ("founder", "founder.certificate", "none", "KO_FOUNDER_CERTIFICATE"),
    ("founder", "founder.linked_to_borrower", False, "KO_FOUNDER_LINK"),
    ("founder", "founder.dishonest_debtor", True, "KO_FOUNDER_DISHONEST"),
]


@pytest.mark.parametrize(("name", "fact", "value", "rule"), OTHER_KNOCK_OUTS)
def test_e1_a12_a35_a_knock_out_of_the_card(bundle: Bundle, name: str, fact: str, value: FactValue, rule: str) -> None:
    card, on, borrower = CARDS[name]
    result = score(bundle.scorecard(card, on), {**borrower, fact: value})
    assert rule in [item.code for item in result.knock_outs]
    assert result.card_class is not None
    assert result.card_class.id == "C"


@pytest.mark.parametrize(
    ("name", "fact"),
    [
        *((name, "finance.runway_months") for name in ("jsb 1", "jsb 2", "adas", "founder")),
        *((name, "asset.provenance") for name in ("jsb 1", "jsb 2")),
    ],
)
def test_e1_a12_a35_a_knock_out_is_silent_where_its_fact_does_not_apply(bundle: Bundle, name: str, fact: str) -> None:
    """A firm that burns no cash has no runway, and one that brings no servers no provenance."""
    card, on, borrower = CARDS[name]
    rules = bundle.scorecard(card, on).knock_outs
    assert check_rules(rules, borrower).outcome is Outcome.PASS
    assert check_rules(rules, {**borrower, fact: Absent(state="not_applicable")}).outcome is Outcome.PASS
    assert check_rules(rules, {**borrower, fact: Absent(state="unknown")}).outcome is Outcome.REFER


@pytest.mark.parametrize(
    ("name", "fact", "of"),
    [
        ("jsb 1", "tech.installed_pflops", 90),
        ("jsb 1", "tech.utilisation", 92),
        ("jsb 1", "tech.efficiency_ratio", 94),
        ("jsb 1", "project.pue", 94),
        ("jsb 1", "research.growth_3y", 96),
        ("jsb 1", "finance.runway_months", 96),
        ("jsb 2", "research.growth_3y", 96),
        ("jsb 2", "finance.runway_months", 96),
        ("adas", "finance.runway_months", 92),  # a chip maker is not asked for four points of the whole car
        ("founder", "finance.runway_months", 94),
    ],
)
def test_e1_a12_a35_points_that_do_not_apply_leave_the_total(bundle: Bundle, name: str, fact: str, of: int) -> None:
    card, on, borrower = CARDS[name]
    result = score(bundle.scorecard(card, on), {**borrower, fact: Absent(state="not_applicable")})
    assert sum(factor.weight for factor in result.factors) == of
