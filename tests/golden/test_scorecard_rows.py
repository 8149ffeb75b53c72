"""Rows E1 (by segment), E2, A12 and A35 of the domain paper: the cards of the book, through the rating that uses them."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from domain.facts import FactState
from domain.factsheet import FactSheet
from domain.finding import Outcome
from domain.rating import Rating
from policy.engine import FactValue, check_rules
from services.pricing.calc.conclusion import Conclusion
from services.pricing.calc.rating import rate
from tests.pricing import requests
from tests.pricing.cards import ADAS, FOUNDER, JIANGSU, SHUNDE
from tests.pricing.conftest import book

ON = date(2026, 12, 1)
"""The day on which version 2 of the Jiangsu-type card comes into force; the other cards stand since 2025."""

PRODUCTS = {
    "jsb": ("jsb_wc", "jsb"),
    "shunde": ("sdrcb_operate", "sdrcb"),
    "adas": ("shrcb_adas", "shrcb"),
    "founder": ("talent_loan", "east_china_bank"),
}


def rated(card: str, facts: dict[str, Any], on: date = ON) -> Conclusion[Rating]:
    product, lender = PRODUCTS[card]
    request = requests.rating(book(), FactSheet.of(facts), product=product, lender_id=lender, as_of=on)
    return rate(request, book())


def rating(card: str, facts: dict[str, Any], on: date = ON) -> Rating:
    value = rated(card, facts, on).value
    assert value is not None
    return value


def factors(found: Rating) -> dict[str, tuple[Decimal, Decimal]]:
    return {item.factor: (item.points, item.of) for item in found.factors}


# --- E1: weights renormalise by segment -------------------------------------------------------------------------------


def test_e1_worked_case_is_78_points_in_both_versions() -> None:
    for on in (date(2026, 11, 30), ON):
        found = rating("jsb", JIANGSU, on)
        assert (found.card_score, found.card_class, found.limit_multiplier) == (78, "A", 1)
        points = ("24", "12", "11.6", "11.4", "12", "7")
        assert [item.points for item in found.factors] == [Decimal(text) for text in points]


def test_e1_a_chip_designer_is_measured_on_seventy_points() -> None:
    """54 of the 70 points that speak of it: 12 + 11.6 + 11.4 + 12 + 7."""
    designer = JIANGSU | {"borrower.segment": "ai_chip", "tech.installed_pflops": FactState.NOT_APPLICABLE}
    found = rating("jsb", designer)
    assert factors(found)["compute"] == (0, 0)
    assert found.card_score == Decimal("77.14285714")
    assert found.card_class == "A"
    steps = {step.step: step for step in rated("jsb", designer).trace}
    assert steps["card_jsb_v1/compute/pue"].rule.startswith(
        "does not apply to borrower.segment ai_chip | compute_server"
    )
    assert steps["card_jsb_v1/compute/pue"].inputs == {"borrower.segment": "ai_chip"}
    assert steps["card_jsb_v1/total"].inputs == {"earned": "54.0000000000000000", "applicable": "70.00000000"}


def test_e1_a_model_developer_is_asked_for_its_compute_and_not_for_the_hall_it_rents() -> None:
    found = rating("jsb", JIANGSU | {"borrower.segment": "model_developer", "project.pue": FactState.NOT_APPLICABLE})
    assert factors(found)["compute"] == (Decimal("19.2"), 24)


def test_e1_an_operator_does_not_leave_a_weak_figure_by_declaring_it_inapplicable() -> None:
    refused = rated("jsb", JIANGSU | {"tech.utilisation": FactState.NOT_APPLICABLE})
    assert (refused.value, refused.outcome) == (None, Outcome.REFER)
    assert [reason.subject for reason in refused.reasons] == ["tech.utilisation"]


def test_e1_a_segment_nobody_stated_is_referred_by_name() -> None:
    refused = rated("jsb", JIANGSU | {"borrower.segment": FactState.UNKNOWN})
    assert (refused.value, refused.outcome) == (None, Outcome.REFER)
    assert [reason.subject for reason in refused.reasons] == ["borrower.segment"]


# --- E2: the Shunde-type card -----------------------------------------------------------------------------------------


def test_e2_28_and_21_and_21_are_70_points_and_a_limit_factor_of_70_percent() -> None:
    found = rating("shunde", SHUNDE)
    assert factors(found) == {
        "technology_and_market": (28, 40),
        "research": (21, 30),
        "growth_and_profit": (21, 30),
    }
    assert found.card_score == Decimal("70.00000000")
    assert found.limit_multiplier == Decimal("0.70000000")
    assert (found.card_class, found.card_id) == ("B", "card_sdrcb_v1")
    # 480 + 2 × 70: on the master scale 620, the textbook's 0.9901 %.
    assert found.scaled_score == 620
    assert found.pd.quantize(Decimal("0.000001")) == Decimal("0.009901")


def test_e2_every_point_names_the_cell_it_came_from() -> None:
    conclusion = rated("shunde", SHUNDE)
    steps = {step.step.removeprefix("card_sdrcb_v1/"): step for step in conclusion.trace}
    share = steps["technology_and_market/market_share"]
    assert share.rule == "market.share [0.03, 0.10) → 0.40000000 × 10.00000000"
    assert (share.inputs, Decimal(share.result)) == ({"market.share": "0.06000000"}, 4)
    assert steps["limit_factor"].inputs == {"points": "70.00000000", "total": "100.00000000"}
    assert steps["limit_factor"].result == "0.70000000"
    parts = ("technology_and_market/", "research/", "growth_and_profit/")
    assert sum(Decimal(step.result) for name, step in steps.items() if name.startswith(parts)) == 70
    assert conclusion.policy is not None
    assert (conclusion.policy.id, conclusion.policy.version) == ("card_sdrcb_v1", "1")


def test_e2_a_start_up_has_no_three_years_to_grow_over() -> None:
    found = rating(
        "shunde", SHUNDE | {"borrower.life_stage": "start_up", "growth.revenue_3y": FactState.NOT_APPLICABLE}
    )
    assert factors(found)["growth_and_profit"] == (9, 18)
    # 58 of 88.
    assert found.card_score == Decimal("65.90909091")
    assert found.limit_multiplier == Decimal("0.65909090")


@pytest.mark.parametrize(("change", "multiplier"), [({"borrower.blacklisted": True}, "0.30"), ({}, "0.70")])
def test_e2_a_knock_out_forces_the_last_class_and_its_factor(change: dict[str, Any], multiplier: str) -> None:
    found = rating("shunde", SHUNDE | change)
    assert found.card_score == 70
    assert found.limit_multiplier == Decimal(multiplier)
    assert found.card_class == ("C" if change else "B")


def test_e2_what_is_unknown_is_named_and_gives_no_factor() -> None:
    refused = rated("shunde", {name: value for name, value in SHUNDE.items() if name != "market.share"})
    assert (refused.value, refused.outcome) == (None, Outcome.REFER)
    assert [reason.subject for reason in refused.reasons] == ["market.share"]


# --- A12: the assisted-driving card -----------------------------------------------------------------------------------


def test_a12_a_chip_maker_in_series_for_a_first_tier_vehicle_maker() -> None:
    """30 − 4 qualification, of which 10 + 8 + 6; 9.6 + 10 + 8; 6.4 + 6 + 3.2 + 2; 6 + 4; 4 + 3 + 1.5."""
    found = rating("adas", ADAS)
    assert factors(found) == {
        "qualification": (Decimal(24), 26),
        "programmes": (Decimal("27.6"), 30),
        "research": (Decimal("17.6"), 20),
        "orders": (Decimal(10), 10),
        "finance": (Decimal("8.5"), 10),
    }
    # 87.7 of 96.
    assert (found.card_score, found.card_class) == (Decimal("91.35416667"), "A")


@pytest.mark.parametrize(
    ("position", "applicable"),
    [
        ("chip", 96),
        ("sensor", 96),
        ("domain_controller", 100),
        ("integrator", 100),
        ("algorithm", 84),
        ("map_and_data", 74),
        ("testing", 70),
    ],
)
def test_a12_each_place_in_the_chain_is_measured_on_what_it_does(position: str, applicable: int) -> None:
    found = rating("adas", ADAS | {"adas.position": position})
    assert sum(item.of for item in found.factors) == applicable
    assert 0 <= found.card_score <= 100


def test_a12_an_open_safety_recall_knocks_out() -> None:
    conclusion = rated("adas", ADAS | {"adas.open_safety_recall": True})
    assert conclusion.value is not None
    assert conclusion.value.card_class == "C"
    assert {reason.code for reason in conclusion.reasons} == {"KO_SAFETY_RECALL", "SECURED_ONLY"}


@pytest.mark.parametrize(
    ("purpose", "verified", "outcome"),
    [
        ("capacity_prepay", True, Outcome.PASS),
        ("capacity_prepay", False, Outcome.REFER),
        ("capacity_prepay", None, Outcome.REFER),
        ("eda_and_ip", None, Outcome.PASS),
    ],
)
def test_a12_a_prepayment_needs_a_verified_supplier(purpose: str, verified: bool | None, outcome: Outcome) -> None:
    product = book().product("shrcb_adas", ON)
    facts: dict[str, FactValue] = {"loan.purpose": purpose, "purchase.supplier_verified": verified}
    facts["borrower.segment"] = "ai_chip"
    assert check_rules(product.admission_of(purpose), facts).outcome is outcome
    assert product.tenor_cap(purpose) == 60


# --- A35: the founder card --------------------------------------------------------------------------------------------


def test_a35_a_certified_founder_of_a_start_up() -> None:
    """12 + 4 + 6.4 + 3.5; 10 + 8 + 4.2; 4.8 + 5.6 + 5; 4 + 3 + 3."""
    found = rating("founder", FOUNDER)
    assert factors(found) == {
        "credentials": (Decimal("25.9"), 35),
        "commitment": (Decimal("22.2"), 25),
        "technology": (Decimal("15.4"), 20),
        "backing": (Decimal(10), 20),
    }
    assert (found.card_score, found.card_class) == (Decimal("73.5"), "B")


def test_a35_a_seed_firm_is_not_yet_measured_on_money_raised_and_orders() -> None:
    """Flexible by stage: 66.5 of 86, where the same firm a stage later has 73.5 of 100."""
    seed = FOUNDER | {
        "borrower.life_stage": "seed",
        "finance.equity_raised": FactState.UNKNOWN,
        "market.backlog_cover": FactState.NOT_APPLICABLE,
    }
    found = rating("founder", seed)
    assert factors(found)["backing"] == (3, 6)
    assert found.card_score == Decimal("77.32558140")


def test_a35_without_a_certificate_the_product_is_not_open_to_the_borrower() -> None:
    admission = book().product("talent_loan", ON).admission
    facts: dict[str, FactValue] = {
        "founder.certificate": "municipal",
        "founder.linked_to_borrower": True,
        "borrower.life_stage": "start_up",
    }
    assert check_rules(admission, facts).outcome is Outcome.PASS
    missing = check_rules(admission, {**facts, "founder.certificate": "none"})
    assert (missing.outcome, [item.rule_id for item in missing.breaches]) == (
        Outcome.FAIL,
        ["FOUNDER_CERTIFICATE_MISSING"],
    )
    unknown = check_rules(admission, {**facts, "founder.certificate": None})
    assert (unknown.outcome, [item.fact for item in unknown.referred]) == (Outcome.REFER, ["founder.certificate"])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"founder.certificate": "none"}, "KO_FOUNDER_CERTIFICATE"),
        ({"founder.linked_to_borrower": False}, "KO_FOUNDER_LINK"),
        ({"founder.dishonest_debtor": True}, "KO_FOUNDER_DISHONEST"),
        ({"finance.runway_months": Decimal("2.9")}, "KO_RUNWAY"),
    ],
)
def test_a35_the_person_and_the_tie_to_the_firm_are_knock_outs(change: dict[str, Any], code: str) -> None:
    conclusion = rated("founder", FOUNDER | change)
    assert conclusion.value is not None
    assert (conclusion.value.card_class, conclusion.outcome) == ("C", Outcome.REFER)
    assert code in {reason.code for reason in conclusion.reasons}


def test_a35_a_tie_nobody_has_checked_gives_no_rating() -> None:
    refused = rated("founder", FOUNDER | {"founder.linked_to_borrower": FactState.UNKNOWN})
    assert (refused.value, refused.outcome) == (None, Outcome.REFER)
    assert [reason.subject for reason in refused.reasons] == ["founder.linked_to_borrower"]
