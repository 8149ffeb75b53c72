"""The simulated outside sources: the same answer on every day, and none where they can know none."""

import ast
import json
from datetime import date
from pathlib import Path

import pytest

from domain.application import ApplicationContent, Invoice
from domain.integrity import BureauReport, RegistryExtract
from domain.money import ZERO, yuan
from services.origination.calc.consents import permits
from services.origination.calc.integrity.counterparts import named
from services.origination.outside.adapter import SourceSilent
from services.origination.outside.simulator import Told, simulated
from services.origination.settings import OriginationSettings

ROOT = Path(__file__).parents[3]


def content(path: Path) -> ApplicationContent:
    return ApplicationContent.model_validate(json.loads(path.read_text("utf-8")))


EXAMPLES = sorted((ROOT / "examples").glob("*/application.json"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.parent.name)
async def test_the_registry_has_every_company_of_the_examples(path: Path) -> None:
    registry = simulated().registry
    assert registry is not None
    for _, uscc, name in named(content(path)):
        extract = await registry.extract(uscc)
        assert extract is not None
        assert (extract.name, extract.status) == (name, "active")


async def test_the_registry_is_silent_about_whom_it_does_not_know_and_says_who_is_not_registered() -> None:
    registry = simulated(Told(registry={"91110000600037341L": None})).registry
    assert registry is not None
    assert await registry.extract("91110000600037341L") is None
    with pytest.raises(SourceSilent):
        await registry.extract("91310115MA1K00007Q")


@pytest.mark.parametrize(
    ("ending", "status"), [("00", "void"), ("01", "red_letter"), ("02", "unknown"), ("03", "valid"), ("99", "valid")]
)
async def test_an_invoice_is_what_its_number_says(ending: str, status: str) -> None:
    authority = simulated().invoices
    assert authority is not None
    invoice = Invoice(number="263170000000000000" + ending, issued=date(2026, 11, 2), amount=yuan(1))
    record = await authority.verify(invoice)
    assert (record.mark, record.status) == (invoice.mark(), status)


async def test_the_bureau_answers_under_the_permit_it_was_asked_with() -> None:
    file = content(ROOT / "examples" / "jsb-order" / "application.json")
    consents = file.borrower.query_consents or ()
    [permit] = permits(file, frozenset(item.document_sha256 for item in consents), date(2026, 11, 23))
    assert permits(file, frozenset(), date(2026, 11, 23)) == ()
    report = BureauReport(
        uscc=permit.subject_uscc or "", consent_sha256="0" * 64, overdue=ZERO, written_off=True, attention_classes=2
    )
    bureau = simulated(Told(bureau={permit.subject_uscc or "": report})).bureau
    assert bureau is not None
    answer = await bureau.report(permit)
    assert answer is not None
    assert (answer.consent_sha256, answer.attention_classes) == (permit.consent_sha256, 2)


def test_a_permit_is_made_from_stored_consents_and_nowhere_else() -> None:
    """A bureau query takes a permit; whoever could make one could ask without consent."""
    makers = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "services").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "QueryPermit"
    ]
    assert makers == ["services/origination/calc/consents.py"]


def test_nobody_is_asked_about_a_company_that_only_stands_in_a_consent() -> None:
    text = (ROOT / "examples" / "nxb-xiyun" / "application.json").read_text("utf-8")
    file = ApplicationContent.model_validate_json(text)
    consents = file.borrower.query_consents or ()
    on, filed = date(2026, 11, 23), frozenset(item.document_sha256 for item in consents)
    before = permits(file, filed, on)
    assert {permit.subject_kind for permit in before} == {"borrower", "guarantor"}
    stranger = consents[1].model_copy(update={"subject_uscc": "91330100MA27BYCX6D"})
    profile = file.borrower.model_copy(update={"query_consents": (consents[0], stranger)})
    assert permits(file.model_copy(update={"borrower": profile}), filed, on) == before[:1]


def test_production_refuses_made_up_answers() -> None:
    with pytest.raises(ValueError, match="OUTSIDE_SOURCES"):
        OriginationSettings(
            environment="production",
            outside_sources="simulated",
            temporal_tls=True,
            staff_issuer="https://id.bank.example",
            borrower_issuer="https://id.bank.example/b",
        )


def test_a_registry_extract_names_no_person() -> None:
    assert set(RegistryExtract.model_fields) == {"uscc", "name", "status", "established", "ties"}
