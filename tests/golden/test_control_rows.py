"""Who may not do what besides, by when a task is done, and which bodies are heard (商业银行法 §35, 授信工作尽职指引)."""

from datetime import date
from decimal import Decimal

import pytest

from policy.engine import Bundle

ON = date(2026, 11, 23)
FRONT = ("submission", "lead_investigation", "co_investigation")
APART: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "SOD_TWO_INVESTIGATORS": (("lead_investigation",), ("co_investigation",)),
    "SOD_APPLICANT_CO_INVESTIGATOR": (("submission",), ("co_investigation",)),
    "SOD_INVESTIGATION_RATING": (FRONT, ("rating_confirmation", "rating_override")),
    "SOD_INVESTIGATION_VALUATION": (FRONT, ("valuation_reconciliation",)),
    "SOD_INVESTIGATION_REVIEW": (FRONT, ("review", "compliance_opinion")),
    "SOD_INVESTIGATION_APPROVAL": (FRONT, ("approval", "committee_vote", "pricing_approval")),
    "SOD_REVIEW_APPROVAL": (("review",), ("approval", "committee_vote")),
    "SOD_RATING_APPROVAL": (("rating_confirmation", "rating_override"), ("approval", "committee_vote")),
    "SOD_SCREENING_INVESTIGATION": (("intake_analysis", "screening_analysis"), FRONT),
    "SOD_WITNESSES": (("signing_witness",), ("second_witness",)),
    "SOD_CONTRACT_WITNESS": (("contract_drafting",), ("signing_witness", "second_witness")),
    "SOD_PERFECTION_VERIFICATION": (("security_perfection",), ("security_verification",)),
    "SOD_APPROVAL_DISBURSEMENT": (("approval", "committee_vote", "pricing_approval"), ("disbursement_review",)),
    "SOD_FRONT_DISBURSEMENT": (FRONT, ("disbursement_review",)),
    "SOD_CONTRACT_DISBURSEMENT": (("contract_drafting",), ("disbursement_review",)),
    "SOD_INVESTIGATION_INSPECTION": (("disbursement_review",), ("first_inspection",)),
}


@pytest.mark.parametrize("rule", APART)
def test_lcb_35_duties_that_one_person_does_not_both_discharge(bundle: Bundle, rule: str) -> None:
    first, second = APART[rule]
    found = next((item for item in bundle.separation_of_duties(ON).rules if item.id == rule), None)
    assert found is not None
    assert set(found.pairs()) == {(one, other) for one in first for other in second}


def test_lcb_35_the_front_office_has_no_vote(bundle: Bundle) -> None:
    assert set(bundle.separation_of_duties(ON).front_office_duties) == set(FRONT)


DEADLINES = {
    "intake_analysis": 2,
    "screening_analysis": 2,
    "rework": 10,
    "lead_investigation": 10,
    "co_investigation": 10,
    "rating_confirmation": 3,
    "rating_override": 2,
    "valuation_reconciliation": 3,
    "review": 5,
    "compliance_opinion": 3,
    "pricing_approval": 2,
    "approval": 5,
    "committee_vote": 5,
    "offer_acceptance": 20,
    "contract_drafting": 3,
    "borrower_signing": 10,
    "signing_witness": 10,
    "second_witness": 10,
    "security_perfection": 10,
    "security_verification": 2,
    "disbursement_review": 1,
    "condition_subsequent": 10,
    "first_inspection": 10,
    "revaluation_review": 5,
    "settlement": 2,
    "margin_report_check": 3,
    "margin_reset_review": 5,
}


@pytest.mark.parametrize("task", DEADLINES)
def test_business_days_until_a_task_is_overdue(bundle: Bundle, task: str) -> None:
    found = {kind.value: days for kind, days in bundle.sla(ON).business_days.items()}
    assert found.get(task) == DEADLINES[task]


@pytest.mark.parametrize(
    ("body", "heard", "veto"),
    [
        ("branch_approver", (), None),
        ("head_office_approver", ("branch_approver",), None),
        ("credit_committee", ("branch_approver",), "head_office_approver"),
    ],
)
def test_cbl_35_who_is_heard_before_a_body_and_who_may_refuse_what_it_recommends(
    bundle: Bundle, body: str, heard: tuple[str, ...], veto: str | None
) -> None:
    found = bundle.authority(ON).body(body)
    assert (found.heard_first, found.committee.veto if found.committee else None) == (heard, veto)


def test_cbl_35_the_committee_decides_by_two_thirds_of_five(bundle: Bundle) -> None:
    committee = bundle.authority(ON).body("credit_committee").committee
    assert committee is not None
    assert (committee.size, committee.quorum, committee.majority) == (5, 3, Decimal("0.66666667"))
