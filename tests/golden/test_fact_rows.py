"""What policy may speak of: a figure outside its bounds and a code outside its list are read as absent, and refer."""

from datetime import date
from decimal import Decimal

import pytest

from domain.finding import Outcome
from domain.money import yuan
from policy.engine import Bundle, FactValue, check_rules
from policy.engine.vocabulary import read_fact

ON = date(2026, 11, 23)
BELOW_NOUGHT, ABOVE_ONE = Decimal("-0.00000001"), Decimal("1.00000001")
FEN_BELOW = yuan("-0.01")

SHARES = (
    "tech.utilisation",
    "team.research_staff_share",
    "team.masters_share",
    "research.capitalisation_rate",
    "market.top_buyer_share",
    "market.share",
    "project.rack_use",
    "project.green_power",
    "project.state_funded_share",
    "founder.equity_share",
)
NOT_NEGATIVE = (
    "tech.installed_pflops",
    "tech.efficiency_ratio",
    "team.core_tenure_years",
    "research.intensity",
    "market.backlog_cover",
    "finance.runway_months",
    "finance.leverage",
    "statements.leverage",
    "security.property_share",
    "founder.domain_years",
    "security.secured_share",
)
COUNTS = (
    "loan.days_since_new_compute",
    "founder.lock_in_months",
    "utilisation.precedent_open",
    "utilisation.subsequent_breached",
)
AMOUNTS = (
    "project.capital_required",
    "project.capital_eligible",
    "project.headline_investment",
    "project.uses_total",
    "project.sources_total",
    "exposure.customer_loans_after",
    "exposure.customer_after",
    "exposure.group_after",
    "exposure.related_after",
    "lender.net_capital",
    "lender.tier1_capital",
    "case.total_exposure",
    "research.equipment_value",
    "finance.equity_raised",
    "payment.payee_total",
    "utilisation.drawn_after",
    "utilisation.capital_maximum",
    "utilisation.commitment",
)
OUTSIDE: list[tuple[str, FactValue]] = [
    *((name, BELOW_NOUGHT) for name in (*SHARES, *NOT_NEGATIVE)),
    *((name, ABOVE_ONE) for name in SHARES),
    *((name, -1) for name in COUNTS),
    *((name, FEN_BELOW) for name in AMOUNTS),
    ("loan.amount", yuan(0)),
    ("loan.tenor_months", 0),
    ("project.pue", Decimal("0.99999999")),
    ("project.pue", Decimal("10.00000001")),
    ("research.growth_3y", Decimal("-1.00000001")),
    ("growth.revenue_3y", Decimal("-1.00000001")),
    ("finance.gross_margin", ABOVE_ONE),
]


@pytest.mark.parametrize(("name", "value"), OUTSIDE)
def test_a_figure_that_cannot_be_is_no_figure(bundle: Bundle, name: str, value: FactValue) -> None:
    """No halls are cooled with less power than they use, and no share is above one: somebody mixed up the units."""
    definition = bundle.vocabulary(ON)[name]
    assert read_fact(name, definition, {name: value}) == (None, "out_of_range")


CODES: dict[str, tuple[str, ...]] = {
    "borrower.size": ("micro", "small", "medium", "large"),
    "borrower.life_stage": ("start_up", "growth", "mature"),
    "borrower.builder_type": ("model_developer", "cloud_provider", "traditional", "gov_led"),
    "rating.card_class": ("A", "B", "C"),
    "contract.kind": ("take_or_pay", "framework"),
    "contract.buyer_tier": ("tier_1", "tier_2", "tier_3", "unrated"),
    "lender.capital_method": ("standardised", "irb_foundation"),
    "exposure.project_phase": ("none", "pre_operation", "operation", "operation_high_quality"),
    "adas.position": ("chip", "algorithm", "map_and_data", "testing"),
    "asset.kind": ("gpu_server", "civil_works", "receivable", "data_asset", "deposit"),
    "asset.provenance": ("official_cn", "licensed", "grey", "unknown"),
    "payment.mode": ("entrusted", "self"),
    "product.status": ("LIVE", "PILOT", "PROPOSED", "PROGRAMME"),
}
LISTED = [(name, code) for name, codes in CODES.items() for code in codes]


@pytest.mark.parametrize(("name", "code"), LISTED)
def test_a_listed_code_is_read(bundle: Bundle, name: str, code: str) -> None:
    assert read_fact(name, bundle.vocabulary(ON)[name], {name: code}) == (code, None)


@pytest.mark.parametrize("name", CODES)
def test_a_code_nobody_listed_is_no_code(bundle: Bundle, name: str) -> None:
    assert read_fact(name, bundle.vocabulary(ON)[name], {name: "something_else"}) == (None, "unlisted")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("borrower.first_loan", True),
        ("contract.collection_account", True),
        ("loan.amount", yuan("0.01")),
        ("project.state_funded_share", Decimal("0.5")),
        ("rating.card_class", "B"),
        ("lender.capital_method", "standardised"),
    ],
)
def test_facts_that_stand_ready_for_policy(bundle: Bundle, name: str, value: FactValue) -> None:
    """No rule of today asks for them; a case states them, and a later version may ask without a change of software."""
    assert name in bundle.vocabulary(ON)
    assert read_fact(name, bundle.vocabulary(ON)[name], {name: value})[1] is None


def test_a1_a_segment_nobody_listed_refers_the_case(bundle: Bundle) -> None:
    rules = [rule for rule in bundle.product("jsb_fa", ON).admission_of("") if rule.id == "SEGMENT_NOT_ELIGIBLE"]
    found = check_rules(rules, {"borrower.segment": "steel"})
    assert (found.outcome, [(item.fact, item.state) for item in found.referred]) == (
        Outcome.REFER,
        [("borrower.segment", "unlisted")],
    )
