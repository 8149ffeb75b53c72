"""The commitment of a facility: reserved before a drawing is looked at, drawn when it is paid, or given back.

Each movement is one transaction under the row lock of the commitment, and happens once per utilisation: a drawing
reserves once and in the end draws, releases, or draws a part and releases the rest. The database holds
``reserved + drawn ≤ amount`` whatever this code does.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.facility import TransferState
from domain.money import Money
from domain.process import DrawingRecord, ReservationResult, UtilisationStep
from services.kit.database import now
from services.kit.principal import Principal
from services.kit.problems import Problem
from services.origination.store.events import lock_case, record
from services.origination.tables.facilities import Commitment, CommitmentEntry, Transfer, Utilisation

SHORT = "COMMITMENT_SHORT"
_NOTHING_LEFT = (TransferState.FAILED, TransferState.REJECTED_BY_OWNER, TransferState.EXPIRED, TransferState.CREATED)
"""States in which no money has left; also a transfer that the owner confirmed and that was never sent."""


async def reserve(session: AsyncSession, who: Principal, step: UtilisationStep) -> ReservationResult:
    """Reserve the amount of a utilisation, whole or not at all. Asked again, the answer is that of the first time."""
    utilisation, commitment = await locked(session, step)
    entries = await entries_of(session, utilisation.id)
    if "reserve" in entries:
        return ReservationResult(reserved=True, available=available(commitment))
    if utilisation.amount > available(commitment).amount:
        facts = {"step": step.step, "available": available(commitment), "asked": utilisation.amount}
        await record(session, step.case_id, "commitment.short", who, facts=facts)
        return ReservationResult(reserved=False, available=available(commitment), codes=(SHORT,))
    commitment.reserved += utilisation.amount
    entry = _entry(utilisation, "reserve", utilisation.amount, step.as_of)
    await _record(session, who, step, "commitment.reserved", commitment, [entry])
    return ReservationResult(reserved=True, available=available(commitment))


async def release(session: AsyncSession, who: Principal, step: UtilisationStep) -> None:
    """Give back what a utilisation reserved and did not draw. Raises ``step_not_possible`` while money may have left."""
    utilisation, commitment = await locked(session, step)
    entries = await entries_of(session, utilisation.id)
    if "reserve" not in entries or "release" in entries or "draw" in entries:
        return
    states = {transfer.state for transfer in await transfers_of(session, utilisation.id)}
    if states - {state.value for state in (*_NOTHING_LEFT, TransferState.CONFIRMED_BY_OWNER)}:
        raise Problem("step_not_possible", needs="settled transfers")
    amount = entries["reserve"].amount
    commitment.reserved -= amount
    entry = _entry(utilisation, "release", amount, step.as_of)
    await _record(session, who, step, "commitment.released", commitment, [entry])


async def draw(session: AsyncSession, who: Principal, step: UtilisationStep) -> DrawingRecord:
    """Turn what was paid from reserved into drawn, and give back what was not. Raises ``step_not_possible`` while the
    fate of a transfer is open or nothing was paid."""
    utilisation, commitment = await locked(session, step)
    transfers = await transfers_of(session, utilisation.id)
    paid = [transfer for transfer in transfers if transfer.state == TransferState.CONFIRMED]
    days = [transfer.settled_on for transfer in paid if transfer.settled_on is not None]
    open_ones = [transfer for transfer in transfers if transfer.state in ("sending", "unknown", "confirmed_by_owner")]
    entries = await entries_of(session, utilisation.id)
    if not days or open_ones or "reserve" not in entries or ("release" in entries and "draw" not in entries):
        raise Problem("step_not_possible", needs="settled transfers")
    amount = sum((transfer.amount for transfer in paid), Decimal(0))
    drawing = DrawingRecord(utilisation_id=utilisation.id, amount=_money(commitment, amount), paid_on=max(days))
    if "draw" in entries:
        return drawing
    rest = entries["reserve"].amount - amount
    commitment.reserved -= entries["reserve"].amount
    commitment.drawn += amount
    moved = [_entry(utilisation, "draw", amount, step.as_of)]
    if rest > 0:
        moved.append(_entry(utilisation, "release", rest, step.as_of))
    utilisation.paid_on = drawing.paid_on
    utilisation.paid_at = now()
    utilisation.version += 1
    await _record(session, who, step, "commitment.drawn", commitment, [*moved, utilisation])
    return drawing


async def locked(session: AsyncSession, step: UtilisationStep) -> tuple[Utilisation, Commitment]:
    """A utilisation and the commitment it draws on, under their locks. Raises ``not_found`` where they do not belong
    together."""
    await lock_case(session, step.case_id)
    utilisation = await session.get(Utilisation, step.utilisation_id, populate_existing=True, with_for_update=True)
    if utilisation is None or utilisation.case_id != step.case_id or utilisation.facility_id != step.facility_id:
        raise Problem("not_found")
    commitment = await session.get_one(
        Commitment, utilisation.facility_id, populate_existing=True, with_for_update=True
    )
    return utilisation, commitment


async def entries_of(session: AsyncSession, utilisation_id: UUID) -> dict[str, CommitmentEntry]:
    """The movements of a utilisation by kind."""
    rows = await session.exec(select(CommitmentEntry).where(CommitmentEntry.utilisation_id == utilisation_id))
    return {row.kind: row for row in rows}


async def transfers_of(session: AsyncSession, utilisation_id: UUID) -> list[Transfer]:
    """The transfers of a utilisation, in the order in which they were made."""
    rows = await session.exec(
        select(Transfer).where(Transfer.utilisation_id == utilisation_id).order_by(Transfer.end_to_end_id)
    )
    return list(rows)


def available(commitment: Commitment) -> Money:
    """What may still be reserved."""
    return _money(commitment, commitment.amount - commitment.reserved - commitment.drawn)


def _money(commitment: Commitment, amount: Decimal) -> Money:
    return Money.model_validate({"amount": amount, "currency": commitment.currency})


def _entry(utilisation: Utilisation, kind: str, amount: Decimal, as_of: date) -> CommitmentEntry:
    return CommitmentEntry(
        case_id=utilisation.case_id,
        facility_id=utilisation.facility_id,
        utilisation_id=utilisation.id,
        kind=kind,
        amount=amount,
        currency=utilisation.currency,
        as_of=as_of,
    )


async def _record(
    session: AsyncSession,
    who: Principal,
    step: UtilisationStep,
    kind: str,
    commitment: Commitment,
    rows: Sequence[CommitmentEntry | Utilisation],
) -> None:
    commitment.version += 1
    facts = {"step": step.step, "workflow_id": step.workflow_id, "utilisation_id": step.utilisation_id}
    await record(session, step.case_id, kind, who, rows=[commitment, *rows], facts=facts)
