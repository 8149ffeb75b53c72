"""Rows A2–A4, A8–A12 and A26: what the file of each product must hold, and the clauses its agreement comes with."""

from datetime import date

import pytest

from domain.facility import ConditionKind
from policy.engine import Bundle
from services.origination.calc.completeness import FiledDocument, missing
from tests.examples.test_cases import content

ON = date(2026, 11, 23)
FIXED = ("nxb_project_loan", "jsb_fa", "bocom_qh_green_fa")
FIRST_FIVE = (*FIXED, "jsb_wc", "jsb_order")
OPERATING = ("sdrcb_operate", "shrcb_adas", "talent_loan")

DOCUMENTS: list[tuple[str, str, str, bool, int | None]] = [
    *(
        (product, stage, kind, True, days)
        for product in (*FIRST_FIVE, *OPERATING)
        for stage, kind, days in (
            ("intake", "business_licence", None),
            ("intake", "bureau_consent", None),
            ("intake", "financial_statements", 550),
            ("contracting", "shareholder_resolution", None),
        )
    ),
    *(
        (product, stage, kind, required, None)
        for product in FIXED
        for stage, kind, required in (
            ("intake", "feasibility_study", True),
            ("intake", "project_filing", True),
            ("intake", "purchase_contract", True),
            ("intake", "server_inventory", True),
            ("due_diligence", "energy_review", False),
            ("due_diligence", "capital_proof", False),
        )
    ),
    ("bocom_qh_green_fa", "intake", "green_evidence", True, None),
    ("jsb_order", "intake", "compute_contract", True, None),
    ("jsb_order", "intake", "cost_budget", True, None),
    ("jsb_order", "due_diligence", "buyer_confirmation", False, None),
    *(
        (product, stage, kind, required, None)
        for product in OPERATING
        for stage, kind, required in (
            ("intake", "purchase_contract", True),
            ("due_diligence", "compute_contract", False),
            ("due_diligence", "guarantee_resolution", False),
        )
    ),
    ("sdrcb_operate", "intake", "technology_appraisal", True, 730),
    ("shrcb_adas", "intake", "automotive_qualification", True, None),
    ("shrcb_adas", "due_diligence", "design_win_letter", False, None),
    ("shrcb_adas", "due_diligence", "supplier_verification", False, None),
    ("talent_loan", "intake", "talent_certificate", True, None),
    ("talent_loan", "intake", "personal_data_consent", True, None),
    ("talent_loan", "due_diligence", "service_agreement", False, None),
]


@pytest.mark.parametrize(("product", "stage", "kind", "required", "days"), DOCUMENTS)
def test_a2_a12_a_document_of_the_products_checklist(
    bundle: Bundle, product: str, stage: str, kind: str, required: bool, days: int | None
) -> None:
    found = [item for item in bundle.checklist(product, stage, ON) if item.kind == kind]
    assert [(item.required, item.shelf_life_days) for item in found] == [(required, days)]


def test_a3_a_case_without_its_papers_hears_of_all_of_them_at_once(bundle: Bundle) -> None:
    asked = missing(content("nxb-xiyun"), bundle, (), ON)
    told = {item.code.removeprefix("document_required:") for item in asked}
    assert told >= {
        "business_licence",
        "bureau_consent",
        "financial_statements",
        "feasibility_study",
        "project_filing",
        "purchase_contract",
        "server_inventory",
    }


@pytest.mark.parametrize(("as_of", "stale"), [(date(2025, 5, 22), False), (date(2025, 5, 21), True)])
def test_a3_financial_statements_are_good_for_five_hundred_and_fifty_days(
    bundle: Bundle, as_of: date, stale: bool
) -> None:
    """23 November 2026 less 550 days is 22 May 2025."""
    case = content("nxb-xiyun")
    listed = next(item for item in case.documents if item.kind == "financial_statements")
    filed = (FiledDocument(kind=listed.kind, sha256=listed.sha256, as_of=as_of),)
    told = {item.code for item in missing(case, bundle, filed, ON)}
    assert ("document_stale:financial_statements" in told) is stale


HEAD, BRANCH, NOBODY = "head_office_approver", "branch_approver", None
SERVERS = ("gpu_server", "network_storage")
PRECEDENT, SUBSEQUENT, UNDERTAKING = (
    ConditionKind.PRECEDENT,
    ConditionKind.SUBSEQUENT,
    ConditionKind.UNDERTAKING,
)
Clause = tuple[str, ConditionKind, str | None, tuple[str, ...], int | None, str | None]
OF_FIXED_ASSETS: list[Clause] = [
    ("CP_FLOATING_MORTGAGE", PRECEDENT, "floating_mortgage", (), None, NOBODY),
    ("CP_ACCOUNT_PLEDGE", PRECEDENT, "account_pledge", (), None, HEAD),
    ("CP_RECEIVABLE_PLEDGE", PRECEDENT, "receivable_pledge", (), None, HEAD),
    ("CP_REFUND_GUARANTEE", PRECEDENT, "refund_guarantee", (), None, HEAD),
    ("CS_REGISTRATION", SUBSEQUENT, "equipment_mortgage", SERVERS, 10, NOBODY),
    ("CS_ACCEPTANCE", SUBSEQUENT, None, SERVERS, 30, NOBODY),
    ("CS_INSURANCE", SUBSEQUENT, None, (*SERVERS, "power_cooling", "civil_works"), 15, HEAD),
    ("CS_LIEN_WAIVER", SUBSEQUENT, None, ("gpu_server",), 30, HEAD),
]
OF_OPERATIONS: list[Clause] = [
    ("CP_ACCOUNT_PLEDGE", PRECEDENT, "account_pledge", (), None, BRANCH),
    ("CP_RECEIVABLE_PLEDGE", PRECEDENT, "receivable_pledge", ("receivable", "compute_order"), None, HEAD),
    ("CS_USE_VOUCHERS", SUBSEQUENT, None, (), 30, NOBODY),
    ("UT_CORE_TEAM", UNDERTAKING, None, (), None, HEAD),
]
CLAUSES: list[tuple[str, Clause]] = [
    *((product, clause) for product in FIXED for clause in OF_FIXED_ASSETS),
    *((product, clause) for product in ("sdrcb_operate", "shrcb_adas") for clause in OF_OPERATIONS),
    ("jsb_order", ("CP_RECEIVABLE_PLEDGE", PRECEDENT, "receivable_pledge", (), None, NOBODY)),
    ("jsb_order", ("CP_ACCOUNT_PLEDGE", PRECEDENT, "account_pledge", (), None, HEAD)),
    ("jsb_order", ("CS_DEBTOR_NOTICE", SUBSEQUENT, None, (), 10, HEAD)),
    ("jsb_order", ("CS_DELIVERY_PROOF", SUBSEQUENT, None, (), 90, HEAD)),
    ("talent_loan", ("CP_ACCOUNT_PLEDGE", PRECEDENT, "account_pledge", (), None, BRANCH)),
    ("talent_loan", ("CP_FOUNDER_STAYS", PRECEDENT, None, (), None, HEAD)),
    ("talent_loan", ("CS_USE_VOUCHERS", SUBSEQUENT, None, (), 30, NOBODY)),
    ("talent_loan", ("UT_FOUNDER", UNDERTAKING, None, (), None, HEAD)),
    ("jsb_wc", ("CP_ACCOUNT_PLEDGE", PRECEDENT, "account_pledge", (), None, BRANCH)),
    ("jsb_wc", ("CS_USE_VOUCHERS", SUBSEQUENT, None, (), 30, NOBODY)),
]


@pytest.mark.parametrize(("product", "clause"), CLAUSES)
def test_a2_a12_a_clause_of_the_products_agreement(bundle: Bundle, product: str, clause: Clause) -> None:
    """What it perfects, which assets it speaks of, by when it is met, and who may waive it: without a body nobody may."""
    name, kind, security, assets, days, waived_by = clause
    found = next(item for item in bundle.conditions(product, ON).conditions if item.id == name)
    assert (
        found.kind,
        found.security_kind,
        tuple(item.value for item in found.asset_kinds),
        found.due_days,
        found.waiver_body,
    ) == (kind, security, assets, days, waived_by)


def test_a4_a5_every_clause_is_proved_by_a_document(bundle: Bundle) -> None:
    assert bundle.proofs("jsb_fa", ON) >= {
        "registration_certificate",
        "account_agreement",
        "refund_guarantee",
        "acceptance_certificate",
        "insurance_policy",
        "lien_waiver",
    }
    assert bundle.proofs("jsb_order", ON) >= {"debtor_acknowledgement", "performance_report"}
    assert bundle.proofs("talent_loan", ON) >= {"service_agreement", "use_vouchers", "team_report"}
