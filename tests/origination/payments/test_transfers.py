"""Outgoing payments: confirmed by the owner, sent once, and resolved by inquiry when nobody knows."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from sqlalchemy import text

from domain.facility import TransferRef, TransferState
from domain.money import yuan
from services.kit.database import now
from services.kit.http import RemoteProblem, RemoteUnavailable
from services.kit.service_token import FixedToken
from services.origination.core_banking.adapter import HttpCoreBanking
from services.origination.core_banking.messages import CreditTransfer
from services.origination.core_banking.simulator import SimulatorSettings, create_app
from services.origination.settings import OriginationSettings
from services.origination.store import transfers
from services.origination.store.events import events_of, verify
from services.origination.tables.facilities import Transfer
from tests.fixtures.identity import Tokens
from tests.origination.payments.drawing import Drawn, payee
from tests.origination.running import key


@pytest_asyncio.fixture
async def bank(app: FastAPI, settings: OriginationSettings, tokens: Tokens, tmp_path: Path) -> AsyncIterator[Any]:
    """Simulated core banking behind the real adapter."""
    simulator = create_app(
        SimulatorSettings(
            environment="test",
            staff_issuer=settings.staff_issuer,
            borrower_issuer=settings.borrower_issuer,
            core_banking_dir=tmp_path / "bank",
        )
    )
    token = await tokens.service("origination", "core-banking")
    client = httpx.AsyncClient(transport=_Impatient(simulator), base_url="http://bank")
    app.state.core_banking = HttpCoreBanking("http://bank", FixedToken(token), client=client, attempts=1)
    async with simulator.router.lifespan_context(simulator):
        simulator.state.headers = {"Authorization": f"Bearer {token}"}
        simulator.state.client = client
        yield simulator
    await client.aclose()


class _Impatient(httpx.ASGITransport):
    """Gives an application half a second: the in-process transport knows no time-outs of its own."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return await asyncio.wait_for(super().handle_async_request(request), 0.5)
        except TimeoutError:
            raise httpx.ReadTimeout("the bank does not answer", request=request) from None


async def misbehave(bank: Any, fault: str, times: int = 1, pause: float = 1.0) -> None:
    body = {"fault": fault, "times": times, "pause_seconds": pause}
    answer = await bank.state.client.put("/v1/simulator/fault", json=body, headers=bank.state.headers)
    assert answer.status_code == 204, answer.text


async def paid_case(drawn: Drawn, **fields: Any) -> tuple[dict[str, Any], TransferRef]:
    utilisation = await drawn.ask(**fields)
    return utilisation, await drawn.confirmed(utilisation)


async def test_a_confirmed_transfer_is_paid_and_drawn(drawn_case: Drawn, bank: Any, app: FastAPI) -> None:
    utilisation, transfer = await paid_case(drawn_case)
    sent = await drawn_case.worker.send_transfer(drawn_case.transfer_step(utilisation, transfer))
    assert sent.state is TransferState.CONFIRMED
    drawing = await drawn_case.worker.commit_drawing(drawn_case.step(utilisation, "drawing"))
    assert drawing.amount == yuan(80_000_000)
    manager = await drawn_case.people.staff("zhang.wei", "relationship_manager")
    facility = (await manager.get(f"/v1/facilities/{drawn_case.facility.facility_id}")).json()
    assert (facility["reserved"]["amount"], facility["drawn"]["amount"]) == ("0.00", "80000000.00")
    read = (await manager.get(f"/v1/utilisations/{utilisation['utilisation_id']}")).json()
    assert read["transfers"][0]["state"] == "confirmed"
    assert read["transfers"][0]["payee_account_masked"] == "************2222"
    assert read["paid_at"] is not None
    assert bank.state.ledger.heard(transfer.end_to_end_id) == 1
    async with app.state.database.session() as session:
        kinds = [event.kind for event in await events_of(session, drawn_case.case_id)]
        assert (await verify(session, drawn_case.case_id)).intact
    assert kinds[-4:] == ["transfer.owner_confirm", "transfer.sending", "transfer.confirmed", "commitment.drawn"]


async def test_nothing_is_sent_that_the_owner_did_not_confirm(drawn_case: Drawn, bank: Any) -> None:
    utilisation = await drawn_case.ask()
    [transfer] = await drawn_case.prepared(utilisation)
    assert await drawn_case.worker.prepare_transfers(drawn_case.step(utilisation, "transfers")) == [transfer]
    with pytest.raises(RemoteProblem) as refused:
        await drawn_case.worker.send_transfer(drawn_case.transfer_step(utilisation, transfer))
    assert (refused.value.status, refused.value.code) == (409, "transfer_not_confirmed")
    assert bank.state.ledger.heard(transfer.end_to_end_id) == 0


async def test_the_owner_decides_on_what_was_shown(drawn_case: Drawn, bank: Any) -> None:
    utilisation = await drawn_case.ask()
    transfer = await drawn_case.shown(utilisation)
    people = drawn_case.people
    owner = await people.borrower("owner@xiyun", "borrower_owner")
    path = f"/v1/transfers/{transfer.transfer_id}/confirm"
    [waiting] = (await owner.get("/v1/transfers?state=created")).json()["items"]
    assert waiting["instruction_sha256"] == transfer.instruction_sha256
    confirm = {"decision": "confirm", "instruction_sha256": transfer.instruction_sha256}

    finance = await people.borrower("finance@xiyun", "borrower_finance")
    assert (await finance.post(path, json=confirm, headers=key())).status_code == 403
    stranger = await people.borrower("owner@other", "borrower_owner", uscc="91110000600037341L")
    assert (await stranger.post(path, json=confirm, headers=key())).status_code == 404
    changed = await owner.post(path, json={**confirm, "instruction_sha256": "0" * 64}, headers=key())
    assert (changed.status_code, changed.json()["code"]) == (409, "transfer_changed")
    rejected = await owner.post(path, json={**confirm, "decision": "reject"}, headers=key())
    assert rejected.json()["state"] == "rejected_by_owner"
    late = await owner.post(path, json=confirm, headers=key())
    assert (late.status_code, late.json()["code"]) == (409, "transfer_state")
    await drawn_case.worker.release(drawn_case.step(utilisation, "release"))


@pytest.mark.parametrize("fault", ["error_after_paying", "never_answer", "late", "pending"])
async def test_an_unknown_fate_is_resolved_by_inquiry_and_never_by_sending_again(
    drawn_case: Drawn, bank: Any, fault: str
) -> None:
    utilisation, transfer = await paid_case(drawn_case)
    await misbehave(bank, fault)
    sent = await drawn_case.worker.send_transfer(drawn_case.transfer_step(utilisation, transfer))
    assert sent.state is TransferState.UNKNOWN
    with pytest.raises(RemoteProblem):
        await drawn_case.worker.release(drawn_case.step(utilisation, "release"))
    with pytest.raises(RemoteProblem):
        await drawn_case.worker.commit_drawing(drawn_case.step(utilisation, "drawing"))
    for _ in range(2):
        # Sending again, as a process restarted at a bad moment would, only asks.
        again = await drawn_case.worker.send_transfer(drawn_case.transfer_step(utilisation, transfer))
    assert again.state is TransferState.CONFIRMED
    inquired = await drawn_case.worker.inquire_transfer(drawn_case.transfer_step(utilisation, transfer, "inquire"))
    assert inquired.state is TransferState.CONFIRMED
    assert bank.state.ledger.heard(transfer.end_to_end_id) == 1


async def test_a_rejected_payment_fails_and_gives_the_commitment_back(drawn_case: Drawn, bank: Any) -> None:
    utilisation, transfer = await paid_case(drawn_case)
    await misbehave(bank, "reject")
    sent = await drawn_case.worker.send_transfer(drawn_case.transfer_step(utilisation, transfer))
    assert sent.state is TransferState.FAILED
    await drawn_case.worker.release(drawn_case.step(utilisation, "release"))
    manager = await drawn_case.people.staff("zhang.wei", "relationship_manager")
    facility = (await manager.get(f"/v1/facilities/{drawn_case.facility.facility_id}")).json()
    assert facility["available"]["amount"] == "280000000.00"


async def test_a_part_that_fails_is_given_back(drawn_case: Drawn, bank: Any) -> None:
    two = [payee(50_000_000), payee(30_000_000, key="other")]
    utilisation = await drawn_case.ask(payees=[item.model_dump(mode="json") for item in two])
    await drawn_case.worker.reserve(drawn_case.step(utilisation, "reserve"))
    assert (await drawn_case.worker.gate(drawn_case.step(utilisation, "gate"))).verdict.allowed
    first, second = await drawn_case.worker.prepare_transfers(drawn_case.step(utilisation, "transfers"))
    workflow = drawn_case.engine.get_workflow_handle(f"utilisation-{utilisation['utilisation_id']}")
    await workflow.execute_update("expect", [first, second])
    owner = await drawn_case.people.borrower("owner@xiyun", "borrower_owner")
    for transfer in (first, second):
        body = {"decision": "confirm", "instruction_sha256": transfer.instruction_sha256}
        await owner.post(f"/v1/transfers/{transfer.transfer_id}/confirm", json=body, headers=key())
    await drawn_case.worker.send_transfer(drawn_case.transfer_step(utilisation, first))
    await misbehave(bank, "reject")
    await drawn_case.worker.send_transfer(drawn_case.transfer_step(utilisation, second))
    drawing = await drawn_case.worker.commit_drawing(drawn_case.step(utilisation, "drawing"))
    assert drawing.amount == yuan(50_000_000)
    assert await drawn_case.worker.commit_drawing(drawn_case.step(utilisation, "drawing")) == drawing
    manager = await drawn_case.people.staff("zhang.wei", "relationship_manager")
    facility = (await manager.get(f"/v1/facilities/{drawn_case.facility.facility_id}")).json()
    assert (facility["reserved"]["amount"], facility["drawn"]["amount"]) == ("0.00", "50000000.00")


async def test_what_never_arrived_stays_unknown_until_it_can_no_longer_arrive(
    drawn_case: Drawn, bank: Any, app: FastAPI
) -> None:
    utilisation, transfer = await paid_case(drawn_case)
    await misbehave(bank, "lose")
    sent = await drawn_case.worker.send_transfer(drawn_case.transfer_step(utilisation, transfer))
    assert sent.state is TransferState.UNKNOWN
    inquired = await drawn_case.worker.inquire_transfer(drawn_case.transfer_step(utilisation, transfer, "inquire"))
    assert inquired.state is TransferState.UNKNOWN
    app.state.settings = app.state.settings.model_copy(update={"payment_instruction_seconds": 0})
    inquired = await drawn_case.worker.inquire_transfer(drawn_case.transfer_step(utilisation, transfer, "inquire"))
    assert inquired.state is TransferState.FAILED
    assert bank.state.ledger.heard(transfer.end_to_end_id) == 0


async def paid_before_the_restore(app: FastAPI, transfer: TransferRef, **change: Any) -> None:
    """Core banking pays what books restored from an older backup still hold for unsent."""
    async with app.state.database.session() as session:
        row = await session.get_one(Transfer, transfer.transfer_id)
    instruction = CreditTransfer(
        end_to_end_id=row.end_to_end_id,
        instructed_amount=transfer.amount,
        creditor_name=row.payee_name,
        creditor_identification=row.payee_uscc,
        creditor_account=row.payee_account,
        creditor_agent=row.payee_bank,
        purpose=row.purpose,
        instruction_sha256=row.instruction_sha256,
        valid_until=now() + timedelta(minutes=1),
    )
    paid = await app.state.core_banking.pay(instruction.model_copy(update=change))
    assert paid is not None


async def test_what_was_paid_before_the_books_were_restored_is_found_and_not_sent_again(
    drawn_case: Drawn, bank: Any, app: FastAPI
) -> None:
    utilisation, transfer = await paid_case(drawn_case)
    await paid_before_the_restore(app, transfer)
    sent = await drawn_case.worker.send_transfer(drawn_case.transfer_step(utilisation, transfer))
    assert sent.state is TransferState.CONFIRMED
    assert bank.state.ledger.heard(transfer.end_to_end_id) == 1


async def test_a_payment_of_another_instruction_under_our_id_neither_settles_ours_nor_lets_it_be_sent(
    drawn_case: Drawn, bank: Any, app: FastAPI
) -> None:
    utilisation, transfer = await paid_case(drawn_case)
    await paid_before_the_restore(app, transfer, creditor_account="62229999", instruction_sha256="0" * 64)
    step = drawn_case.transfer_step(utilisation, transfer)
    assert (await drawn_case.worker.send_transfer(step)).state is TransferState.UNKNOWN
    inquired = await drawn_case.worker.inquire_transfer(drawn_case.transfer_step(utilisation, transfer, "inquire"))
    assert inquired.state is TransferState.UNKNOWN
    async with app.state.database.session() as session:
        row = await session.get_one(Transfer, transfer.transfer_id)
    assert row.reason_code == transfers.OTHER_INSTRUCTION
    assert bank.state.ledger.heard(transfer.end_to_end_id) == 1


async def test_the_statement_tells_every_booking_in_its_order(drawn_case: Drawn, bank: Any, app: FastAPI) -> None:
    two = [payee(50_000_000), payee(30_000_000, key="other")]
    utilisation = await drawn_case.ask(payees=[item.model_dump(mode="json") for item in two])
    await drawn_case.worker.reserve(drawn_case.step(utilisation, "reserve"))
    await drawn_case.worker.gate(drawn_case.step(utilisation, "gate"))
    first, second = await drawn_case.worker.prepare_transfers(drawn_case.step(utilisation, "transfers"))
    for transfer in (second, first):
        await paid_before_the_restore(app, transfer)
    entries = [entry async for entry in app.state.core_banking.statement()]
    assert [entry.end_to_end_id for entry in entries] == [second.end_to_end_id, first.end_to_end_id]
    assert [entry.amount for entry in entries] == [yuan(30_000_000), yuan(50_000_000)]
    part = await bank.state.client.get("/v1/statement", params={"limit": 1}, headers=bank.state.headers)
    assert len(part.json()["entries"]) == 1
    following = {"after": part.json()["next_cursor"]}
    rest = (await bank.state.client.get("/v1/statement", params=following, headers=bank.state.headers)).json()
    assert [entry["end_to_end_id"] for entry in rest["entries"]] == [first.end_to_end_id]
    assert rest["next_cursor"] == ""


async def test_sent_by_two_at_once_it_is_paid_once(drawn_case: Drawn, bank: Any) -> None:
    utilisation, transfer = await paid_case(drawn_case)
    steps = [drawn_case.transfer_step(utilisation, transfer) for _ in range(5)]
    states = {(await ref).state for ref in asyncio.as_completed([drawn_case.worker.send_transfer(s) for s in steps])}
    assert states <= {TransferState.CONFIRMED, TransferState.UNKNOWN}
    final = await drawn_case.worker.inquire_transfer(drawn_case.transfer_step(utilisation, transfer, "inquire"))
    assert final.state is TransferState.CONFIRMED
    assert bank.state.ledger.heard(transfer.end_to_end_id) == 1


async def test_a_bank_that_cannot_be_asked_is_not_an_answer(drawn_case: Drawn, bank: Any, app: FastAPI) -> None:
    utilisation, transfer = await paid_case(drawn_case)
    await misbehave(bank, "never_answer")
    await drawn_case.worker.send_transfer(drawn_case.transfer_step(utilisation, transfer))
    dead = httpx.AsyncClient(transport=httpx.MockTransport(lambda request: httpx.Response(500)))
    app.state.core_banking = HttpCoreBanking("http://bank", None, client=dead, attempts=1)
    with pytest.raises((RemoteProblem, RemoteUnavailable)):
        await drawn_case.worker.inquire_transfer(drawn_case.transfer_step(utilisation, transfer, "inquire"))
    await dead.aclose()
    manager = await drawn_case.people.staff("zhang.wei", "relationship_manager")
    assert (await manager.get(f"/v1/transfers/{transfer.transfer_id}")).json()["state"] == "unknown"


async def test_the_simulator_executes_an_instruction_once_and_refuses_another_under_its_name(
    drawn_case: Drawn, bank: Any
) -> None:
    body = {
        "end_to_end_id": "E2E-1",
        "instructed_amount": yuan(5).model_dump(mode="json"),
        "creditor_name": "甲",
        "creditor_identification": "91110000600037341L",
        "creditor_account": "62220000",
        "creditor_agent": "银行",
        "purpose": "servers",
        "instruction_sha256": "0" * 64,
        "valid_until": "2099-01-01T00:00:00Z",
    }

    async def pay(**change: Any) -> dict[str, Any]:
        answer = await bank.state.client.post(
            "/v1/credit-transfers", json={**body, **change}, headers=bank.state.headers
        )
        found: dict[str, Any] = answer.json()
        return found

    first = await pay()
    assert (await pay())["bank_reference"] == first["bank_reference"]
    assert (await pay(instructed_amount=yuan(6).model_dump(mode="json")))["reason_code"] == "DUPL"
    assert (await pay(end_to_end_id="E2E-2", valid_until="2020-01-01T00:00:00Z"))["reason_code"] == "TM01"
    assert (await bank.state.client.get("/v1/credit-transfers/E2E-1")).status_code == 401


async def test_accounts_and_names_stay_out_of_the_audit_of_refusals(drawn_case: Drawn, bank: Any, app: FastAPI) -> None:
    utilisation, transfer = await paid_case(drawn_case)
    stranger = await drawn_case.people.borrower("owner@other", "borrower_owner", uscc="91110000600037341L")
    headers = {"User-Agent": "62220000", "X-Name": "62220000"}
    refused = await stranger.get(f"/v1/transfers/{transfer.transfer_id}", headers=headers)
    assert refused.status_code == 404, refused.text
    async with app.state.database.session() as session:
        rows = (
            (await session.execute(text("SELECT row_to_json(r)::text FROM origination.access_refusal r")))
            .scalars()
            .all()
        )
    stored = "\n".join(rows)
    assert str(UUID(str(transfer.transfer_id))) in stored
    assert "62220000" not in stored
    assert utilisation["number"] not in stored
