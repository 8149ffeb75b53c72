"""The first book: complete, in the words of the domain, and fit for the cases it is for."""

from datetime import date
from pathlib import Path
from typing import get_args

import pytest

from domain.application import (
    AssetKind,
    BuilderType,
    CompanySize,
    ContractKind,
    LifeStage,
    Provenance,
    RelatedTo,
    SourceKind,
)
from domain.facility import PaymentMode
from domain.reference import LenderBooks
from domain.roles import Role
from domain.stages import Stage
from domain.tasks import TaskType
from policy.engine import (
    Bundle,
    LenderLicence,
    Moment,
    ProductStatus,
    check_book,
    load_book,
    required_authority,
)
from policy.engine.scorecard import score

BOOK = Path(__file__).parents[2] / "policy" / "book"
ON = date(2026, 1, 5)


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return load_book(BOOK)


def test_every_file_of_the_book_loads_without_a_fault() -> None:
    report = check_book(BOOK)
    assert [str(fault) for fault in report.faults] == []
    assert report.bundle is not None
    assert len(report.bundle.files()) == len(list(BOOK.rglob("*.yaml")))


@pytest.mark.parametrize(
    ("fact", "values"),
    [
        ("borrower.size", CompanySize),
        ("borrower.life_stage", LifeStage),
        ("borrower.builder_type", BuilderType),
        ("borrower.related_to_lender", RelatedTo),
        ("contract.kind", ContractKind),
        ("source.kind", SourceKind),
        ("asset.kind", AssetKind),
        ("asset.provenance", Provenance),
        ("payment.mode", PaymentMode),
    ],
)
def test_declared_values_are_those_of_the_application(bundle: Bundle, fact: str, values: type) -> None:
    """A value the vocabulary lacks would refer every case that has it."""
    assert set(bundle.vocabulary(ON)[fact].values) == {item.value for item in values}  # type: ignore[attr-defined]


def test_licences_are_those_of_the_lenders_books() -> None:
    assert len(get_args(LenderLicence)) == 4
    assert set(get_args(LenderLicence)) == set(get_args(LenderBooks.model_fields["licence"].annotation))


def test_every_task_has_a_deadline(bundle: Bundle) -> None:
    assert set(bundle.sla(ON).business_days) == set(TaskType)


@pytest.mark.parametrize("name", ["nxb_project_loan", "jsb_fa", "jsb_wc", "jsb_order", "bocom_qh_green_fa"])
def test_every_product_can_be_taken_from_intake_to_drawing(bundle: Bundle, name: str) -> None:
    product = bundle.product(name, ON)
    assert product.status is ProductStatus.LIVE
    assert product.round_down_to.amount == 10_000
    card = bundle.scorecard(product.scorecard, ON)
    assert bundle.rating_scale(card.rating_scale, ON).grades
    assert [item for item in bundle.checklist(name, Stage.INTAKE, ON) if item.required]
    conditions = bundle.conditions(name, ON)
    assert conditions.precedent
    assert conditions.subsequent
    assert {item.id for item in product.admission} >= {"SEGMENT_NOT_ELIGIBLE"}


def test_conditions_after_delivery_carry_their_statutory_days(bundle: Bundle) -> None:
    terms = {item.id: item for item in bundle.conditions("nxb_project_loan", ON).subsequent}
    assert set(terms) == {"CS_REGISTRATION", "CS_ACCEPTANCE", "CS_INSURANCE", "CS_LIEN_WAIVER"}
    registration = terms["CS_REGISTRATION"]
    assert (registration.counts_from, registration.due_days) == ("delivery", 10)
    assert registration.waiver_body is None
    assert bundle.collateral(ON).registration_days_from_delivery == 10


def test_every_moment_has_rules_for_every_kind_of_bank(bundle: Bundle) -> None:
    for licence in ("bank", "city_bank", "rural_bank"):
        for moment in Moment:
            assert bundle.regulations(moment, licence, ON), (licence, moment)
    lessor = {rule.id for rule in bundle.regulations("approval", "finance_lease", ON)}
    assert {"FL_SINGLE_30", "FL_GROUP_50"} <= lessor
    assert not {"LEX_SINGLE_10", "LEX_SINGLE_15", "LEX_GROUP_20", "FA_TENOR"} & lessor


def test_the_front_office_is_kept_from_every_decision(bundle: Bundle) -> None:
    policy = bundle.separation_of_duties(ON)
    apart = {frozenset(pair) for rule in policy.rules for pair in rule.pairs()}
    for front in policy.front_office_duties:
        for deciding in (
            "approval",
            "committee_vote",
            "pricing_approval",
            "review",
            "rating_confirmation",
            "disbursement_review",
        ):
            assert frozenset({front, deciding}) in apart
    assert frozenset({"review", "approval"}) in apart
    assert frozenset({"lead_investigation", "co_investigation"}) in apart
    assert frozenset({"approval", "disbursement_review"}) in apart
    assert frozenset({"security_perfection", "security_verification"}) in apart


def test_the_relationship_manager_may_lead_the_investigation_and_witness_the_signing(bundle: Bundle) -> None:
    apart = {frozenset(pair) for rule in bundle.separation_of_duties(ON).rules for pair in rule.pairs()}
    assert frozenset({"submission", "lead_investigation"}) not in apart
    assert frozenset({"submission", "signing_witness"}) not in apart


def test_bodies_hold_roles_that_decide_and_waivers_name_bodies(bundle: Bundle) -> None:
    matrix = bundle.authority(ON)
    assert [(body.id, body.role) for body in matrix.bodies] == [
        ("branch_approver", Role.APPROVER),
        ("head_office_approver", Role.APPROVER),
        ("credit_committee", Role.COMMITTEE_MEMBER),
    ]
    assert matrix.pricing_body.role is Role.PRICING_APPROVER
    assert required_authority(matrix, {}).body is None


def test_an_empty_sheet_of_facts_earns_no_class(bundle: Bundle) -> None:
    result = score(bundle.scorecard("card_jsb_v1", ON), {})
    assert result.card_class is None
    assert result.lowest_points == 0
    asked = {item.fact for item in result.referred}
    assert {"tech.installed_pflops", "finance.runway_months", "borrower.blacklisted", "asset.provenance"} <= asked
