"""What the fraud and consistency checks are drawn from, out of the books of all cases. Look-ups go by index and are bounded."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, func, or_
from sqlalchemy import select as core_select
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.application import ApplicationContent, PartyRole, Payee
from domain.application.invoices import Invoice
from domain.books import CustomerFile
from domain.facility import TransferState
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
    TieKind,
    TradeLeg,
)
from domain.money import Money
from domain.process import utilisation_workflow_id
from domain.stages import FacilityStage, Stage, UtilisationStage
from policy.engine import Bundle
from policy.engine.integrity import IntegrityPolicy, OwnershipRules
from services.origination.calc.integrity.ties import Digest, account_digest, owner_ties, personal_ties
from services.origination.store import traces
from services.origination.store.case_rows import table_of
from services.origination.tables.books import Customer
from services.origination.tables.cases import Application
from services.origination.tables.facilities import Facility, Transfer, Utilisation
from services.origination.tables.traces import InvoiceTrace, PartyTrace, PledgeTrace, PriceTrace, TieTrace, TradeTrace

_GONE = (Stage.DECLINED.value, Stage.WITHDRAWN.value, Stage.EXPIRED.value)
_CLOSED = (FacilityStage.REPAID.value, FacilityStage.CANCELLED.value)
_UNDONE = (UtilisationStage.REFUSED.value, UtilisationStage.CANCELLED.value, UtilisationStage.FAILED.value)
_MADE = (
    TransferState.CREATED.value,
    TransferState.CONFIRMED_BY_OWNER.value,
    TransferState.SENDING.value,
    TransferState.UNKNOWN.value,
    TransferState.CONFIRMED.value,
)
_MOST_FOUND = 200
"""So many of one kind are named; more would say no more."""
_MOST_LEGS = 4_001
"""One more than a check looks through, so that it sees that there are too many."""
_MOST_PAYMENTS = 5_000
_LOOKED_BACK = timedelta(days=366)
_DAYS_OF_MONTH = 31

_cases, _drawings, _facilities = table_of(Application), table_of(Utilisation), table_of(Facility)
_pledges, _invoices, _parties = table_of(PledgeTrace), table_of(InvoiceTrace), table_of(PartyTrace)
_ties, _trade, _prices, _transfers = table_of(TieTrace), table_of(TradeTrace), table_of(PriceTrace), table_of(Transfer)


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
    payments = await payments_of(session, uscc, as_of, policy, pinned, digest, drawing)
    asked = None if drawing is None else _asked(drawing, digest)
    others = {payee.uscc for payee in asked.payees} if asked is not None else set()
    others |= {payment.payee for payment in payments} if asked is not None else set()
    ties = await ties_about(session, row.case_id, content, others, policy.ownership, digest)
    presented, uses = await _invoice_uses(session, row, drawing)
    return BooksOfAllCases(
        drawing=asked,
        pledged_elsewhere=await _pledged_elsewhere(session, row),
        invoices_presented=presented,
        invoice_uses=uses,
        ties=ties,
        shared=await _too_common(session, ties, policy.ownership),
        common_backers=await common_backers(session, row),
        legs=await _legs(session, uscc, as_of, policy.trades.hops),
        peers=await _peers(session, row.case_id, content),
        payments=payments,
        asset_vendors=await _asset_vendors(session, uscc),
        short_facilities=await _short_facilities(session, uscc, as_of, policy, pinned),
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
            _cases.c.stage.not_in(_GONE),
            _facilities.c.stage.is_(None) | _facilities.c.stage.not_in(_CLOSED),
            _facilities.c.id.is_not(None) | (_cases.c.submitted_at < row.submitted_at),
        )
        .order_by(own.c.asset_key, own.c.what, _cases.c.case_number)
        .distinct()
        .limit(_MOST_FOUND)
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
        .where(mine, _cases.c.stage.not_in(_GONE), elsewhere)
        .order_by(own.c.pointer, _cases.c.case_number, "number")
        .limit(_MOST_FOUND)
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


# --- parties -----------------------------------------------------------------------------------------------------------


async def ties_about(
    session: AsyncSession,
    case_id: UUID,
    content: ApplicationContent,
    others: Iterable[str],
    rules: OwnershipRules,
    digest: Digest,
) -> tuple[Tie, ...]:
    """The ties of the companies of a case, and of others asked for, up the chain of their owners: as this file states them, as
    other files do, and as the lender's own customer files do."""
    found: dict[Tie, None] = dict.fromkeys(personal_ties(content, case_id, digest))
    asked: set[str] = set()
    frontier = {party.uscc for party in content.parties} | {item.buyer_uscc for item in content.contracts}
    frontier |= {payee.uscc for payee in content.payees} | set(others)
    connection = await session.connection()
    for _ in range(rules.hops):
        frontier -= asked
        if not frontier:
            break
        asked |= frontier
        stated = core_select(_ties.c.subject, _ties.c.kind, _ties.c.other, _ties.c.share).where(
            _ties.c.subject.in_(sorted(frontier))
        )
        # In order, so that the inputs of one state of the books have one hash.
        rows = (await connection.execute(stated.distinct().order_by("subject", "kind", "other", "share"))).all()
        upward = [Tie(subject=row.subject, kind=row.kind, other=row.other, share=row.share) for row in rows]
        for customer in await session.exec(
            select(Customer).where(col(Customer.uscc).in_(sorted(frontier))).order_by(col(Customer.uscc))
        ):
            owners = CustomerFile.model_validate(customer.file).owners or ()
            upward += owner_ties(customer.uscc, owners, case_id, digest)
            upward += [
                Tie(subject=customer.uscc, kind=TieKind.OWNER, other=owner.entity_uscc, share=owner.share)
                for owner in owners
                if owner.entity_uscc is not None and owner.entity_uscc != customer.uscc
            ]
        found |= dict.fromkeys(upward)
        frontier = {tie.other for tie in upward if tie.kind is TieKind.OWNER and len(tie.other) == _USCC_LENGTH}
    return tuple(found)


_USCC_LENGTH = 18


async def _too_common(session: AsyncSession, ties: Sequence[Tie], rules: OwnershipRules) -> tuple[str, ...]:
    """Telephones and addresses, of those in the ties, that more parties have than the policy lets tie anybody."""
    asked = sorted({tie.other for tie in ties if tie.kind in (TieKind.PHONE, TieKind.ADDRESS)})
    if not asked:
        return ()
    counted = (
        core_select(_ties.c.other)
        .where(_ties.c.other.in_(asked))
        .group_by(_ties.c.other)
        .having(func.count(func.distinct(_ties.c.subject)) > rules.most_sharers)
        .order_by(_ties.c.other)
    )
    return tuple((await (await session.connection()).execute(counted)).scalars())


async def common_backers(session: AsyncSession, row: Application) -> tuple[CommonBacker, ...]:
    """Other customers behind whose living cases the same guarantor and the same supplier stand (row C3)."""
    mine_g, mine_s, their_g, their_s = (_parties.alias(name) for name in ("mine_g", "mine_s", "their_g", "their_s"))
    guarantor, supplier = PartyRole.GUARANTOR.value, PartyRole.SUPPLIER.value
    found = (
        core_select(
            their_g.c.borrower_uscc, mine_g.c.uscc.label("guarantor"), func.min(mine_s.c.uscc).label("supplier")
        )
        .select_from(mine_g)
        .join(their_g, and_(their_g.c.uscc == mine_g.c.uscc, their_g.c.role == guarantor))
        .join(their_s, and_(their_s.c.borrower_uscc == their_g.c.borrower_uscc, their_s.c.role == supplier))
        .join(
            mine_s,
            and_(mine_s.c.of_case == mine_g.c.of_case, mine_s.c.role == supplier, mine_s.c.uscc == their_s.c.uscc),
        )
        .join(_cases, _cases.c.case_id == their_g.c.of_case)
        .where(
            mine_g.c.of_case == row.case_id,
            mine_g.c.role == guarantor,
            their_g.c.borrower_uscc != (row.borrower_uscc or ""),
            _cases.c.stage.not_in(_GONE),
        )
        .group_by(their_g.c.borrower_uscc, mine_g.c.uscc)
        .order_by(their_g.c.borrower_uscc, mine_g.c.uscc)
        .limit(_MOST_FOUND)
    )
    rows = (await (await session.connection()).execute(found)).all()
    return tuple(
        CommonBacker(borrower_uscc=item.borrower_uscc, guarantor_uscc=item.guarantor, supplier_uscc=item.supplier)
        for item in rows
    )


async def _asset_vendors(session: AsyncSession, uscc: str) -> tuple[str, ...]:
    vendors = (
        core_select(_parties.c.uscc)
        .join(_cases, _cases.c.case_id == _parties.c.of_case)
        .where(
            _parties.c.borrower_uscc == uscc,
            _parties.c.role == traces.ASSET_VENDOR,
            _cases.c.stage.not_in(_GONE),
        )
        .distinct()
        .order_by(_parties.c.uscc)
    )
    return tuple((await (await session.connection()).execute(vendors)).scalars())


# --- trade, payments, prices -------------------------------------------------------------------------------------------


async def _legs(session: AsyncSession, uscc: str, as_of: date, hops: int) -> tuple[TradeLeg, ...]:
    """Trade of the last year that leads away from a company, so many hops far: by contracts and purchases of living cases, and
    by payments out of facilities."""
    since = as_of - _LOOKED_BACK
    connection = await session.connection()
    found: dict[TradeLeg, None] = {}
    asked: set[str] = set()
    frontier = {uscc}
    for _ in range(hops):
        frontier -= asked
        if not frontier or len(found) >= _MOST_LEGS:
            break
        asked |= frontier
        names = sorted(frontier)
        room = _MOST_LEGS - len(found)
        agreed = (
            core_select(_trade.c.payer, _trade.c.payee, _trade.c.on_day, _trade.c.source, _trade.c.reference)
            .join(_cases, _cases.c.case_id == _trade.c.of_case)
            .where(_trade.c.payer.in_(names), _trade.c.on_day >= since, _cases.c.stage.not_in(_GONE))
            .order_by(_trade.c.payer, _trade.c.on_day, _trade.c.payee, _trade.c.reference)
            .limit(room)
        )
        legs = [
            TradeLeg(payer=row.payer, payee=row.payee, on=row.on_day, source=row.source, reference=row.reference)
            for row in (await connection.execute(agreed)).all()
        ]
        paid = _paid_by(names, since, as_of).limit(room)
        legs += [
            TradeLeg(
                payer=row.borrower_uscc, payee=row.payee_uscc, on=row.made_on, source="transfer", reference=row.number
            )
            for row in (await connection.execute(paid)).all()
        ]
        found |= dict.fromkeys(legs)
        frontier = {leg.payee for leg in legs}
    return tuple(found)


def _paid_by(borrowers: Sequence[str], since: date, until: date) -> "Select[Any]":
    return (
        core_select(
            _facilities.c.borrower_uscc,
            _facilities.c.number,
            _facilities.c.product,
            _facilities.c.pinned_on,
            _transfers.c.payee_uscc,
            _transfers.c.payee_account,
            _transfers.c.amount,
            _transfers.c.made_on,
            _transfers.c.utilisation_id,
        )
        .join(_facilities, _facilities.c.id == _transfers.c.facility_id)
        .where(
            _facilities.c.borrower_uscc.in_(borrowers),
            _transfers.c.state.in_(_MADE),
            _transfers.c.made_on >= since,
            _transfers.c.made_on <= until,
        )
        .order_by(_transfers.c.id)
    )


async def payments_of(
    session: AsyncSession,
    uscc: str,
    as_of: date,
    policy: IntegrityPolicy,
    pinned: Bundle,
    digest: Digest,
    drawing: Utilisation | None = None,
) -> tuple[PaymentMade, ...]:
    """Payments out of all facilities of a borrower in the time that is looked back, without those of the drawing asked about."""
    since = as_of - timedelta(days=policy.short_loans.look_back_months * _DAYS_OF_MONTH)
    rows = (await (await session.connection()).execute(_paid_by([uscc], since, as_of).limit(_MOST_PAYMENTS))).all()
    return tuple(
        PaymentMade(
            payee=row.payee_uscc,
            account=account_digest(row.payee_account, digest),
            amount=Money(amount=row.amount),
            made_on=row.made_on,
            facility=row.number,
            working_capital=is_working_capital(pinned, row.product, row.pinned_on),
        )
        for row in rows
        if drawing is None or row.utilisation_id != drawing.id
    )


def is_working_capital(bundle: Bundle, product: str, on: date) -> bool:
    """Whether a product lends working capital, by the version of its day in this bundle; a product it does not know is not."""
    found = next((item for item in bundle.products(on) if item.id == product), None)
    return found is not None and found.loan_class == "working_capital"


async def _short_facilities(
    session: AsyncSession, uscc: str, as_of: date, policy: IntegrityPolicy, pinned: Bundle
) -> tuple[ShortFacility, ...]:
    since = as_of - timedelta(days=policy.short_loans.look_back_months * _DAYS_OF_MONTH)
    replaced = _cases.c.content["lines"][0]["replaces_facility_id"].astext
    found = (
        core_select(
            _facilities.c.number,
            _facilities.c.product,
            _facilities.c.pinned_on,
            _facilities.c.effective_on,
            _facilities.c.termination_date,
            replaced.is_not(None).label("replaces"),
        )
        .join(_cases, _cases.c.case_id == _facilities.c.case_id)
        .where(_facilities.c.borrower_uscc == uscc, _facilities.c.effective_on >= since)
        .order_by(_facilities.c.effective_on, _facilities.c.number)
        .limit(_MOST_FOUND)
    )
    rows = (await (await session.connection()).execute(found)).all()
    return tuple(
        ShortFacility(
            number=row.number,
            effective_on=row.effective_on,
            months=round((row.termination_date - row.effective_on).days / 30.4375),
            replaces=row.replaces,
        )
        for row in rows
        if is_working_capital(pinned, row.product, row.pinned_on)
    )


async def _peers(session: AsyncSession, case_id: UUID, content: ApplicationContent) -> tuple[PeerPrice, ...]:
    types = sorted({server.gpu_type for asset in content.assets for server in asset.servers})
    if not types:
        return ()
    # Of prices that are exact, the median that is one of them.
    median = func.percentile_disc(0.5).within_group(_prices.c.per_gpu)
    found = (
        core_select(_prices.c.gpu_type, median.label("median"), func.count().label("cases"))
        .where(_prices.c.gpu_type.in_(types), _prices.c.of_case != case_id)
        .group_by(_prices.c.gpu_type)
        .order_by(_prices.c.gpu_type)
    )
    rows = (await (await session.connection()).execute(found)).all()
    return tuple(PeerPrice(gpu_type=row.gpu_type, median_per_gpu=row.median, cases=row.cases) for row in rows)
