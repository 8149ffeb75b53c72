"""Rows of the domain paper that the book alone decides, by their ids."""

from datetime import date
from decimal import Decimal

import pytest

from domain.facts import Absent
from domain.finding import Outcome
from domain.money import yuan
from policy.engine import Bundle, FactValue, check_rules, evaluate, required_authority, score

ON = date(2026, 1, 5)


WORKED_CARD: dict[str, FactValue] = {
    "tech.installed_pflops": Decimal(120),
    "tech.utilisation": Decimal("0.45"),
    "tech.efficiency_ratio": Decimal("1.05"),
    "project.pue": Decimal("1.28"),
    "team.research_staff_share": Decimal("0.44"),
    "team.masters_share": Decimal("0.31"),
    "team.core_tenure_years": Decimal("3.5"),
    "team.recognised_talent": 0,
    "research.intensity": Decimal("0.14"),
    "research.growth_3y": Decimal("0.12"),
    "research.capitalisation_rate": Decimal("0.35"),
    "ip.invention_patents": 8,
    "ip.software_copyrights": 14,
    "ip.litigation": False,
    "ip.standards_or_awards": 1,
    "market.backlog_cover": Decimal("0.7"),
    "market.offtaker_tier": "tier_1",
    "market.top_buyer_share": Decimal("0.42"),
    "finance.runway_months": 14,
    "finance.debt_service_cover": Decimal("1.2"),
    "finance.leverage": Decimal("0.62"),
    "borrower.blacklisted": False,
    "borrower.fraud_flag": False,
    "asset.provenance": "official_cn",
}


def test_e1_worked_card_is_78_points_and_class_a(bundle: Bundle) -> None:
    result = score(bundle.scorecard("card_jsb_v1", ON), WORKED_CARD)
    assert {factor.id: factor.points for factor in result.factors} == {
        "compute": Decimal("24.0"),
        "team": Decimal("12.0"),
        "research": Decimal("11.6"),
        "intellectual_property": Decimal("11.4"),
        "market": Decimal("12.0"),
        "finance": Decimal("7.0"),
    }
    assert result.points == Decimal("78.0")
    assert result.card_class is not None
    assert (result.card_class.id, result.card_class.multiplier) == ("A", Decimal(1))


def test_e1_the_same_firm_with_grey_gpus_is_class_c(bundle: Bundle) -> None:
    result = score(bundle.scorecard("card_jsb_v1", ON), {**WORKED_CARD, "asset.provenance": "grey"})
    assert result.points == Decimal("78.0")
    assert result.card_class is not None
    assert result.card_class.id == "C"
    assert [reason.code for reason in result.knock_outs] == ["KO_GREY_GPU"]


@pytest.mark.parametrize(
    ("runway", "expected"), [(Decimal("2.9"), "C"), (Decimal(3), "B"), (Absent(state="not_applicable"), "A")]
)
def test_e1_runway_below_three_months_knocks_out_and_does_not_speak_of_firms_that_burn_no_cash(
    bundle: Bundle, runway: FactValue, expected: str
) -> None:
    result = score(bundle.scorecard("card_jsb_v1", ON), {**WORKED_CARD, "finance.runway_months": runway})
    assert result.card_class is not None
    assert result.card_class.id == expected


@pytest.mark.parametrize(
    ("points", "expected"), [("75", "A"), ("74.99999999", "B"), ("60", "B"), ("59.99999999", "C"), ("0", "C")]
)
def test_e1_class_bounds(bundle: Bundle, points: str, expected: str) -> None:
    assert bundle.scorecard("card_jsb_v1", ON).class_of(Decimal(points)).id == expected


@pytest.mark.parametrize(
    ("facts", "months", "code"),
    [
        ({"loan.class": "working_capital", "loan.long_cycle_evidence": False}, 36, "REG_WC_3Y"),
        ({"loan.class": "working_capital", "loan.long_cycle_evidence": True}, 60, "REG_WC_5Y"),
        ({"loan.class": "fixed_asset", "loan.head_office_tenor_consent": False}, 120, "REG_FA_10Y"),
    ],
)
def test_a2_a3_a11_regulatory_tenor(bundle: Bundle, facts: dict[str, FactValue], months: int, code: str) -> None:
    decision = evaluate(bundle.table("regulatory_tenor", ON), facts)
    assert (int(decision.number("months")), decision.code("code")) == (months, code)


def test_a2_a3_a11_the_codes_of_the_regulatory_tenor(bundle: Bundle) -> None:
    codes = bundle.table("regulatory_tenor", ON).table.outputs[1].values
    assert codes == ("REG_WC_3Y", "REG_WC_5Y", "REG_FA_10Y", "REG_FA_CONSENT")


def test_a2_a3_a4_product_caps(bundle: Bundle) -> None:
    working_capital, fixed, order = (bundle.product(name, ON) for name in ("jsb_wc", "jsb_fa", "jsb_order"))
    assert (working_capital.amount_cap, working_capital.tenor_cap_months) == (yuan(150_000_000), 60)
    assert (fixed.loan_to_cost, fixed.capital_ratio, fixed.tenor_cap_months) == (Decimal("0.80"), Decimal("0.20"), 120)
    assert order.advance_rate == Decimal("0.80")


def test_a1_segment_outside_the_chain_is_not_eligible(bundle: Bundle) -> None:
    rules = bundle.product("jsb_fa", ON).admission
    facts: dict[str, FactValue] = {"borrower.segment": "real_estate", "loan.purpose": "compute_equipment_purchase"}
    refused = check_rules(rules, facts)
    assert (refused.outcome, [reason.code for reason in refused.reasons]) == (Outcome.FAIL, ["SEGMENT_NOT_ELIGIBLE"])
    assert check_rules(rules, {**facts, "borrower.segment": "ai_chip"}).outcome is Outcome.PASS
    assert check_rules(rules, {**facts, "borrower.segment": "steel"}).outcome is Outcome.REFER


def payment_mode(bundle: Bundle, amount: str, loan_class: str = "fixed_asset", **more: FactValue) -> str:
    facts: dict[str, FactValue] = {
        "product.entrusted_only": False,
        "payment.payee_related": False,
        "loan.class": loan_class,
        "payment.payee_total": yuan(amount),
        "payment.payee_known": True,
        "borrower.new_relationship": False,
        "borrower.ordinary_standing": False,
        **{name.replace("__", "."): value for name, value in more.items()},
    }
    return evaluate(bundle.table("payment_mode", ON), facts).code("code")


def test_a27_exactly_ten_million_may_be_paid_by_the_borrower_one_fen_more_may_not(bundle: Bundle) -> None:
    assert payment_mode(bundle, "10000000.00") == "SELF_ALLOWED"
    assert payment_mode(bundle, "10000000.01") == "FA_ENTRUST"


def test_a26_single_payee_of_the_whole_loan_is_entrusted(bundle: Bundle) -> None:
    assert payment_mode(bundle, "55600000.00") == "FA_ENTRUST"
    assert bundle.product("bocom_qh_green_fa", ON).drawings == "single"


def test_a27_new_relationship_of_ordinary_standing_is_entrusted_at_any_amount(bundle: Bundle) -> None:
    new: dict[str, FactValue] = {"borrower__new_relationship": True, "borrower__ordinary_standing": True}
    assert payment_mode(bundle, "1.00", "working_capital", **new) == "WC_ENTRUST_NEW"
    assert payment_mode(bundle, "1.00", "working_capital") == "SELF_ALLOWED"
    assert payment_mode(bundle, "12000000.00", "working_capital") == "WC_ENTRUST"


def test_a27_a_loan_that_is_paid_out_by_the_bank_alone_is_entrusted_at_any_amount(bundle: Bundle) -> None:
    assert payment_mode(bundle, "1.00", product__entrusted_only=True) == "PRODUCT_ENTRUSTED"


def test_a27_working_capital_above_ten_million_is_entrusted_where_the_payee_is_known(bundle: Bundle) -> None:
    assert payment_mode(bundle, "10000000.01", "working_capital") == "WC_ENTRUST"
    assert payment_mode(bundle, "10000000.00", "working_capital") == "SELF_ALLOWED"
    assert payment_mode(bundle, "10000000.01", "working_capital", payment__payee_known=False) == "SELF_ALLOWED"


@pytest.mark.parametrize(("new", "ordinary"), [(True, False), (False, True)])
def test_a27_a_new_customer_of_good_standing_pays_by_itself(bundle: Bundle, new: bool, ordinary: bool) -> None:
    facts: dict[str, FactValue] = {"borrower__new_relationship": new, "borrower__ordinary_standing": ordinary}
    assert payment_mode(bundle, "1.00", "working_capital", **facts) == "SELF_ALLOWED"
    both: dict[str, FactValue] = {"borrower__new_relationship": True, "borrower__ordinary_standing": True}
    assert payment_mode(bundle, "1.00", "fixed_asset", **both) == "SELF_ALLOWED"


def test_a27_whatever_goes_to_a_related_payee_is_entrusted(bundle: Bundle) -> None:
    assert payment_mode(bundle, "1.00", payment__payee_related=True) == "RELATED_PAYEE"


def test_a27_the_proof_of_the_mode_names_what_it_rests_on(bundle: Bundle) -> None:
    """The row as an auditor reads it: class of loan, amount and payee, whatever earlier rows have settled."""
    table = bundle.table("payment_mode", ON)
    facts: dict[str, FactValue] = {
        "product.entrusted_only": False,
        "payment.payee_related": False,
        "loan.class": "working_capital",
        "payment.payee_total": yuan("10000000.01"),
        "payment.payee_known": True,
    }
    assert evaluate(table, facts).trace[-1].rule == (
        "loan.class working_capital; payment.payee_total > 10_000_000.00; payment.payee_known true"
    )
    assert table.table.outputs[0].values == ("entrusted", "self")


def test_r18_payments_of_one_month_to_one_payee_count_as_one(bundle: Bundle) -> None:
    assert bundle.payment(ON).same_payee_window_days == 30
    assert payment_mode(bundle, "6000000.00") == "SELF_ALLOWED"
    assert payment_mode(bundle, "12000000.00") == "FA_ENTRUST"


@pytest.mark.parametrize(
    ("pue", "racks", "hub", "power", "code"),
    [
        ("1.31", "0.70", False, "0", "GREEN_PUE"),
        ("1.25", "0.59", False, "0", "GREEN_RACK_USE"),
        ("1.30", "0.60", False, "0", "GREEN"),
        ("1.20", "0.70", True, "0.80", "GREEN_POWER"),
        ("1.20", "0.70", True, "0.81", "GREEN"),
    ],
)
def test_a26_green_tag_needs_its_evidence(
    bundle: Bundle, pue: str, racks: str, hub: bool, power: str, code: str
) -> None:
    facts: dict[str, FactValue] = {
        "project.green_catalogue_code": True,
        "project.pue": Decimal(pue),
        "project.rack_use": Decimal(racks),
        "project.hub": hub,
        "project.green_power": Decimal(power),
    }
    assert evaluate(bundle.table("green_tag", ON), facts).code("code") == code
    assert evaluate(bundle.table("green_tag", ON), {**facts, "project.pue": None}).row is None


GREEN_CENTRE: dict[str, FactValue] = {
    "project.green_catalogue_code": True,
    "project.pue": Decimal("1.25"),
    "project.rack_use": Decimal("0.70"),
    "project.hub": False,
}


@pytest.mark.parametrize(
    ("on", "rule"),
    [
        (date(2025, 9, 30), "project.pue <= 1.30; project.rack_use >= 0.60"),
        (date(2025, 10, 1), "project.green_catalogue_code true"),
    ],
)
def test_a26_the_tag_names_the_standard_it_was_given_by(bundle: Bundle, on: date, rule: str) -> None:
    decision = evaluate(bundle.table("green_tag", on), GREEN_CENTRE)
    assert (decision.code("code"), decision.trace[-1].rule) == ("GREEN", rule)


@pytest.mark.parametrize(("power", "code"), [("0.80", "GREEN_POWER"), ("0.81", "GREEN")])
@pytest.mark.parametrize("on", [date(2025, 9, 30), date(2025, 10, 1)])
def test_a26_a_centre_in_a_hub_runs_on_green_power(bundle: Bundle, on: date, power: str, code: str) -> None:
    in_hub: dict[str, FactValue] = {**GREEN_CENTRE, "project.hub": True, "project.green_power": Decimal(power)}
    assert evaluate(bundle.table("green_tag", on), in_hub).code("code") == code
    assert evaluate(bundle.table("green_tag", on), {**in_hub, "project.hub": False}).code("code") == "GREEN"


def test_a26_cases_of_before_october_2025_keep_the_standard_without_the_catalogue(bundle: Bundle) -> None:
    facts: dict[str, FactValue] = {
        "project.green_catalogue_code": False,
        "project.pue": Decimal("1.25"),
        "project.rack_use": Decimal("0.7"),
        "project.hub": False,
    }
    assert evaluate(bundle.table("green_tag", date(2025, 9, 30)), facts).code("code") == "GREEN"
    assert evaluate(bundle.table("green_tag", date(2025, 10, 1)), facts).code("code") == "GREEN_CATALOGUE"


@pytest.mark.parametrize(("net_capital", "outcome"), [("2800000000.00", Outcome.PASS), ("2799999999.99", Outcome.FAIL)])
def test_a24_the_280_million_loan_needs_net_capital_of_2_8_billion(
    bundle: Bundle, net_capital: str, outcome: Outcome
) -> None:
    rules = [rule for rule in bundle.regulations("approval", "city_bank", ON) if rule.id == "LEX_SINGLE_10"]
    facts = {"exposure.customer_loans_after": yuan(280_000_000), "lender.net_capital": yuan(net_capital)}
    assert check_rules(rules, facts).outcome is outcome


def test_lex_single_10_golden(bundle: Bundle) -> None:
    """Net capital 2.8bn, tier 1 2.4bn, loans 250m and 40m more: 290 against 280."""
    concentration = [rule for rule in bundle.regulations("approval", "city_bank", ON) if rule.id.startswith("LEX_")]
    facts = {
        "exposure.customer_loans_after": yuan(290_000_000),
        "exposure.customer_after": yuan(290_000_000),
        "exposure.group_after": yuan(290_000_000),
        "lender.net_capital": yuan(2_800_000_000),
        "lender.tier1_capital": yuan(2_400_000_000),
    }
    result = check_rules(concentration, facts)
    assert result.outcome is Outcome.FAIL
    assert [(breach.rule_id, breach.severity) for breach in result.breaches] == [
        ("LEX_FLAG", "WARN"),
        ("LEX_SINGLE_10", "BLOCK"),
    ]


@pytest.mark.parametrize(
    ("source", "counts", "cap"),
    [
        ("own_cash", True, "1"),
        ("special_bond", True, "1"),
        ("policy_instrument", True, "0.5"),
        ("equity_fund", True, "0.5"),
        ("shareholder_loan", False, "0"),
        ("bank_loan", False, "0"),
        ("lease", False, "0"),
    ],
)
def test_b9_r17_what_counts_as_project_capital(bundle: Bundle, source: str, counts: bool, cap: str) -> None:
    decision = evaluate(bundle.table("project_capital", ON), {"source.kind": source})
    assert (decision.outputs["counts"], decision.number("capital_share_cap")) == (counts, Decimal(cap))


def test_b10_contribution_in_kind_counts_only_valued_and_unencumbered(bundle: Bundle) -> None:
    table = bundle.table("project_capital", ON)
    facts: dict[str, FactValue] = {"source.kind": "in_kind"}
    assert evaluate(table, facts).row is None
    assert evaluate(table, {**facts, "source.valuation_report": False}).code("code") == "CAPITAL_IN_KIND_NO_REPORT"
    valued: dict[str, FactValue] = {**facts, "source.valuation_report": True}
    assert evaluate(table, {**valued, "source.unencumbered": False}).code("code") == "CAPITAL_IN_KIND_ENCUMBERED"
    assert evaluate(table, {**valued, "source.unencumbered": True}).outputs["counts"] is True


def test_a3_too_little_capital_refers_and_too_little_paid_in_caps_the_draw(bundle: Bundle) -> None:
    approval = [rule for rule in bundle.regulations("approval", "city_bank", ON) if rule.id == "FA_CAPITAL"]
    facts: dict[str, FactValue] = {
        "loan.class": "fixed_asset",
        "project.capital_eligible": yuan(55_000_000),
        "project.capital_required": yuan(66_000_000),
    }
    short = check_rules(approval, facts)
    assert (short.outcome, short.breaches[0].severity) == (Outcome.REFER, "REFER")
    drawing = [rule for rule in bundle.regulations("utilisation", "city_bank", ON) if rule.id == "FA_CAPITAL_PRO_RATA"]
    gate: dict[str, FactValue] = {"loan.class": "fixed_asset", "utilisation.capital_maximum": yuan(80_000_000)}
    assert check_rules(drawing, {**gate, "utilisation.drawn_after": yuan(120_000_000)}).outcome is Outcome.FAIL
    assert check_rules(drawing, {**gate, "utilisation.drawn_after": yuan(80_000_000)}).outcome is Outcome.PASS


def test_a36_tranches_by_class_of_asset(bundle: Bundle) -> None:
    """§3.8: civil works 120 months, power and cooling 96, GPU 48 and a year short of its life, software 24."""
    tranches = {item.tranche: (item.tenor_cap_months, item.ltv) for item in bundle.collateral(ON).kinds}
    assert tranches["civil"] == (120, Decimal("0.60"))
    assert tranches["power_cooling"] == (96, Decimal("0.50"))
    assert tranches["gpu"][0] == 48
    assert tranches["software"] == (24, Decimal("0.20"))
    assert tranches["data"] == (12, Decimal("0.30"))


AUTHORITY: dict[str, FactValue] = {
    "borrower.related_to_lender": "none",
    "rating.grade": "R5",
    "case.policy_exceptions": 0,
    "case.total_exposure": yuan(280_000_000),
    "security.secured_share": Decimal("0.8"),
}


@pytest.mark.parametrize(
    ("change", "row", "body"),
    [
        ({}, "MIDDLE", "head_office_approver"),
        ({"case.total_exposure": yuan("300000000.01")}, "LARGE", "credit_committee"),
        ({"case.total_exposure": yuan(300_000_000)}, "MIDDLE", "head_office_approver"),
        ({"borrower.related_to_lender": "insider"}, "RELATED_PARTY", "credit_committee"),
        ({"rating.grade": "R9"}, "WEAK_GRADE", "credit_committee"),
        ({"case.policy_exceptions": 3}, "MANY_EXCEPTIONS", "credit_committee"),
        (
            {"case.total_exposure": yuan(8_000_000), "security.secured_share": Decimal(1)},
            "SMALL_SECURED",
            "branch_approver",
        ),
        ({"case.total_exposure": yuan(20_000_000)}, "SMALL_UNSECURED_STRONG", "branch_approver"),
        ({"case.total_exposure": yuan("20000000.01")}, "SMALL_UNSECURED_LARGER", "head_office_approver"),
    ],
)
def test_cbl_35_graded_approval(bundle: Bundle, change: dict[str, FactValue], row: str, body: str) -> None:
    result = required_authority(bundle.authority(ON), {**AUTHORITY, **change})
    assert result.body is not None
    assert (result.decision.row, result.body.id) == (row, body)
    assert result.chain[-1].id == body
    ranks = [item.rank for item in result.chain]
    assert ranks == sorted(ranks)


def test_cbl_35_authority_is_never_guessed(bundle: Bundle) -> None:
    for name in ("rating.grade", "case.total_exposure", "borrower.related_to_lender", "case.policy_exceptions"):
        result = required_authority(bundle.authority(ON), {**AUTHORITY, name: None})
        assert (result.body, result.chain) == (None, ())
        assert [item.fact for item in result.decision.referred] == [name]


def test_a10_how_hard_a_purpose_before_its_time_is_looked_at(bundle: Bundle) -> None:
    table = bundle.table("stage_purpose", date(2026, 11, 23)).table
    assert table.outputs[0].values == ("none", "WARN", "REFER")


def test_a10_building_a_centre_is_a_member_of_the_compute_family(bundle: Bundle) -> None:
    assert bundle.product("shrcb_compute_build", date(2026, 11, 23)).family == "shrcb_compute"
