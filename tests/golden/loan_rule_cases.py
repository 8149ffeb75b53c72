"""Every rule of intake, and on loans and leases, with facts that keep it and facts that breach it: one entry each way."""

from datetime import date
from typing import Any, NamedTuple

from domain.facts import FactState
from domain.money import yuan

ON = date(2026, 11, 22)


class RuleCase(NamedTuple):
    """``kept`` are facts under which the rule speaks and is kept; each of ``breaches`` is a change that breaches it, each
    of ``silent`` one after which it is kept or does not speak."""

    rule: str
    moment: str
    kept: dict[str, Any]
    breaches: tuple[dict[str, Any], ...]
    silent: tuple[dict[str, Any], ...] = ()
    licence: str = "city_bank"
    severity: str = "BLOCK"
    on: date = ON


FIXED = {"loan.class": "fixed_asset", "loan.kind": "term"}
WORKING = {"loan.class": "working_capital", "loan.kind": "revolving"}
LEASE = {"loan.kind": "lease"}
LESSOR = "finance_lease"
NA = FactState.NOT_APPLICABLE

DRAWING = (
    RuleCase(
        "CONDITIONS_OPEN",
        "utilisation",
        {"utilisation.precedent_open": 0},
        ({"utilisation.precedent_open": 1},),
    ),
    RuleCase(
        "CONDITIONS_BREACHED",
        "utilisation",
        {"utilisation.subsequent_breached": 0},
        ({"utilisation.subsequent_breached": 1},),
    ),
    RuleCase(
        "COMMITMENT",
        "utilisation",
        {"utilisation.drawn_after": yuan(100), "utilisation.commitment": yuan(100)},
        ({"utilisation.drawn_after": yuan("100.01")},),
    ),
    RuleCase("RESCREENING", "utilisation", {"utilisation.rescreened": True}, ({"utilisation.rescreened": False},)),
    RuleCase(
        "PAYEE_MATCH",
        "utilisation",
        {"payment.mode": "entrusted", "payment.payee_on_contract": True},
        ({"payment.payee_on_contract": False},),
        ({"payment.mode": "self", "payment.payee_on_contract": False},),
    ),
    RuleCase(
        "RELATED_PAYEE",
        "utilisation",
        {"payment.payee_related": False},
        ({"payment.payee_related": True},),
        severity="REFER",
    ),
)

INTAKE = (
    RuleCase("QUERY_CONSENT", "submission", {"borrower.query_consent": True}, ({"borrower.query_consent": False},)),
    RuleCase("BLACKLIST", "submission", {"borrower.blacklisted": False}, ({"borrower.blacklisted": True},)),
    RuleCase("DUPLICATE_SERIAL", "approval", {"asset.duplicate_serial": False}, ({"asset.duplicate_serial": True},)),
    RuleCase(
        "USES_GAP",
        "approval",
        {
            **FIXED,
            "project.headline_investment": yuan(330_000_000),
            "project.uses_total": yuan(330_000_000),
            "project.sources_total": yuan(330_000_000),
        },
        (
            {"project.headline_investment": yuan(350_000_000)},
            {"project.sources_total": yuan(350_000_000)},
        ),
        severity="WARN",
    ),
    RuleCase(
        "RELABEL_SUSPECT",
        "approval",
        {"loan.replaces_facility": True, "loan.new_compute": True},
        ({"loan.new_compute": False},),
        ({"loan.replaces_facility": False, "loan.new_compute": False},),
        severity="WARN",
    ),
    RuleCase(
        "ORDER_FRAMEWORK",
        "approval",
        {"loan.purpose": "order_financing", "contract.kind": "firm"},
        ({"contract.kind": "framework"},),
        ({"contract.kind": "take_or_pay"},),
    ),
    RuleCase(
        "ORDER_RELATED_BUYER",
        "approval",
        {
            "loan.purpose": "order_financing",
            "contract.buyer_related": False,
            "contract.assignment_allowed": True,
            "contract.startable": True,
        },
        (
            {"contract.buyer_related": True},
            {"contract.assignment_allowed": False},
            {"contract.startable": False},
        ),
        severity="REFER",
    ),
)

FIXED_ASSETS = (
    RuleCase(
        "FA_DEF",
        "submission",
        {**FIXED, "borrower.legal_form": "enterprise", "loan.finances_fixed_assets": True},
        (
            {"borrower.legal_form": "individual_business"},
            {"borrower.legal_form": "natural_person"},
            {"loan.finances_fixed_assets": False},
        ),
        ({"loan.class": "working_capital", "loan.finances_fixed_assets": False}, {"borrower.legal_form": "other"}),
    ),
    RuleCase(
        "FA_FILING",
        "approval",
        {**FIXED, "project.filed": True, "project.energy_reviewed": True},
        ({"project.filed": False}, {"project.energy_reviewed": False}),
        severity="REFER",
    ),
    RuleCase(
        "FA_CAPITAL",
        "approval",
        {**FIXED, "project.capital_eligible": yuan(66_000_000), "project.capital_required": yuan(66_000_000)},
        ({"project.capital_eligible": yuan(55_000_000)},),
        severity="REFER",
    ),
    RuleCase(
        "FA_CAPITAL_PRO_RATA",
        "utilisation",
        {**FIXED, "utilisation.drawn_after": yuan(80_000_000), "utilisation.capital_maximum": yuan(80_000_000)},
        ({"utilisation.drawn_after": yuan("80000000.01")},),
    ),
    RuleCase(
        "FA_CAPITAL_FLOOR",
        "approval",
        {**FIXED, "project.short_board": False, "project.capital_share": "0.20"},
        ({"project.capital_share": "0.1999"}, {"project.short_board": True, "project.capital_share": "0.1499"}),
        ({"project.short_board": True, "project.capital_share": "0.15"},),
        severity="REFER",
    ),
    RuleCase(
        "FA_TENOR",
        "approval",
        {**FIXED, "loan.tenor_months": 120, "loan.head_office_tenor_consent": False},
        ({"loan.tenor_months": 121},),
        ({"loan.tenor_months": 121, "loan.head_office_tenor_consent": True},),
        severity="REFER",
    ),
    RuleCase(
        "FA_ENTRUST",
        "utilisation",
        {**FIXED, "payment.mode": "self", "payment.payee_total": yuan(10_000_000)},
        ({"payment.payee_total": yuan("10000000.01")},),
        ({"payment.mode": "entrusted", "payment.payee_total": yuan("10000000.01")},),
    ),
    RuleCase(
        "FA_PAY_TIME",
        "utilisation",
        {
            **FIXED,
            "payment.mode": "entrusted",
            "utilisation.working_days_waited": 5,
            "utilisation.delay_cause": "none",
        },
        (
            {"utilisation.working_days_waited": 6},
            {"utilisation.working_days_waited": 11, "utilisation.delay_cause": "borrower"},
        ),
        (
            {"utilisation.working_days_waited": 10, "utilisation.delay_cause": "borrower"},
            {"utilisation.working_days_waited": 30, "utilisation.delay_cause": "force_majeure"},
        ),
    ),
    RuleCase(
        "FA_INTANGIBLE",
        "approval",
        {**FIXED, "loan.purpose": "patent_purchase", "loan.tenor_months": 37},
        tuple(
            {"loan.class": "working_capital", "loan.purpose": purpose}
            for purpose in ("patent_purchase", "copyright_purchase", "intangible_purchase")
        ),
        (
            {"loan.class": "working_capital", "loan.tenor_months": 36},
            {"loan.class": "working_capital", "loan.purpose": "operations"},
        ),
        severity="REFER",
    ),
    RuleCase(
        "FA_INSTALMENTS",
        "submission",
        {**FIXED, "loan.tenor_months": 13, "loan.instalments": True},
        ({"loan.instalments": False},),
        (
            {"loan.tenor_months": 12, "loan.instalments": False},
            {"loan.kind": "guarantee", "loan.instalments": False},
        ),
        severity="REFER",
    ),
    *(
        RuleCase(
            rule,
            "contract",
            {**FIXED, "loan.project_finance": True, fact: True},
            ({fact: False},),
            ({"loan.project_finance": False, fact: False},),
        )
        for rule, fact in (
            ("PF_ACCOUNT", "agreement.income_account"),
            ("PF_PLEDGE", "agreement.project_pledge"),
            ("PF_INSURANCE", "agreement.insurance_payee"),
        )
    ),
    RuleCase(
        "ENERGY_REVIEW",
        "approval",
        {**FIXED, "project.energy_tce": 1000, "project.energy_reviewed": True, "project.carbon_evaluated": True},
        ({"project.energy_reviewed": False}, {"project.carbon_evaluated": False}),
        (
            {"project.energy_tce": 999, "project.energy_reviewed": False, "project.carbon_evaluated": False},
            {"project.energy_tce": NA, "project.energy_reviewed": False},
        ),
        severity="REFER",
    ),
    RuleCase(
        "GREEN_EVIDENCE",
        "approval",
        {**FIXED, "project.green_claimed": True, "project.green_evidence": True},
        ({"project.green_evidence": False},),
        ({"project.green_claimed": False, "project.green_evidence": False},),
        severity="WARN",
    ),
    RuleCase(
        "DC_PUE",
        "approval",
        {**FIXED, "loan.purpose": "compute_centre_construction", "project.hub": False, "project.pue": "1.25"},
        ({"project.pue": "1.26"}, {"project.hub": True, "project.pue": "1.21"}),
        ({"project.hub": True, "project.pue": "1.20"}, {"project.pue": NA}),
        severity="WARN",
    ),
)

WORKING_CAPITAL = (
    RuleCase(
        "WC_TENOR",
        "approval",
        {
            **WORKING,
            "borrower.legal_form": "enterprise",
            "loan.tenor_months": 36,
            "loan.long_cycle_evidence": False,
        },
        (
            {"loan.tenor_months": 37},
            {"loan.tenor_months": 61, "loan.long_cycle_evidence": True},
        ),
        ({"loan.tenor_months": 60, "loan.long_cycle_evidence": True},),
    ),
    RuleCase(
        "WC_USE",
        "submission",
        {**WORKING, "loan.purpose": "operations"},
        tuple(
            {"loan.purpose": purpose}
            for purpose in (
                "dividend",
                "financial_investment",
                "equity_investment",
                "fixed_asset_investment",
                "m_and_a",
            )
        ),
    ),
    RuleCase(
        "WC_USE_BANNED",
        "submission",
        {**WORKING, "loan.purpose": "operations"},
        tuple({"loan.purpose": purpose} for purpose in ("on_lending", "real_estate_investment", "prohibited_business")),
    ),
    RuleCase(
        "WC_USE_VENDOR",
        "utilisation",
        {**WORKING, "payment.fixed_asset_vendor": False},
        ({"payment.fixed_asset_vendor": True},),
    ),
    RuleCase(
        "WC_ENTRUST",
        "utilisation",
        {
            **WORKING,
            "borrower.legal_form": "enterprise",
            "payment.mode": "self",
            "payment.payee_total": yuan(10_000_000),
            "payment.payee_known": True,
            "borrower.new_relationship": False,
            "borrower.ordinary_standing": False,
        },
        (
            {"payment.payee_total": yuan("10000000.01")},
            {"borrower.new_relationship": True, "borrower.ordinary_standing": True},
        ),
        (
            {"payment.payee_total": yuan("10000000.01"), "payment.payee_known": False},
            {"borrower.new_relationship": True},
            {"borrower.ordinary_standing": True},
        ),
    ),
    RuleCase(
        "WC_ENTRUST_C",
        "utilisation",
        {**WORKING, "payment.mode": "self", "payment.payee_related": False, "product.entrusted_only": False},
        ({"payment.payee_related": True}, {"product.entrusted_only": True}),
    ),
    RuleCase(
        "WC_NEED",
        "approval",
        {
            **WORKING,
            "loan.need_measured": False,
            "borrower.size": "small",
            "loan.purpose": "operations",
            "loan.receipts_controlled": True,
        },
        (
            {"borrower.size": "medium"},
            {"borrower.size": "large"},
            {"loan.receipts_controlled": False},
        ),
        (
            {"borrower.size": "micro"},
            {"borrower.size": "large", "loan.purpose": "order_financing"},
            {"borrower.size": "large", "loan.purpose": "rent_prepayment"},
            {"borrower.size": "large", "loan.purpose": "large_debt"},
            {"borrower.size": "large", "loan.need_measured": True, "loan.receipts_controlled": False},
        ),
        severity="REFER",
    ),
    RuleCase(
        "WC_OFFSITE",
        "contract",
        {
            **WORKING,
            "process.site_visited": False,
            "loan.amount": yuan(200_000),
            "borrower.size": "small",
            "process.offsite_data_proven": True,
        },
        (
            {"loan.amount": yuan("200000.01")},
            {"borrower.size": "medium"},
            {"borrower.size": "large"},
            {"process.offsite_data_proven": False},
        ),
        ({"process.site_visited": True, "loan.amount": yuan(20_000_000)},),
        severity="REFER",
    ),
    RuleCase(
        "PL_ENTRUST",
        "utilisation",
        {
            "borrower.legal_form": "individual_business",
            "payment.mode": "self",
            "loan.purpose": "operations",
            "payment.payee_total": yuan(500_000),
        },
        (
            {"payment.payee_total": yuan("500000.01")},
            {"borrower.legal_form": "natural_person", "payment.payee_total": yuan("500000.01")},
            {"loan.purpose": "consumption", "payment.payee_total": yuan("300000.01")},
        ),
        (
            {"loan.purpose": "consumption", "payment.payee_total": yuan(300_000)},
            {"borrower.legal_form": "enterprise", "payment.payee_total": yuan("500000.01")},
        ),
    ),
    RuleCase(
        "PL_TENOR",
        "approval",
        {
            "borrower.legal_form": "individual_business",
            "loan.purpose": "operations",
            "loan.tenor_months": 60,
            "loan.long_cycle_evidence": False,
        },
        (
            {"loan.tenor_months": 61},
            {"loan.purpose": "consumption", "loan.tenor_months": 61, "loan.long_cycle_evidence": True},
            {"loan.tenor_months": 121, "loan.long_cycle_evidence": True},
            {"borrower.legal_form": "natural_person", "loan.tenor_months": 61},
        ),
        (
            {"loan.tenor_months": 120, "loan.long_cycle_evidence": True},
            {"loan.purpose": "consumption"},
            {"borrower.legal_form": "enterprise", "loan.tenor_months": 121},
        ),
    ),
    RuleCase(
        "APPRAISAL_PAYER",
        "submission",
        {"fees.appraisal_payer": "lender", "fees.appraisal_commissioned_by": "lender"},
        ({"fees.appraisal_payer": "borrower"},),
        (
            {"fees.appraisal_payer": "borrower", "fees.appraisal_commissioned_by": "borrower"},
            {"fees.appraisal_payer": NA},
        ),
        severity="REFER",
    ),
    RuleCase(
        "LPR_TENOR",
        "submission",
        {"loan.lpr_tenor": "1Y", "loan.tenor_months": 60},
        ({"loan.tenor_months": 61}, {"loan.lpr_tenor": "5Y", "loan.tenor_months": 12}),
        (
            {"loan.lpr_tenor": "5Y", "loan.tenor_months": 13},
            {"loan.tenor_months": 12},
            {"loan.lpr_tenor": "5Y", "loan.tenor_months": 61},
            {"loan.lpr_tenor": NA, "loan.tenor_months": 61},
        ),
        severity="REFER",
    ),
)

PROCESS = (
    RuleCase(
        "THREE_CHECKS_BEFORE",
        "contract",
        {"process.investigators": 2, "process.interview_recorded": True},
        ({"process.investigators": 1}, {"process.interview_recorded": False}),
        severity="REFER",
    ),
    RuleCase(
        "THREE_CHECKS_DURING",
        "contract",
        {"process.risk_evaluated": True},
        ({"process.risk_evaluated": False},),
        severity="REFER",
    ),
    RuleCase(
        "CBL_35",
        "contract",
        {"process.review_apart": True, "process.approval_apart": True, "process.authority_named": True},
        ({"process.review_apart": False}, {"process.approval_apart": False}, {"process.authority_named": False}),
    ),
    RuleCase(
        "CBL_36",
        "contract",
        {"security.guarantor_examined": True, "security.collateral_examined": True},
        ({"security.guarantor_examined": False}, {"security.collateral_examined": False}),
        severity="REFER",
    ),
    RuleCase("CBL_37", "contract", {"agreement.terms_complete": True}, ({"agreement.terms_complete": False},)),
    RuleCase(
        "CBL_42",
        "possession",
        {"foreclosed.kind": "real_estate", "foreclosed.months_held": 24},
        ({"foreclosed.months_held": 25}, {"foreclosed.kind": "equity", "foreclosed.months_held": 25}),
        ({"foreclosed.kind": "other", "foreclosed.months_held": 25},),
    ),
    RuleCase(
        "CDD_IDENTIFIED", "contract", {"customer.identified": True}, ({"customer.identified": False},), severity="REFER"
    ),
    RuleCase(
        "CDD_BENEFICIAL_OWNER",
        "contract",
        {"customer.beneficial_owner_known": True},
        ({"customer.beneficial_owner_known": False},),
        severity="REFER",
    ),
    RuleCase(
        "CDD_REVIEW",
        "contract",
        {"customer.review_overdue": False},
        ({"customer.review_overdue": True},),
        severity="REFER",
    ),
    RuleCase("CDD_RETENTION", "contract", {"records.retention_years": 10}, ({"records.retention_years": 9},)),
)

EQUITY = (
    RuleCase(
        "MA_CONTROL",
        "approval",
        {"loan.purpose": "m_and_a", "merger.kind": "control", "merger.share": "0.70", "loan.tenor_months": 120},
        ({"merger.share": "0.7001"}, {"loan.tenor_months": 121}),
        ({"loan.purpose": "operations", "merger.share": "0.9"},),
    ),
    RuleCase(
        "MA_MINORITY",
        "approval",
        {"loan.purpose": "m_and_a", "merger.kind": "minority", "merger.share": "0.60", "loan.tenor_months": 84},
        ({"merger.share": "0.6001"}, {"loan.tenor_months": 85}),
    ),
    RuleCase(
        "MA_OWN_FUNDS",
        "approval",
        {"loan.purpose": "m_and_a", "merger.fund_raised_later": False},
        ({"merger.fund_raised_later": True},),
        severity="REFER",
    ),
    RuleCase(
        "BUYBACK_LENDER",
        "approval",
        {"loan.purpose": "share_buyback", "lender.id": "icbc"},
        ({"lender.id": "jsb"}, {"lender.id": "nxb"}),
        ({"loan.purpose": "operations", "lender.id": "jsb"},),
    ),
    RuleCase(
        "BUYBACK_SHARE",
        "approval",
        {"loan.purpose": "share_buyback", "buyback.share": "0.90"},
        ({"buyback.share": "0.9001"},),
    ),
    RuleCase(
        "BUYBACK_ANNOUNCED",
        "approval",
        {"loan.purpose": "share_buyback", "buyback.announced": True},
        ({"buyback.announced": False},),
    ),
    RuleCase(
        "BUYBACK_ACCOUNT",
        "utilisation",
        {"loan.purpose": "share_buyback", "payment.ringfenced_account": True},
        ({"payment.ringfenced_account": False},),
        ({"loan.purpose": "operations", "payment.ringfenced_account": False},),
    ),
)


def _lessor(rule: str, moment: str, kept: dict[str, Any], *breaches: dict[str, Any], **rest: Any) -> RuleCase:
    return RuleCase(rule, moment, kept, breaches, licence=LESSOR, **rest)


LEASING = (
    _lessor(
        "FL_CAPITAL",
        "approval",
        {"lender.lessor_capital": yuan(1_000_000_000)},
        {"lender.lessor_capital": yuan("999999999.99")},
    ),
    *(
        _lessor(rule, "approval", {fact: kept}, {fact: broken}, severity="REFER")
        for rule, fact, kept, broken in (
            ("FL_LEVERAGE", "lender.leverage_ratio", "0.06", "0.0599"),
            ("FL_ASSETS", "lender.assets_to_net_assets", "10", "10.01"),
            ("FL_INTERBANK", "lender.interbank_share", "1", "1.0001"),
            ("FL_PROVISION_COVER", "lender.provision_cover", "1", "0.9999"),
            ("FL_LEASE_PROVISIONS", "lender.lease_provision_ratio", "0.025", "0.0249"),
            ("FL_FIXED_INCOME", "lender.fixed_income_share", "0.20", "0.2001"),
            ("FL_RELATED_ALL", "lender.related_all_share", "0.50", "0.5001"),
        )
    ),
    _lessor(
        "FL_RELATED_SINGLE",
        "approval",
        {"borrower.related_to_lender": "shareholder", "exposure.related_customer_share": "0.30"},
        *(
            {"borrower.related_to_lender": relation, "exposure.related_customer_share": "0.3001"}
            for relation in ("shareholder", "insider", "group_member")
        ),
        silent=({"borrower.related_to_lender": "none", "exposure.related_customer_share": "0.3001"},),
    ),
    _lessor(
        "FL_SINGLE_30",
        "approval",
        {"exposure.customer_after": yuan(300), "lender.net_capital": yuan(1000)},
        {"exposure.customer_after": yuan("300.01")},
    ),
    _lessor(
        "FL_GROUP_50",
        "approval",
        {"exposure.group_after": yuan(500), "lender.net_capital": yuan(1000)},
        {"exposure.group_after": yuan("500.01")},
    ),
    _lessor(
        "FL_BIZ_11",
        "approval",
        {
            **LEASE,
            "lease.title_clear": True,
            "lease.specified": True,
            "lease.disposable": True,
            "lease.yields": True,
        },
        *({f"lease.{name}": False} for name in ("title_clear", "specified", "disposable", "yields")),
    ),
    _lessor(
        "FL_BIZ_12",
        "approval",
        {**LEASE, "lease.form": "sale_and_leaseback", "lease.lessee_owns": True},
        {"lease.lessee_owns": False},
        silent=({"lease.form": "direct", "lease.lessee_owns": False},),
    ),
    _lessor("FL_BIZ_14", "approval", {**LEASE, "lease.own_valuation": True}, {"lease.own_valuation": False}),
    _lessor(
        "FL_BIZ_15_DIRECT",
        "approval",
        {
            **LEASE,
            "lease.form": "direct",
            "lease.amount": yuan(290_000_000),
            "lease.reference_price": yuan(290_000_000),
        },
        {"lease.amount": yuan("290000000.01")},
    ),
    _lessor(
        "FL_BIZ_15_LEASEBACK",
        "approval",
        {
            **LEASE,
            "lease.form": "sale_and_leaseback",
            "lease.amount": yuan(100),
            "lease.book_value": yuan(100),
            "lease.asset_value": yuan(100),
        },
        {"lease.book_value": yuan("99.99")},
        {"lease.asset_value": yuan("99.99")},
    ),
    _lessor(
        "FL_BIZ_SITE",
        "approval",
        {**LEASE, "lease.onsite_investigators": 2, "lease.batch_exempt": False, "lease.amount": yuan(290_000_000)},
        {"lease.onsite_investigators": 1},
        {"lease.onsite_investigators": 0, "lease.batch_exempt": True, "lease.amount": yuan("1000000.01")},
        silent=({"lease.onsite_investigators": 0, "lease.batch_exempt": True, "lease.amount": yuan(1_000_000)},),
    ),
    _lessor(
        "FL_LIST_SPV",
        "approval",
        {**LEASE, "lease.holder": "spv", "lease.asset_class": "compute_center"},
        {"lease.asset_class": "medical"},
        silent=(
            {"lease.asset_class": "aircraft"},
            {"lease.asset_class": "ship"},
            {"lease.asset_class": "integrated_circuit"},
            {"lease.holder": "own_books", "lease.asset_class": "medical"},
        ),
    ),
    _lessor(
        "FL_LIST_NEGATIVE",
        "approval",
        {**LEASE, "lease.asset_class": "compute_center"},
        *({"lease.asset_class": name} for name in ("structure", "antique", "office_furniture", "low_value_consumable")),
    ),
    _lessor(
        "FL_LIST_ENCOURAGED",
        "approval",
        {**LEASE, "lease.holder": "own_books", "lease.asset_class": "compute_center"},
        {"lease.asset_class": "furniture"},
        silent=tuple(
            {"lease.asset_class": name}
            for name in ("aircraft", "ship", "integrated_circuit", "agricultural_machinery", "new_energy", "medical")
        ),
        severity="WARN",
    ),
)

EARLIER = (
    RuleCase(
        "MA_CONTROL",
        "approval",
        {"loan.purpose": "m_and_a", "merger.kind": "control", "merger.share": "0.60", "loan.tenor_months": 84},
        ({"merger.share": "0.6001"}, {"loan.tenor_months": 85}),
        on=date(2025, 12, 30),
    ),
    RuleCase(
        "MA_MINORITY",
        "approval",
        {"loan.purpose": "m_and_a", "merger.kind": "control"},
        ({"merger.kind": "minority"},),
        on=date(2025, 12, 30),
    ),
    RuleCase(
        "MA_OWN_FUNDS",
        "approval",
        {"loan.purpose": "m_and_a", "merger.fund_raised_later": False},
        ({"merger.fund_raised_later": True},),
        severity="REFER",
        on=date(2025, 12, 30),
    ),
    RuleCase(
        "BUYBACK_EXEMPTION",
        "approval",
        {"loan.purpose": "operations"},
        ({"loan.purpose": "share_buyback"},),
        severity="REFER",
        on=date(2024, 10, 17),
    ),
    *(
        RuleCase(rule, moment, {"loan.purpose": "share_buyback", **kept}, (breach,), on=date(2024, 10, 18))
        for rule, moment, kept, breach in (
            ("BUYBACK_LENDER", "approval", {"lender.id": "icbc"}, {"lender.id": "jsb"}),
            ("BUYBACK_SHARE", "approval", {"buyback.share": "0.70"}, {"buyback.share": "0.7001"}),
            ("BUYBACK_ANNOUNCED", "approval", {"buyback.announced": True}, {"buyback.announced": False}),
            (
                "BUYBACK_ACCOUNT",
                "utilisation",
                {"payment.ringfenced_account": True},
                {"payment.ringfenced_account": False},
            ),
        )
    ),
    RuleCase(
        "ENERGY_REVIEW",
        "approval",
        {**FIXED, "project.energy_tce": 1000, "project.energy_reviewed": True},
        ({"project.energy_reviewed": False},),
        (
            {"project.energy_tce": 999, "project.energy_reviewed": False},
            {"project.energy_tce": NA, "project.energy_reviewed": False},
        ),
        severity="REFER",
        on=date(2025, 8, 31),
    ),
    RuleCase(
        "FA_CAPITAL_BOND",
        "approval",
        {**FIXED, "project.bond_capital": False},
        ({"project.bond_capital": True},),
        severity="REFER",
        on=date(2024, 12, 24),
    ),
    RuleCase(
        "CDD_RETENTION",
        "contract",
        {"records.retention_years": 5},
        ({"records.retention_years": 4},),
        on=date(2025, 12, 31),
    ),
    RuleCase(
        "CDD_IDENTIFIED",
        "contract",
        {"customer.identified": True},
        ({"customer.identified": False},),
        severity="REFER",
        on=date(2025, 12, 31),
    ),
    _lessor(
        "FL_CAPITAL",
        "approval",
        {"lender.lessor_capital": yuan(100_000_000)},
        {"lender.lessor_capital": yuan("99999999.99")},
        on=date(2024, 10, 31),
    ),
    _lessor(
        "FL_LIST_SPV",
        "approval",
        {**LEASE, "lease.holder": "spv", "lease.asset_class": "aircraft"},
        {"lease.asset_class": "compute_center"},
        silent=({"lease.asset_class": "ship"}, {"lease.holder": "own_books", "lease.asset_class": "medical"}),
        on=date(2024, 8, 22),
    ),
)
"""Rules as they stood before they changed."""

MEASURES = (
    *("FA_FILING", "FA_CAPITAL", "FA_CAPITAL_PRO_RATA", "FA_TENOR", "FA_ENTRUST"),
    *("WC_TENOR", "WC_USE", "WC_USE_VENDOR", "WC_ENTRUST"),
)
"""Of the file that changed on 2026-11-20, as that of intake did: what belongs to neither measure was asked as well until then,
and so were persons."""
_UNTIL_19 = tuple(
    case._replace(on=date(2026, 11, 19))
    for case in (*INTAKE, *FIXED_ASSETS, *WORKING_CAPITAL)
    if case in INTAKE or case.rule in MEASURES
)

CASES = (*DRAWING, *INTAKE, *FIXED_ASSETS, *WORKING_CAPITAL, *PROCESS, *EQUITY, *LEASING, *EARLIER, *_UNTIL_19)

_NO_FA, _NO_WC = {"loan.class": "working_capital"}, {"loan.class": "fixed_asset"}
_NO_LEASE, _NO_BUYBACK, _NO_MERGER = (
    {"loan.kind": "term"},
    {"loan.purpose": "operations"},
    {"loan.purpose": "operations"},
)
_ENTRUSTED = {"payment.mode": "entrusted"}
OUTSIDE: dict[str, tuple[dict[str, Any], ...]] = {
    "PAYEE_MATCH": ({"payment.mode": "self"},),
    "USES_GAP": (_NO_FA,),
    "ORDER_FRAMEWORK": ({"loan.purpose": "operations"},),
    "ORDER_RELATED_BUYER": ({"loan.purpose": "operations"},),
    "FA_DEF": (_NO_FA, {"loan.kind": "lease"}),
    "FA_FILING": (_NO_FA,),
    "FA_CAPITAL": (_NO_FA,),
    "FA_CAPITAL_PRO_RATA": (_NO_FA,),
    "FA_CAPITAL_FLOOR": (_NO_FA, {"loan.kind": "lease"}),
    "FA_CAPITAL_BOND": (_NO_FA,),
    "FA_TENOR": (_NO_FA,),
    "FA_ENTRUST": (_NO_FA, _ENTRUSTED),
    "FA_PAY_TIME": (_NO_FA, {"payment.mode": "self"}),
    "FA_INTANGIBLE": ({"loan.purpose": "operations"},),
    "FA_INSTALMENTS": ({"loan.kind": "guarantee"},),
    "PF_ACCOUNT": (_NO_FA, {"loan.project_finance": False}),
    "PF_PLEDGE": (_NO_FA, {"loan.project_finance": False}),
    "PF_INSURANCE": (_NO_FA, {"loan.project_finance": False}),
    "ENERGY_REVIEW": (_NO_FA, {"project.energy_tce": 999}),
    "GREEN_EVIDENCE": (_NO_FA, {"project.green_claimed": False}),
    "DC_PUE": (_NO_FA, {"loan.purpose": "operations"}),
    "WC_TENOR": (_NO_WC,),
    "WC_USE": (_NO_WC,),
    "WC_USE_BANNED": (_NO_WC,),
    "WC_USE_VENDOR": (_NO_WC,),
    "WC_ENTRUST": (_NO_WC, _ENTRUSTED),
    "WC_ENTRUST_C": (_NO_WC, _ENTRUSTED),
    "WC_NEED": (_NO_WC, {"loan.kind": "guarantee"}, {"loan.need_measured": True}),
    "WC_OFFSITE": (_NO_WC, {"process.site_visited": True}),
    "PL_ENTRUST": ({"borrower.legal_form": "enterprise"}, _ENTRUSTED),
    "PL_TENOR": ({"borrower.legal_form": "enterprise"},),
    "CBL_42": ({"foreclosed.kind": "other"},),
    "MA_CONTROL": (_NO_MERGER, {"merger.kind": "minority"}),
    "MA_MINORITY": (_NO_MERGER, {"merger.kind": "control"}),
    "MA_OWN_FUNDS": (_NO_MERGER,),
    "BUYBACK_LENDER": (_NO_BUYBACK,),
    "BUYBACK_SHARE": (_NO_BUYBACK,),
    "BUYBACK_ANNOUNCED": (_NO_BUYBACK,),
    "BUYBACK_ACCOUNT": (_NO_BUYBACK,),
    "FL_RELATED_SINGLE": ({"borrower.related_to_lender": "none"},),
    "FL_BIZ_11": (_NO_LEASE,),
    "FL_BIZ_12": (_NO_LEASE, {"lease.form": "direct"}),
    "FL_BIZ_14": (_NO_LEASE,),
    "FL_BIZ_15_DIRECT": (_NO_LEASE, {"lease.form": "sale_and_leaseback"}),
    "FL_BIZ_15_LEASEBACK": (_NO_LEASE, {"lease.form": "direct"}),
    "FL_BIZ_SITE": (_NO_LEASE, {"lease.onsite_investigators": 2}),
    "FL_LIST_SPV": (_NO_LEASE, {"lease.holder": "own_books"}),
    "FL_LIST_NEGATIVE": (_NO_LEASE,),
    "FL_LIST_ENCOURAGED": (_NO_LEASE, {"lease.holder": "spv"}),
}
"""What takes a case out of a rule's scope: with any of these its breach is none. Rules that are not here have no scope."""

BANKS = frozenset({"bank", "city_bank", "rural_bank"})
_LESSORS = frozenset({LESSOR})
EVERYBODY = BANKS | _LESSORS
_DRAWING, _CONTRACT, _APPROVAL = frozenset({"utilisation"}), frozenset({"contract"}), frozenset({"approval"})
_SUBMISSION, _POSSESSION = frozenset({"submission"}), frozenset({"possession"})

_BOUND: tuple[tuple[frozenset[str], frozenset[str], str], ...] = (
    (_DRAWING, EVERYBODY, "CONDITIONS_OPEN CONDITIONS_BREACHED COMMITMENT RESCREENING PAYEE_MATCH RELATED_PAYEE"),
    (_DRAWING, EVERYBODY, "BUYBACK_ACCOUNT"),
    (_SUBMISSION, EVERYBODY, "QUERY_CONSENT"),
    (_SUBMISSION | _APPROVAL | _DRAWING, EVERYBODY, "BLACKLIST DUPLICATE_SERIAL"),
    (_SUBMISSION | _APPROVAL, EVERYBODY, "USES_GAP RELABEL_SUSPECT"),
    (_APPROVAL, EVERYBODY, "ORDER_FRAMEWORK ORDER_RELATED_BUYER"),
    (_DRAWING, BANKS, "FA_CAPITAL_PRO_RATA FA_ENTRUST FA_PAY_TIME"),
    (_DRAWING, BANKS, "WC_USE_VENDOR WC_ENTRUST WC_ENTRUST_C PL_ENTRUST"),
    (_SUBMISSION | _APPROVAL, BANKS, "FA_DEF FA_FILING FA_TENOR FA_INSTALMENTS WC_USE WC_USE_BANNED"),
    (_SUBMISSION | _APPROVAL, BANKS, "APPRAISAL_PAYER LPR_TENOR BUYBACK_EXEMPTION"),
    (_APPROVAL, BANKS, "FA_CAPITAL FA_CAPITAL_FLOOR FA_CAPITAL_BOND FA_INTANGIBLE WC_NEED"),
    (_APPROVAL, BANKS, "ENERGY_REVIEW GREEN_EVIDENCE DC_PUE MA_OWN_FUNDS"),
    (_APPROVAL | _CONTRACT, BANKS, "WC_TENOR PL_TENOR MA_CONTROL MA_MINORITY"),
    (_CONTRACT, BANKS, "PF_ACCOUNT PF_PLEDGE PF_INSURANCE WC_OFFSITE"),
    (_CONTRACT, BANKS, "THREE_CHECKS_BEFORE THREE_CHECKS_DURING CBL_35 CBL_36 CBL_37"),
    (_POSSESSION, BANKS, "CBL_42"),
    (_CONTRACT, EVERYBODY, "CDD_IDENTIFIED CDD_BENEFICIAL_OWNER CDD_REVIEW CDD_RETENTION"),
    (_SUBMISSION | _APPROVAL, EVERYBODY, "BUYBACK_LENDER"),
    (_APPROVAL | _CONTRACT, EVERYBODY, "BUYBACK_SHARE"),
    (_APPROVAL, EVERYBODY, "BUYBACK_ANNOUNCED"),
    (_APPROVAL, _LESSORS, "FL_CAPITAL FL_LEVERAGE FL_ASSETS FL_INTERBANK FL_PROVISION_COVER FL_LEASE_PROVISIONS"),
    (_APPROVAL, _LESSORS, "FL_FIXED_INCOME FL_RELATED_ALL FL_RELATED_SINGLE FL_LIST_ENCOURAGED"),
    (_APPROVAL | _DRAWING, _LESSORS, "FL_SINGLE_30 FL_GROUP_50"),
    (_APPROVAL | _CONTRACT, _LESSORS, "FL_BIZ_11 FL_BIZ_12 FL_BIZ_14 FL_BIZ_15_DIRECT FL_BIZ_15_LEASEBACK"),
    (_APPROVAL | _CONTRACT, _LESSORS, "FL_BIZ_SITE FL_LIST_SPV FL_LIST_NEGATIVE"),
)
BOUND = {rule: (moments, licences) for moments, licences, rules in _BOUND for rule in rules.split()}
"""At which moments a rule is asked, and of which lenders."""
