"""``/v1/transfers``: outgoing payments. The borrower's owner confirms each (企业反诈安全卫士); the process has it sent."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.facility import (
    SignedTransferCommand,
    TransferBody,
    TransferCommand,
    TransferRef,
    TransferState,
    TransferView,
)
from domain.process import DECIDE_TRANSFER, TransferStep, utilisation_workflow_id
from domain.roles import Role
from services.kit.auth import allow
from services.kit.database import Database
from services.kit.etags import etag_of
from services.kit.idempotency import IdempotentCall, Reply, idempotent
from services.kit.paging import Page, PageRequest, link_next, paged
from services.kit.principal import Principal
from services.kit.problems import Fault, Problem, ProblemType, register
from services.kit.router import Router
from services.origination.commands import ACCEPTED, Order, carry_out
from services.origination.core_banking.adapter import CoreBanking
from services.origination.routes.roles import READERS, WORKER
from services.origination.settings import OriginationSettings
from services.origination.store import transfers, utilisations
from services.origination.store.refusals import foreign
from services.origination.tables.tasks import Task

router = Router(tags=["transfers"])

register(
    ProblemType(
        "transfer_not_confirmed",
        409,
        "付款未经企业主确认",
        "The owner has not confirmed this transfer",
        "当前状态为 {state}，不得付款。",
        "It is {state} and is not paid.",
    ),
)


@router.get("/v1/transfers", response_model=Page[TransferView])
async def listing(
    request: Request,
    response: Response,
    who: Annotated[Principal, allow(*READERS, scope="branch")],
    page: Annotated[PageRequest, paged()],
    state: Annotated[TransferState | None, Query()] = None,
) -> Page[TransferView]:
    """Transfers within the caller's sight, newest first; ``state=created`` are those that wait for the owner."""
    database: Database = request.app.state.database
    async with database.session() as session:
        found = await transfers.transfers(session, who, page, state=state)
    link_next(request, response, found.next_cursor)
    return Page(items=[utilisations.transfer_view(row) for row in found.rows], next_cursor=found.next_cursor)


@router.get("/v1/transfers/{transfer_id}", response_model=TransferView)
async def one(
    request: Request,
    response: Response,
    transfer_id: UUID,
    who: Annotated[Principal, allow(*READERS, scope="branch")],
) -> TransferView:
    """One transfer, with the hash of the instruction that a decision must name."""
    database: Database = request.app.state.database
    async with database.session() as session:
        row = await transfers.visible_transfer(session, who, transfer_id)
    if row is None:
        raise await foreign(request, who)
    response.headers["ETag"] = etag_of(row.version)
    return utilisations.transfer_view(row)


@router.post("/v1/transfers/{transfer_id}/confirm", response_model=TransferView, responses=ACCEPTED)
async def confirm(
    request: Request,
    transfer_id: UUID,
    body: TransferBody,
    who: Annotated[Principal, allow(Role.BORROWER_OWNER, scope="borrower")],
    call: Annotated[IdempotentCall, idempotent()],
) -> Response:
    """Confirm or reject an outgoing payment: payee, account, amount and purpose as they were shown, by their hash."""

    async def prepare(session: AsyncSession) -> Order:
        row = await transfers.visible_transfer(session, who, transfer_id)
        if row is None:
            raise await foreign(request, who)
        command = TransferCommand(
            transfer_id=transfer_id,
            decision=body.decision,
            instruction_sha256=body.instruction_sha256,
            subject=who.subject,
            roles=who.roles,
            comment=body.comment,
        )
        return Order(row.case_id, utilisation_workflow_id(row.utilisation_id), DECIDE_TRANSFER, command)

    async def answer(session: AsyncSession, _: Sequence[Task]) -> Reply:
        row = await transfers.visible_transfer(session, who, transfer_id)
        assert row is not None
        return Reply(200, utilisations.transfer_view(row), {"ETag": etag_of(row.version)})

    return await carry_out(
        request,
        call,
        who,
        target=str(transfer_id),
        prepare=prepare,
        signed=SignedTransferCommand,
        answer=answer,
        event_kind=f"transfer.owner_{body.decision.value}",
    )


@router.post("/v1/transfers/{transfer_id}/send", response_model=TransferRef)
async def send(
    request: Request,
    transfer_id: UUID,
    body: TransferStep,
    who: Annotated[Principal, allow(*WORKER)],
    call: Annotated[IdempotentCall, idempotent()],
) -> Response:
    """Send a confirmed transfer, once. Asked again, core banking is inquired of and nothing is sent."""
    _of_this_transfer(transfer_id, body)
    return await _at_core_banking(request, call, who, body, sending=True)


@router.post("/v1/transfers/{transfer_id}/inquire", response_model=TransferRef)
async def inquire(
    request: Request,
    transfer_id: UUID,
    body: TransferStep,
    who: Annotated[Principal, allow(*WORKER)],
    call: Annotated[IdempotentCall, idempotent()],
) -> Response:
    """Ask core banking what became of a transfer."""
    _of_this_transfer(transfer_id, body)
    return await _at_core_banking(request, call, who, body, sending=False)


async def _at_core_banking(
    request: Request, call: IdempotentCall, who: Principal, step: TransferStep, *, sending: bool
) -> Response:
    database: Database = request.app.state.database
    core_banking: CoreBanking = request.app.state.core_banking
    reservation = await call.reserve(database)
    if reservation.replayed is not None:
        return reservation.replayed
    settings: OriginationSettings = request.app.state.settings
    deal = transfers.send if sending else transfers.inquire
    try:
        life = timedelta(seconds=settings.payment_instruction_seconds)
        ref = await deal(database, core_banking, who, step, life=life)
    except Problem as problem:
        await call.refuse(database, reservation, problem)
        raise
    except Exception:
        await call.suspend(database, reservation)
        raise

    async def effect(_: AsyncSession) -> Reply:
        return Reply(200, ref)

    return await call.finish(database, reservation, effect)


def _of_this_transfer(transfer_id: UUID, step: TransferStep) -> None:
    if step.transfer_id != transfer_id:
        fault = Fault("/transfer_id", "other_transfer", "与路径不一致", "is not the transfer of the address")
        raise Problem("invalid_request", errors=[fault], count=1)
