"""The checks as pure functions: what is missing, what does not fit together, who must decide."""

from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import pytest

from domain.application import ApplicationContent
from domain.books import CreditLineKind, CustomerFile
from domain.calendar import BusinessCalendar
from domain.facts import Known
from domain.finding import Outcome
from domain.limit import Exposures
from domain.money import Money, yuan
from domain.reference import LenderBooks
from policy.engine import Bundle, load_book
from services.origination.calc.authority import AuthorityInputs, authority
from services.origination.calc.case_facts import Screens, foreign_accelerators
from services.origination.calc.completeness import FiledDocument, missing, unknown_facts
from services.origination.calc.consents import permits
from services.origination.calc.cross_checks import CrossCheckInputs, cross_checks
from services.origination.calc.exposures import Position, loan_balance, total_exposure
from services.origination.calc.intake import CustomerStanding, IntakeInputs, intake
from services.origination.calc.opening import condition_terms, rulebook
from services.origination.calc.regulation import RegulationInputs, regulation
from services.origination.calc.room import concentration_breaches
from services.origination.calc.screening import ScreeningInputs, screening
from tests.origination.sample import BORROWER, CUSTOMER_FILE, DOCUMENTS, HEADINGS, TODAY, content, servers
from tests.origination.seed import BOOK

CONSENT = "c" * 64
HASH = "f" * 64
LENDER = LenderBooks(
    lender_id="nxb",
    name="样例银行",
    licence="city_bank",
    region="640000",
    capital_method="standardised",
    net_capital=yuan("2800000000.00"),
    tier1_capital=yuan("2400000000.00"),
    tax_rate="0.25",
)


@cache
def policy() -> Bundle:
    return load_book(BOOK)


def exposures(loans: str = "0.00", group: str = "0.00") -> Exposures:
    return Exposures(
        customer_loans=yuan(loans),
        customer_exposure=yuan(loans),
        group_exposure=yuan(group),
        net_capital=LENDER.net_capital,
        tier1_capital=LENDER.tier1_capital,
    )


def application(**changed: Any) -> ApplicationContent:
    body = content("0199aaaa-0000-7000-8000-000000000000", CONSENT)
    rows = [dict(zip(HEADINGS, row, strict=True)) for row in servers(16)]
    body["assets"][0]["servers"] = [{**row, "price_ex_vat": {"amount": row["price_ex_vat"]}} for row in rows]
    body["documents"] = [
        {"sha256": item.sha256, "kind": item.kind, "name": item.kind, "as_of": TODAY.isoformat()} for item in FILED
    ]
    body.update(changed)
    return ApplicationContent.model_validate(body)


FILED = (
    *(
        FiledDocument(kind=kind, sha256=CONSENT if kind == "bureau_consent" else f"{index:064x}", as_of=TODAY)
        for index, kind in enumerate(DOCUMENTS, start=1)
    ),
    FiledDocument(kind="server_inventory", sha256="e" * 64, as_of=TODAY),
)


def found(body: ApplicationContent, filed: tuple[FiledDocument, ...] = FILED) -> set[tuple[str, str]]:
    return {(item.pointer, item.code) for item in missing(body, policy(), filed, TODAY)}


def plain(body: ApplicationContent) -> dict[str, Any]:
    return body.model_dump(mode="json")


# --- completeness -----------------------------------------------------------------------------------------------------


def test_the_whole_application_lacks_nothing() -> None:
    assert found(application()) == set()


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"lines": []}, ("/lines", "one_line")),
        ({"customer_id": None}, ("/customer_id", "value_required")),
        ({"accounts": []}, ("/accounts", "accounts_required")),
        ({"project": None}, ("/project", "section_required")),
        ({"uses": []}, ("/uses", "section_required")),
        ({"payees": []}, ("/payees", "section_required")),
        ({"economics": []}, ("/economics", "section_required")),
        ({"security": [{"method": "mortgage", "amount": {"amount": "1.00"}}]}, ("/security", "security_sum")),
        (
            {"security": [{"method": "guarantee", "amount": {"amount": "40000000.00"}}]},
            ("/guarantees", "guarantee_short"),
        ),
        ({"lender_id": "jsb"}, ("/lender_id", "not_the_lenders_product")),
    ],
)
def test_what_is_missing_is_named(changed: dict[str, Any], expected: tuple[str, str]) -> None:
    assert expected in found(application(**changed))


def test_an_economics_line_that_is_not_given_refuses_and_nought_does_not() -> None:
    body = plain(application())
    body["economics"][0]["sla_per_server_month"] = None
    assert found(ApplicationContent.model_validate(body)) == {("/economics/0/sla_per_server_month", "value_required")}
    body["economics"][0]["sla_per_server_month"] = {"value": {"amount": "0.00"}}
    assert found(ApplicationContent.model_validate(body)) == set()


def test_a_document_that_is_listed_but_not_filed_is_missing() -> None:
    without = tuple(item for item in FILED if item.kind != "project_filing")
    codes = {code for _, code in found(application(), without)}
    assert codes == {"document_required:project_filing", "document_not_uploaded"}


def test_a_document_beyond_its_shelf_life_is_stale() -> None:
    old = tuple(
        item.model_copy(update={"as_of": TODAY - timedelta(days=551)}) if item.kind == "financial_statements" else item
        for item in FILED
    )
    assert found(application(), old) == {("/documents", "document_stale:financial_statements")}


def test_a_guarantor_needs_its_own_consent() -> None:
    body = plain(application())
    body["parties"].append({"key": "g", "role": "guarantor", "name": "保证人", "uscc": body["parties"][1]["uscc"]})
    assert ("/parties/3", "consent_required") in found(ApplicationContent.model_validate(body))


def test_what_is_declared_unknown_is_listed_and_stops_nothing() -> None:
    body = plain(application())
    body["technology"]["utilisation"] = {"state": "unknown"}
    body["project"]["pue"] = {"state": "undisclosed"}
    body["borrower"]["listed_code"] = {"state": "not_applicable"}
    changed = ApplicationContent.model_validate(body)
    assert found(changed) == set()
    assert set(unknown_facts(changed)) == {"/technology/utilisation", "/project/pue"}


# --- intake and consents ----------------------------------------------------------------------------------------------


def intake_of(body: ApplicationContent, filed: tuple[FiledDocument, ...] = FILED, **file: Any) -> Any:
    inputs = IntakeInputs(
        content_sha256=HASH,
        policy_sha256=policy().sha256,
        pinned_on=TODAY,
        as_of=TODAY,
        customer=CustomerStanding.of(BORROWER, CustomerFile.model_validate({**CUSTOMER_FILE, **file})),
        filed=filed,
    )
    return intake(inputs, body, policy())


def test_without_a_stored_consent_there_is_no_permit_and_intake_fails() -> None:
    body = application()
    without = tuple(item for item in FILED if item.sha256 != CONSENT)
    assert permits(body, frozenset(item.sha256 for item in without), TODAY) == ()
    check = intake_of(body, without)
    assert check.outcome() is Outcome.FAIL
    assert "CONSENT_MISSING" in {reason.code for reason in check.reasons}
    assert permits(body, frozenset({CONSENT}), TODAY - timedelta(days=4)) == ()


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ({"identified_on": None}, "CUSTOMER_NOT_IDENTIFIED"),
        ({"review_due": "2020-01-01"}, "CUSTOMER_REVIEW_DUE"),
        ({"owners": None}, "BENEFICIAL_OWNER_UNKNOWN"),
        ({"risk_class": "high"}, "MONEY_LAUNDERING_RISK"),
    ],
)
def test_due_diligence_on_the_customer_is_looked_at(file: dict[str, Any], code: str) -> None:
    assert intake_of(application()).outcome() is Outcome.PASS
    check = intake_of(application(), **file)
    assert check.outcome() is Outcome.REFER
    assert code in {reason.code for reason in check.reasons}


# --- screening --------------------------------------------------------------------------------------------------------


def screened(body: ApplicationContent, **screens: bool | None) -> Any:
    inputs = ScreeningInputs(
        content_sha256=HASH,
        policy_sha256=policy().sha256,
        current_policy_sha256=policy().sha256,
        pinned_on=TODAY,
        as_of=TODAY,
        lender=LENDER,
        exposures=exposures(),
        screens=Screens.model_validate({"blacklisted": False, "duplicate_serial": False, **screens}),
    )
    return screening(inputs, body, policy(), policy())


def test_screening_passes_an_ordinary_case() -> None:
    assert screened(application()).outcome() is Outcome.PASS


def test_the_blacklist_and_a_pledged_server_knock_out() -> None:
    for screens, code in (({"blacklisted": True}, "BLACKLIST"), ({"duplicate_serial": True}, "DUPLICATE_SERIAL")):
        check = screened(application(), **screens)
        assert check.outcome() is Outcome.FAIL
        assert code in {reason.code for reason in check.reasons}


def test_what_was_not_looked_up_is_no_clean_result() -> None:
    check = screened(application(), blacklisted=None)
    assert check.outcome() is Outcome.REFER
    assert {reason.subject for reason in check.reasons} == {"borrower.blacklisted"}


@pytest.mark.parametrize(
    ("section", "name", "value", "outcome", "code"),
    [
        ("borrower", "chain_segment", {"value": "real_estate"}, Outcome.FAIL, "SEGMENT_NOT_ELIGIBLE"),
        ("borrower", "related_to_lender", {"value": "shareholder"}, Outcome.REFER, "RELATED_PARTY"),
        ("borrower", "government_platform", {"value": True}, Outcome.REFER, "PLATFORM"),
        ("borrower", "government_platform", {"state": "unknown"}, Outcome.REFER, "FACT_ABSENT"),
        ("project", "filing_number", {"state": "unknown"}, Outcome.REFER, "FACT_ABSENT"),
    ],
)
def test_screening_follows_the_facts(section: str, name: str, value: Any, outcome: Outcome, code: str) -> None:
    body = plain(application())
    body[section][name] = value
    check = screened(ApplicationContent.model_validate(body))
    assert check.outcome() is outcome
    assert code in {reason.code for reason in check.reasons}


def test_an_old_loan_under_a_new_label_is_suspected() -> None:
    body = plain(application())
    body["lines"][0]["replaces_facility_id"] = "0199aaaa-0000-7000-8000-000000000001"
    assert "RELABEL_SUSPECT" not in {
        reason.code for reason in screened(ApplicationContent.model_validate(body)).reasons
    }
    for asset in body["assets"]:
        asset["existing"] = True
    suspects = screened(ApplicationContent.model_validate(body))
    assert "RELABEL_SUSPECT" in {reason.code for reason in suspects.reasons}


# --- cross-checks -----------------------------------------------------------------------------------------------------


def crossed(body: ApplicationContent) -> Any:
    return cross_checks(CrossCheckInputs(content_sha256=HASH, as_of=TODAY, accounts_months=18), body)


def test_a_file_that_agrees_with_itself_passes() -> None:
    check = crossed(application())
    assert (check.outcome(), check.reasons) == (Outcome.PASS, [])


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        (("uses", 2, "amount", "amount"), "40000000.00", "INVENTORY_VALUE_GAP"),
        (("sources", 1, "amount", "amount"), "30000000.00", "LOAN_NOT_AMONG_SOURCES"),
        (("payees", 0, "related"), True, "PAYEE_RELATED"),
        (("payees", 0, "uscc"), BORROWER, "PAYEE_NOT_SUPPLIER"),
        (("payees", 0, "amount", "amount"), "50000000.00", "PAYEES_EXCEED_LOAN"),
        (("assets", 0, "servers", 3, "provenance"), "grey", "PROVENANCE_SUSPECT"),
        (("assets", 0, "servers", 3, "provenance"), "licensed", "CUSTOMS_DOCUMENT_MISSING"),
        (("contracts", 0, "buyer_uscc"), BORROWER, "SELF_CONTRACT"),
        (("contracts", 0, "retention", "value", "amount"), "130000000.00", "CONTRACT_SUMS"),
        (("accounts", 0, "period_end"), "2020-12-31", "ACCOUNTS_STALE"),
        (("accounts", 0, "equity", "value", "amount"), "900000000.00", "EQUITY_ABOVE_ASSETS"),
        (("technology", "research_staff", "value"), 900, "RESEARCH_STAFF_ABOVE_STAFF"),
    ],
)
def test_what_does_not_fit_together_is_found(path: tuple[Any, ...], value: Any, code: str) -> None:
    body = plain(application())
    place = body
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    check = crossed(ApplicationContent.model_validate(body))
    assert code in {reason.code for reason in check.reasons}
    assert check.outcome() in (Outcome.REFER, Outcome.FAIL)


# --- regulation and authority -----------------------------------------------------------------------------------------


def regulated(loans: str) -> Any:
    inputs = RegulationInputs(
        content_sha256=HASH,
        policy_sha256=policy().sha256,
        current_policy_sha256=policy().sha256,
        pinned_on=TODAY,
        as_of=TODAY,
        lender=LENDER,
        exposures=exposures(loans, loans),
        screens=Screens(blacklisted=False, duplicate_serial=False),
        rating=None,
        limit=None,
        valuations=(),
    )
    return regulation(inputs, application(), policy(), policy())


def test_ten_percent_of_net_capital_binds_a_bank() -> None:
    # Net capital 2.8 bn: 240m outstanding and 40m asked are 280m, exactly the tenth; one fen more is not.
    assert "LEX_SINGLE_10" not in {reason.code for reason in regulated("240000000.00").reasons}
    check = regulated("240000000.01")
    assert check.outcome() is Outcome.FAIL
    assert "LEX_SINGLE_10" in {reason.code for reason in check.reasons}


def test_foreign_accelerators_are_told_by_the_list_of_domestic_ones() -> None:
    domestic = frozenset({"ASCEND_910B"})
    file = application()
    assert any(asset.servers for asset in file.assets)
    assert foreign_accelerators(file, domestic) is True
    assert foreign_accelerators(file, frozenset({"h20"})) is False
    # Not looked up, or nothing to look at, is not a clean result.
    assert foreign_accelerators(file, None) is None
    assert foreign_accelerators(file.model_copy(update={"assets": ()}), domestic) is None


def test_a_large_exposure_without_a_grade_goes_to_the_highest_body() -> None:
    inputs = AuthorityInputs(
        content_sha256=HASH,
        policy_sha256=policy().sha256,
        current_policy_sha256=policy().sha256,
        pinned_on=TODAY,
        as_of=TODAY,
        lender=LENDER,
        exposures=exposures(group="300000000.00"),
        screens=Screens(blacklisted=False, duplicate_serial=False),
        rating=None,
        limit=None,
        valuations=(),
        exceptions=0,
    )
    proof = authority(inputs, application(), policy())
    assert [body.id for body in proof.chain] == ["branch_approver", "credit_committee", "head_office_approver"]
    assert proof.amount == yuan("340000000.00")
    assert not proof.value.decided
    assert proof.check.outcome() is Outcome.REFER
    related = plain(application())
    related["borrower"]["related_to_lender"] = {"value": "insider"}
    decided = authority(inputs, ApplicationContent.model_validate(related), policy())
    assert (decided.value.rule, decided.value.decided) == ("RELATED_PARTY", True)


# --- exposures and opening --------------------------------------------------------------------------------------------


def position(kind: str, amount: str, outstanding: str, factor: str) -> Position:
    return Position.of_line(
        CreditLineKind(kind),
        customer="c",
        amount=yuan(amount),
        outstanding=yuan(outstanding),
        undrawn_factor=Decimal(factor),
        effective_from=date(2025, 1, 1),
        effective_to=date(2026, 12, 31),
    )


def test_undrawn_commitments_are_converted_and_rounded_up() -> None:
    books = [
        position("loan", "100.01", "60.00", "0.4"),
        position("guarantee", "10.00", "0.00", "1"),
        position("umbrella", "500.00", "0.00", "1"),
    ]
    assert loan_balance(books) == Money(amount="60.00")
    # 60 + 0.4 × 40.01 = 16.004, up to 16.01; the guarantee counts at notional, the ceiling not at all.
    assert total_exposure(books, date(2026, 1, 1)) == yuan("86.01")
    assert total_exposure(books, date(2027, 1, 1)) == yuan("60.00")


def test_conditions_speak_of_the_assets_there_are() -> None:
    terms = {term.code: term for term in condition_terms(policy(), "nxb_project_loan", TODAY, application())}
    assert terms["CS_REGISTRATION"].due_days == 10
    body = plain(application())
    body["assets"] = [asset for asset in body["assets"] if asset["kind"] == "power_cooling"]
    without = condition_terms(policy(), "nxb_project_loan", TODAY, ApplicationContent.model_validate(body))
    assert "CS_REGISTRATION" not in {term.code for term in without}
    assert "CS_INSURANCE" in {term.code for term in without}


def test_the_rulebook_holds_pairs_of_duties_and_deadlines() -> None:
    calendar = BusinessCalendar(
        id="calendar.cn",
        vintage="2026",
        source="x",
        holidays=(),
        working_weekends=(),
        published_from=date(2026, 1, 1),
        published_through=date(2026, 12, 31),
    )
    rules = rulebook(policy(), TODAY, calendar)
    conflict = rules.conflict("approval", frozenset({"lead_investigation"}))
    assert conflict is not None
    assert conflict.rule_id == "SOD_INVESTIGATION_APPROVAL"
    assert rules.conflict("lead_investigation", frozenset({"submission"})) is None
    assert rules.sla_business_days["review"] == 5
    assert (rules.committee_size, rules.committee_quorum) == (5, 3)


def test_room_is_measured_by_the_same_lines_as_at_assessment() -> None:
    """240m of loans and 40m more are exactly the tenth of 2.8bn; a financial institution has a line of its own."""

    def breached(loans: str, **borrower: Any) -> set[str]:
        file = application()
        file = file.model_copy(update={"borrower": file.borrower.model_copy(update=borrower)})
        stake = exposures(loans, loans)
        found = concentration_breaches(yuan(40_000_000), stake, LENDER, file, policy(), policy(), TODAY, TODAY)
        return {reason.code for reason in found}

    assert breached("240000000.00") == set()
    assert breached("240000000.01") == {"LEX_SINGLE_10"}
    assert breached("440000000.01") == {"LEX_SINGLE_10", "LEX_SINGLE_15", "LEX_GROUP_20"}
    assert breached("440000000.01", industry=Known(value="J6620")) == set()
    assert breached("560000000.01", industry=Known(value="J6620")) == {"LEX_BANK_25"}
