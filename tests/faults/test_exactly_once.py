"""Exactly once: payments through a core-banking system at its worst, and the same request from many hands at a time."""

import asyncio
import os
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from sqlmodel import select

from domain.facility import TransferRef, TransferState
from domain.money import yuan
from domain.process import ProgressReport
from domain.stages import UtilisationStage
from services.kit import idempotency
from services.kit.database import now
from services.kit.http import RemoteProblem, RemoteUnavailable
from services.origination.settings import OriginationSettings
from services.origination.store.events import events_of, verify
from services.origination.tables.facilities import Transfer, Utilisation
from services.origination.tables.tasks import Command
from tests.faults.hostile_bank import HostileBank, ProcessDied, batches, hostile_bank
from tests.fixtures.identity import Tokens
from tests.origination.payments.drawing import Drawn, payee, today

PAYMENTS = int(os.environ.get("SUANDAI_FAULT_PAYMENTS", "150"))
EACH = 50_000
"""Yuan of each payment: a thousand of them stay within what the project's paid-in capital allows to be drawn."""
PAYEES = 50
CLIENTS = 50


@pytest_asyncio.fixture
async def bank(
    app: FastAPI, settings: OriginationSettings, tokens: Tokens, tmp_path: Path
) -> AsyncIterator[HostileBank]:
    async with hostile_bank(settings, tokens, tmp_path, seed=20261122) as running:
        app.state.core_banking = running.adapter
        yield running


async def confirmed(drawn: Drawn, payees: int) -> tuple[dict[str, Any], list[TransferRef]]:
    """A drawing in favour of so many payees, that has passed the gate and that the owner has confirmed."""
    asked = [payee(EACH, key=f"vendor-{number}") for number in range(payees)]
    utilisation = await drawn.ask(EACH * payees, payees=[item.model_dump(mode="json") for item in asked])
    prepared = await drawn.prepared(utilisation)
    step = drawn.step(utilisation, "progress")
    report = ProgressReport(
        case_id=step.case_id,
        workflow_id=step.workflow_id,
        step=step.step,
        stage=UtilisationStage.PAYING.value,
        at=now(),
        transfers=tuple(ref.model_copy(update={"state": TransferState.CONFIRMED_BY_OWNER}) for ref in prepared),
        utilisation_id=step.utilisation_id,
        facility_id=step.facility_id,
    )
    await drawn.worker.progress(report)
    return utilisation, prepared


async def settled(drawn: Drawn, utilisation: dict[str, Any], transfer: TransferRef) -> TransferState:
    """What the process of a drawing does: have it sent, again and again under the same key, then ask until it is known."""
    step = drawn.transfer_step(utilisation, transfer)
    while True:
        try:
            ref = await drawn.worker.send_transfer(step)
            break
        except (ProcessDied, RemoteProblem, RemoteUnavailable):
            await asyncio.sleep(0.05)
    while ref.state not in (TransferState.CONFIRMED, TransferState.FAILED):
        await asyncio.sleep(0.05)
        ref = await drawn.worker.inquire_transfer(drawn.transfer_step(utilisation, transfer, "inquire"))
    return ref.state


async def test_every_payment_is_made_once_however_core_banking_behaves(
    drawn_case: Drawn, bank: HostileBank, app: FastAPI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A process that died leaves its reservation behind; what takes it over later may do so at once.
    monkeypatch.setattr(idempotency, "LEASE", timedelta(0))
    gate = asyncio.Semaphore(20)

    async def carried(utilisation: dict[str, Any], transfer: TransferRef) -> TransferState:
        async with gate:
            return await settled(drawn_case, utilisation, transfer)

    for payees in batches(PAYMENTS, PAYEES):
        utilisation, transfers = await confirmed(drawn_case, payees)
        states = await asyncio.gather(*(carried(utilisation, transfer) for transfer in transfers))
        assert Counter(states) == {TransferState.CONFIRMED: payees}
        drawing = await drawn_case.worker.commit_drawing(drawn_case.step(utilisation, "drawing"))
        assert drawing.amount == yuan(EACH * payees)

    with closing(sqlite3.connect(tmp_path / "bank" / "payments.sqlite3")) as ledger:
        executed = dict(ledger.execute("SELECT end_to_end_id, status FROM payment").fetchall())
    async with app.state.database.session() as session:
        rows = list(await session.exec(select(Transfer)))
        kinds = Counter(event.kind for event in await events_of(session, drawn_case.case_id))
        assert (await verify(session, drawn_case.case_id)).intact
    assert {row.end_to_end_id: row.state for row in rows} == dict.fromkeys(executed, "confirmed")
    assert Counter(executed.values()) == {"ACSC": PAYMENTS}
    assert kinds["transfer.sending"] == kinds["transfer.confirmed"] == PAYMENTS
    assert kinds["transfer.failed"] == 0
    entries = [entry async for entry in bank.adapter.statement()]
    assert sum((entry.amount.amount for entry in entries), Decimal(0)) == EACH * PAYMENTS
    assert {"late", "error_after_paying", "never_answer", "pending", "delivered twice", "died after sending"} <= set(
        bank.happened
    )


async def one_answer(clients: list[httpx.AsyncClient], path: str, body: dict[str, Any], status: int) -> dict[str, Any]:
    """The same request under one key from every client at once, each repeating it until it is answered; the one answer."""
    headers = {"Idempotency-Key": str(uuid4())}

    async def answered(client: httpx.AsyncClient) -> httpx.Response:
        async with asyncio.timeout(120):
            while True:
                response = await client.post(path, json=body, headers=headers)
                followed = response.status_code == 202 and "/v1/commands/" in response.headers.get("Location", "")
                if not followed and response.status_code not in (409, 503):
                    return response
                await asyncio.sleep(0.1)

    responses = await asyncio.gather(*(answered(client) for client in clients))
    assert {response.status_code for response in responses} == {status}, [response.text for response in responses][:3]
    [answer] = {response.text for response in responses}
    assert sum("Idempotency-Replayed" not in response.headers for response in responses) == 1
    found: dict[str, Any] = responses[0].json()
    assert answer
    return found


async def test_fifty_clients_that_ask_for_the_same_drawing_ask_for_one(drawn_case: Drawn, app: FastAPI) -> None:
    clients = [await drawn_case.people.borrower("finance@xiyun", "borrower_finance") for _ in range(CLIENTS)]
    body = {
        "amount": yuan(EACH).model_dump(mode="json"),
        "value_date": str(today()),
        "payees": [payee(EACH).model_dump(mode="json")],
        "purpose": "servers",
    }
    path = f"/v1/facilities/{drawn_case.facility.facility_id}/utilisations"
    answer = await one_answer(clients, path, body, 202)
    async with app.state.database.session() as session:
        rows = list(await session.exec(select(Utilisation)))
        kinds = Counter(event.kind for event in await events_of(session, drawn_case.case_id))
    assert [str(row.id) for row in rows] == [answer["utilisation_id"]]
    assert kinds["utilisation.requested"] == 1


async def test_fifty_confirmations_by_the_owner_are_one(drawn_case: Drawn, app: FastAPI) -> None:
    utilisation = await drawn_case.ask()
    transfer = await drawn_case.shown(utilisation)
    workflow = drawn_case.engine.get_workflow_handle(f"utilisation-{utilisation['utilisation_id']}")
    owners = [await drawn_case.people.borrower("owner@xiyun", "borrower_owner") for _ in range(CLIENTS)]
    body = {"decision": "confirm", "instruction_sha256": transfer.instruction_sha256}
    answer = await one_answer(owners, f"/v1/transfers/{transfer.transfer_id}/confirm", body, 200)
    assert answer["state"] == "confirmed_by_owner"
    async with app.state.database.session() as session:
        commands = list(await session.exec(select(Command)))
        kinds = Counter(event.kind for event in await events_of(session, drawn_case.case_id))
    assert [command.state for command in commands] == ["applied"]
    assert kinds["transfer.owner_confirm"] == 1
    accepted = [
        event
        async for event in workflow.fetch_history_events()
        if event.HasField("workflow_execution_update_accepted_event_attributes")
    ]
    assert len(accepted) == 2, "what the test expects, and one decision of the owner"


async def test_fifty_workers_that_send_the_same_transfer_send_it_once(
    drawn_case: Drawn, bank: HostileBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "LEASE", timedelta(0))
    utilisation, [transfer] = await confirmed(drawn_case, 1)
    states = await asyncio.gather(*(settled(drawn_case, utilisation, transfer) for _ in range(CLIENTS)))
    assert set(states) == {TransferState.CONFIRMED}
    [entry] = [entry async for entry in bank.adapter.statement()]
    assert entry.end_to_end_id == transfer.end_to_end_id
