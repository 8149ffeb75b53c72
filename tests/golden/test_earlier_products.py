"""Rows A1–A4, A8–A12, A26: the products as they were offered before 20 November 2026, whose cases still run by them."""

from datetime import date

import pytest

from domain.finding import Outcome
from domain.money import yuan
from policy.engine import Bundle, FactValue, Product, check_rules

OCTOBER, NOVEMBER = date(2026, 10, 31), date(2026, 11, 1)
CENTRES = ("compute_centre_construction", "compute_equipment_purchase")
WORKING = ("operations", "compute_rental", "research")
ADAS = ("automotive_certification", "eda_and_ip", "compute_rental", "capacity_prepay")
EVEN, SHORT = ("annuity", "equal_principal"), ("bullet", "equal_principal")
FLEXIBLE = (*EVEN, "balloon", "seasonal", "stepped", "custom", "sculpted")

Offered = tuple[str, date, tuple[str, ...], tuple[str, ...], int | None, int]
"""Product, day, purposes, repayment methods, cap in millions of yuan, longest grace in months."""
OFFERED: list[Offered] = [
    ("jsb_fa", OCTOBER, CENTRES, EVEN, None, 24),
    ("jsb_fa", NOVEMBER, CENTRES, FLEXIBLE, None, 24),
    ("jsb_wc", OCTOBER, WORKING, SHORT, 150, 0),
    ("jsb_wc", NOVEMBER, WORKING, (*SHORT, "balloon", "seasonal"), 150, 0),
    ("jsb_order", NOVEMBER, ("order_financing",), SHORT, 150, 0),
    ("nxb_project_loan", OCTOBER, CENTRES, EVEN, None, 24),
    ("nxb_project_loan", NOVEMBER, CENTRES, FLEXIBLE, None, 24),
    ("bocom_qh_green_fa", NOVEMBER, CENTRES, EVEN, None, 12),
    ("sdrcb_operate", OCTOBER, WORKING, SHORT, 20, 0),
    ("sdrcb_operate", NOVEMBER, WORKING, (*SHORT, "balloon", "seasonal"), 20, 6),
    ("shrcb_adas", OCTOBER, ADAS, SHORT, None, 0),
    ("shrcb_adas", NOVEMBER, ADAS, (*SHORT, "balloon", "stepped", "custom"), None, 6),
    ("talent_loan", OCTOBER, WORKING, SHORT, 10, 0),
    ("talent_loan", NOVEMBER, WORKING, (*SHORT, "stepped"), 10, 12),
]


def product(bundle: Bundle, name: str, on: date) -> Product:
    return bundle.product(name, on)


@pytest.mark.parametrize("offered", OFFERED)
def test_a1_a26_what_a_product_was_offered_for_and_how_it_is_repaid(bundle: Bundle, offered: Offered) -> None:
    name, on, purposes, methods, millions, grace = offered
    found = product(bundle, name, on)
    assert set(found.purposes) == set(purposes)
    assert {method.value for method in found.repayment_methods} == set(methods)
    assert found.amount_cap == (None if millions is None else yuan(millions * 1_000_000))
    assert found.maximum_grace_months == grace


def test_a4_an_order_is_paid_out_by_the_bank_alone(bundle: Bundle) -> None:
    assert product(bundle, "jsb_order", NOVEMBER).entrusted_only


def test_a26_the_green_loan_asks_for_its_tag(bundle: Bundle) -> None:
    assert product(bundle, "bocom_qh_green_fa", NOVEMBER).green


SOUND: dict[str, FactValue] = {
    "borrower.segment": "data_centre",
    "borrower.life_stage": "growth",
    "contract.buyer_tier": "tier_1",
    "founder.certificate": "national",
    "founder.linked_to_borrower": True,
    "purchase.supplier_verified": True,
}
PURPOSE = {
    **dict.fromkeys(("jsb_fa", "nxb_project_loan", "bocom_qh_green_fa"), "compute_centre_construction"),
    **dict.fromkeys(("jsb_wc", "sdrcb_operate", "talent_loan"), "operations"),
    "jsb_order": "order_financing",
    "shrcb_adas": "eda_and_ip",
}
Case = tuple[str, tuple[date, ...], str, FactValue, str, Outcome]
BOTH = (OCTOBER, NOVEMBER)
TURNED_AWAY: list[Case] = [
    *(
        (name, BOTH, "borrower.segment", segment, "SEGMENT_NOT_ELIGIBLE", Outcome.FAIL)
        for name in ("jsb_fa", "jsb_wc", "jsb_order")
        for segment in ("real_estate", "other")
    ),
    *(
        (name, BOTH, "borrower.segment", "ai_chip", "SEGMENT_NOT_ELIGIBLE", Outcome.FAIL)
        for name in ("nxb_project_loan", "bocom_qh_green_fa")
    ),
    ("sdrcb_operate", BOTH, "borrower.segment", "vertical_application", "SEGMENT_NOT_ELIGIBLE", Outcome.FAIL),
    *(
        (name, BOTH, "loan.purpose", "research", "PURPOSE_MISMATCH", Outcome.FAIL)
        for name in ("jsb_fa", "nxb_project_loan", "bocom_qh_green_fa")
    ),
    ("sdrcb_operate", BOTH, "loan.purpose", "order_financing", "PURPOSE_MISMATCH", Outcome.FAIL),
    ("shrcb_adas", BOTH, "loan.purpose", "operations", "PURPOSE_MISMATCH", Outcome.FAIL),
    *(
        ("jsb_order", BOTH, "contract.buyer_tier", tier, "BUYER_NOT_LISTED", Outcome.REFER)
        for tier in ("tier_3", "unrated")
    ),
    ("talent_loan", BOTH, "founder.certificate", "none", "FOUNDER_CERTIFICATE_MISSING", Outcome.FAIL),
    ("talent_loan", BOTH, "founder.linked_to_borrower", False, "FOUNDER_NOT_LINKED", Outcome.FAIL),
    ("talent_loan", BOTH, "borrower.life_stage", "mature", "LIFE_STAGE_NOT_ELIGIBLE", Outcome.FAIL),
]


def asked(name: str, **change: FactValue) -> dict[str, FactValue]:
    facts: dict[str, FactValue] = {**SOUND, "loan.purpose": PURPOSE[name]}
    return {**facts, **{key.replace("__", "."): value for key, value in change.items()}}


@pytest.mark.parametrize("case", TURNED_AWAY)
def test_a1_a12_whom_a_product_turned_away(bundle: Bundle, case: Case) -> None:
    name, days, fact, value, code, outcome = case
    for on in days:
        rules = product(bundle, name, on).admission
        assert check_rules(rules, asked(name)).outcome is Outcome.PASS
        found = check_rules(rules, {**asked(name), fact: value})
        assert (found.outcome, [reason.code for reason in found.reasons]) == (outcome, [code])


@pytest.mark.parametrize("on", BOTH)
def test_a35_a_prepayment_waits_until_its_supplier_is_verified(bundle: Bundle, on: date) -> None:
    """Only a prepayment of capacity has a supplier to verify."""
    rules = product(bundle, "shrcb_adas", on).admission
    prepaid = check_rules(
        rules, asked("shrcb_adas", loan__purpose="capacity_prepay", purchase__supplier_verified=False)
    )
    assert (prepaid.outcome, [item.code for item in prepaid.reasons]) == (Outcome.REFER, ["SUPPLIER_NOT_VERIFIED"])
    other = check_rules(rules, asked("shrcb_adas", purchase__supplier_verified=False))
    assert other.outcome is Outcome.PASS
