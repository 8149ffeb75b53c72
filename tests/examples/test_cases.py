"""The example cases are complete, coherent and carried by the formulas: what their READMEs say comes out of the services."""

import hashlib
import json
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import yaml

from domain.application import ApplicationContent, ApplicationDocument, AssetKind
from domain.books import CustomerBody
from domain.dossier import Dossier, ValuedAsset
from domain.facility import UtilisationRequest
from domain.finding import FindingRef, Outcome
from domain.limit import Exposures, Limit
from domain.money import Money, yuan
from domain.reference import LenderBooks
from domain.requests.collateral import cohorts, valuation_request
from domain.requests.pricing import limit_request, rating_request, schedule_request
from examples.make_documents import files, rendered
from examples.make_servers import FLEETS, workbook
from policy.engine import Bundle
from services.collateral.calc.valuation import conclude
from services.kit.spreadsheet import rows_of
from services.origination.calc.completeness import FiledDocument, missing, unknown_facts
from services.origination.calc.cross_checks import CrossCheckInputs, cross_checks
from services.origination.inventory import Inventory
from services.pricing.calc.limit import limit
from services.pricing.calc.rating import rate
from services.pricing.calc.schedule import repayment_plan
from tests.pricing.vintages import CALENDAR, LPR, dated
from tests.shipped import shipped_book

EXAMPLES = Path(__file__).parents[2] / "examples"
CASES = ("nxb-xiyun", "jsb-order", "bocom-qinghai", "sdrcb-operate", "shrcb-adas")
CASE_ID = UUID("0192f0c1-2d3e-7f4a-8b5c-6d7e8f901234")
ON = date(2026, 11, 23)


def book() -> Bundle:
    return shipped_book()


def read(case: str, file: str) -> Any:
    return json.loads((EXAMPLES / case / file).read_text("utf-8"))


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


@cache
def filed(case: str) -> tuple[FiledDocument, ...]:
    directory = EXAMPLES / case / "documents"
    documents = [
        FiledDocument(kind=entry["kind"], sha256=sha256(directory / entry["file"]), as_of=entry.get("as_of"))
        for entry in read(case, "documents/index.json")
    ]
    inventory = EXAMPLES / case / "servers.xlsx"
    if inventory.exists():
        documents.append(FiledDocument(kind="server_inventory", sha256=sha256(inventory)))
    return tuple(documents)


@cache
def content(case: str) -> ApplicationContent:
    """The application as it stands when inventory and documents have been handed in."""
    draft = ApplicationContent.model_validate_json(json.dumps(read(case, "application.json")))
    inventory = EXAMPLES / case / "servers.xlsx"
    assets = draft.assets
    if inventory.exists():
        taken = Inventory(list(rows_of(inventory)))
        assert not taken.faults
        found = taken.servers
        assets = tuple(
            line.model_copy(update={"servers": found}) if line.kind is AssetKind.GPU_SERVER else line for line in assets
        )
    listed = tuple(
        ApplicationDocument(kind=item.kind, sha256=item.sha256, name=item.kind, as_of=item.as_of)
        for item in filed(case)
    )
    return draft.model_copy(update={"customer_id": CASE_ID, "assets": assets, "documents": listed})


def lender(lender_id: str) -> LenderBooks:
    vintages = yaml.safe_load((EXAMPLES / "reference-data" / "lenders.yaml").read_text("utf-8"))
    return next(LenderBooks.model_validate(item["body"]) for item in vintages if item["body"]["lender_id"] == lender_id)


@cache
def assessed(case: str) -> tuple[Dossier, Limit]:
    """The case valued, rated and limited by the same functions as the services call."""
    application = content(case)
    books = lender(application.lender_id)
    dossier = Dossier(
        case_id=CASE_ID,
        case_number="SD2026-EXAMPLE",
        branch="HO",
        policy_sha256=book().sha256,
        pinned_on=ON,
        lender_id=application.lender_id,
        content=application,
        line=application.lines[0],
        lender=books,
        exposures=Exposures(
            customer_loans=yuan(0),
            customer_exposure=yuan(0),
            group_exposure=yuan(0),
            net_capital=books.net_capital,
            tier1_capital=books.tier1_capital,
        ),
        blacklisted=False,
        fraud_flag=False,
    )
    valued = []
    for ref in cohorts(application):
        asked = valuation_request(dossier, ref.asset_key, ref.cohort, ON)
        conclusion = conclude(asked.model_copy(update={"duplicate_serial": False}), book().collateral(ON), 90)
        assert conclusion.outcome is Outcome.PASS, (ref, conclusion.reasons)
        finding = FindingRef(id=CASE_ID, kind="valuation", outcome=conclusion.outcome, sha256="0" * 64)
        valued.append(
            ValuedAsset(asset_key=ref.asset_key, cohort=ref.cohort, finding=finding, valuation=conclusion.value)
        )
    dossier = dossier.model_copy(update={"valuations": tuple(valued)})
    rating = rate(rating_request(dossier, ON), book())
    assert rating.outcome is Outcome.PASS, rating.reasons
    dossier = dossier.model_copy(update={"rating": rating.value})
    concluded = limit(limit_request(dossier, ON), book(), dated("lender.nxb", books), dated("lpr", LPR))
    assert (concluded.model.version, concluded.outcome) == ("3", Outcome.PASS), concluded.reasons
    assert concluded.value is not None
    return dossier, concluded.value


@pytest.mark.parametrize("case", CASES)
def test_an_application_lacks_nothing(case: str) -> None:
    assert missing(content(case), book(), filed(case), ON) == ()
    assert unknown_facts(content(case)) == ()


@pytest.mark.parametrize("case", CASES)
def test_the_parts_of_a_file_agree(case: str) -> None:
    inputs = CrossCheckInputs(content_sha256="0" * 64, as_of=ON, accounts_months=18)
    check = cross_checks(inputs, content(case))
    assert check.outcome() is Outcome.PASS, check.reasons


@pytest.mark.parametrize("case", CASES)
def test_customer_and_drawing_are_those_of_the_application(case: str) -> None:
    customer = CustomerBody.model_validate_json(json.dumps(read(case, "customer.json")))
    borrower = next(party for party in content(case).parties if party.role == "borrower")
    assert (customer.uscc, customer.name) == (borrower.uscc, borrower.name)
    drawing = UtilisationRequest.model_validate_json(json.dumps(read(case, "utilisation.json")))
    declared = {payee.key: payee for payee in content(case).payees}
    for payee in drawing.payees:
        assert (payee.uscc, payee.account) == (declared[payee.key].uscc, declared[payee.key].account)
        assert payee.amount <= declared[payee.key].amount
    assert drawing.amount.amount == sum(payee.amount.amount for payee in drawing.payees)
    assert set(drawing.invoices) <= {item.sha256 for item in filed(case)}


@pytest.mark.parametrize(
    ("case", "amount", "tenor"),
    [
        ("nxb-xiyun", "280000000.00", 96),
        ("jsb-order", "36000000.00", 12),
        ("bocom-qinghai", "55600000.00", 84),
        ("sdrcb-operate", "15000000.00", 24),
        ("shrcb-adas", "30000000.00", 36),
    ],
)
def test_the_limit_carries_what_is_asked(case: str, amount: str, tenor: int) -> None:
    _, granted = assessed(case)
    assert (granted.limit, granted.tenor_months, granted.binding) == (yuan(amount), tenor, "asked")


def test_the_servers_of_the_project_carry_less_than_they_cost() -> None:
    dossier, _ = assessed("nxb-xiyun")
    fleet = next(item.valuation for item in dossier.valuations if item.asset_key == "servers")
    assert (fleet.units, fleet.lending_value) == (120, yuan("128359470.00"))
    carried = sum(item.valuation.lending_value.amount * item.valuation.ltv for item in dossier.valuations)
    assert round(carried / 1_000_000, 1) == Decimal("177.7")


def test_the_servers_of_the_project_lose_value_as_its_readme_says() -> None:
    dossier, _ = assessed("nxb-xiyun")
    fleet = next(item.valuation for item in dossier.valuations if item.asset_key == "servers")
    assert fleet.path is not None
    low = [round(fleet.path.lendable[month] / 1_000_000, 1) for month in range(0, 61, 12)]
    assert low == [Decimal(figure) for figure in ("128.4", "74.0", "48.1", "29.6", "18.0", "14.2")]
    row = "| servers, million yuan | " + " | ".join(str(figure) for figure in low) + " |"
    assert row in (EXAMPLES / "nxb-xiyun" / "README.md").read_text("utf-8")


def test_without_its_guarantee_the_project_is_bound_by_collateral() -> None:
    dossier, _ = assessed("nxb-xiyun")
    alone = dossier.content.model_copy(update={"guarantees": ()})
    asked = limit_request(dossier.model_copy(update={"content": alone}), ON)
    bound = limit(asked, book(), dated("lender.nxb", lender("nxb")), dated("lpr", LPR)).value
    assert bound is not None
    assert bound.binding == "collateral"
    assert yuan("177000000.00") < bound.limit < yuan("280000000.00")


def test_the_chip_firm_is_measured_by_the_card_of_its_bank() -> None:
    dossier, granted = assessed("sdrcb-operate")
    assert dossier.rating is not None
    assert (dossier.rating.card_id, dossier.rating.card_class, dossier.rating.card_score) == (
        "card_sdrcb_v1",
        "A",
        Decimal("88.2"),
    )
    caps = {cap.name.value: cap.amount for cap in granted.caps}
    assert caps["product"] == yuan(20_000_000)
    assert caps["need"] == yuan("33754153.84")


def test_the_chip_firm_repays_in_the_months_in_which_it_earns() -> None:
    dossier, granted = assessed("sdrcb-operate")
    asked = schedule_request(dossier.model_copy(update={"limit": granted}), ON)
    plan = repayment_plan(
        asked.model_copy(update={"annual_rate": Decimal("0.035")}), book(), dated("calendar.cn", CALENDAR)
    )
    assert plan.value is not None
    assert [reason.code for reason in plan.reasons] == ["DUE_DATES_PROVISIONAL"]
    paid = {item.due.isoformat(): item.principal for item in plan.value.instalments if item.principal.amount}
    assert paid == dict.fromkeys(("2027-06-21", "2027-12-21", "2028-06-21"), yuan(5_000_000))
    (second,) = [item.drawn for item in plan.value.instalments if item.drawn]
    assert second == yuan(6_000_000)


def test_capital_paid_in_carries_the_first_drawing() -> None:
    _, granted = assessed("nxb-xiyun")
    drawing = Money.model_validate(read("nxb-xiyun", "utilisation.json")["amount"])
    assert granted.project_capital is not None
    assert granted.project_capital.drawable is not None
    assert drawing <= granted.project_capital.drawable


@pytest.mark.parametrize("fleet", FLEETS, ids=lambda fleet: fleet.case)
def test_inventories_are_written_byte_for_byte(fleet: Any) -> None:
    assert workbook(fleet) == (EXAMPLES / fleet.case / "servers.xlsx").read_bytes()


@pytest.mark.parametrize("case", CASES)
def test_documents_are_written_byte_for_byte(case: str) -> None:
    for document in files()[case]:
        assert rendered(document) == (EXAMPLES / case / "documents" / document["file"]).read_bytes()
