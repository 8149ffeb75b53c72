"""Security interests in assets: their entry and their rank among all rights known to rest on the asset."""

from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.collateral import RankedInterest, Registration, RegistrationRequest, SecurityKind
from services.collateral.calc.perfection import Interest, ranks
from services.collateral.store.register import encumbrances_of
from services.collateral.tables import Asset, SecurityInterest
from services.kit.database import new_id, now


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


async def ranked(session: AsyncSession, asset: Asset) -> tuple[RankedInterest, ...]:
    """Every right in an asset: ours by its registration, others' as the application declared them; first rank first."""
    rows = (
        await session.exec(
            select(SecurityInterest).where(SecurityInterest.asset_id == asset.id).order_by(col(SecurityInterest.id))
        )
    ).all()
    others = {f"other:{number}": item for number, item in enumerate(encumbrances_of(asset) or ())}
    interests = [Interest(str(row.id), row.registered_on, row.purchase_money_priority is True) for row in rows]
    interests += [Interest(key, item.registered) for key, item in others.items()]
    rank = ranks(interests)
    known = [
        RankedInterest(
            registration_id=row.id,
            holder=row.registry_name,
            registered_on=row.registered_on,
            purchase_money_priority=row.purchase_money_priority is True,
            rank=rank[str(row.id)],
        )
        for row in rows
    ] + [
        RankedInterest(
            registration_id=None,
            holder=item.holder,
            registered_on=item.registered,
            purchase_money_priority=False,
            rank=rank[key],
        )
        for key, item in others.items()
    ]
    return tuple(sorted(known, key=lambda item: item.rank))


async def rank_of(session: AsyncSession, row: SecurityInterest) -> int:
    """The rank of a security interest; one that rests on no asset of the register (an account, a guarantee) is first."""
    asset = await session.get(Asset, row.asset_id) if row.asset_id is not None else None
    if asset is None:
        return 1
    return next(item.rank for item in await ranked(session, asset) if item.registration_id == row.id)


async def branch_of_case(session: AsyncSession, case_id: UUID) -> str | None:
    """The branch of a case, by its assets; None for a case that has none in the register."""
    return (await session.exec(select(Asset.branch).where(Asset.case_id == case_id).limit(1))).first()


def view(row: SecurityInterest, rank: int) -> Registration:
    """A row as readers see it."""
    return Registration(
        registration_id=row.id,
        case_id=row.case_id,
        facility_id=row.facility_id,
        asset_id=row.asset_id,
        kind=SecurityKind(row.kind),
        registry=row.registry_name,
        number=row.number,
        registered_on=row.registered_on,
        delivered_on=row.delivered_on,
        expires=row.expires,
        certificate_sha256=row.certificate_sha256,
        purchase_money_priority=row.purchase_money_priority,
        rank=rank,
    )
