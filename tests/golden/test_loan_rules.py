"""Rules on loans, acquisitions, buybacks and leases (domain §2.1, 2.2, 2.6, 2.7; corrections §2, §5), by id and by date.

The figures are those of the measures as the domain paper has them; each rule is asked on both sides of its limit.
"""

from datetime import date
from decimal import Decimal
from typing import Any, get_args

import pytest

from domain.application import LineKind
from domain.facts import FactState
from domain.identity import LegalForm
from domain.money import yuan
from policy.engine import Bundle, FactValue, LenderLicence, Moment, Vocabulary, check_rules, evaluate
from tests.golden.loan_rule_cases import BOUND, CASES, FIXED, LEASE, LESSOR, ON, OUTSIDE, WORKING, RuleCase


def said(
    bundle: Bundle, rule: str, moment: str, facts: dict[str, Any], licence: str = "city_bank", on: date = ON
) -> str:
    """``absent`` where no such rule is in force, else ``kept``, ``open`` or the severity with which it is breached."""
    rules = [item for item in bundle.regulations(moment, licence, on) if item.id == rule]  # type: ignore[arg-type]
    if not rules:
        return "absent"
    decided = check_rules(rules, {name: _fact(value) for name, value in facts.items()})
    if decided.breaches:
        return str(decided.breaches[0].severity)
    return "open" if decided.referred else "kept"


def _fact(value: Any) -> FactValue:
    """Shares are written as text, so that the tables read like the measures."""
    return Decimal(value) if isinstance(value, str) and value[:1].isdigit() and value[-1:].isdigit() else value


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule)
def test_rule_is_kept_on_its_limit(bundle: Bundle, case: RuleCase) -> None:
    assert said(bundle, case.rule, case.moment, case.kept, case.licence, case.on) == "kept"


@pytest.mark.parametrize(
    ("case", "change"),
    [pytest.param(case, change, id=f"{case.rule}-{n}") for case in CASES for n, change in enumerate(case.breaches)],
)
def test_rule_is_breached_beyond_its_limit(bundle: Bundle, case: RuleCase, change: dict[str, Any]) -> None:
    assert said(bundle, case.rule, case.moment, {**case.kept, **change}, case.licence, case.on) == case.severity


@pytest.mark.parametrize(
    ("case", "change"),
    [pytest.param(case, change, id=f"{case.rule}-{n}") for case in CASES for n, change in enumerate(case.silent)],
)
def test_rule_says_nothing_of_other_cases(bundle: Bundle, case: RuleCase, change: dict[str, Any]) -> None:
    assert said(bundle, case.rule, case.moment, {**case.kept, **change}, case.licence, case.on) == "kept"


@pytest.mark.parametrize(
    ("case", "fact"),
    [
        pytest.param(case, fact, id=f"{case.rule}-{fact}")
        for case in CASES
        for fact in sorted({name for change in case.breaches for name in change} - {"loan.class"})
    ],
)
def test_rule_never_passes_on_a_fact_nobody_knows(bundle: Bundle, case: RuleCase, fact: str) -> None:
    """With the deciding fact unknown the rule is open, or kept only because another fact already decides it."""
    breach = next(change for change in case.breaches if fact in change)
    facts = {**case.kept, **breach, fact: None}
    assert said(bundle, case.rule, case.moment, facts, case.licence, case.on) in ("open", case.severity)


@pytest.mark.parametrize(
    ("case", "outside"),
    [
        pytest.param(case, outside, id=f"{case.rule}-{n}")
        for case in CASES
        for n, outside in enumerate(OUTSIDE.get(case.rule, ()))
    ],
)
def test_rule_speaks_of_no_case_outside_its_scope(bundle: Bundle, case: RuleCase, outside: dict[str, Any]) -> None:
    for change in case.breaches:
        facts = {**case.kept, **change, **outside}
        assert said(bundle, case.rule, case.moment, facts, case.licence, case.on) == "kept"


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}-{case.on}")
def test_rule_is_asked_at_its_moments_of_its_lenders(bundle: Bundle, case: RuleCase) -> None:
    moments, licences = BOUND[case.rule]
    asked = {
        (moment.value, licence)
        for moment in Moment
        for licence in get_args(LenderLicence)
        if case.rule in {rule.id for rule in bundle.regulations(moment, licence, case.on)}
    }
    assert asked == {(moment, licence) for moment in moments for licence in licences}


POLICY_BANKS = ("cdb", "exim", "adbc")
STATE_BANKS = ("icbc", "abc", "boc", "ccb", "bocom", "psbc")
JOINT_STOCK = ("citic", "ceb", "hxb", "cmbc", "cmb", "cib", "cgb", "pab", "spdb", "hfb", "czb", "cbhb")
NATIONAL = (*POLICY_BANKS, *STATE_BANKS, *JOINT_STOCK)


@pytest.mark.parametrize("on", [date(2024, 10, 18), date(2024, 12, 1)])
@pytest.mark.parametrize("lender", NATIONAL)
def test_a21_each_of_the_21_national_lenders_may_finance_a_buyback(bundle: Bundle, lender: str, on: date) -> None:
    facts = {"loan.purpose": "share_buyback", "lender.id": lender}
    assert len(set(NATIONAL)) == 21
    assert said(bundle, "BUYBACK_LENDER", "approval", facts, "bank", on) == "kept"


def test_a21_a_buyback_of_september_2024_is_looked_at_by_a_person(bundle: Bundle) -> None:
    facts = {"loan.purpose": "share_buyback", "lender.id": "icbc"}
    for moment in ("submission", "approval"):
        assert said(bundle, "BUYBACK_EXEMPTION", moment, facts, "bank", date(2024, 9, 30)) == "REFER"
    assert said(bundle, "BUYBACK_EXEMPTION", "approval", {"loan.purpose": "operations"}, "bank", date(2024, 9, 30)) == (
        "kept"
    )


@pytest.mark.parametrize("on", [date(2024, 10, 18), date(2024, 12, 1)])
def test_a21_the_money_of_a_buyback_stays_in_its_account(bundle: Bundle, on: date) -> None:
    facts: dict[str, Any] = {"loan.purpose": "share_buyback", "payment.ringfenced_account": False}
    assert said(bundle, "BUYBACK_ACCOUNT", "utilisation", facts, "bank", on) == "BLOCK"
    facts = {"loan.purpose": "share_buyback", "buyback.announced": False}
    assert said(bundle, "BUYBACK_ANNOUNCED", "approval", facts, "bank", on) == "BLOCK"
    facts = {"loan.purpose": "share_buyback", "lender.id": "jsb"}
    assert said(bundle, "BUYBACK_LENDER", "approval", facts, "bank", on) == "BLOCK"


BUYBACK = {"loan.purpose": "share_buyback"}
DATES: list[tuple[str, str, str, dict[str, Any], date, str, date, str]] = [
    # rule, moment, licence, facts, last day before, said then, first day on, said from then
    (
        "MA_CONTROL",
        "approval",
        "bank",
        {"loan.purpose": "m_and_a", "merger.kind": "control", "merger.share": "0.65", "loan.tenor_months": 60},
        date(2025, 12, 30),
        "BLOCK",
        date(2025, 12, 31),
        "kept",
    ),
    (
        "MA_CONTROL",
        "approval",
        "bank",
        {"loan.purpose": "m_and_a", "merger.kind": "control", "merger.share": "0.50", "loan.tenor_months": 96},
        date(2025, 12, 30),
        "BLOCK",
        date(2025, 12, 31),
        "kept",
    ),
    (
        "MA_MINORITY",
        "approval",
        "bank",
        {"loan.purpose": "m_and_a", "merger.kind": "minority", "merger.share": "0.60", "loan.tenor_months": 84},
        date(2025, 12, 30),
        "BLOCK",
        date(2025, 12, 31),
        "kept",
    ),
    (
        "MA_OWN_FUNDS",
        "approval",
        "bank",
        {"loan.purpose": "m_and_a", "merger.fund_raised_later": True},
        date(2025, 12, 30),
        "REFER",
        date(2025, 12, 31),
        "REFER",
    ),
    ("BUYBACK_EXEMPTION", "approval", "bank", BUYBACK, date(2024, 10, 17), "REFER", date(2024, 10, 18), "absent"),
    (
        "BUYBACK_LENDER",
        "approval",
        "bank",
        {**BUYBACK, "lender.id": "jsb"},
        date(2024, 10, 17),
        "absent",
        date(2024, 10, 18),
        "BLOCK",
    ),
    (
        "BUYBACK_SHARE",
        "approval",
        "bank",
        {**BUYBACK, "buyback.share": "0.75"},
        date(2024, 10, 17),
        "absent",
        date(2024, 10, 18),
        "BLOCK",
    ),
    (
        "BUYBACK_SHARE",
        "approval",
        "bank",
        {**BUYBACK, "buyback.share": "0.90"},
        date(2024, 11, 30),
        "BLOCK",
        date(2024, 12, 1),
        "kept",
    ),
    (
        "BUYBACK_SHARE",
        "approval",
        "bank",
        {**BUYBACK, "buyback.share": "0.70"},
        date(2024, 11, 30),
        "kept",
        date(2024, 12, 1),
        "kept",
    ),
    (
        "FL_CAPITAL",
        "approval",
        LESSOR,
        {"lender.lessor_capital": yuan(500_000_000)},
        date(2024, 10, 31),
        "kept",
        date(2024, 11, 1),
        "BLOCK",
    ),
    (
        "FL_CAPITAL",
        "approval",
        LESSOR,
        {"lender.lessor_capital": yuan("99999999.99")},
        date(2024, 10, 31),
        "BLOCK",
        date(2024, 11, 1),
        "BLOCK",
    ),
    *(
        (rule, "approval", LESSOR, facts, date(2024, 10, 31), "absent", date(2024, 11, 1), severity)
        for rule, facts, severity in (
            ("FL_LEVERAGE", {"lender.leverage_ratio": "0.05"}, "REFER"),
            ("FL_ASSETS", {"lender.assets_to_net_assets": "11"}, "REFER"),
            ("FL_INTERBANK", {"lender.interbank_share": "1.1"}, "REFER"),
            ("FL_PROVISION_COVER", {"lender.provision_cover": "0.9"}, "REFER"),
            ("FL_LEASE_PROVISIONS", {"lender.lease_provision_ratio": "0.02"}, "REFER"),
            ("FL_FIXED_INCOME", {"lender.fixed_income_share": "0.3"}, "REFER"),
            ("FL_RELATED_ALL", {"lender.related_all_share": "0.6"}, "REFER"),
            (
                "FL_SINGLE_30",
                {"exposure.customer_after": yuan(31), "lender.net_capital": yuan(100)},
                "BLOCK",
            ),
            ("FL_GROUP_50", {"exposure.group_after": yuan(51), "lender.net_capital": yuan(100)}, "BLOCK"),
            (
                "FL_RELATED_SINGLE",
                {"borrower.related_to_lender": "shareholder", "exposure.related_customer_share": "0.31"},
                "BLOCK",
            ),
        )
    ),
    *(
        (rule, "approval", LESSOR, {**LEASE, **facts}, date(2025, 12, 31), "absent", date(2026, 1, 1), "BLOCK")
        for rule, facts in (
            ("FL_BIZ_11", {"lease.title_clear": False}),
            ("FL_BIZ_12", {"lease.form": "sale_and_leaseback", "lease.lessee_owns": False}),
            ("FL_BIZ_14", {"lease.own_valuation": False}),
            (
                "FL_BIZ_15_DIRECT",
                {"lease.form": "direct", "lease.amount": yuan(2), "lease.reference_price": yuan(1)},
            ),
            (
                "FL_BIZ_15_LEASEBACK",
                {"lease.form": "sale_and_leaseback", "lease.amount": yuan(2), "lease.book_value": yuan(1)},
            ),
            ("FL_BIZ_SITE", {"lease.onsite_investigators": 1, "lease.batch_exempt": False}),
        )
    ),
    (
        "FL_LIST_SPV",
        "approval",
        LESSOR,
        {**LEASE, "lease.holder": "spv", "lease.asset_class": "compute_center"},
        date(2024, 8, 22),
        "BLOCK",
        date(2024, 8, 23),
        "kept",
    ),
    (
        "FL_LIST_SPV",
        "approval",
        LESSOR,
        {**LEASE, "lease.holder": "spv", "lease.asset_class": "integrated_circuit"},
        date(2024, 8, 22),
        "BLOCK",
        date(2024, 8, 23),
        "kept",
    ),
    *(
        (
            "FL_LIST_SPV",
            "approval",
            LESSOR,
            {**LEASE, "lease.holder": "spv", "lease.asset_class": asset},
            date(2024, 8, 22),
            "kept",
            date(2024, 8, 23),
            "kept",
        )
        for asset in ("aircraft", "ship")
    ),
    (
        "FL_LIST_NEGATIVE",
        "approval",
        LESSOR,
        {**LEASE, "lease.asset_class": "antique"},
        date(2024, 8, 22),
        "absent",
        date(2024, 8, 23),
        "BLOCK",
    ),
    (
        "FL_LIST_ENCOURAGED",
        "approval",
        LESSOR,
        {**LEASE, "lease.holder": "own_books", "lease.asset_class": "furniture"},
        date(2024, 8, 22),
        "absent",
        date(2024, 8, 23),
        "WARN",
    ),
    (
        "ENERGY_REVIEW",
        "approval",
        "bank",
        {**FIXED, "project.energy_tce": 4620, "project.energy_reviewed": True, "project.carbon_evaluated": False},
        date(2025, 8, 31),
        "kept",
        date(2025, 9, 1),
        "REFER",
    ),
    (
        "ENERGY_REVIEW",
        "approval",
        "bank",
        {**FIXED, "project.energy_tce": 4620, "project.energy_reviewed": False, "project.carbon_evaluated": True},
        date(2025, 8, 31),
        "REFER",
        date(2025, 9, 1),
        "REFER",
    ),
    (
        "ENERGY_REVIEW",
        "approval",
        "bank",
        {**FIXED, "project.energy_tce": 4620, "project.energy_reviewed": False, "project.carbon_evaluated": True},
        date(2023, 5, 31),
        "absent",
        date(2023, 6, 1),
        "REFER",
    ),
    (
        "FA_CAPITAL_BOND",
        "approval",
        "bank",
        {**FIXED, "project.bond_capital": True},
        date(2024, 12, 24),
        "REFER",
        date(2024, 12, 25),
        "absent",
    ),
    (
        "FA_CAPITAL_BOND",
        "approval",
        "bank",
        {**FIXED, "project.bond_capital": False},
        date(2024, 12, 24),
        "kept",
        date(2024, 12, 25),
        "absent",
    ),
    (
        "CDD_RETENTION",
        "contract",
        "bank",
        {"records.retention_years": 5},
        date(2025, 12, 31),
        "kept",
        date(2026, 1, 1),
        "BLOCK",
    ),
    (
        "CDD_RETENTION",
        "contract",
        "bank",
        {"records.retention_years": 4},
        date(2025, 12, 31),
        "BLOCK",
        date(2026, 1, 1),
        "BLOCK",
    ),
    (
        "CDD_IDENTIFIED",
        "contract",
        "bank",
        {"customer.identified": False},
        date(2025, 12, 31),
        "REFER",
        date(2026, 1, 1),
        "REFER",
    ),
    (
        "CDD_BENEFICIAL_OWNER",
        "contract",
        "bank",
        {"customer.beneficial_owner_known": False},
        date(2025, 12, 31),
        "absent",
        date(2026, 1, 1),
        "REFER",
    ),
    (
        "CDD_REVIEW",
        "contract",
        "bank",
        {"customer.review_overdue": True},
        date(2025, 12, 31),
        "absent",
        date(2026, 1, 1),
        "REFER",
    ),
    (
        "APPRAISAL_PAYER",
        "submission",
        "bank",
        {"fees.appraisal_payer": "borrower", "fees.appraisal_commissioned_by": "lender"},
        date(2020, 5, 31),
        "absent",
        date(2020, 6, 1),
        "REFER",
    ),
]
"""Every day on which one of these rules begins, ends or changes, with what it says on either side."""

IN_FORCE_2024_07 = [
    ("FA_DEF", "submission", {**FIXED, "loan.finances_fixed_assets": False}, "BLOCK"),
    (
        "FA_ENTRUST",
        "utilisation",
        {**FIXED, "payment.mode": "self", "payment.payee_total": yuan(11_000_000)},
        "BLOCK",
    ),
    ("FA_TENOR", "approval", {**FIXED, "loan.tenor_months": 132, "loan.head_office_tenor_consent": False}, "REFER"),
    (
        "WC_TENOR",
        "contract",
        {**WORKING, "loan.tenor_months": 84, "loan.long_cycle_evidence": True},
        "BLOCK",
    ),
    ("WC_USE", "approval", {**WORKING, "loan.purpose": "equity_investment"}, "BLOCK"),
    (
        "PL_TENOR",
        "contract",
        {"borrower.legal_form": "natural_person", "loan.purpose": "consumption", "loan.tenor_months": 72},
        "BLOCK",
    ),
    ("CBL_37", "contract", {"agreement.terms_complete": False}, "BLOCK"),
    ("GREEN_EVIDENCE", "approval", {**FIXED, "project.green_claimed": True, "project.green_evidence": False}, "WARN"),
]
"""The three measures of 2024: the book has no rule of these ids before them."""


@pytest.mark.parametrize(
    ("rule", "moment", "licence", "facts", "last", "before", "first", "after"),
    [pytest.param(*row, id=f"{row[0]}-{row[6].isoformat()}-{number}") for number, row in enumerate(DATES)],
)
def test_date_of_the_act_decides(
    bundle: Bundle,
    rule: str,
    moment: str,
    licence: str,
    facts: dict[str, Any],
    last: date,
    before: str,
    first: date,
    after: str,
) -> None:
    assert (first - last).days == 1
    assert said(bundle, rule, moment, facts, licence, last) == before
    assert said(bundle, rule, moment, facts, licence, first) == after


@pytest.mark.parametrize(("rule", "moment", "facts", "after"), IN_FORCE_2024_07, ids=lambda value: str(value)[:24])
def test_three_measures_begin_on_2024_07_01(
    bundle: Bundle, rule: str, moment: str, facts: dict[str, Any], after: str
) -> None:
    assert said(bundle, rule, moment, facts, "bank", date(2024, 6, 30)) == "absent"
    assert said(bundle, rule, moment, facts, "bank", date(2024, 7, 1)) == after


def test_b5_a_project_company_may_hold_a_compute_centre_from_2024_08_23(bundle: Bundle) -> None:
    facts = {**LEASE, "lease.holder": "spv", "lease.asset_class": "compute_center"}
    assert said(bundle, "FL_LIST_SPV", "approval", facts, LESSOR, date(2024, 8, 22)) == "BLOCK"
    assert said(bundle, "FL_LIST_SPV", "approval", facts, LESSOR, date(2024, 8, 23)) == "kept"


def test_a28_a_direct_lease_of_290m_on_the_lessors_own_books_is_held_against_the_other_two_lists(
    bundle: Bundle,
) -> None:
    """The positive list governs what project companies hold: on 2024-08-22 the same lease on own books was lawful."""
    facts = {
        **LEASE,
        "lease.holder": "own_books",
        "lease.form": "direct",
        "lease.asset_class": "compute_center",
        "lease.amount": yuan(290_000_000),
        "lease.reference_price": yuan(290_000_000),
    }
    assert said(bundle, "FL_LIST_SPV", "approval", facts, LESSOR, date(2024, 8, 22)) == "kept"
    assert said(bundle, "FL_LIST_NEGATIVE", "approval", facts, LESSOR) == "kept"
    assert said(bundle, "FL_LIST_ENCOURAGED", "approval", facts, LESSOR) == "kept"
    assert said(bundle, "FL_BIZ_15_DIRECT", "approval", facts, LESSOR) == "kept"


@pytest.mark.parametrize(
    ("borrowed", "months", "counts", "code"),
    [
        (True, 24, False, "CAPITAL_BORROWED"),
        (True, None, False, "CAPITAL_BORROWED"),
        (False, 12, True, "CAPITAL_TRACED"),
        (False, 11, False, "CAPITAL_TRACED_TOO_SHORT"),
    ],
)
def test_r17_capital_is_traced_back_twelve_months(
    bundle: Bundle, borrowed: bool, months: int | None, counts: bool, code: str
) -> None:
    decided = evaluate(
        bundle.table("capital_origin", ON), {"source.borrowed": borrowed, "source.traced_months": months}
    )
    assert (decided.outputs["counts"], decided.code("code")) == (counts, code)


def test_r17_capital_whose_way_was_not_traced_is_undecided(bundle: Bundle) -> None:
    decided = evaluate(bundle.table("capital_origin", ON), {"source.borrowed": False, "source.traced_months": None})
    assert not decided.decided


DECLARED: list[tuple[str, set[str]]] = [
    ("borrower.legal_form", set(get_args(LegalForm))),
    ("loan.kind", {kind.value for kind in LineKind}),
    ("loan.lpr_tenor", {"1Y", "5Y"}),
    ("fees.appraisal_payer", {"borrower", "lender", "third_party"}),
    ("fees.appraisal_commissioned_by", {"borrower", "lender"}),
    ("utilisation.delay_cause", {"none", "borrower", "force_majeure"}),
    ("merger.kind", {"control", "minority"}),
    ("lease.form", {"direct", "sale_and_leaseback"}),
    ("lease.holder", {"own_books", "spv"}),
    ("foreclosed.kind", {"real_estate", "equity", "other"}),
]


@pytest.mark.parametrize(("fact", "values"), DECLARED)
def test_declared_codes_are_those_an_application_can_state(bundle: Bundle, fact: str, values: set[str]) -> None:
    assert set(bundle.vocabulary(ON)[fact].values) == values


def test_no_figure_of_these_rules_is_below_nought(bundle: Bundle) -> None:
    words = {item.id: item for item in bundle.files() if isinstance(item, Vocabulary)}["loan_rule_facts"]
    figures = {name: fact for name, fact in words.facts.items() if fact.type in ("number", "integer", "money")}
    assert {"lease.reference_price", "lease.book_value", "lease.asset_value"} <= figures.keys()
    assert len(figures) > 20
    assert [name for name, fact in figures.items() if fact.allows(Decimal(-1)) or not fact.allows(Decimal(0))] == []
    traced = words.facts["source.traced_months"]
    assert traced.allows(Decimal(600))
    assert not traced.allows(Decimal(601))


NEITHER: FactValue = FactState.NOT_APPLICABLE
BY_CLASS: list[tuple[str, str, date]] = [
    *(
        (rule, moment, ON)
        for moment, rules in (
            ("approval", "USES_GAP FA_DEF FA_FILING FA_CAPITAL FA_TENOR FA_CAPITAL_FLOOR FA_INTANGIBLE ENERGY_REVIEW"),
            ("approval", "GREEN_EVIDENCE DC_PUE WC_TENOR WC_USE WC_USE_BANNED WC_NEED"),
            ("approval", "HIDDEN_DEBT_WORKING_CAPITAL HIDDEN_DEBT_OTHER"),
            ("contract", "PF_ACCOUNT PF_PLEDGE PF_INSURANCE WC_OFFSITE"),
            ("utilisation", "FA_CAPITAL_PRO_RATA FA_ENTRUST FA_PAY_TIME WC_USE_VENDOR WC_ENTRUST WC_ENTRUST_C"),
        )
        for rule in rules.split()
    ),
    ("FA_CAPITAL_BOND", "approval", date(2024, 12, 24)),
    ("ENERGY_REVIEW", "approval", date(2025, 8, 31)),
]
"""Rules of a measure: each with a moment at which it is asked, and a day."""


@pytest.mark.parametrize(("rule", "moment", "on"), BY_CLASS, ids=lambda value: str(value))
def test_what_belongs_to_neither_measure_is_asked_by_none_of_their_rules(
    bundle: Bundle, rule: str, moment: str, on: date
) -> None:
    """A guarantee, a lease or a loan for a buyback has no project and no working capital to be asked about."""
    facts: dict[str, Any] = {"loan.class": NEITHER}
    if rule == "FA_INTANGIBLE":
        facts["loan.purpose"] = "patent_purchase"
    assert said(bundle, rule, moment, facts, "bank", on) == "kept"
    assert said(bundle, rule, moment, {**facts, "loan.class": None}, "bank", on) == "open"


@pytest.mark.parametrize(
    ("form", "months", "evidence", "working", "personal"),
    [
        ("enterprise", 37, False, "BLOCK", "kept"),
        ("individual_business", 37, False, "kept", "kept"),
        ("individual_business", 60, False, "kept", "kept"),
        ("individual_business", 61, False, "kept", "BLOCK"),
        ("individual_business", 120, True, "kept", "kept"),
        ("individual_business", 121, True, "kept", "BLOCK"),
        ("natural_person", 61, True, "kept", "kept"),
    ],
)
def test_pl_tenor_an_individual_business_keeps_to_the_measure_for_persons(
    bundle: Bundle, form: str, months: int, evidence: bool, working: str, personal: str
) -> None:
    facts: dict[str, Any] = {
        **WORKING,
        "loan.purpose": "operations",
        "borrower.legal_form": form,
        "loan.tenor_months": months,
        "loan.long_cycle_evidence": evidence,
    }
    for moment in ("approval", "contract"):
        assert said(bundle, "WC_TENOR", moment, facts) == working
        assert said(bundle, "PL_TENOR", moment, facts) == personal


@pytest.mark.parametrize("form", ["individual_business", "natural_person"])
def test_pl_entrust_takes_the_place_of_wc_entrust_for_persons(bundle: Bundle, form: str) -> None:
    facts: dict[str, Any] = {
        **WORKING,
        "borrower.legal_form": form,
        "payment.mode": "self",
        "payment.payee_total": yuan("10000000.01"),
        "payment.payee_known": True,
    }
    assert said(bundle, "WC_ENTRUST", "utilisation", facts) == "kept"
    assert said(bundle, "WC_ENTRUST", "utilisation", facts, on=date(2026, 11, 19)) == "BLOCK"
    assert said(bundle, "PL_ENTRUST", "utilisation", {**facts, "loan.purpose": "operations"}) == "BLOCK"
