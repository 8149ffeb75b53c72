"""What the fraud and consistency checks are drawn from, out of the books of all cases. Look-ups go by index and are bounded."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import and_, func, or_
from sqlalchemy import select as core_select
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.application import ApplicationContent, PartyRole, Payee
from domain.application.invoices import Invoice
from domain.integrity import (
    CommonBacker,
    DrawingAsked,
    EarlierInvoiceUse,
    PayeeShare,
    PaymentMade,
    PeerPrice,
    PledgedElsewhere,
    ShortFacility,
    Tie,
    TradeLeg,
)
from domain.process import utilisation_workflow_id
from domain.stages import FacilityStage, UtilisationStage
from policy.engine import Bundle
from policy.engine.integrity import IntegrityPolicy
from services.origination.calc.integrity.ties import Digest, account_digest
from services.origination.store import connections, money_trail
from services.origination.store.case_rows import table_of
from services.origination.store.traces import GONE, MOST_FOUND
from services.origination.tables.cases import Application
from services.origination.tables.facilities import Facility, Utilisation
from services.origination.tables.traces import InvoiceTrace, PledgeTrace

_CLOSED = (FacilityStage.REPAID.value, FacilityStage.CANCELLED.value)
_UNDONE = (UtilisationStage.REFUSED.value, UtilisationStage.CANCELLED.value, UtilisationStage.FAILED.value)

_cases, _drawings, _facilities = table_of(Application), table_of(Utilisation), table_of(Facility)
_pledges, _invoices = table_of(PledgeTrace), table_of(InvoiceTrace)


@dataclass(frozen=True)
class BooksOfAllCases:
    """What all cases say about one of them."""

    drawing: DrawingAsked | None
    pledged_elsewhere: tuple[PledgedElsewhere, ...]
    invoices_presented: int
    invoice_uses: tuple[EarlierInvoiceUse, ...]
    ties: tuple[Tie, ...]
    shared: tuple[str, ...]
    common_backers: tuple[CommonBacker, ...]
    legs: tuple[TradeLeg, ...]
    peers: tuple[PeerPrice, ...]
    payments: tuple[PaymentMade, ...]
    asset_vendors: tuple[str, ...]
    short_facilities: tuple[ShortFacility, ...]


async def books_of_all_cases(
    session: AsyncSession,
    row: Application,
    content: ApplicationContent,
    as_of: date,
    pinned: Bundle,
    policy: IntegrityPolicy,
    drawing: Utilisation | None,
    digest: Digest,
) -> BooksOfAllCases:
    """Everything the checks of a case compare it with. ``digest`` is the house's own, of what speaks of persons."""
    borrower = content.party(PartyRole.BORROWER)
    uscc = borrower.uscc if borrower is not None else ""
    payments = await money_trail.payments_of(session, uscc, as_of, policy, pinned, digest, drawing)
    asked = None if drawing is None else _asked(drawing, digest)
    others = {payee.uscc for payee in asked.payees} if asked is not None else set()
    others |= {payment.payee for payment in payments} if asked is not None else set()
    ties = await connections.ties_about(session, row.case_id, content, others, policy.ownership, digest)
    presented, uses = await _invoice_uses(session, row, drawing)
    return BooksOfAllCases(
        drawing=asked,
        pledged_elsewhere=await _pledged_elsewhere(session, row),
        invoices_presented=presented,
        invoice_uses=uses,
        ties=ties,
        shared=await connections.too_common(session, ties, policy.ownership),
        common_backers=await connections.common_backers(session, row),
        legs=await money_trail.legs(session, uscc, as_of, policy.trades.hops),
        peers=await money_trail.peers(session, row.case_id, content),
        payments=payments,
        asset_vendors=await money_trail.asset_vendors(session, uscc),
        short_facilities=await money_trail.short_facilities(session, uscc, as_of, policy, pinned),
    )


async def drawing_of(session: AsyncSession, case_id: UUID, workflow_id: str) -> Utilisation | None:
    """The drawing whose process asks; ``None`` where it is the case's own."""
    found = await session.exec(select(Utilisation).where(Utilisation.case_id == case_id))
    return next((row for row in found if utilisation_workflow_id(row.id) == workflow_id), None)


def _asked(row: Utilisation, digest: Digest) -> DrawingAsked:
    payees = [Payee.model_validate(payee) for payee in row.payees]
    return DrawingAsked(
        number=row.number,
        payees=tuple(
            PayeeShare(
                key=payee.key,
                uscc=payee.uscc,
                account=account_digest(payee.account, digest),
                amount=payee.amount,
                new=payee.new,
            )
            for payee in payees
        ),
        invoices=tuple(Invoice.model_validate(item) for item in row.invoice_details or ()),
    )


# --- things and invoices -----------------------------------------------------------------------------------------------


async def _pledged_elsewhere(session: AsyncSession, row: Application) -> tuple[PledgedElsewhere, ...]:
    """What an earlier case that lives has as well. The case that came first keeps the thing."""
    own, other = _pledges.alias("own"), _pledges.alias("other")
    found = (
        core_select(own.c.asset_key, own.c.what, _cases.c.case_number)
        .join(other, and_(other.c.mark == own.c.mark, other.c.of_case != own.c.of_case))
        .join(_cases, _cases.c.case_id == other.c.of_case)
        .outerjoin(_facilities, _facilities.c.case_id == other.c.of_case)
        .where(
            own.c.of_case == row.case_id,
            _cases.c.stage.not_in(GONE),
            _facilities.c.stage.is_(None) | _facilities.c.stage.not_in(_CLOSED),
            _facilities.c.id.is_not(None) | (_cases.c.submitted_at < row.submitted_at),
        )
        .order_by(own.c.asset_key, own.c.what, _cases.c.case_number)
        .distinct()
        .limit(MOST_FOUND)
    )
    rows = (await (await session.connection()).execute(found)).all()
    return tuple(
        PledgedElsewhere(asset_key=item.asset_key, what=item.what, case_number=item.case_number) for item in rows
    )


async def _invoice_uses(
    session: AsyncSession, row: Application, drawing: Utilisation | None
) -> tuple[int, tuple[EarlierInvoiceUse, ...]]:
    """How many invoices came with the case, or with the drawing, and their other uses: by an earlier case that lives, or by
    any other drawing that was not undone. Of two drawings asked for at once both are told."""
    own, other = _invoices.alias("own"), _invoices.alias("other")
    mine = and_(
        own.c.of_case == row.case_id,
        own.c.of_drawing.is_(None)
        if drawing is None
        else or_(own.c.of_drawing == drawing.id, own.c.of_drawing.is_(None)),
    )
    elsewhere = or_(
        and_(other.c.of_drawing.is_(None), other.c.of_case != row.case_id, _cases.c.submitted_at < row.submitted_at),
        and_(
            other.c.of_drawing.is_not(None),
            other.c.of_drawing != (drawing.id if drawing is not None else None),
            _drawings.c.stage.not_in(_UNDONE),
            # What a case shows to be financed, its own drawings are paid on.
            or_(other.c.of_case != row.case_id, own.c.of_drawing.is_not(None)),
        )
        if drawing is not None
        else and_(other.c.of_drawing.is_not(None), other.c.of_case != row.case_id, _drawings.c.stage.not_in(_UNDONE)),
    )
    found = (
        core_select(
            own.c.pointer,
            own.c.particulars,
            other.c.particulars.label("theirs"),
            _cases.c.case_number,
            func.coalesce(_drawings.c.number, "").label("number"),
        )
        .join(other, and_(other.c.mark == own.c.mark, other.c.id != own.c.id))
        .join(_cases, _cases.c.case_id == other.c.of_case)
        .outerjoin(_drawings, _drawings.c.id == other.c.of_drawing)
        .where(mine, _cases.c.stage.not_in(GONE), elsewhere)
        .order_by(own.c.pointer, _cases.c.case_number, "number")
        .limit(MOST_FOUND)
    )
    connection = await session.connection()
    presented = core_select(func.count()).select_from(own).where(mine)
    count = (await connection.execute(presented)).scalar_one()
    rows = (await connection.execute(found)).all()
    return count, tuple(
        EarlierInvoiceUse(
            pointer=item.pointer,
            case_number=item.case_number,
            drawing_number=item.number,
            altered=bool(item.particulars and item.theirs and item.particulars != item.theirs),
        )
        for item in rows
    )
