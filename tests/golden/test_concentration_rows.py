"""Rows of the domain paper on concentration, connection and the lender's mandate (§2.3, corrections §3 and §5), by their ids."""

from datetime import date
from decimal import Decimal

import pytest

from domain.application import SyndicateMember, Syndication
from domain.finding import Outcome
from domain.limit import Exposures
from domain.money import yuan
from domain.reference import LenderBooks
from policy.engine import Bundle, FactValue, Product, check_rules, evaluate
from policy.engine.rules import LenderLicence, Regulation
from services.origination.calc.case_facts import book_facts
from services.origination.calc.concentration_facts import in_area
from services.origination.calc.exposures import conversion_of

ON = date(2026, 11, 22)
NET_CAPITAL, TIER1 = yuan(2_800_000_000), yuan(2_400_000_000)
BOOKS: dict[str, FactValue] = {
    "lender.net_capital": NET_CAPITAL,
    "lender.tier1_capital": TIER1,
    "borrower.interbank": False,
}


def rules_of(
    bundle: Bundle, *ids: str, on: date = ON, moment: str = "approval", licence: LenderLicence = "city_bank"
) -> list[Regulation]:
    return [rule for rule in bundle.regulations(moment, licence, on) if rule.id in ids]


def judged(bundle: Bundle, rule_id: str, facts: dict[str, FactValue], on: date = ON, **how: str) -> Outcome:
    """What one rule says; ``not_run`` where the book has no such rule for that lender, moment and day."""
    return check_rules(rules_of(bundle, rule_id, on=on, **how), {**BOOKS, **facts}).outcome  # type: ignore[arg-type]


# --- the three measures -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "factor", "loans"),
    [
        ("loan", "1", True),
        ("bond", "1", False),
        ("lease", "1", False),
        ("direct_credit_substitute", "1", False),
        ("performance_guarantee", "0.5", False),
        ("advance_payment_guarantee", "0.5", False),
        ("trade", "0.2", False),
        ("commitment", "0.4", False),
        ("cancellable_commitment", "0.1", False),
    ],
)
def test_ccf_and_unified_a_kind_of_credit_in_its_three_measures(
    bundle: Bundle, kind: str, factor: str, loans: bool
) -> None:
    decision = evaluate(bundle.table("conversion_factors", ON), {"exposure.kind": kind})
    assert decision.number("factor") == Decimal(factor)
    assert decision.number("unified") == Decimal(1)
    assert decision.outputs["loan_balance"] is loans


def test_a22_an_advance_payment_guarantee_of_1000m_is_500m_of_exposure_and_1000m_of_unified_credit(
    bundle: Bundle,
) -> None:
    decision = evaluate(bundle.table("conversion_factors", ON), {"exposure.kind": "advance_payment_guarantee"})
    assert decision.number("factor") * 1_000_000_000 == Decimal(500_000_000)
    assert decision.number("unified") * 1_000_000_000 == Decimal(1_000_000_000)


@pytest.mark.parametrize("on", [date(2026, 1, 5), ON])
@pytest.mark.parametrize("moment", ["approval", "utilisation"])
def test_lex_single_10_golden_290_million_against_280(bundle: Bundle, on: date, moment: str) -> None:
    """Net capital 2.8bn, tier 1 2.4bn, loans 250m and 40m more."""
    facts: dict[str, FactValue] = {"exposure.customer_loans_after": yuan(290_000_000)}
    assert judged(bundle, "LEX_SINGLE_10", facts, on, moment=moment) is Outcome.FAIL
    facts["exposure.customer_loans_after"] = yuan(280_000_000)
    assert judged(bundle, "LEX_SINGLE_10", facts, on, moment=moment) is Outcome.PASS


@pytest.mark.parametrize(
    ("rule_id", "fact", "most"),
    [
        # 15 % and 20 % of tier 1 capital of 2.4bn; 10 % of net capital of 2.8bn.
        ("LEX_SINGLE_10", "exposure.customer_loans_after", "280000000.00"),
        ("LEX_SINGLE_15", "exposure.customer_after", "360000000.00"),
        ("LEX_GROUP_20", "exposure.group_after", "480000000.00"),
    ],
)
@pytest.mark.parametrize("on", [date(2018, 7, 1), ON])
def test_lex_lines_hold_to_the_fen(bundle: Bundle, rule_id: str, fact: str, most: str, on: date) -> None:
    assert judged(bundle, rule_id, {fact: yuan(most)}, on) is Outcome.PASS
    assert judged(bundle, rule_id, {fact: yuan(Decimal(most) + Decimal("0.01"))}, on) is Outcome.FAIL


@pytest.mark.parametrize("rule_id", ["LEX_SINGLE_10", "LEX_SINGLE_15", "LEX_GROUP_20"])
def test_lex_bank_25_a_financial_institution_is_measured_by_its_own_line(bundle: Bundle, rule_id: str) -> None:
    above: dict[str, FactValue] = {
        "borrower.interbank": True,
        "exposure.customer_loans_after": yuan(500_000_000),
        "exposure.customer_after": yuan(500_000_000),
        "exposure.group_after": yuan(500_000_000),
    }
    assert judged(bundle, rule_id, above) is Outcome.PASS
    assert judged(bundle, "LEX_BANK_25", above) is Outcome.PASS
    # A quarter of 2.4bn is 600m.
    for name in ("exposure.customer_after", "exposure.group_after"):
        assert judged(bundle, "LEX_BANK_25", {**above, name: yuan("600000000.00")}) is Outcome.PASS
        assert judged(bundle, "LEX_BANK_25", {**above, name: yuan("600000000.01")}) is Outcome.FAIL
    assert judged(bundle, "LEX_BANK_25", {**above, "borrower.interbank": False}) is Outcome.PASS


@pytest.mark.parametrize(
    ("division", "interbank"), [(65, False), (66, True), (67, True), (68, True), (69, False), (39, False), (70, False)]
)
def test_lex_bank_25_which_customers_are_interbank(bundle: Bundle, division: int, interbank: bool) -> None:
    decision = evaluate(bundle.table("interbank_customers", ON), {"borrower.industry_division": division})
    assert decision.outputs["interbank"] is interbank


@pytest.mark.parametrize("on", [date(2026, 1, 5), ON])
def test_lex_flag_from_2_5_percent_of_tier_1_an_exposure_is_reported(bundle: Bundle, on: date) -> None:
    for amount, flagged in (("59999999.99", []), ("60000000.00", ["LEX_FLAG"])):
        facts = {**BOOKS, "exposure.customer_after": yuan(amount)}
        result = check_rules(rules_of(bundle, "LEX_FLAG", on=on), facts)
        assert [breach.rule_id for breach in result.breaches] == flagged
        assert result.outcome is Outcome.PASS


@pytest.mark.parametrize(("amount", "flagged"), [("59999999.99", []), ("60000000.00", ["LEX_FLAG"])])
def test_lex_flag_an_exposure_to_a_group_is_reported_as_well(bundle: Bundle, amount: str, flagged: list[str]) -> None:
    facts = {**BOOKS, "exposure.customer_after": yuan(1), "exposure.group_after": yuan(amount)}
    breaches = check_rules(rules_of(bundle, "LEX_FLAG"), facts).breaches
    assert [breach.rule_id for breach in breaches] == flagged


@pytest.mark.parametrize("rule_id", ["LEX_SINGLE_10", "LEX_SINGLE_15", "LEX_GROUP_20", "LEX_BANK_25", "LEX_FLAG"])
def test_lex_binds_banks_and_the_30_and_50_percent_lines_bind_lessors(bundle: Bundle, rule_id: str) -> None:
    for licence in ("bank", "city_bank", "rural_bank"):
        assert rules_of(bundle, rule_id, licence=licence)  # type: ignore[arg-type]
        assert not rules_of(bundle, "FL_SINGLE_30", "FL_GROUP_50", licence=licence)  # type: ignore[arg-type]
    assert not rules_of(bundle, rule_id, licence="finance_lease")
    assert len(rules_of(bundle, "FL_SINGLE_30", "FL_GROUP_50", licence="finance_lease")) == 2


def test_lex_dependence_is_examined_above_five_percent_of_tier_1(bundle: Bundle) -> None:
    facts: dict[str, FactValue] = {
        "exposure.customer_after": yuan("120000000.01"),
        "group.dependence_examined": False,
    }
    assert judged(bundle, "LEX_DEPENDENCE_5", facts) is Outcome.REFER
    assert judged(bundle, "LEX_DEPENDENCE_5", {**facts, "group.dependence_examined": True}) is Outcome.PASS
    assert judged(bundle, "LEX_DEPENDENCE_5", {**facts, "exposure.customer_after": yuan(120_000_000)}) is Outcome.PASS


# --- groups -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "link", ["control", "economic_dependence", "common_guarantor", "common_supplier", "guarantor_and_supplier"]
)
def test_c3_a_link_to_another_customer_is_for_the_analyst(bundle: Bundle, link: str) -> None:
    for moment in ("submission", "approval"):
        facts: dict[str, FactValue] = {"group.link_searched": True, "group.suspected_link": link}
        assert judged(bundle, "GROUP_LINK_SUSPECTED", facts, moment=moment) is Outcome.REFER
        facts["group.suspected_link"] = "none"
        assert judged(bundle, "GROUP_LINK_SUSPECTED", facts, moment=moment) is Outcome.PASS


def test_c3_customers_once_grouped_are_measured_by_their_sum(bundle: Bundle) -> None:
    """Two of 250m each, tier 1 2.4bn: neither is above 360m, together they are above 480m."""
    alone: dict[str, FactValue] = {
        "exposure.customer_after": yuan(250_000_000),
        "exposure.group_after": yuan(250_000_000),
    }
    assert judged(bundle, "LEX_SINGLE_15", alone) is Outcome.PASS
    assert judged(bundle, "LEX_GROUP_20", alone) is Outcome.PASS
    assert judged(bundle, "LEX_GROUP_20", {**alone, "exposure.group_after": yuan(500_000_000)}) is Outcome.FAIL


def test_grp_15_unified_credit_of_a_group(bundle: Bundle) -> None:
    facts: dict[str, FactValue] = {"borrower.in_group": True, "exposure.unified_group_after": yuan("420000000.01")}
    assert judged(bundle, "GRP_15", facts) is Outcome.REFER
    assert judged(bundle, "GRP_15", {**facts, "exposure.unified_group_after": yuan(420_000_000)}) is Outcome.PASS
    assert judged(bundle, "GRP_15", {**facts, "borrower.in_group": False}) is Outcome.PASS
    # Not added up is not nought.
    assert judged(bundle, "GRP_15", {**facts, "exposure.unified_group_after": None}) is Outcome.REFER


def test_unified_credit_stays_under_its_ceiling(bundle: Bundle) -> None:
    facts: dict[str, FactValue] = {
        "exposure.unified_ceiling_set": True,
        "exposure.unified_ceiling": yuan(500_000_000),
        "exposure.unified_group_after": yuan("500000000.01"),
    }
    assert judged(bundle, "UNIFIED_CEILING", facts) is Outcome.REFER
    assert judged(bundle, "UNIFIED_CEILING", {**facts, "exposure.unified_group_after": yuan(500_000_000)}) is (
        Outcome.PASS
    )
    assert judged(bundle, "UNIFIED_CEILING", {**facts, "exposure.unified_ceiling_set": False}) is Outcome.PASS


@pytest.mark.parametrize("scope", ["customer", "group"])
def test_unified_credit_below_the_converted_exposure_leaves_something_out(bundle: Bundle, scope: str) -> None:
    facts: dict[str, FactValue] = {
        "exposure.unified_known": True,
        "exposure.unified_customer_after": yuan(500),
        "exposure.customer_after": yuan(500),
        "exposure.unified_group_after": yuan(900),
        "exposure.group_after": yuan(900),
    }
    assert judged(bundle, "UNIFIED_INCOMPLETE", facts) is Outcome.PASS
    short: dict[str, FactValue] = {f"exposure.unified_{scope}_after": yuan(499)}
    assert judged(bundle, "UNIFIED_INCOMPLETE", {**facts, **short}) is Outcome.REFER
    assert judged(bundle, "UNIFIED_INCOMPLETE", {**facts, **short, "exposure.unified_known": False}) is Outcome.PASS


@pytest.mark.parametrize(
    ("lenders", "financing", "duty", "optional"),
    [
        (3, "5000000000.00", True, False),
        (3, "4999999999.99", False, True),
        (3, "2000000000.00", False, True),
        (3, "1999999999.99", False, False),
        (2, "5000000000.00", False, False),
        (2, "2000000000.00", False, False),
    ],
)
def test_joint_credit_three_lenders_and_five_billion(
    bundle: Bundle, lenders: int, financing: str, duty: bool, optional: bool
) -> None:
    facts: dict[str, FactValue] = {
        "joint.lenders": lenders,
        "joint.financing": yuan(financing),
        "joint.ceiling_agreed": False,
    }
    result = check_rules(rules_of(bundle, "JOINT_CREDIT_DUTY", "JOINT_CREDIT_OPTIONAL"), facts)
    found = {breach.rule_id for breach in result.breaches}
    assert found == {"JOINT_CREDIT_DUTY"} if duty else found == ({"JOINT_CREDIT_OPTIONAL"} if optional else set())
    assert result.outcome is (Outcome.REFER if duty else Outcome.PASS)
    agreed = check_rules(
        rules_of(bundle, "JOINT_CREDIT_DUTY", "JOINT_CREDIT_OPTIONAL"), {**facts, "joint.ceiling_agreed": True}
    )
    assert (agreed.outcome, agreed.breaches) == (Outcome.PASS, ())


# --- syndicates -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("on", [date(2024, 10, 31), ON])
def test_syndicate_near_the_ten_percent_line(bundle: Bundle, on: date) -> None:
    """Four fifths of 280m are 224m."""
    facts: dict[str, FactValue] = {
        "syndicate.role": "none",
        "exposure.customer_loans_after": yuan("224000000.01"),
    }
    assert judged(bundle, "SYNDICATE_NEAR_LIMIT", facts, on) is Outcome.REFER
    assert judged(bundle, "SYNDICATE_NEAR_LIMIT", {**facts, "syndicate.role": "sole_lead"}, on) is Outcome.PASS
    assert judged(
        bundle, "SYNDICATE_NEAR_LIMIT", {**facts, "exposure.customer_loans_after": yuan(224_000_000)}, on
    ) is (Outcome.PASS)


@pytest.mark.parametrize(
    ("on", "own", "distributed"),
    [(date(2024, 10, 31), "0.20", "0.50"), (date(2024, 11, 1), "0.15", "0.30"), (ON, "0.15", "0.30")],
)
def test_syndicate_shares_of_a_sole_lead_before_and_after_2024_11_01(
    bundle: Bundle, on: date, own: str, distributed: str
) -> None:
    least: dict[str, FactValue] = {
        "syndicate.role": "sole_lead",
        "syndicate.own_share": Decimal(own),
        "syndicate.distributed_share": Decimal(distributed),
    }
    both = ("SYNDICATE_SOLE_LEAD_SHARE", "SYNDICATE_SOLE_LEAD_DISTRIBUTION")
    for rule_id, fact, share in zip(
        both, ("syndicate.own_share", "syndicate.distributed_share"), (own, distributed), strict=True
    ):
        assert judged(bundle, rule_id, least, on) is Outcome.PASS
        below: dict[str, FactValue] = {**least, fact: Decimal(share) - Decimal("0.0001")}
        assert judged(bundle, rule_id, below, on) is Outcome.REFER
        assert judged(bundle, rule_id, below, on, moment="submission") is Outcome.REFER
        assert judged(bundle, rule_id, {**below, "syndicate.role": "participant"}, on) is Outcome.PASS


@pytest.mark.parametrize(
    ("rule_id", "fact", "kept", "broken", "outcome"),
    [
        ("SYNDICATE_JOINT_LEAD_SHARE", "syndicate.smallest_lead_share", "0.10", "0.0999", Outcome.REFER),
        ("SYNDICATE_LARGEST_SHARE", "syndicate.largest_share", "0.70", "0.7001", Outcome.REFER),
        ("SYNDICATE_LEADS_TOGETHER", "syndicate.leads_share", "0.70", "0.7001", Outcome.PASS),
    ],
)
def test_syndicate_shares_of_several_leads(
    bundle: Bundle, rule_id: str, fact: str, kept: str, broken: str, outcome: Outcome
) -> None:
    facts: dict[str, FactValue] = {"syndicate.role": "joint_lead", fact: Decimal(kept)}
    assert check_rules(rules_of(bundle, rule_id), facts).breaches == ()
    result = check_rules(rules_of(bundle, rule_id), {**facts, fact: Decimal(broken)})
    assert (result.outcome, [breach.rule_id for breach in result.breaches]) == (outcome, [rule_id])
    assert rules_of(bundle, rule_id, on=date(2024, 10, 31)) == []


def test_syndicate_plan_tells_role_and_shares() -> None:
    def member(name: str, share: str, *, lead: bool = False, own: bool = False) -> SyndicateMember:
        return SyndicateMember(name=name, lead=lead, own=own, share=Decimal(share))

    sole = Syndication(members=(member("a", "0.4", lead=True, own=True), member("b", "0.6")))
    joint = Syndication(
        members=(member("a", "0.4", lead=True, own=True), member("b", "0.3", lead=True), member("c", "0.3"))
    )
    partner = Syndication(members=(member("a", "0.4", own=True), member("b", "0.6", lead=True)))
    assert [plan.role.value for plan in (sole, joint, partner)] == ["sole_lead", "joint_lead", "participant"]
    for shares in (("0.4", "0.5"), ("0.4", "0.7")):
        with pytest.raises(ValueError, match="add up to 1"):
            Syndication(members=(member("a", shares[0], lead=True, own=True), member("b", shares[1])))


# --- related parties --------------------------------------------------------------------------------------------------

RELATED: dict[str, FactValue] = {
    "borrower.related_to_lender": "shareholder",
    "related.board_resolved": False,
    "loan.amount": yuan(1),
    "exposure.unified_customer_after": yuan(1),
    "exposure.unified_group_after": yuan(1),
    "exposure.related_all_after": yuan(1),
}


@pytest.mark.parametrize(
    ("fact", "kept", "major"),
    [
        # 1 % of 2.8bn in one transaction, 5 % in sum.
        ("loan.amount", "27999999.99", "28000000.00"),
        ("exposure.unified_customer_after", "139999999.99", "140000000.00"),
    ],
)
def test_related_major_transactions_go_to_committee_and_board(bundle: Bundle, fact: str, kept: str, major: str) -> None:
    assert judged(bundle, "RELATED_MAJOR", {**RELATED, fact: yuan(kept)}) is Outcome.PASS
    assert judged(bundle, "RELATED_MAJOR", {**RELATED, fact: yuan(major)}) is Outcome.REFER
    assert judged(bundle, "RELATED_MAJOR", {**RELATED, fact: yuan(major), "related.board_resolved": True}) is (
        Outcome.PASS
    )


@pytest.mark.parametrize(
    ("rule_id", "fact", "most"),
    [
        ("RELATED_CUSTOMER_10", "exposure.unified_customer_after", "280000000.00"),
        ("RELATED_GROUP_15", "exposure.unified_group_after", "420000000.00"),
        ("RELATED_ALL_50", "exposure.related_all_after", "1400000000.00"),
    ],
)
@pytest.mark.parametrize("relation", ["shareholder", "insider", "group_member"])
def test_related_caps_of_10_15_and_50_percent_of_net_capital(
    bundle: Bundle, rule_id: str, fact: str, most: str, relation: str
) -> None:
    facts: dict[str, FactValue] = {**RELATED, "borrower.related_to_lender": relation}
    above: dict[str, FactValue] = {**facts, fact: yuan(Decimal(most) + Decimal("0.01"))}
    assert judged(bundle, rule_id, {**facts, fact: yuan(most)}) is Outcome.PASS
    assert judged(bundle, rule_id, above) is Outcome.FAIL
    assert judged(bundle, rule_id, {**above, "borrower.related_to_lender": "none"}) is Outcome.PASS


@pytest.mark.parametrize("relation", ["shareholder", "insider", "group_member"])
def test_cbl_40_no_credit_loans_to_related_persons_and_no_better_terms(bundle: Bundle, relation: str) -> None:
    facts: dict[str, FactValue] = {
        "borrower.related_to_lender": relation,
        "security.unsecured_amount": yuan("0.01"),
        "price.below_floor": True,
    }
    for moment in ("submission", "approval"):
        assert judged(bundle, "CBL_40_UNSECURED", facts, moment=moment) is Outcome.FAIL
    assert judged(bundle, "CBL_40_TERMS", facts) is Outcome.FAIL
    plain: dict[str, FactValue] = {**facts, "security.unsecured_amount": yuan(0), "price.below_floor": False}
    for rule_id in ("CBL_40_UNSECURED", "CBL_40_TERMS"):
        assert judged(bundle, rule_id, plain) is Outcome.PASS
        assert judged(bundle, rule_id, {**facts, "borrower.related_to_lender": "none"}) is Outcome.PASS


@pytest.mark.parametrize("on", [date(2026, 1, 5), ON])
def test_related_parties_and_platforms_are_seen_by_a_person(bundle: Bundle, on: date) -> None:
    for relation in ("shareholder", "insider", "group_member"):
        assert judged(bundle, "RELATED_PARTY", {"borrower.related_to_lender": relation}, on) is Outcome.REFER
    assert judged(bundle, "RELATED_PARTY", {"borrower.related_to_lender": "none"}, on) is Outcome.PASS
    cap: dict[str, FactValue] = {"borrower.related_to_lender": "insider", "exposure.related_after": yuan(280_000_000)}
    assert judged(bundle, "RELATED_SINGLE_10", cap, on) is Outcome.PASS
    cap["exposure.related_after"] = yuan("280000000.01")
    assert judged(bundle, "RELATED_SINGLE_10", cap, on) is Outcome.FAIL
    ordinary: dict[str, FactValue] = {
        "borrower.government_platform": False,
        "borrower.builder_type": "cloud_provider",
    }
    assert judged(bundle, "PLATFORM", ordinary, on) is Outcome.PASS
    assert judged(bundle, "PLATFORM", {**ordinary, "borrower.government_platform": True}, on) is Outcome.REFER
    assert judged(bundle, "PLATFORM", {**ordinary, "borrower.builder_type": "gov_led"}, on) is Outcome.REFER


def test_related_parties_of_a_lessor_keep_to_its_own_30_percent(bundle: Bundle) -> None:
    facts: dict[str, FactValue] = {
        "borrower.related_to_lender": "shareholder",
        "exposure.related_after": yuan("280000000.01"),
        "exposure.related_customer_share": Decimal("0.1001"),
    }
    for rule_id, on, outcome in (
        ("RELATED_SINGLE_10", date(2026, 11, 19), Outcome.FAIL),
        ("RELATED_SINGLE_10", date(2026, 11, 20), Outcome.NOT_RUN),
        ("FL_RELATED_SINGLE", date(2026, 11, 20), Outcome.PASS),
    ):
        assert judged(bundle, rule_id, facts, on, licence="finance_lease") is outcome
    facts["exposure.related_customer_share"] = Decimal("0.3001")
    assert judged(bundle, "FL_RELATED_SINGLE", facts, licence="finance_lease") is Outcome.FAIL


# --- government debt, area, capital -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "public",
    [
        {"borrower.government_platform": True, "borrower.builder_type": "traditional"},
        {"borrower.government_platform": False, "borrower.builder_type": "gov_led"},
    ],
)
def test_hidden_debt_a_promise_of_fiscal_repayment_blocks(bundle: Bundle, public: dict[str, FactValue]) -> None:
    for moment in ("submission", "approval"):
        for promised, outcome in ((True, Outcome.FAIL), (False, Outcome.PASS), (None, Outcome.REFER)):
            facts: dict[str, FactValue] = {**public, "borrower.fiscal_repayment": promised}
            assert judged(bundle, "HIDDEN_DEBT_PROMISE", facts, moment=moment) is outcome
    private: dict[str, FactValue] = {
        "borrower.government_platform": False,
        "borrower.builder_type": "cloud_provider",
    }
    assert judged(bundle, "HIDDEN_DEBT_PROMISE", private) is Outcome.PASS


@pytest.mark.parametrize(
    ("rule_id", "loan_class", "outcome"),
    [
        ("HIDDEN_DEBT_WORKING_CAPITAL", "working_capital", Outcome.FAIL),
        ("HIDDEN_DEBT_OTHER", "fixed_asset", Outcome.REFER),
    ],
)
def test_hidden_debt_of_a_platform_takes_no_new_working_capital(
    bundle: Bundle, rule_id: str, loan_class: str, outcome: Outcome
) -> None:
    facts: dict[str, FactValue] = {
        "borrower.government_platform": True,
        "borrower.hidden_debt": True,
        "loan.class": loan_class,
    }
    for moment in ("submission", "approval"):
        assert judged(bundle, rule_id, facts, moment=moment) is outcome
    assert judged(bundle, rule_id, {**facts, "borrower.hidden_debt": False}) is Outcome.PASS
    assert judged(bundle, rule_id, {**facts, "borrower.government_platform": False}) is Outcome.PASS


@pytest.mark.parametrize(
    ("licence", "rule_id"), [("rural_bank", "OUT_OF_AREA_RURAL"), ("city_bank", "OUT_OF_AREA_CITY")]
)
def test_out_of_area_lending_of_a_local_lender(bundle: Bundle, licence: LenderLicence, rule_id: str) -> None:
    facts: dict[str, FactValue] = {"borrower.in_lender_area": False, "loan.out_of_area_consent": False}
    for moment in ("submission", "approval"):
        assert judged(bundle, rule_id, facts, licence=licence, moment=moment) is Outcome.REFER
    assert judged(bundle, rule_id, {**facts, "borrower.in_lender_area": True}, licence=licence) is Outcome.PASS
    assert judged(bundle, rule_id, {**facts, "loan.out_of_area_consent": True}, licence=licence) is Outcome.PASS
    assert rules_of(bundle, "OUT_OF_AREA_RURAL", "OUT_OF_AREA_CITY", licence="bank") == []


@pytest.mark.parametrize(
    ("division", "region", "inside"),
    [
        ("640500", "640000", True),
        ("630100", "640000", False),
        ("440606", "440606", True),
        ("440605", "440606", False),
        ("440605", "440600", True),
        ("310115", "310000", True),
        (None, "310000", None),
    ],
)
def test_out_of_area_is_told_by_administrative_divisions(division: str | None, region: str, inside: bool) -> None:
    assert in_area(division, region) is inside


@pytest.mark.parametrize(
    ("rule_id", "at", "outcome"),
    [
        ("CAR_MINIMUM", ("0.05", "0.06", "0.08"), Outcome.FAIL),
        ("CAR_BUFFER", ("0.075", "0.085", "0.105"), Outcome.REFER),
    ],
)
def test_car_minimum_and_buffer_of_the_lender(
    bundle: Bundle, rule_id: str, at: tuple[str, str, str], outcome: Outcome
) -> None:
    names = ("lender.core_tier1_ratio", "lender.tier1_ratio", "lender.capital_ratio")
    just: dict[str, FactValue] = {
        "lender.ratios_reported": True,
        **{name: Decimal(ratio) for name, ratio in zip(names, at, strict=True)},
    }
    assert judged(bundle, rule_id, just) is Outcome.PASS
    for name, ratio in zip(names, at, strict=True):
        below: dict[str, FactValue] = {**just, name: Decimal(ratio) - Decimal("0.0001")}
        assert judged(bundle, rule_id, below) is outcome
        assert judged(bundle, rule_id, {**below, "lender.ratios_reported": False}) is Outcome.PASS


# --- days -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule_id", "licence", "before", "first"),
    [
        ("LEX_SINGLE_10", "city_bank", date(2018, 6, 30), date(2018, 7, 1)),
        ("LEX_SINGLE_15", "city_bank", date(2018, 6, 30), date(2018, 7, 1)),
        ("LEX_GROUP_20", "city_bank", date(2018, 6, 30), date(2018, 7, 1)),
        ("LEX_FLAG", "city_bank", date(2018, 6, 30), date(2018, 7, 1)),
        ("LEX_BANK_25", "bank", date(2018, 6, 30), date(2018, 7, 1)),
        ("LEX_DEPENDENCE_5", "bank", date(2018, 6, 30), date(2018, 7, 1)),
        ("GROUP_LINK_SUSPECTED", "finance_lease", date(2018, 6, 30), date(2018, 7, 1)),
        ("JOINT_CREDIT_DUTY", "bank", date(2018, 5, 21), date(2018, 5, 22)),
        ("JOINT_CREDIT_OPTIONAL", "bank", date(2018, 5, 21), date(2018, 5, 22)),
        ("SYNDICATE_JOINT_LEAD_SHARE", "bank", date(2024, 10, 31), date(2024, 11, 1)),
        ("SYNDICATE_LARGEST_SHARE", "bank", date(2024, 10, 31), date(2024, 11, 1)),
        ("RELATED_PARTY", "bank", date(2022, 2, 28), date(2022, 3, 1)),
        ("RELATED_MAJOR", "bank", date(2022, 2, 28), date(2022, 3, 1)),
        ("RELATED_CUSTOMER_10", "bank", date(2022, 2, 28), date(2022, 3, 1)),
        ("RELATED_GROUP_15", "bank", date(2022, 2, 28), date(2022, 3, 1)),
        ("RELATED_ALL_50", "bank", date(2022, 2, 28), date(2022, 3, 1)),
        ("HIDDEN_DEBT_WORKING_CAPITAL", "bank", date(2021, 7, 8), date(2021, 7, 9)),
        ("HIDDEN_DEBT_OTHER", "bank", date(2021, 7, 8), date(2021, 7, 9)),
        ("OUT_OF_AREA_RURAL", "rural_bank", date(2019, 1, 13), date(2019, 1, 14)),
        ("OUT_OF_AREA_CITY", "city_bank", date(2019, 1, 13), date(2019, 1, 14)),
        ("STATE_FUNDED_FOREIGN_CHIPS", "bank", date(2025, 11, 4), date(2025, 11, 5)),
        ("CAR_MINIMUM", "bank", date(2023, 12, 31), date(2024, 1, 1)),
        ("CAR_BUFFER", "bank", date(2023, 12, 31), date(2024, 1, 1)),
    ],
)
def test_each_rule_begins_on_its_day(
    bundle: Bundle, rule_id: str, licence: LenderLicence, before: date, first: date
) -> None:
    assert rules_of(bundle, rule_id, on=before, licence=licence) == []
    assert [rule.id for rule in rules_of(bundle, rule_id, on=first, licence=licence)] == [rule_id]


def test_state_funded_centres_with_foreign_chips_are_referred_from_2025_11_05(bundle: Bundle) -> None:
    facts: dict[str, FactValue] = {"borrower.builder_type": "gov_led", "project.foreign_gpu": True}
    rule_id = "STATE_FUNDED_FOREIGN_CHIPS"
    assert judged(bundle, rule_id, facts, date(2025, 11, 4)) is Outcome.NOT_RUN
    assert judged(bundle, rule_id, facts, date(2025, 11, 5)) is Outcome.REFER
    assert judged(bundle, rule_id, {**facts, "project.foreign_gpu": False}) is Outcome.PASS
    assert judged(bundle, rule_id, {**facts, "borrower.builder_type": "cloud_provider"}) is Outcome.PASS


def test_due_diligence_is_documented_reviewed_apart_and_controls_the_key_clauses(bundle: Bundle) -> None:
    """银监发〔2004〕51号, on what the process has recorded when the agreement is drawn up."""
    whole: dict[str, FactValue] = {
        "process.interview_recorded": True,
        "process.risk_evaluated": True,
        "process.review_apart": True,
        "agreement.terms_complete": True,
    }
    assert judged(bundle, "DUE_DILIGENCE", whole, moment="contract") is Outcome.PASS
    for name in whole:
        assert judged(bundle, "DUE_DILIGENCE", {**whole, name: False}, moment="contract") is Outcome.REFER


def of_kind(product: Product, kind: str | None) -> Product:
    """A product with another kind of credit, where it is off the balance sheet."""
    if product.off_balance is None:
        return product
    return product.model_copy(update={"off_balance": product.off_balance.model_copy(update={"exposure_kind": kind})})


def after(bundle: Bundle, product: Product, amount: int) -> dict[str, object]:
    """The three measures of a customer that owes 100m of loans, 150m of exposure and 200m of unified credit, with a case added."""
    books = Exposures(
        customer_loans=yuan(100_000_000),
        customer_exposure=yuan(150_000_000),
        group_exposure=yuan(150_000_000),
        unified_customer=yuan(200_000_000),
        unified_group=yuan(200_000_000),
        net_capital=NET_CAPITAL,
        tier1_capital=TIER1,
    )
    lender = LenderBooks(
        lender_id="bob",
        name="北京银行",
        licence="city_bank",
        region="110000",
        capital_method="standardised",
        net_capital=NET_CAPITAL,
        tier1_capital=TIER1,
        tax_rate=Decimal("0.25"),
    )
    facts = book_facts(yuan(amount), books, lender, conversion_of(product, bundle, ON))
    names = ("customer_loans", "customer", "group", "unified_customer", "unified_group")
    return {name: facts[f"exposure.{name}_after"] for name in names}


@pytest.mark.parametrize(
    ("product", "kind", "loans", "converted", "notional"),
    [
        ("bob_apg", "advance_payment_guarantee", 0, 500, 1000),
        ("bob_apg", "performance_guarantee", 0, 500, 1000),
        ("bob_apg", "direct_credit_substitute", 0, 1000, 1000),
        # A kind that the table does not know counts whole, and is still no loan.
        ("bob_apg", "some_guarantee", 0, 1000, 1000),
        ("citic_lease", None, 0, 1000, 1000),
        ("jsb_fa", None, 1000, 1000, 1000),
    ],
)
def test_a22_what_a_case_adds_to_each_measure(
    bundle: Bundle, product: str, kind: str | None, loans: int, converted: int, notional: int
) -> None:
    """Millions of a case of 1,000m, on top of what the books show."""
    million = 1_000_000
    assert after(bundle, of_kind(bundle.product(product, ON), kind), 1000 * million) == {
        "customer_loans": yuan((100 + loans) * million),
        "customer": yuan((150 + converted) * million),
        "group": yuan((150 + converted) * million),
        "unified_customer": yuan((200 + notional) * million),
        "unified_group": yuan((200 + notional) * million),
    }
