"""Outgoing payments: made once, confirmed by the borrower's owner, sent once, and never sent again.

``created → confirmed_by_owner → sending → confirmed | failed | unknown``; what is unknown is resolved by inquiry. The
network is only called between two transactions.
"""

from datetime import date, timedelta
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.application import Payee
from domain.canonical import sha256_of
from domain.facility import TransferRef, TransferState
from domain.money import Money
from domain.process import TransferStep, UtilisationStep
from policy.engine import Bundle
from services.kit.database import Database, new_id, now
from services.kit.paging import PageRequest, Slice, fetch_page
from services.kit.principal import Principal
from services.kit.problems import Problem
from services.origination.core_banking.adapter import CoreBanking
from services.origination.core_banking.messages import CreditTransfer, PaymentStatus, TransactionStatus
from services.origination.store.commitments import entries_of, locked, transfers_of
from services.origination.store.events import lock_case, record
from services.origination.store.facilities import in_sight
from services.origination.tables.facilities import Facility, Transfer, Utilisation

OTHER_INSTRUCTION = "OTHER_INSTRUCTION"
"""Why a transfer stays unknown whose id core banking knows with another payee, account or amount: an operator has to look."""

_SETTLED = (TransferState.CONFIRMED, TransferState.FAILED)


async def prepare(session: AsyncSession, who: Principal, step: UtilisationStep, bundle: Bundle) -> list[TransferRef]:
    """Make the transfers of a utilisation, one a payee, once. Raises ``step_not_possible`` before the gate has passed
    and the commitment is reserved."""
    utilisation, _ = await locked(session, step)
    known = await transfers_of(session, utilisation.id)
    if known:
        return [transfer_ref(row) for row in known]
    entries = await entries_of(session, utilisation.id)
    if utilisation.payment_mode is None or "reserve" not in entries or "release" in entries:
        raise Problem("step_not_possible", needs="gate, reservation")
    facility = await session.get_one(Facility, utilisation.facility_id)
    hours = bundle.sla(facility.pinned_on).owner_confirmation_hours
    rows = [
        _transfer(utilisation, Payee.model_validate(payee), number, step.as_of, timedelta(hours=hours))
        for number, payee in enumerate(utilisation.payees, start=1)
    ]
    facts = {"step": step.step, "workflow_id": step.workflow_id, "payment_mode": utilisation.payment_mode}
    await record(session, step.case_id, "transfers.created", who, rows=rows, facts=facts)
    return [transfer_ref(row) for row in rows]


def _transfer(utilisation: Utilisation, payee: Payee, number: int, made_on: date, life: timedelta) -> Transfer:
    row = Transfer(
        id=new_id(),
        case_id=utilisation.case_id,
        facility_id=utilisation.facility_id,
        utilisation_id=utilisation.id,
        end_to_end_id=f"{utilisation.number}-{number:02d}",
        payee_key=payee.key,
        payee_name=payee.name,
        payee_uscc=payee.uscc,
        payee_account=payee.account,
        payee_bank=payee.bank,
        amount=payee.amount.amount,
        currency=payee.amount.currency,
        purpose=utilisation.purpose,
        instruction_sha256="",
        made_on=made_on,
        state=TransferState.CREATED.value,
        expires_at=now() + life,
    )
    row.instruction_sha256 = instruction_sha256(row)
    return row


def instruction_sha256(row: Transfer) -> str:
    """What the owner confirms: payee, account, amount and purpose of this very payment."""
    return sha256_of(
        {
            "end_to_end_id": row.end_to_end_id,
            "payee_name": row.payee_name,
            "payee_uscc": row.payee_uscc,
            "payee_account": row.payee_account,
            "payee_bank": row.payee_bank,
            "amount": _money(row).model_dump(mode="json"),
            "purpose": row.purpose,
        }
    )


def transfer_ref(row: Transfer) -> TransferRef:
    return TransferRef(
        transfer_id=row.id,
        end_to_end_id=row.end_to_end_id,
        payee_key=row.payee_key,
        amount=_money(row),
        state=TransferState(row.state),
        instruction_sha256=row.instruction_sha256,
    )


def _money(row: Transfer) -> Money:
    return Money.model_validate({"amount": row.amount, "currency": row.currency})


# --- sending ----------------------------------------------------------------------------------------------------------


async def send(
    database: Database, core_banking: CoreBanking, who: Principal, step: TransferStep, *, life: timedelta
) -> TransferRef:
    """Send a transfer that the owner confirmed, once. One that was sent before is asked about instead.

    ``life`` is how long core banking may execute the instruction; one that reaches it later is refused there. Core
    banking is asked before anything is sent: books that were restored from a backup do not know what was paid after
    it. Raises ``not_found``, ``transfer_not_confirmed`` for one the owner has not confirmed, and what the adapter raises
    when core banking cannot be asked; then nothing was sent.
    """
    async with database.session() as session:
        row = await _locked(session, step)
    known = None
    if row.state == TransferState.CONFIRMED_BY_OWNER:
        known = await core_banking.inquire(row.end_to_end_id)
    async with database.session() as session:
        row = await _locked(session, step)
        state = TransferState(row.state)
        if state is TransferState.CONFIRMED_BY_OWNER:
            row.state = TransferState.SENDING.value
            row.sent_at = now()
            row.version += 1
            await _record(session, who, step, "transfer.sending", row)
    if state in _SETTLED:
        return transfer_ref(row)
    if state in (TransferState.SENDING, TransferState.UNKNOWN):
        return await inquire(database, core_banking, who, step, life=life)
    if state is not TransferState.CONFIRMED_BY_OWNER:
        raise Problem("transfer_not_confirmed", state=state.value)
    status = known or await core_banking.pay(_instruction(row, life))
    return await _settle(database, who, step, status)


async def inquire(
    database: Database, core_banking: CoreBanking, who: Principal, step: TransferStep, *, life: timedelta
) -> TransferRef:
    """Ask core banking what became of a transfer. Only when its instruction could no longer be executed, for certain after
    twice its ``life``, does "unknown to core banking" mean that nothing was paid. Raises ``not_found``,
    ``transfer_not_confirmed`` for one that was never sent, and what the adapter raises when core banking cannot be
    asked."""
    async with database.session() as session:
        row = await _locked(session, step)
    if row.state in _SETTLED:
        return transfer_ref(row)
    if row.state not in (TransferState.SENDING, TransferState.UNKNOWN):
        raise Problem("transfer_not_confirmed", state=row.state)
    status = await core_banking.inquire(row.end_to_end_id)
    if status is None and row.sent_at is not None and now() - row.sent_at > 2 * life:
        status = PaymentStatus(
            end_to_end_id=row.end_to_end_id, status=TransactionStatus.REJECTED, reason_code="NEVER_ARRIVED"
        )
    return await _settle(database, who, step, status)


def _instruction(row: Transfer, life: timedelta) -> CreditTransfer:
    assert row.sent_at is not None
    return CreditTransfer(
        end_to_end_id=row.end_to_end_id,
        instructed_amount=_money(row),
        creditor_name=row.payee_name,
        creditor_identification=row.payee_uscc,
        creditor_account=row.payee_account,
        creditor_agent=row.payee_bank,
        purpose=row.purpose,
        instruction_sha256=row.instruction_sha256,
        valid_until=row.sent_at + life,
    )


async def _settle(database: Database, who: Principal, step: TransferStep, status: PaymentStatus | None) -> TransferRef:
    """Enter what is known of a transfer that was sent. A settled one is never changed again."""
    async with database.session() as session:
        row = await _locked(session, step)
        if status is not None and status.instruction_sha256 not in ("", row.instruction_sha256):
            # Somebody else's payment under our id says nothing about ours, and ours must not be sent any more.
            status = PaymentStatus(
                end_to_end_id=row.end_to_end_id, status=TransactionStatus.PENDING, reason_code=OTHER_INSTRUCTION
            )
        state = _state_of(status)
        if row.state in _SETTLED or row.state == state:
            return transfer_ref(row)
        row.state = state.value
        row.version += 1
        if status is not None:
            row.bank_reference = status.bank_reference
            row.reason_code = status.reason_code
            row.settled_on = status.settled_on
        await _record(session, who, step, f"transfer.{state.value}", row)
        return transfer_ref(row)


def _state_of(status: PaymentStatus | None) -> TransferState:
    match status:
        case PaymentStatus(status=TransactionStatus.SETTLED, settled_on=date()):
            return TransferState.CONFIRMED
        case PaymentStatus(status=TransactionStatus.REJECTED):
            return TransferState.FAILED
        case _:
            return TransferState.UNKNOWN


async def _locked(session: AsyncSession, step: TransferStep) -> Transfer:
    await lock_case(session, step.case_id)
    row = await session.get(Transfer, step.transfer_id, populate_existing=True, with_for_update=True)
    if row is None or (row.case_id, row.utilisation_id) != (step.case_id, step.utilisation_id):
        raise Problem("not_found")
    return row


async def _record(session: AsyncSession, who: Principal, step: TransferStep, kind: str, row: Transfer) -> None:
    facts = {"step": step.step, "workflow_id": step.workflow_id, "end_to_end_id": row.end_to_end_id}
    await record(session, step.case_id, kind, who, rows=[row], facts=facts)


# --- who sees which ---------------------------------------------------------------------------------------------------


async def visible_transfer(session: AsyncSession, who: Principal, transfer_id: UUID) -> Transfer | None:
    """A transfer within the caller's sight."""
    found = await session.exec(
        select(Transfer)
        .join(Facility, col(Facility.id) == col(Transfer.facility_id))
        .where(Transfer.id == transfer_id, in_sight(who))
    )
    return found.one_or_none()


async def transfers(
    session: AsyncSession, who: Principal, page: PageRequest, *, state: TransferState | None
) -> Slice[Transfer]:
    """A page of the transfers within the caller's sight, newest first."""
    statement = select(Transfer).join(Facility, col(Facility.id) == col(Transfer.facility_id)).where(in_sight(who))
    if state is not None:
        statement = statement.where(Transfer.state == state.value)
    return await fetch_page(session, statement, col(Transfer.id), page)
