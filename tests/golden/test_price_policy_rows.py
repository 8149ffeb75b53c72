"""Rows B4, E1 and E9 with §5.5: what every version of the price policy says row by row (商业银行资本管理办法 2023)."""

from datetime import date
from decimal import Decimal

import pytest

from domain.application import AssetKind
from domain.money import yuan
from policy.engine import Bundle, FactValue, PricingPolicy, evaluate

DAYS = {"1": date(2026, 9, 30), "2": date(2026, 10, 1), "3": date(2027, 1, 1)}
"""The first or last day of each version of the policy."""
VERSIONS = pytest.mark.parametrize("version", DAYS)


def policy(bundle: Bundle, version: str) -> PricingPolicy:
    found = bundle.pricing(DAYS[version])
    assert found.version == version
    return found


CORPORATE: dict[str, FactValue] = {
    "exposure.project_phase": "none",
    "borrower.size": "large",
    "exposure.retail_eligible": False,
    "exposure.investment_grade": False,
}
WEIGHTS: list[tuple[dict[str, FactValue], str]] = [
    ({"exposure.project_phase": "pre_operation"}, "RW_PROJECT_PRE_OPERATION 1.30"),
    ({"exposure.project_phase": "operation_high_quality"}, "RW_PROJECT_HIGH_QUALITY 0.80"),
    ({"exposure.project_phase": "operation"}, "RW_PROJECT_OPERATION 1.00"),
    ({"borrower.size": "small", "exposure.retail_eligible": True}, "RW_RETAIL_SMALL 0.75"),
    ({"borrower.size": "micro", "exposure.retail_eligible": True}, "RW_RETAIL_SMALL 0.75"),
    ({"borrower.size": "medium", "exposure.retail_eligible": True}, "RW_SME 0.85"),
    ({"borrower.size": "micro"}, "RW_SME 0.85"),
    ({"borrower.size": "small"}, "RW_SME 0.85"),
    ({"borrower.size": "medium"}, "RW_SME 0.85"),
    ({"exposure.investment_grade": True}, "RW_INVESTMENT_GRADE 0.75"),
    ({}, "RW_CORPORATE 1.00"),
]


@VERSIONS
@pytest.mark.parametrize(("change", "expected"), WEIGHTS)
def test_5_5_standardised_risk_weights(
    bundle: Bundle, version: str, change: dict[str, FactValue], expected: str
) -> None:
    decision = evaluate(policy(bundle, version).risk_weight, {**CORPORATE, **change})
    assert f"{decision.code('code')} {decision.number('risk_weight')}" == expected


@VERSIONS
@pytest.mark.parametrize(("months", "rate"), [(12, "1Y"), (60, "1Y"), (61, "5Y"), (240, "5Y")])
def test_5_5_above_five_years_the_five_year_rate_is_the_base(
    bundle: Bundle, version: str, months: int, rate: str
) -> None:
    found = policy(bundle, version).base_rate
    assert evaluate(found, {"loan.tenor_months": months}).code("base_rate") == rate
    assert found.outputs[0].values == ("1Y", "5Y")


LOSSES = {
    AssetKind.DEPOSIT: ("0", "0"),
    AssetKind.CIVIL_WORKS: ("0.20", "0.40"),
    AssetKind.POWER_COOLING: ("0.25", "0.40"),
    AssetKind.NETWORK_STORAGE: ("0.25", "0.40"),
    AssetKind.GPU_SERVER: ("0.25", "0.40"),
    AssetKind.RECEIVABLE: ("0.20", "0.40"),
    AssetKind.COMPUTE_ORDER: ("0.20", "0.40"),
}


@VERSIONS
@pytest.mark.parametrize("kind", LOSSES)
def test_5_5_loss_given_default_and_haircut_of_collateral(bundle: Bundle, version: str, kind: AssetKind) -> None:
    found = policy(bundle, version).loss_given_default.secured.get(kind)
    assert found is not None
    assert (found.lgd, found.haircut) == tuple(map(Decimal, LOSSES[kind]))


@VERSIONS
@pytest.mark.parametrize(("relationship", "bps"), [("standard", 0), ("core", 10), ("strategic", 15)])
def test_5_5_relationship_discounts(bundle: Bundle, version: str, relationship: str, bps: int) -> None:
    assert policy(bundle, version).discounts.relationship_bps.get(relationship) == bps


@pytest.mark.parametrize(("version", "classes"), [("2", ("strategic",)), ("3", ("strategic",))])
def test_5_5_only_a_strategic_customer_is_priced_below_the_floor(
    bundle: Bundle, version: str, classes: tuple[str, ...]
) -> None:
    waiver = policy(bundle, version).floor_waiver
    assert waiver is not None
    assert waiver.relationships == classes


@pytest.mark.parametrize("version", ["2", "3"])
def test_irb_capital_stands_on_a_pd_of_a_quarter_at_most(bundle: Bundle, version: str) -> None:
    rules = policy(bundle, version).internal_ratings
    assert rules is not None
    assert (rules.pd_ceiling, rules.lgd_floor) == (Decimal("0.25"), Decimal("0.10"))


def test_irb_firm_size_counts_from_thirty_to_three_hundred_million_of_sales(bundle: Bundle) -> None:
    rules = policy(bundle, "3").internal_ratings
    assert rules is not None
    assert rules.size_adjustment is not None
    assert (rules.size_adjustment.smallest, rules.size_adjustment.largest) == (yuan(30_000_000), yuan(300_000_000))


@pytest.mark.parametrize(
    ("kind", "lgd"),
    [
        (AssetKind.DEPOSIT, "0"),
        (AssetKind.CIVIL_WORKS, "0.20"),
        (AssetKind.POWER_COOLING, "0.25"),
        (AssetKind.RECEIVABLE, "0.20"),
    ],
)
def test_irb_collateral_that_capital_recognises(bundle: Bundle, kind: AssetKind, lgd: str) -> None:
    """GPU servers, orders and data assets have no liquid market and lower the loss of the price alone."""
    rules = policy(bundle, "3").internal_ratings
    assert rules is not None
    assert {item: loss.lgd for item, loss in rules.secured.items()}.get(kind) == Decimal(lgd)
    assert AssetKind.GPU_SERVER not in rules.secured


GRADES = {
    "R1": "0.0005",
    "R2": "0.0010",
    "R3": "0.0020",
    "R4": "0.0040",
    "R5": "0.0075",
    "R6": "0.0135",
    "R7": "0.0250",
    "R8": "0.0450",
    "R9": "0.0850",
    "R10": "0.1800",
}


@pytest.mark.parametrize("grade", GRADES)
def test_5_4_the_grades_of_the_master_scale(bundle: Bundle, grade: str) -> None:
    found = {item.id: item.midpoint for item in bundle.rating_scale("master_scale", DAYS["2"]).grades}
    assert found.get(grade) == Decimal(GRADES[grade])
