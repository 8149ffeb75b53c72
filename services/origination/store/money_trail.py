"""Where money goes: trade of all cases about a company, payments out of a borrower's facilities, its short facilities, and
what others pay for the same hardware. Look-ups go by index and are bounded."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func
from sqlalchemy import select as core_select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.application import ApplicationContent
from domain.facility import TransferState
from domain.integrity import PaymentMade, PeerPrice, ShortFacility, TradeLeg
from domain.money import Money
from policy.engine import Bundle
from policy.engine.integrity import IntegrityPolicy
from services.origination.calc.integrity.ties import Digest, account_digest
from services.origination.store.case_rows import table_of
from services.origination.store.traces import ASSET_VENDOR, GONE, MOST_FOUND
from services.origination.tables.cases import Application
from services.origination.tables.facilities import Facility, Transfer, Utilisation
from services.origination.tables.traces import PartyTrace, PriceTrace, TradeTrace

_MADE = (
    TransferState.CREATED.value,
    TransferState.CONFIRMED_BY_OWNER.value,
    TransferState.SENDING.value,
    TransferState.UNKNOWN.value,
    TransferState.CONFIRMED.value,
)
_MOST_LEGS = 4_001
"""One more than a check looks through, so that it sees that there are too many."""
_MOST_PAYMENTS = 5_000
_LOOKED_BACK = timedelta(days=366)
_DAYS_OF_MONTH = 31

_cases, _facilities, _transfers = table_of(Application), table_of(Facility), table_of(Transfer)
_parties, _trade, _prices = table_of(PartyTrace), table_of(TradeTrace), table_of(PriceTrace)


async def asset_vendors(session: AsyncSession, uscc: str) -> tuple[str, ...]:
    vendors = (
        core_select(_parties.c.uscc)
        .join(_cases, _cases.c.case_id == _parties.c.of_case)
        .where(
            _parties.c.borrower_uscc == uscc,
            _parties.c.role == ASSET_VENDOR,
            _cases.c.stage.not_in(GONE),
        )
        .distinct()
        .order_by(_parties.c.uscc)
    )
    return tuple((await (await session.connection()).execute(vendors)).scalars())


async def legs(session: AsyncSession, uscc: str, as_of: date, hops: int) -> tuple[TradeLeg, ...]:
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
            .where(_trade.c.payer.in_(names), _trade.c.on_day >= since, _cases.c.stage.not_in(GONE))
            .order_by(_trade.c.payer, _trade.c.on_day, _trade.c.payee, _trade.c.reference)
            .limit(room)
        )
        reached = [
            TradeLeg(payer=row.payer, payee=row.payee, on=row.on_day, source=row.source, reference=row.reference)
            for row in (await connection.execute(agreed)).all()
        ]
        paid = _paid_by(names, since, as_of).limit(room)
        reached += [
            TradeLeg(
                payer=row.borrower_uscc, payee=row.payee_uscc, on=row.made_on, source="transfer", reference=row.number
            )
            for row in (await connection.execute(paid)).all()
        ]
        found |= dict.fromkeys(reached)
        frontier = {leg.payee for leg in reached}
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
    """Payments out of all facilities of a borrower in the time that is looked back, without those of the drawing asked about;
    of too many the newest, for it is the last weeks in which a payment is split."""
    since = as_of - timedelta(days=policy.short_loans.look_back_months * _DAYS_OF_MONTH)
    newest = _paid_by([uscc], since, as_of).order_by(None).order_by(_transfers.c.made_on.desc(), _transfers.c.id)
    rows = (await (await session.connection()).execute(newest.limit(_MOST_PAYMENTS))).all()
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


async def short_facilities(
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
        .limit(MOST_FOUND)
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


async def peers(session: AsyncSession, case_id: UUID, content: ApplicationContent) -> tuple[PeerPrice, ...]:
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
