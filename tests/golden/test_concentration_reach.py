"""Whom each rule of concentration binds, when it is asked, and what values its facts may have."""

from datetime import date
from decimal import Decimal

import pytest

from domain.facts import FactState
from domain.finding import Outcome
from domain.money import yuan
from policy.engine import Bundle, FactValue, check_rules
from policy.engine.vocabulary import Scalar, read_fact

ON = date(2026, 11, 22)
BANKS = frozenset({"bank", "city_bank", "rural_bank"})
EVERYBODY = BANKS | {"finance_lease"}
BEFORE, DECIDED, DRAWN = "submission", "approval", "utilisation"


def reach(bundle: Bundle, rule_id: str, on: date) -> tuple[set[str], set[str]]:
    """Licences that a rule binds and moments at which it is asked, on a day."""
    found = [
        (licence, moment)
        for licence in sorted(EVERYBODY)
        for moment in (BEFORE, DECIDED, "contract", DRAWN)
        for rule in bundle.regulations(moment, licence, on)  # type: ignore[arg-type]
        if rule.id == rule_id
    ]
    return {licence for licence, _ in found}, {moment for _, moment in found}


@pytest.mark.parametrize(
    ("rule_id", "licences", "moments"),
    [
        ("LEX_SINGLE_10", BANKS, {DECIDED, DRAWN}),
        ("LEX_SINGLE_15", BANKS, {DECIDED, DRAWN}),
        ("LEX_GROUP_20", BANKS, {DECIDED, DRAWN}),
        ("LEX_FLAG", BANKS, {DECIDED}),
        ("LEX_BANK_25", BANKS, {DECIDED, DRAWN}),
        ("LEX_DEPENDENCE_5", BANKS, {DECIDED}),
        ("GROUP_LINK_SUSPECTED", EVERYBODY, {BEFORE, DECIDED}),
        ("GRP_15", BANKS, {DECIDED}),
        ("UNIFIED_CEILING", EVERYBODY, {DECIDED}),
        ("UNIFIED_INCOMPLETE", EVERYBODY, {DECIDED}),
        ("JOINT_CREDIT_DUTY", BANKS, {DECIDED}),
        ("JOINT_CREDIT_OPTIONAL", BANKS, {DECIDED}),
        ("SYNDICATE_NEAR_LIMIT", BANKS, {DECIDED}),
        ("SYNDICATE_SOLE_LEAD_SHARE", BANKS, {BEFORE, DECIDED}),
        ("SYNDICATE_SOLE_LEAD_DISTRIBUTION", BANKS, {BEFORE, DECIDED}),
        ("SYNDICATE_JOINT_LEAD_SHARE", BANKS, {BEFORE, DECIDED}),
        ("SYNDICATE_LARGEST_SHARE", BANKS, {BEFORE, DECIDED}),
        ("SYNDICATE_LEADS_TOGETHER", BANKS, {BEFORE, DECIDED}),
        ("RELATED_PARTY", EVERYBODY, {BEFORE, DECIDED}),
        ("RELATED_SINGLE_10", BANKS, {DECIDED}),
        ("RELATED_MAJOR", BANKS, {DECIDED}),
        ("RELATED_CUSTOMER_10", BANKS, {DECIDED}),
        ("RELATED_GROUP_15", BANKS, {DECIDED}),
        ("RELATED_ALL_50", BANKS, {DECIDED}),
        ("CBL_40_UNSECURED", BANKS, {BEFORE, DECIDED}),
        ("CBL_40_TERMS", BANKS, {DECIDED}),
        ("PLATFORM", EVERYBODY, {BEFORE, DECIDED}),
        ("STATE_FUNDED_FOREIGN_CHIPS", EVERYBODY, {DECIDED}),
        ("HIDDEN_DEBT_PROMISE", EVERYBODY, {BEFORE, DECIDED}),
        ("HIDDEN_DEBT_WORKING_CAPITAL", EVERYBODY, {BEFORE, DECIDED}),
        ("HIDDEN_DEBT_OTHER", EVERYBODY, {BEFORE, DECIDED}),
        ("OUT_OF_AREA_RURAL", {"rural_bank"}, {BEFORE, DECIDED}),
        ("OUT_OF_AREA_CITY", {"city_bank"}, {BEFORE, DECIDED}),
        ("CAR_MINIMUM", BANKS, {DECIDED}),
        ("CAR_BUFFER", BANKS, {DECIDED}),
        ("DUE_DILIGENCE", BANKS, {"contract"}),
    ],
)
def test_reach_of_each_rule(bundle: Bundle, rule_id: str, licences: set[str], moments: set[str]) -> None:
    assert reach(bundle, rule_id, ON) == (licences, moments)


@pytest.mark.parametrize(
    ("rule_id", "moments"),
    [
        ("LEX_SINGLE_10", {DECIDED, DRAWN}),
        ("LEX_SINGLE_15", {DECIDED, DRAWN}),
        ("LEX_GROUP_20", {DECIDED, DRAWN}),
        ("LEX_FLAG", {DECIDED}),
    ],
)
def test_reach_of_large_exposures_before_interbank_customers_were_told_apart(
    bundle: Bundle, rule_id: str, moments: set[str]
) -> None:
    assert reach(bundle, rule_id, date(2026, 11, 19)) == (BANKS, moments)


@pytest.mark.parametrize(
    ("rule_id", "moments"),
    [
        ("SYNDICATE_NEAR_LIMIT", {DECIDED}),
        ("SYNDICATE_SOLE_LEAD_SHARE", {BEFORE, DECIDED}),
        ("SYNDICATE_SOLE_LEAD_DISTRIBUTION", {BEFORE, DECIDED}),
    ],
)
def test_reach_of_the_syndication_guideline_of_2011(bundle: Bundle, rule_id: str, moments: set[str]) -> None:
    assert reach(bundle, rule_id, date(2024, 10, 31)) == (BANKS, moments)


HUGE = yuan(100_000_000_000)
BOOKS: dict[str, FactValue] = {"lender.net_capital": yuan(1), "lender.tier1_capital": yuan(1)}


@pytest.mark.parametrize(
    ("rule_id", "beyond"),
    [
        ("GROUP_LINK_SUSPECTED", {"group.link_searched": False}),
        (
            "LEX_DEPENDENCE_5",
            {"borrower.interbank": True, "exposure.customer_after": HUGE, "group.dependence_examined": False},
        ),
        ("LEX_BANK_25", {"borrower.interbank": False, "exposure.customer_after": HUGE, "exposure.group_after": HUGE}),
        ("GRP_15", {"borrower.in_group": True, "borrower.interbank": True, "exposure.unified_group_after": HUGE}),
        (
            "HIDDEN_DEBT_WORKING_CAPITAL",
            {
                "loan.class": "fixed_asset",
                "borrower.government_platform": True,
                "borrower.hidden_debt": True,
            },
        ),
        (
            "HIDDEN_DEBT_OTHER",
            {
                "loan.class": "working_capital",
                "borrower.government_platform": True,
                "borrower.hidden_debt": True,
            },
        ),
        ("SYNDICATE_JOINT_LEAD_SHARE", {"syndicate.role": "sole_lead", "syndicate.smallest_lead_share": Decimal(0)}),
        ("SYNDICATE_LARGEST_SHARE", {"syndicate.role": "sole_lead", "syndicate.largest_share": Decimal(1)}),
        ("SYNDICATE_LEADS_TOGETHER", {"syndicate.role": "sole_lead", "syndicate.leads_share": Decimal(1)}),
        ("RELATED_SINGLE_10", {"borrower.related_to_lender": "none", "exposure.related_after": HUGE}),
        (
            "RELATED_MAJOR",
            {
                "borrower.related_to_lender": "none",
                "related.board_resolved": False,
                "loan.amount": HUGE,
                "exposure.unified_customer_after": HUGE,
            },
        ),
    ],
)
def test_whom_a_rule_does_not_speak_of(bundle: Bundle, rule_id: str, beyond: dict[str, FactValue]) -> None:
    rules = [rule for rule in bundle.regulations("approval", "city_bank", ON) if rule.id == rule_id]
    result = check_rules(rules, {**BOOKS, **beyond})
    assert (result.outcome, result.breaches) == (Outcome.PASS, ())


@pytest.mark.parametrize(
    ("rule_id", "facts"),
    [
        ("HIDDEN_DEBT_PROMISE", {"borrower.government_platform": False, "borrower.fiscal_repayment": True}),
        ("PLATFORM", {"borrower.government_platform": False}),
        ("STATE_FUNDED_FOREIGN_CHIPS", {"project.foreign_gpu": True}),
    ],
)
def test_who_builds_nothing_is_led_by_no_government(bundle: Bundle, rule_id: str, facts: dict[str, FactValue]) -> None:
    rules = [rule for rule in bundle.regulations("approval", "city_bank", ON) if rule.id == rule_id]
    asked: dict[str, FactValue] = {**facts, "borrower.builder_type": FactState.NOT_APPLICABLE}
    assert check_rules(rules, asked).outcome is Outcome.PASS
    assert check_rules(rules, {**facts, "borrower.builder_type": None}).outcome is Outcome.REFER


_ABOVE_ONE = Decimal("1.0001")
_BELOW = Decimal("-0.0001")


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        *((name, (Decimal("-0.01"),)) for name in (
            "exposure.unified_customer_after",
            "exposure.unified_group_after",
            "exposure.unified_ceiling",
            "exposure.related_all_after",
            "joint.financing",
            "security.unsecured_amount",
        )),
        *((name, (_BELOW, _ABOVE_ONE)) for name in (
            "syndicate.own_share",
            "syndicate.distributed_share",
            "syndicate.smallest_lead_share",
            "syndicate.largest_share",
            "syndicate.leads_share",
            "lender.core_tier1_ratio",
            "lender.tier1_ratio",
            "lender.capital_ratio",
            "claim.loss_share",
            "debtor.overdue_share",
            "debtor.bad_share_here",
            "monitoring.gpu_utilisation",
            "monitoring.missing_server_share",
        )),
        *((name, (_BELOW,)) for name in (
            "monitoring.backlog_cover",
            "monitoring.failure_rate",
            "monitoring.sla_penalty_share",
        )),
        *((name, (Decimal("-1.0001"),)) for name in (
            "monitoring.rental_index_change",
            "monitoring.research_change",
            "monitoring.power_tariff_change",
        )),
        *((name, (-1,)) for name in (
            "joint.lenders",
            "claim.days_past_due",
            "claim.observation_months",
            "claim.observed_periods",
            "monitoring.cash_below_interest_quarters",
            "monitoring.loss_quarters",
            "monitoring.key_leavers",
            "monitoring.power_months_left",
            "monitoring.offtaker_delay_days",
            "monitoring.unknown_registrations",
            "monitoring.bypass_attempts",
        )),
        ("borrower.industry_division", (0, 100)),
        ("group.suspected_link", ("a_rumour",)),
        ("syndicate.role", ("onlooker",)),
        ("exposure.kind", ("favour",)),
        ("claim.extended", ("twice",)),
    ],
)  # fmt: skip
def test_what_no_fact_can_be(bundle: Bundle, name: str, wrong: tuple[Scalar | int, ...]) -> None:
    definition = bundle.vocabulary(ON)[name]
    for value in wrong:
        read, absent = read_fact(name, definition, {name: value})
        assert (read, absent) == (None, "unlisted" if isinstance(value, str) else "out_of_range")


UNTIL_19 = date(2026, 11, 19)
"""The last day on which a lessor's related parties were held to the tenth that binds banks."""


@pytest.mark.parametrize(
    ("rule_id", "moments"),
    [
        ("RELATED_PARTY", {BEFORE, DECIDED}),
        ("RELATED_SINGLE_10", {DECIDED}),
        ("PLATFORM", {BEFORE, DECIDED}),
        ("STATE_FUNDED_FOREIGN_CHIPS", {DECIDED}),
    ],
)
def test_reach_of_related_parties_before_lessors_were_told_apart(
    bundle: Bundle, rule_id: str, moments: set[str]
) -> None:
    assert reach(bundle, rule_id, UNTIL_19) == (EVERYBODY, moments)


@pytest.mark.parametrize(
    ("rule_id", "facts"),
    [
        ("RELATED_SINGLE_10", {**BOOKS, "borrower.related_to_lender": "none", "exposure.related_after": HUGE}),
        ("PLATFORM", {"borrower.government_platform": False, "borrower.builder_type": FactState.NOT_APPLICABLE}),
        (
            "STATE_FUNDED_FOREIGN_CHIPS",
            {"project.foreign_gpu": True, "borrower.builder_type": FactState.NOT_APPLICABLE},
        ),
    ],
)
def test_whom_the_earlier_file_of_related_parties_does_not_speak_of(
    bundle: Bundle, rule_id: str, facts: dict[str, FactValue]
) -> None:
    rules = [rule for rule in bundle.regulations("approval", "city_bank", UNTIL_19) if rule.id == rule_id]
    result = check_rules(rules, facts)
    assert (result.outcome, result.breaches) == (Outcome.PASS, ())
