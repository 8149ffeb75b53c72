"""Security interests in assets: their entry, what became of them, and their rank among all rights known on the asset."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, not_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.collateral import (
    PerfectionStage,
    RankedInterest,
    Registration,
    RegistrationRequest,
    SecurityKind,
)
from services.collateral.calc.perfection import PURCHASE_MONEY, Extension, Interest, Standing, ranks, standing
from services.collateral.store import searches
from services.collateral.store.register import encumbrances_of
from services.collateral.tables import Asset, InterestChange, SecurityInterest
from services.kit.database import new_id, now

EXTENDED, CANCELLED = "extended", "cancelled"


@dataclass(frozen=True)
class KnownInterest:
    """A security interest with what became of it since."""

    row: SecurityInterest
    changes: tuple[InterestChange, ...]

    @property
    def cancelled_on(self) -> date | None:
        """The day it was taken off the registry."""
        return next((change.effective_on for change in self.changes if change.kind == CANCELLED), None)

    @property
    def expires(self) -> date | None:
        """Its end as last extended."""
        ends = [change.expires for change in self.changes if change.kind == EXTENDED]
        return ends[-1] if ends else self.row.expires

    def standing(self, as_of: date) -> Standing:
        """How far it has come on a day."""
        return standing(
            SecurityKind(self.row.kind),
            agreed_on=self.row.agreed_on,
            registered_on=self.row.registered_on,
            expires=self.row.expires,
            extensions=[
                Extension(change.effective_on, change.expires)
                for change in self.changes
                if change.kind == EXTENDED and change.expires is not None
            ],
            cancelled_on=self.cancelled_on,
            as_of=as_of,
        )


async def enter(
    session: AsyncSession,
    request: RegistrationRequest,
    *,
    branch: str,
    registered_by: str,
    purchase_money: bool | None,
) -> SecurityInterest:
    """Add a security interest. A registration number entered twice for an asset violates a unique constraint."""
    row = SecurityInterest(
        id=new_id(),
        case_id=request.case_id,
        facility_id=request.facility_id,
        asset_id=request.asset_id,
        branch=branch,
        kind=request.kind.value,
        registry_name=request.registry,
        number=request.number,
        registered_on=request.registered_on,
        registered_at=request.registered_at,
        agreed_on=request.agreed_on,
        delivered_on=request.delivered_on,
        expires=request.expires,
        certificate_sha256=request.certificate_sha256,
        purchase_money_priority=purchase_money,
        registered_by=registered_by,
        created_at=now(),
    )
    session.add(row)
    await session.flush()
    return row


async def change(
    session: AsyncSession,
    row: SecurityInterest,
    kind: str,
    on: date,
    changed_by: str,
    *,
    expires: date | None = None,
    remark: str = "",
) -> None:
    """Note that a registration was extended to another end, or cancelled."""
    session.add(
        InterestChange(
            id=new_id(),
            interest_id=row.id,
            kind=kind,
            effective_on=on,
            expires=expires,
            remark=remark,
            changed_by=changed_by,
            created_at=now(),
        )
    )
    await session.flush()


async def known(session: AsyncSession, rows: Sequence[SecurityInterest]) -> list[KnownInterest]:
    """Security interests with what became of them."""
    statement = (
        select(InterestChange)
        .where(col(InterestChange.interest_id).in_([row.id for row in rows]))
        .order_by(col(InterestChange.id))
    )
    by_interest: dict[UUID, list[InterestChange]] = {}
    for item in (await session.exec(statement)).all():
        by_interest.setdefault(item.interest_id, []).append(item)
    return [KnownInterest(row, tuple(by_interest.get(row.id, ()))) for row in rows]


async def of_asset(session: AsyncSession, asset_id: UUID) -> list[KnownInterest]:
    """All security interests of ours in an asset, in the order of their entry."""
    statement = select(SecurityInterest).where(SecurityInterest.asset_id == asset_id).order_by(col(SecurityInterest.id))
    return await known(session, (await session.exec(statement)).all())


def ends_by(day: date) -> ColumnElement[bool]:
    """The condition of interests whose registration ends up to a day as last extended, and was not cancelled."""
    changes = select(InterestChange.id).where(InterestChange.interest_id == SecurityInterest.id)
    cancelled = changes.where(InterestChange.kind == CANCELLED).exists()
    extended = (
        select(col(InterestChange.expires))
        .where(InterestChange.interest_id == SecurityInterest.id, InterestChange.kind == EXTENDED)
        .order_by(col(InterestChange.id).desc())
        .limit(1)
        .scalar_subquery()
    )
    return and_(func.coalesce(extended, col(SecurityInterest.expires)) <= day, not_(cancelled))


async def ranked(session: AsyncSession, asset: Asset, as_of: date) -> tuple[RankedInterest, ...]:
    """Every right in an asset on a day, first rank first: ours by its registration, others' as the last search up to that day
    found them and as the application declared them. What was cancelled by then is left out; what has lapsed ranks as if
    it had not been registered."""
    ours = [(item, item.standing(as_of)) for item in await of_asset(session, asset.id)]
    ours = [(item, stands) for item, stands in ours if stands.stage is not PerfectionStage.CANCELLED]
    others = await _others(session, asset, as_of)
    interests = [
        Interest(
            key=str(item.row.id),
            registered_on=stands.opposable_from,
            purchase_money=item.row.purchase_money_priority is True and stands.opposable_from == item.row.registered_on,
            registered_at=item.row.registered_at if stands.opposable_from == item.row.registered_on else None,
        )
        for item, stands in ours
    ]
    interests += [Interest(key, other.registered_on) for key, other in others.items()]
    places = ranks(interests)
    found = [
        RankedInterest(
            registration_id=item.row.id,
            holder=item.row.registry_name,
            registered_on=item.row.registered_on,
            purchase_money_priority=places[str(item.row.id)].article == PURCHASE_MONEY,
            rank=places[str(item.row.id)].rank,
            stage=stands.stage,
            effective_from=stands.effective_from,
            opposable_from=stands.opposable_from,
            expires=stands.expires,
            article=places[str(item.row.id)].article,
        )
        for item, stands in ours
    ]
    found += [
        RankedInterest(
            registration_id=None,
            holder=other.holder,
            registered_on=other.registered_on,
            purchase_money_priority=False,
            rank=places[key].rank,
            stage=PerfectionStage.AGREED if other.registered_on is None else PerfectionStage.PERFECTED,
            effective_from=other.registered_on,
            opposable_from=other.registered_on,
            expires=other.expires,
            article=places[key].article,
        )
        for key, other in others.items()
    ]
    return tuple(sorted(found, key=lambda item: item.rank))


async def outranked(session: AsyncSession, asset: Asset, as_of: date) -> bool:
    """Whether another's right goes before the mortgage of these goods that we have registered, or shares its rank.

    False while none of ours is registered: then what was declared and searched speaks alone. Our own floating mortgage does
    not answer for the goods, whose price the mortgage registered after delivery secures (Civil Code §416).
    """
    mortgages = {
        item.row.id
        for item in await of_asset(session, asset.id)
        if item.row.kind == SecurityKind.EQUIPMENT_MORTGAGE.value
    }
    found = await ranked(session, asset, as_of)
    ours = [
        item.rank for item in found if item.registration_id in mortgages and item.stage is PerfectionStage.PERFECTED
    ]
    others = [item.rank for item in found if item.registration_id is None]
    return bool(ours and others) and min(others) <= min(ours)


@dataclass(frozen=True)
class _Other:
    holder: str
    registered_on: date | None
    expires: date | None


async def _others(session: AsyncSession, asset: Asset, as_of: date) -> dict[str, _Other]:
    found: dict[str, _Other] = {}
    searched = await searches.latest(session, asset.id, as_of)
    if searched is not None and searched.value is not None:
        for entry in searched.value.entries:
            if entry.serials or entry.floating:
                found[f"entry:{entry.number}"] = _Other(entry.holder, entry.registered_on, entry.expires)
    seen = {(other.holder, other.registered_on) for other in found.values()}
    for number, item in enumerate(encumbrances_of(asset) or ()):
        # What was declared and then found is one right.
        if (item.holder, item.registered) not in seen and (item.registered is None or item.registered <= as_of):
            found[f"declared:{number}"] = _Other(item.holder, item.registered, None)
    return found


async def rank_of(session: AsyncSession, item: KnownInterest, as_of: date) -> int:
    """The rank of a security interest, 0 for one that was cancelled; one that rests on no asset of the register (an account,
    a guarantee) is first."""
    if item.cancelled_on is not None and item.cancelled_on <= as_of:
        return 0
    asset = await session.get(Asset, item.row.asset_id) if item.row.asset_id is not None else None
    if asset is None:
        return 1
    found = await ranked(session, asset, as_of)
    return next((other.rank for other in found if other.registration_id == item.row.id), 0)


async def branch_of_case(session: AsyncSession, case_id: UUID) -> str | None:
    """The branch of a case, by its assets; None for a case that has none in the register."""
    return (await session.exec(select(Asset.branch).where(Asset.case_id == case_id).limit(1))).first()


def view(item: KnownInterest, rank: int) -> Registration:
    """A security interest as readers see it."""
    row = item.row
    return Registration(
        registration_id=row.id,
        case_id=row.case_id,
        facility_id=row.facility_id,
        asset_id=row.asset_id,
        kind=SecurityKind(row.kind),
        registry=row.registry_name,
        number=row.number,
        registered_on=row.registered_on,
        registered_at=row.registered_at,
        agreed_on=row.agreed_on,
        delivered_on=row.delivered_on,
        expires=item.expires,
        certificate_sha256=row.certificate_sha256,
        purchase_money_priority=row.purchase_money_priority,
        rank=rank,
        cancelled_on=item.cancelled_on,
    )
