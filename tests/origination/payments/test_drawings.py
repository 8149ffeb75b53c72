"""Drawings: asked for, reserved within the commitment, gated, and seen only by whom they concern."""

import asyncio
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from domain.calendar import BANK_ZONE
from domain.finding import Finding
from domain.money import yuan
from domain.process import CaseStep
from domain.roles import Role
from services.kit.database import Database
from services.kit.http import RemoteProblem
from services.kit.keyring import Keyring
from services.origination.calc.gate import GateConclusion
from services.origination.settings import OriginationSettings
from services.origination.store.case_rows import case_tables
from services.origination.store.events import bind_keys, rebuild, verify
from services.origination.tables.base import findings
from services.origination.tables.books import CreditLine, Customer
from services.origination.tables.cases import CaseFinding
from services.origination.tables.facilities import Commitment, CommitmentEntry
from tests.fixtures.postgres import DatabaseUrls
from tests.origination.bench import BRANCH
from tests.origination.payments.drawing import BOOK, NUMBER, PRECEDENT, Drawn, open_case, payee, today
from tests.origination.running import People, key, started, until
from tests.workflows.books import CALENDAR


async def test_a_facility_is_opened_once_with_its_commitment_and_process(drawn_case: Drawn, app: FastAPI) -> None:
    facility = drawn_case.facility
    assert facility.number == NUMBER.replace("SD", "FA")
    assert facility.limit == yuan(280_000_000)
    assert (facility.effective_on, facility.termination_date.year) == (today(), today().year + 10)
    assert (facility.availability_end - facility.effective_on).days == BOOK.validity(today()).availability_days
    again = await drawn_case.worker.open_facility(
        CaseStep(case_id=drawn_case.case_id, workflow_id="w", step="facility-2", as_of=today())
    )
    assert again == facility
    await until(lambda: started(app, f"facility-{facility.facility_id}"))
    manager = await drawn_case.people.staff("zhang.wei", "relationship_manager")
    read = (await manager.get(f"/v1/facilities/{facility.facility_id}")).json()
    assert (read["available"]["amount"], read["drawn"]["amount"]) == ("280000000.00", "0.00")
    assert [item["number"] for item in (await manager.get("/v1/facilities")).json()["items"]] == [facility.number]


async def test_a_drawing_is_asked_for_once_and_its_process_begins(drawn_case: Drawn, app: FastAPI) -> None:
    finance = await drawn_case.people.borrower("finance@xiyun", "borrower_finance")
    body = {
        "amount": yuan(80_000_000).model_dump(mode="json"),
        "value_date": str(today()),
        "payees": [payee().model_dump(mode="json")],
        "purpose": "servers",
    }
    path = f"/v1/facilities/{drawn_case.facility.facility_id}/utilisations"
    headers = key()
    first, second = [await finance.post(path, json=body, headers=headers) for _ in range(2)]
    assert (first.status_code, second.headers["Idempotency-Replayed"]) == (202, "true")
    assert first.json() == second.json()
    assert first.json()["number"] == f"{drawn_case.facility.number}-U01"
    await until(lambda: started(app, f"utilisation-{first.json()['utilisation_id']}"))
    listed = (await finance.get(path)).json()
    assert [item["number"] for item in listed] == [first.json()["number"]]


async def test_everything_wrong_with_a_request_is_said_at_once(drawn_case: Drawn) -> None:
    finance = await drawn_case.people.borrower("finance@xiyun", "borrower_finance")
    answer = await drawn_case.request(
        finance,
        80_000_000,
        payees=[payee(1).model_dump(mode="json"), payee(0).model_dump(mode="json")],
        delivery_date="2020-01-01",
        invoices=["0" * 64],
        invoice_details=[
            {"number": "26332000000012345678", "issued": "2026-11-01", "amount": yuan(amount).model_dump(mode="json")}
            for amount in (100, 200)
        ],
    )
    assert answer.status_code == 422
    found = {(error["pointer"], error["code"]) for error in answer.json()["errors"]}
    assert found == {
        ("/payees/1/amount", "not_positive"),
        ("/payees", "sum_differs"),
        ("/payees", "key_repeated"),
        ("/delivery_date", "before_effective"),
        ("/invoices/0", "unknown_document"),
        ("/invoice_details/1", "duplicate_invoice"),
    }
    for amount in (80_000_000, "8e7", "NaN"):
        hostile = await drawn_case.request(finance, 1, amount={"amount": amount, "currency": "CNY"})
        assert hostile.status_code == 422, amount


async def test_a_value_date_is_a_business_day_from_today_on_and_the_next_is_named(drawn_case: Drawn) -> None:
    finance = await drawn_case.people.borrower("finance@xiyun", "borrower_finance")
    closed = next(day for day in days_from(today()) if not CALENDAR.is_business_day(day))
    past = CALENDAR.preceding(today() - timedelta(days=1))
    beyond = CALENDAR.following(drawn_case.facility.termination_date + timedelta(days=1))
    for value_date, codes, named in (
        (closed, {"not_a_business_day"}, CALENDAR.following(closed)),
        (past, {"value_date_past", "outside_facility"}, today()),
        (beyond, {"outside_facility"}, drawn_case.facility.termination_date),
    ):
        for query in ("", "?dry_run=true"):
            answer = await drawn_case.request(finance, 80_000_000, query, value_date=str(value_date))
            assert answer.status_code == 422, answer.text
            faults = answer.json()["errors"]
            assert {fault["code"] for fault in faults} == codes
            assert {fault["pointer"] for fault in faults} == {"/value_date"}
            assert any(str(named) in fault["message"] for fault in faults)
    present = (await finance.get("/v1/business-day")).json()
    assert (present["business_date"], present["cut_off"]) == (str(today()), "17:00:00")


def days_from(day: date) -> Iterator[date]:
    while True:
        yield day
        day += timedelta(days=1)


async def test_a_dry_run_judges_by_the_business_date(drawn_case: Drawn, monkeypatch: pytest.MonkeyPatch) -> None:
    # After the cut-off of the business day before, the business date is the facility's first, the calendar's day is not.
    evening = datetime.combine(CALENDAR.preceding(today() - timedelta(days=1)), time(18), tzinfo=BANK_ZONE)
    monkeypatch.setattr("services.origination.routes.facilities.now", lambda: evening)
    finance = await drawn_case.people.borrower("finance@xiyun", "borrower_finance")
    answer = await drawn_case.request(finance, 80_000_000, "?dry_run=true", value_date=str(today()))
    assert answer.status_code == 200, answer.text
    assert answer.json()["verdict"]["codes"] == []


async def test_a_drawing_of_another_borrower_or_branch_is_not_found(drawn_case: Drawn) -> None:
    utilisation = await drawn_case.ask()
    people = drawn_case.people
    stranger = await people.borrower("finance@other", "borrower_finance", "borrower_owner", uscc="91110000600037341L")
    elsewhere = await people.staff("far.away", "relationship_manager", branch="320100")
    for client in (stranger, elsewhere):
        assert (await client.get(f"/v1/facilities/{drawn_case.facility.facility_id}")).status_code == 404
        assert (await client.get(f"/v1/utilisations/{utilisation['utilisation_id']}")).status_code == 404
        assert (await drawn_case.request(client, 1)).status_code == 404
        assert (await client.get("/v1/facilities")).json()["items"] == []
        assert (await client.get("/v1/transfers")).json()["items"] == []
    owner = await people.borrower("owner@xiyun", "borrower_owner")
    assert (await drawn_case.request(owner, 1)).status_code == 403
    reviewer = await people.staff("li.na", "reviewer", branch="HO")
    assert (await reviewer.get(f"/v1/utilisations/{utilisation['utilisation_id']}")).status_code == 200
    step = drawn_case.step(utilisation)
    machine = f"/v1/utilisations/{utilisation['utilisation_id']}/reservation"
    denied = await reviewer.post(machine, json=step.model_dump(mode="json"), headers=key())
    assert denied.status_code == 403


async def test_the_opening_tells_conditions_duties_and_cohorts(drawn_case: Drawn) -> None:
    utilisation = await drawn_case.ask()
    opening = await drawn_case.worker.utilisation_opening(drawn_case.step(utilisation, "open"))
    assert [term.code for term in opening.subsequent] == ["CS_REGISTRATION"]
    assert ("zhang.wei", "submission") in {(held.subject, held.duty) for held in opening.duties}
    assert [cohort.asset_key for cohort in opening.cohorts] == ["hall"]
    assert opening.rulebook.policy_sha256 == BOOK.sha256


async def test_the_gate_reads_the_books(drawn_case: Drawn) -> None:
    utilisation = await drawn_case.ask(80_000_000)
    early = await drawn_case.worker.gate(drawn_case.step(utilisation, "gate"))
    assert early.verdict.codes == ("COMMITMENT_NOT_RESERVED",)
    await drawn_case.worker.reserve(drawn_case.step(utilisation, "reserve"))
    step = drawn_case.step(utilisation, "gate")
    passed = await drawn_case.worker.gate(step)
    assert passed.verdict.allowed, passed
    assert passed.verdict.payment_mode == "entrusted"
    assert passed.verdict.maximum == yuan(80_000_000)
    assert await drawn_case.worker.gate(step) == passed
    await drawn_case.meet(PRECEDENT.code, "breached")
    closed = await drawn_case.worker.gate(drawn_case.step(utilisation, "gate"))
    assert set(closed.verdict.codes) == {"CONDITIONS_OPEN", "CONDITIONS_BREACHED"}
    assert {reason.code for reason in closed.reasons} == {"CONDITIONS_OPEN", "CONDITIONS_BREACHED"}
    # A second drawing beyond the capital that is paid: 80m are reserved, 80m are all that 20m of capital allow.
    second = await drawn_case.ask(1)
    await drawn_case.worker.reserve(drawn_case.step(second, "reserve"))
    beyond = await drawn_case.worker.gate(drawn_case.step(second, "gate"))
    assert "FA_CAPITAL_PRO_RATA" in beyond.verdict.codes
    assert beyond.verdict.maximum == yuan(0)


async def test_a_dry_run_says_what_the_gate_would_say_and_writes_nothing(drawn_case: Drawn, app: FastAPI) -> None:
    finance = await drawn_case.people.borrower("finance@xiyun", "borrower_finance")
    path = f"/v1/facilities/{drawn_case.facility.facility_id}/utilisations?dry_run=true"
    for amount, codes in ((80_000_000, []), (80_000_001, ["FA_CAPITAL_PRO_RATA"])):
        body = {
            "amount": yuan(amount).model_dump(mode="json"),
            "value_date": str(today()),
            "payees": [payee(amount).model_dump(mode="json")],
            "purpose": "servers",
        }
        answer = await finance.post(path, json=body, headers=key())
        assert answer.status_code == 200, answer.text
        verdict = answer.json()["verdict"]
        assert (verdict["codes"], verdict["maximum"]["amount"]) == (codes, "80000000.00")
    wrong = await finance.post(path, json={**body, "payees": [payee(1).model_dump(mode="json")]}, headers=key())
    assert wrong.status_code == 422
    assert (await finance.get(path.partition("?")[0])).json() == []


async def test_reservations_at_once_never_exceed_the_commitment(drawn_case: Drawn, app: FastAPI) -> None:
    asked = [await drawn_case.ask(60_000_000, payees=[payee(60_000_000).model_dump(mode="json")]) for _ in range(6)]
    results = await asyncio.gather(
        *(drawn_case.worker.reserve(drawn_case.step(utilisation, "reserve")) for utilisation in asked)
    )
    assert sum(result.reserved for result in results) == 4
    assert {result.codes for result in results if not result.reserved} == {("COMMITMENT_SHORT",)}
    again = await asyncio.gather(
        *(drawn_case.worker.reserve(drawn_case.step(utilisation, "reserve")) for utilisation in asked)
    )
    assert [result.reserved for result in again] == [result.reserved for result in results]
    async with app.state.database.session() as session:
        [commitment] = (await session.exec(select(Commitment))).all()
        entries = (await session.exec(select(CommitmentEntry))).all()
    assert commitment.reserved == Decimal(240_000_000)
    assert sum(entry.amount for entry in entries) == commitment.reserved
    kept = next(utilisation for utilisation, result in zip(asked, results, strict=True) if result.reserved)
    await drawn_case.worker.release(drawn_case.step(kept, "release"))
    await drawn_case.worker.release(drawn_case.step(kept, "release"))
    async with app.state.database.session() as session:
        [commitment] = (await session.exec(select(Commitment))).all()
    assert commitment.reserved == Decimal(180_000_000)


async def test_the_database_itself_refuses_more_than_was_promised(drawn_case: Drawn, app: FastAPI) -> None:
    for change in ("reserved = amount + 0.01", "reserved = -1", "reserved = amount, drawn = 0.01"):
        with pytest.raises(IntegrityError):
            async with app.state.database.session() as session:
                await session.execute(text(f"UPDATE origination.commitment SET {change}"))


async def test_any_order_of_movements_keeps_the_ledger_whole(app: FastAPI, engine: Any, people: People) -> None:
    """Reserve and release in any order and number: what is reserved is what the entries say, within the promise."""
    drawn = await open_case(app, engine, people, yuan(100))
    await drawn.meet(PRECEDENT.code)
    asked = [await drawn.ask(amount, payees=[payee(amount).model_dump(mode="json")]) for amount in (40, 50, 60, 10)]

    async def check(moves: list[tuple[int, bool]]) -> None:
        for place, reserving in moves:
            if reserving:
                await drawn.worker.reserve(drawn.step(asked[place], "reserve"))
            else:
                await drawn.worker.release(drawn.step(asked[place], "release"))
        async with app.state.database.session() as session:
            [commitment] = (await session.exec(select(Commitment))).all()
            entries = (await session.exec(select(CommitmentEntry))).all()
        signs = {"reserve": 1, "release": -1}
        assert commitment.reserved == sum(signs[entry.kind] * entry.amount for entry in entries)
        assert 0 <= commitment.reserved <= 100

    loop = asyncio.get_running_loop()

    @hypothesis_settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=5))
    def explore(moves: list[tuple[int, bool]]) -> None:
        asyncio.run_coroutine_threadsafe(check(moves), loop).result(timeout=60)

    await asyncio.to_thread(explore)


async def test_a_step_of_another_case_finds_nothing(drawn_case: Drawn) -> None:
    utilisation = await drawn_case.ask()
    step = drawn_case.step(utilisation)
    foreign = step.model_copy(update={"facility_id": UUID(int=1)})
    with pytest.raises(RemoteProblem) as refused:
        await drawn_case.worker.reserve(foreign)
    assert refused.value.status == 404
    with pytest.raises(RemoteProblem) as unprepared:
        await drawn_case.worker.prepare_transfers(drawn_case.step(utilisation, "transfers"))
    assert (unprepared.value.status, unprepared.value.code) == (409, "step_not_possible")


async def test_a_case_with_drawings_is_rebuilt_from_its_events(
    drawn_case: Drawn, app: FastAPI, database_urls: DatabaseUrls, settings: OriginationSettings
) -> None:
    utilisation = await drawn_case.ask()
    await drawn_case.confirmed(utilisation)
    names = [table.name for table in case_tables()]

    async def rows(name: str) -> Any:
        async with app.state.database.session() as session:
            return (await session.execute(text(f"SELECT * FROM origination.{name} ORDER BY 1"))).all()

    before = {name: await rows(name) for name in names}
    assert {name for name, found in before.items() if found} >= {
        "application",
        "commitment",
        "commitment_entry",
        "condition_status",
        "facility",
        "transfer",
        "utilisation",
    }
    owner = Database(database_urls.migrate)
    assert settings.keys_dir is not None
    bind_keys(owner, Keyring.load(settings.keys_dir))
    async with owner.session() as session:
        assert (await verify(session, drawn_case.case_id)).intact
        await session.execute(text(f"TRUNCATE {', '.join(f'origination.{name}' for name in names)} CASCADE"))
        await rebuild(session, drawn_case.case_id)
    await owner.dispose()
    assert {name: await rows(name) for name in names} == before


async def test_who_may_call_what(drawn_case: Drawn) -> None:
    utilisation = await drawn_case.ask()
    anonymous = drawn_case.people.anonymous()
    for method, path in (
        ("GET", "/v1/facilities"),
        ("GET", f"/v1/utilisations/{utilisation['utilisation_id']}"),
        ("POST", f"/v1/utilisations/{utilisation['utilisation_id']}/gate"),
        ("POST", f"/v1/cases/{drawn_case.case_id}/progress"),
    ):
        answer: httpx.Response = await anonymous.request(method, path)
        assert answer.status_code == 401, path
    operator = await drawn_case.people.staff("ops", Role.OPERATOR.value, branch="HO")
    assert (await operator.post(f"/v1/cases/{drawn_case.case_id}/progress", json={}, headers=key())).status_code == 403


async def test_the_gate_reads_the_relationship_from_the_books(drawn_case: Drawn, app: FastAPI) -> None:
    async def read(name: str) -> Any:
        utilisation = await drawn_case.ask(1_000_000, payees=[payee(1_000_000).model_dump(mode="json")])
        await drawn_case.worker.reserve(drawn_case.step(utilisation, "reserve"))
        await drawn_case.worker.gate(drawn_case.step(utilisation, name))
        async with app.state.database.session() as session:
            rows = await session.exec(select(CaseFinding).where(CaseFinding.kind == "gate"))
            newest = max(rows, key=lambda row: row.id)
            finding = await findings.get(session, newest.finding_id, Finding[GateConclusion])
            assert finding is not None
            stored: Any = await findings.inputs(session, finding.inputs_sha256)
        return stored["relationship"]

    # What this very case was granted makes nobody an old customer.
    assert await read("gate") == {"new": True, "standing": None}
    async with app.state.database.session() as session:
        customer = (await session.exec(select(Customer))).one()
        customer.file = {**customer.file, "credit_standing": {"value": "ordinary"}}
        session.add(customer)
        session.add(
            CreditLine(
                customer_id=customer.id,
                lender_id="nxb",
                reference="L-1",
                branch=BRANCH,
                kind="loan",
                amount=Decimal(1),
                outstanding=Decimal(0),
                undrawn_factor=Decimal(0),
                effective_from=today(),
                effective_to=today(),
                created_by="zhang.wei",
            )
        )
    found = await read("gate-again")
    assert (found["new"], found["standing"]["value"]) == (False, "ordinary")
