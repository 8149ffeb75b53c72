"""The products with a card of their own: what their application must say, what it is rated on, and what is never told."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from domain.application import (
    ApplicationContent,
    AssistedDriving,
    CertificateLevel,
    ChainPosition,
    ComponentQualification,
    Degree,
    Founder,
    FunctionalSafety,
    Maturity,
    Offering,
    ProductionStage,
    QualitySystem,
    TechnologyBarrier,
)
from domain.canonical import canonical
from domain.facts import FactState
from domain.finding import Outcome
from domain.rating import RatingRequest
from domain.requests.card_facts import card_facts, single_card_facts
from domain.requests.evaluation_facts import EVALUATION_FIELDS
from domain.requests.pricing import rating_request
from policy.engine import ProductStatus, check_rules
from services.kit.keyring import Keyring
from services.kit.sealing import seal, unseal
from services.origination.calc.case_facts import application_facts
from services.origination.calc.completeness import missing
from services.pricing.calc.rating import rate
from tests.examples.test_cases import ON, assessed, book, content, filed, read

ADAS = {
    "position": {"value": "chip"},
    "component_qualification": {"value": "qualified"},
    "functional_safety": {"value": "asil_b"},
    "quality_system": {"value": "certified"},
    "data_compliance": {"value": True},
    "design_wins": {"value": 4},
    "production_stage": {"value": "series"},
    "open_safety_recall": {"value": False},
}
FOUNDER = {
    "name": "示例人才壬",
    "certificate_number": "FS-RC-2024-0077",
    "certificate": {"value": "provincial"},
    "linked_to_borrower": {"value": True},
    "dishonest_debtor": {"value": False},
    "degree": {"value": "doctor"},
    "domain_years": {"value": "11.5"},
    "products_led": {"value": 2},
    "equity_share": {"value": "0.46"},
    "full_time": {"value": True},
    "lock_in_months": {"value": 36},
}


def asked(product: str, lender: str, **sections: Any) -> ApplicationContent:
    """The application of the chip firm, for another product with a card of its own."""
    said = read("sdrcb-operate", "application.json")
    line = said["lines"][0] | {
        "product": product,
        "purpose": "compute_rental",
        "repayment": {"method": "equal_principal"},
    }
    if product == "talent_loan":
        line |= {"amount": {"amount": "9000000.00", "currency": "CNY"}}
    return ApplicationContent.model_validate_json(
        json.dumps(said | {"lender_id": lender, "lines": [line], "customer_id": None} | sections)
    )


def lacking(application: ApplicationContent) -> set[tuple[str, str]]:
    """What the application lacks in the sections of the cards."""
    places = ("/offering", "/assisted_driving", "/founder", "/purchase", "/technology", "/borrower", "/accounts")
    return {
        (item.pointer, item.code)
        for item in missing(application, book(), filed("sdrcb-operate"), ON)
        if item.pointer.startswith(places)
    }


@pytest.mark.parametrize(("product", "version"), [("sdrcb_operate", "3"), ("shrcb_adas", "3"), ("talent_loan", "2")])
def test_the_products_are_live_from_november_2026_with_all_they_need(product: str, version: str) -> None:
    policy = book()
    found = policy.product(product, ON)
    assert (found.status, found.version) == (ProductStatus.LIVE, version)
    assert any("House choice" in text for text in found.source)
    assert {"business_licence", "bureau_consent"} <= {item.kind for item in policy.checklist(product, "intake", ON)}
    conditions = policy.conditions(product, ON)
    assert conditions.precedent
    assert conditions.subsequent


@pytest.mark.parametrize(
    ("fact", "values"),
    [
        ("offering.technology_barrier", TechnologyBarrier),
        ("offering.maturity", Maturity),
        ("adas.position", ChainPosition),
        ("adas.component_qualification", ComponentQualification),
        ("adas.functional_safety", FunctionalSafety),
        ("adas.quality_system", QualitySystem),
        ("adas.production_stage", ProductionStage),
        ("founder.certificate", CertificateLevel),
        ("founder.degree", Degree),
    ],
)
def test_declared_values_are_those_of_the_application(fact: str, values: Any) -> None:
    assert set(book().vocabulary(ON)[fact].values) == {item.value for item in values}


def test_every_fact_of_the_three_sections_has_its_field() -> None:
    declared = {name for name in book().vocabulary(ON) if name.startswith(("offering.", "adas.", "founder."))}
    assert declared <= set(EVALUATION_FIELDS)
    models = {"offering": Offering, "assisted_driving": AssistedDriving, "founder": Founder}
    for section, model in models.items():
        fields = {field for place, field in EVALUATION_FIELDS.values() if place == section}
        assert fields == set(model.model_fields) - {"name", "certificate_number"}


# --- completeness -----------------------------------------------------------------------------------------------------


def test_what_the_shunde_card_asks_for_is_missed_field_by_field() -> None:
    bare = content("sdrcb-operate").model_copy(update={"offering": None})
    bare = bare.model_copy(
        update={
            "technology": bare.technology.model_copy(update={"research_equipment": None}),
            "accounts": tuple(item.model_copy(update={"revenue_growth_3y": None}) for item in bare.accounts),
        }
    )
    assert lacking(bare) == {
        ("/offering/technology_barrier", "statement_required"),
        ("/offering/maturity", "statement_required"),
        ("/offering/market_share", "statement_required"),
        ("/offering/paying_customers", "statement_required"),
        ("/technology/research_equipment", "statement_required"),
        ("/accounts/0/revenue_growth_3y", "statement_required"),
    }


def test_the_place_in_the_chain_needs_a_value_and_the_rest_a_statement() -> None:
    unstated = asked("shrcb_adas", "shrcb", assisted_driving={"position": {"state": "unknown"}})
    assert lacking(unstated) == {
        ("/assisted_driving/position", "value_required"),
        *((f"/assisted_driving/{name}", "statement_required") for name in ADAS if name != "position"),
    }
    absent = {name: {"state": "unknown"} for name in ADAS} | {"position": {"value": "chip"}}
    assert lacking(asked("shrcb_adas", "shrcb", assisted_driving=absent)) == set()


def test_a_prepayment_says_whether_its_supplier_was_verified() -> None:
    application = asked("shrcb_adas", "shrcb", assisted_driving=ADAS)
    (line,) = application.lines
    prepaying = application.model_copy(update={"lines": (line.model_copy(update={"purpose": "capacity_prepay"}),)})
    assert lacking(prepaying) == {("/purchase/supplier_verified", "statement_required")}
    assert lacking(application) == set()
    nobody = asked("shrcb_adas", "shrcb", assisted_driving=ADAS, purchase={"supplier_key": "nobody"})
    assert ("/purchase/supplier_key", "unknown_key") in lacking(nobody)


def test_a_talent_loan_needs_its_founder() -> None:
    gaps = lacking(asked("talent_loan", "east_china_bank"))
    assert ("/founder/certificate", "value_required") in gaps
    assert ("/founder/linked_to_borrower", "value_required") in gaps
    assert {pointer for pointer, _ in gaps} == {
        f"/founder/{name}" for name in set(FOUNDER) - {"name", "certificate_number"}
    }
    assert lacking(asked("talent_loan", "east_china_bank", founder=FOUNDER)) == set()


# --- the rating -------------------------------------------------------------------------------------------------------


def request_of(application: ApplicationContent) -> RatingRequest:
    dossier, _ = assessed("sdrcb-operate")
    changed = dossier.model_copy(
        update={
            "content": application,
            "line": application.lines[0],
            "lender_id": application.lender_id,
            "rating": None,
        }
    )
    return rating_request(changed, ON)


@pytest.mark.parametrize(
    ("product", "lender", "sections", "card", "score"),
    [
        ("shrcb_adas", "shrcb", {"assisted_driving": ADAS}, "card_shrcb_adas_v1", "86.73913043"),
        ("talent_loan", "east_china_bank", {"founder": FOUNDER}, "card_founder_v1", "93.61702128"),
    ],
)
def test_what_an_application_says_is_what_its_card_measures(
    product: str, lender: str, sections: dict[str, Any], card: str, score: str
) -> None:
    """By hand: 24 of 26 + 27.6 of 30 + 15.2 of 20 + 7 of 10 + 6 of 6 points that speak of a chip maker that burns no cash;
    32 of 35 + 25 of 25 + 20 of 20 + 11 of 14 for the founder."""
    found = rate(request_of(asked(product, lender, **sections)), book())
    assert found.outcome is Outcome.PASS, found.reasons
    assert found.value is not None
    assert (found.value.card_id, found.value.card_class, str(found.value.card_score)) == (card, "A", score)


def test_an_unknown_figure_of_the_card_refers_by_name() -> None:
    unknown = ADAS | {"functional_safety": {"state": "undisclosed"}}
    found = rate(request_of(asked("shrcb_adas", "shrcb", assisted_driving=unknown)), book())
    assert (found.outcome, found.value) == (Outcome.REFER, None)
    assert [reason.subject for reason in found.reasons] == ["adas.functional_safety"]


def test_margins_come_from_the_accounts() -> None:
    facts = single_card_facts(content("sdrcb-operate"))
    assert facts["finance.gross_margin"] == Decimal("0.35")
    assert facts["finance.operating_cash_margin"] == Decimal("0.065")
    assert facts["research.equipment_value"] == Decimal(6_800_000)


def test_who_says_nothing_of_these_sections_is_asked_nothing_new() -> None:
    dossier, _ = assessed("jsb-order")
    assert single_card_facts(dossier.content) == {}
    names = set(card_facts(dossier, ON).facts)
    assert not {name for name in names if name.startswith(("adas.", "founder.", "offering.", "growth."))}
    assert "research.equipment_value" not in names


def test_an_application_from_before_the_sections_keeps_its_bytes() -> None:
    said = json.loads(canonical(content("nxb-xiyun")))
    assert not {"offering", "assisted_driving", "founder", "purchase"} & set(said)
    assert "equity_raised" not in said["borrower"]
    assert "research_equipment" not in said["technology"]
    assert "revenue_growth_3y" not in said["accounts"][0]


def test_a_talent_loan_is_closed_to_whom_the_certificate_does_not_name() -> None:
    product = book().product("talent_loan", ON)
    for change, code in (
        ({"certificate": {"value": "none"}}, "FOUNDER_CERTIFICATE_MISSING"),
        ({"linked_to_borrower": {"value": False}}, "FOUNDER_NOT_LINKED"),
    ):
        application = asked("talent_loan", "east_china_bank", founder=FOUNDER | change)
        facts = application_facts(application, application.lines[0], product)
        verdict = check_rules(product.admission, facts, "admission")
        assert [breach.reason.code for breach in verdict.breaches] == [code]


def test_a_prepayment_to_a_supplier_nobody_verified_is_referred() -> None:
    product = book().product("shrcb_adas", ON)
    application = asked(
        "shrcb_adas",
        "shrcb",
        assisted_driving=ADAS,
        purchase={"supplier_key": "foundry", "supplier_verified": {"value": False}},
    )
    line = application.lines[0].model_copy(update={"purpose": "capacity_prepay"})
    rules = product.admission_of("capacity_prepay")
    verdict = check_rules(rules, application_facts(application, line, product), "admission")
    assert [breach.reason.code for breach in verdict.breaches] == ["SUPPLIER_NOT_VERIFIED"]


# --- the founder is a person ------------------------------------------------------------------------------------------


def test_of_the_founder_only_levels_and_figures_leave_the_file() -> None:
    request = request_of(asked("talent_loan", "east_china_bank", founder=FOUNDER)).model_dump_json()
    assert FOUNDER["name"] not in request
    assert FOUNDER["certificate_number"] not in request
    assert '"founder.degree"' in request


def test_all_of_the_founder_is_sealed_in_an_event(tmp_path: Path) -> None:
    keyring = Keyring.create(tmp_path / "keys")
    application = asked("talent_loan", "east_china_bank", founder=FOUNDER)
    data = application.model_dump(mode="json")
    sealed = seal(ApplicationContent, data, keyring)
    assert str(sealed["founder"]).startswith("sealed:")
    for told in (FOUNDER["name"], FOUNDER["certificate_number"], "provincial", "doctor"):
        assert str(told) not in json.dumps(sealed, ensure_ascii=False)
    assert ApplicationContent.model_validate(unseal(sealed, keyring)) == application


def test_absence_is_told_as_what_it_is() -> None:
    said = FOUNDER | {"degree": {"state": "undisclosed"}, "lock_in_months": {"state": "not_applicable"}}
    facts = single_card_facts(asked("talent_loan", "east_china_bank", founder=said))
    assert facts["founder.degree"] is FactState.UNDISCLOSED
    assert facts["founder.lock_in_months"] is FactState.NOT_APPLICABLE
