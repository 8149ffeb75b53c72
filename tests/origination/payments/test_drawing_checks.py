"""Fraud checks of drawings: one invoice supports one drawing, and what they do not let pass the gate says by name."""

from datetime import date
from typing import Any
from uuid import UUID

from fastapi import FastAPI
from sqlalchemy import insert
from sqlmodel import select

from domain.application import ApplicationContent, Invoice
from domain.facility import PaymentMode
from domain.finding import Outcome
from domain.integrity import CheckId, CheckMoment, Tie, TieKind
from domain.money import yuan
from domain.process import utilisation_workflow_id
from services.kit.database import Database, new_id
from services.origination.calc.integrity.examination import IntegrityInputs
from services.origination.calc.integrity.run import examine
from services.origination.calc.payment_mode import EarlierPayment, PayeeAsked, window_total
from services.origination.store.case_rows import table_of
from services.origination.store.events import record
from services.origination.store.integrity import books_of_all_cases, drawing_of
from services.origination.tables.cases import Application, CaseFinding
from services.origination.tables.facilities import Utilisation
from services.origination.tables.traces import TieTrace
from tests.origination.bench import MANAGER
from tests.origination.payments.drawing import BOOK, VENDOR, Drawn, _finding, payee, today

OTHER = "91310115MA1K00007Q"
BILL = Invoice(number="26317000000000000001", issued=date(2026, 11, 2), amount=yuan(40_000_000))


async def reused(app: FastAPI, drawn: Drawn, drawing: dict[str, Any]) -> tuple[Outcome, list[str]]:
    """What the books say of a drawing's invoices, by the check's own function."""
    database: Database = app.state.database
    policy = BOOK.integrity(today())
    assert policy is not None
    async with database.session() as session:
        row = await session.get_one(Application, drawn.case_id)
        content = ApplicationContent.model_validate(row.content)
        workflow_id = utilisation_workflow_id(UUID(drawing["utilisation_id"]))
        asked = await drawing_of(session, drawn.case_id, workflow_id)
        digest = app.state.keyring.digest
        books = await books_of_all_cases(session, row, content, today(), BOOK, policy, asked, digest)
    inputs = IntegrityInputs(
        content_sha256="0" * 64,
        policy_sha256=BOOK.sha256,
        pinned_on=today(),
        as_of=today(),
        case_id=drawn.case_id,
        moment=CheckMoment.DRAWING,
        working_capital=False,
        same_payee_window_days=30,
        drawing=books.drawing,
        invoices_presented=books.invoices_presented,
        invoice_uses=books.invoice_uses,
    )
    seen = {item.id: item for item in examine(inputs, content, BOOK)}[CheckId.INVOICE_REUSED]
    return seen.outcome(), [reason.code for reason in seen.reasons]


async def test_r8_the_same_invoice_in_two_draws_is_seen_from_both(app: FastAPI, drawn_case: Drawn) -> None:
    bill = BILL.model_dump(mode="json")
    first = await drawn_case.ask(40_000_000, invoice_details=[bill])
    assert await reused(app, drawn_case, first) == (Outcome.PASS, [])
    copy = BILL.model_copy(update={"amount": yuan(45_000_000)}).model_dump(mode="json")
    second = await drawn_case.ask(40_000_000, invoice_details=[copy])
    assert await reused(app, drawn_case, second) == (Outcome.FAIL, ["INVOICE_ALTERED"])
    assert await reused(app, drawn_case, first) == (Outcome.FAIL, ["INVOICE_ALTERED"])


async def test_r8_a_drawing_that_was_undone_gives_its_invoice_back(app: FastAPI, drawn_case: Drawn) -> None:
    first = await drawn_case.ask(40_000_000, invoice_details=[BILL.model_dump(mode="json")])
    second = await drawn_case.ask(40_000_000, invoice_details=[BILL.model_dump(mode="json")])
    assert (await reused(app, drawn_case, second))[0] is Outcome.FAIL
    database: Database = app.state.database
    async with database.session() as session:
        row = (await session.exec(select(Utilisation).where(Utilisation.id == UUID(first["utilisation_id"])))).one()
        row.stage = "refused"
        await record(session, drawn_case.case_id, "test.refused", MANAGER, rows=[row])
        await session.commit()
    assert await reused(app, drawn_case, second) == (Outcome.PASS, [])


async def test_the_gate_names_the_check_a_drawing_did_not_pass(app: FastAPI, drawn_case: Drawn) -> None:
    drawing = await drawn_case.ask(40_000_000)
    step = f"{utilisation_workflow_id(UUID(drawing['utilisation_id']))}:re-screening-1:integrity.r8_invoice_reused"
    reason = {
        "code": "INVOICE_REUSED",
        "message_zh": "发票已用于 F0-U01",
        "message_en": "the invoice was used for F0-U01",
    }
    value = {"check": "R8_INVOICE_REUSED", "moment": "drawing", "examined": 1, "evidence": ["/invoices/0 · F0-U01"]}
    row: CaseFinding = _finding(
        drawn_case.case_id,
        "integrity.r8_invoice_reused",
        value,
        step=step,
        outcome="fail",
        reasons=[reason | {"subject": "/invoices/0"}],
        service="origination",
    )
    database: Database = app.state.database
    async with database.session() as session:
        await record(session, drawn_case.case_id, "test.checked", MANAGER, rows=[row])
        await session.commit()
    await drawn_case.worker.reserve(drawn_case.step(drawing, "reserve"))
    result = await drawn_case.worker.gate(drawn_case.step(drawing, "gate"))
    assert not result.verdict.allowed
    assert "R8_INVOICE_REUSED" in result.verdict.codes
    assert any(reason.message_en == "the invoice was used for F0-U01" for reason in result.reasons)
    other = await drawn_case.ask(40_000_000)
    await drawn_case.worker.reserve(drawn_case.step(other, "reserve"))
    assert "R8_INVOICE_REUSED" not in (await drawn_case.worker.gate(drawn_case.step(other, "gate"))).verdict.codes


def test_r18_six_and_six_millions_to_one_owner_are_entrusted_as_twelve() -> None:
    asked = PayeeAsked(
        key="vendor",
        uscc=VENDOR,
        amount=yuan(6_000_000),
        related=False,
        on_contract=True,
        fixed_asset_vendor=False,
        one_with=(OTHER,),
    )
    earlier = (EarlierPayment(uscc=OTHER, amount=yuan(6_000_000), made_on=date(2026, 11, 20)),)
    assert window_total(asked, (asked,), earlier, date(2026, 11, 23), 30) == yuan(12_000_000)
    alone = asked.model_copy(update={"one_with": ()})
    assert window_total(alone, (alone,), earlier, date(2026, 11, 23), 30) == yuan(6_000_000)
    assert "one_with" not in alone.model_dump()  # what was decided before has the bytes it had


async def test_r18_payees_of_one_owner_are_entrusted_by_the_gate(app: FastAPI, drawn_case: Drawn) -> None:
    """6m to each of two companies of one owner: each alone would be paid by the borrower itself."""
    database: Database = app.state.database
    holder = "91110000802100433B"
    async with database.session() as session:
        ties = [Tie(subject=uscc, kind=TieKind.OWNER, other=holder, share="0.9") for uscc in (VENDOR, OTHER)]
        rows = [
            {"id": new_id(), "of_case": drawn_case.case_id, **tie.model_dump(), "kind": tie.kind.value} for tie in ties
        ]
        await session.execute(insert(table_of(TieTrace)), rows)
        await session.commit()
    two = [
        {**_payee(VENDOR, "one"), "amount": yuan(6_000_000).model_dump(mode="json")},
        {**_payee(OTHER, "two"), "amount": yuan(6_000_000).model_dump(mode="json")},
    ]
    drawing = await drawn_case.ask(12_000_000, payees=two)
    await drawn_case.worker.reserve(drawn_case.step(drawing, "reserve"))
    assert (
        await drawn_case.worker.gate(drawn_case.step(drawing, "gate"))
    ).verdict.payment_mode is PaymentMode.ENTRUSTED


def _payee(uscc: str, key: str) -> dict[str, Any]:
    return payee(6_000_000, uscc=uscc, key=key).model_dump(mode="json")
