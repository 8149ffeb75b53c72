"""The register of assets: which case holds which server. A serial secures one case at a time."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, any_, func, literal, literal_column, text, union, update
from sqlalchemy.dialects.postgresql import ARRAY, TEXT, insert
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.application import Encumbrance
from domain.application.serials import serial_identity
from domain.collateral import (
    AssetRegistration,
    AssetView,
    GpuConflict,
    RegisteredAsset,
    RegisteredKind,
    SerialConflict,
    SerialHolders,
)
from services.collateral.calc.inventory import ClaimedServer, claimed
from services.collateral.store import gpus
from services.collateral.tables import CONTESTED, HELD, RELEASED, Asset, Server
from services.kit.database import new_id, now

# A list of 100,000 servers is entered in ten statements, each far below the time a statement may take.
_ROWS_A_STATEMENT = 10_000
_OF_A_SERVER = ("serial", "serial_as_given", "model", "gpu_type", "gpu_count", "site", "rack", "purchased")
# The index's condition is written out, not bound: once the driver has prepared the statement, a parameter no longer proves
# that the partial index is the one meant, and the server refuses what it accepted five times before.
_INSERT = text("""
INSERT INTO collateral.server
    (id, asset_id, serial, serial_as_given, model, gpu_type, gpu_count, site, rack, purchased, state, created_at)
SELECT listed.id, :asset_id, listed.serial, listed.serial_as_given, listed.model, listed.gpu_type, listed.gpu_count,
    listed.site, listed.rack, listed.purchased, :state, :at
FROM unnest(
    CAST(:ids AS uuid[]), CAST(:serial AS text[]), CAST(:serial_as_given AS text[]), CAST(:model AS text[]),
    CAST(:gpu_type AS text[]), CAST(:gpu_count AS int[]), CAST(:site AS text[]), CAST(:rack AS text[]),
    CAST(:purchased AS date[])
) AS listed (id, serial, serial_as_given, model, gpu_type, gpu_count, site, rack, purchased)
ON CONFLICT (serial) WHERE state = 'held' DO NOTHING
RETURNING serial
""")


async def register(session: AsyncSession, entry: AssetRegistration) -> RegisteredAsset:
    """Enter an asset, or bring its entry up to date: servers no longer listed are released, new ones claimed. An entry that
    lists none leaves an imported inventory as it is: what was not yet bought at the application is known at delivery.

    A serial that another asset holds is not taken; it is kept as contested and named with the case that was first.
    The caller has made sure that no serial appears twice in the entry.
    """
    asset_id = await _enter(session, entry)
    gpu_conflicts: tuple[GpuConflict, ...] = ()
    if entry.servers or not await _imported(session, asset_id):
        gpu_conflicts = await _claim(session, asset_id, map(claimed, entry.servers))
        await (await session.connection()).execute(
            update(Asset).where(col(Asset.id) == asset_id).values(inventory_sha256=None)
        )
    return RegisteredAsset(
        asset_id=asset_id,
        case_id=entry.case_id,
        asset_key=entry.asset_key,
        kind=entry.kind,
        unit_count=await _units(session, asset_id, entry.kind),
        conflicts=await conflicts(session, [asset_id]),
        gpu_conflicts=gpu_conflicts,
    )


async def take_inventory(
    session: AsyncSession, asset: Asset, servers: Iterable[ClaimedServer], sha256: str, entered: Callable[[int], None]
) -> tuple[tuple[SerialConflict, ...], tuple[GpuConflict, ...]]:
    """Make an imported list the servers of an asset, whose row the caller holds. Returns what stands against it: serials
    that another case holds, and GPUs of another case's servers. ``entered`` is told how many servers are in so far."""
    gpu_conflicts = await _claim(session, asset.id, servers, entered)
    asset.inventory_sha256 = sha256
    asset.updated_at = now()
    asset.version += 1
    session.add(asset)
    return await conflicts(session, [asset.id]), gpu_conflicts


async def release_case(session: AsyncSession, case_id: UUID) -> tuple[int, int]:
    """Set all assets of a case free. Returns how many assets and servers; a contested claim of another case moves up."""
    assets = (
        await session.exec(
            select(Asset).where(Asset.case_id == case_id, col(Asset.released_at).is_(None)).with_for_update()
        )
    ).all()
    for asset in assets:
        asset.released_at = asset.updated_at = now()
        asset.version += 1
    freed = await _release(session, [asset.id for asset in assets])
    return len(assets), len(freed)


async def asset_of(session: AsyncSession, case_id: UUID, asset_key: str) -> Asset | None:
    """The live entry of a case's asset."""
    return (
        await session.exec(
            select(Asset).where(
                Asset.case_id == case_id, Asset.asset_key == asset_key, col(Asset.released_at).is_(None)
            )
        )
    ).one_or_none()


async def duplicate_serial(session: AsyncSession, asset: Asset) -> bool:
    """Whether a serial of the asset already secures another case."""
    found = await session.exec(select(Server.id).where(Server.asset_id == asset.id, Server.state == CONTESTED).limit(1))
    return found.first() is not None


async def holders(session: AsyncSession, serials: Sequence[str]) -> tuple[SerialHolders, ...]:
    """The cases that hold or claim these servers, however the serials are written. One query, bounded by its caller."""
    wanted = sorted({serial_identity(serial) for serial in serials})

    def claims(state: str) -> Any:
        # Written out, so that the partial index of the state is known to be the one meant.
        of_state = col(Server.state) == literal_column(f"'{state}'")
        return (
            select(Server.serial, Asset.case_id)
            .join(Asset, col(Asset.id) == col(Server.asset_id))
            .where(col(Server.serial).in_(wanted), of_state, col(Asset.released_at).is_(None))
        )

    found = (await session.execute(union(claims(HELD), claims(CONTESTED)))).all()
    by_serial: dict[str, list[UUID]] = {}
    for serial, case_id in sorted(found):
        by_serial.setdefault(serial, []).append(case_id)
    return tuple(
        SerialHolders(serial=serial, case_ids=tuple(by_serial[serial_identity(serial)]))
        for serial in serials
        if serial_identity(serial) in by_serial
    )


async def conflicts(session: AsyncSession, asset_ids: Sequence[UUID]) -> tuple[SerialConflict, ...]:
    """The contested serials of assets, each with the case that holds it, in order of the serials."""
    return tuple(conflict for _, conflict in await _conflicts(session, asset_ids))


async def views(session: AsyncSession, assets: Sequence[Asset]) -> list[AssetView]:
    """Assets as readers see them."""
    ids = [asset.id for asset in assets]
    count = (
        select(Server.asset_id, func.count())
        .where(col(Server.asset_id).in_(ids), Server.state == HELD)
        .group_by(col(Server.asset_id))
    )
    counted: dict[UUID, int] = dict((await session.exec(count)).all())
    contested: dict[UUID, list[SerialConflict]] = {}
    for asset_id, conflict in await _conflicts(session, ids):
        contested.setdefault(asset_id, []).append(conflict)
    return [
        AssetView(
            asset_id=asset.id,
            case_id=asset.case_id,
            case_number=asset.case_number,
            asset_key=asset.asset_key,
            kind=RegisteredKind(asset.kind),
            description=asset.description,
            branch=asset.branch,
            unit_count=counted.get(asset.id, 0) if asset.kind == RegisteredKind.GPU_SERVER else 1,
            released=asset.released_at is not None,
            encumbrances=encumbrances_of(asset),
            conflicts=tuple(contested.get(asset.id, ())),
            version=asset.version,
        )
        for asset in assets
    ]


async def serials(session: AsyncSession, asset_id: UUID) -> tuple[str, ...]:
    """The identities of the servers held by an asset, in order."""
    statement = select(Server.serial).where(Server.asset_id == asset_id, Server.state == HELD)
    return tuple((await session.exec(statement.order_by(col(Server.serial)))).all())


async def serials_as_given(session: AsyncSession, asset_id: UUID) -> tuple[str, ...]:
    """The same as their owner writes them."""
    statement = select(Server.serial_as_given).where(Server.asset_id == asset_id, Server.state == HELD)
    return tuple((await session.exec(statement.order_by(col(Server.serial)))).all())


def encumbrances_of(asset: Asset) -> tuple[Encumbrance, ...] | None:
    """Rights of others as declared; None where nobody has said or searched."""
    if asset.encumbrances is None:
        return None
    return tuple(Encumbrance.model_validate(item) for item in asset.encumbrances)


async def _imported(session: AsyncSession, asset_id: UUID) -> bool:
    found = await session.exec(select(Asset.inventory_sha256).where(Asset.id == asset_id))
    return found.one() is not None


async def _enter(session: AsyncSession, entry: AssetRegistration) -> UUID:
    declared = None if entry.encumbrances is None else [item.model_dump(mode="json") for item in entry.encumbrances]
    moment = now()
    changing: dict[str, Any] = {
        "kind": entry.kind.value,
        "description": entry.description,
        "branch": entry.branch,
        "case_number": entry.case_number,
        "encumbrances": declared,
        "updated_at": moment,
        "released_at": None,
    }
    statement = insert(Asset).values(
        id=new_id(), case_id=entry.case_id, asset_key=entry.asset_key, version=1, created_at=moment, **changing
    )
    statement = statement.on_conflict_do_update(
        index_elements=["case_id", "asset_key"], set_={**changing, "version": col(Asset.version) + 1}
    )
    asset_id: UUID = (await (await session.connection()).execute(statement.returning(col(Asset.id)))).scalar_one()
    return asset_id


async def _claim(
    session: AsyncSession,
    asset_id: UUID,
    servers: Iterable[ClaimedServer],
    entered: Callable[[int], None] = lambda _: None,
) -> tuple[GpuConflict, ...]:
    """Bring the servers of an asset to a list. Returns the GPUs that sit in another case's server by the register."""
    listed = {server.serial: server for server in servers}
    present = (
        await session.exec(
            select(Server.id, Server.serial, Server.state).where(Server.asset_id == asset_id, Server.state != RELEASED)
        )
    ).all()
    gone = [key for key, serial, state in present if state == HELD and serial not in listed]
    # A contested claim is made anew: the case that was first may have let go since.
    gone += [key for key, _, state in present if state == CONTESTED]
    await _release(session, [asset_id], only=gone)
    kept = {serial for _, serial, state in present if state == HELD}
    # In the order of the serials, so that two cases claiming the same servers wait in line and not in a circle.
    wanted = [listed[serial] for serial in sorted(listed) if serial not in kept]
    held = set(kept & listed.keys())
    for start in range(0, len(wanted), _ROWS_A_STATEMENT):
        part = wanted[start : start + _ROWS_A_STATEMENT]
        taken = set(await _insert(session, asset_id, part, HELD))
        held |= taken
        await _insert(session, asset_id, [server for server in part if server.serial not in taken], CONTESTED)
        entered(len(kept) + start + len(part))
    return await gpus.bind(session, [listed[serial] for serial in sorted(held) if listed[serial].gpus])


async def _insert(session: AsyncSession, asset_id: UUID, servers: Sequence[ClaimedServer], state: str) -> list[str]:
    """Add servers to an asset; returns the serials that nobody else held."""
    if not servers:
        return []
    columns: dict[str, list[Any]] = {name: [getattr(server, name) for server in servers] for name in _OF_A_SERVER}
    found = await (await session.connection()).execute(
        _INSERT, columns | {"ids": [new_id() for _ in servers], "asset_id": asset_id, "state": state, "at": now()}
    )
    return list(found.scalars())


async def _release(session: AsyncSession, asset_ids: list[UUID], only: list[UUID] | None = None) -> list[str]:
    """Release the servers of assets (or ``only`` those ids), and let the first other claim to each take its place."""
    chosen = [col(Server.asset_id).in_(asset_ids), col(Server.state) != RELEASED]
    if only is not None:
        chosen.append(col(Server.id) == any_(literal(only, ARRAY(Uuid))))
    before = (await session.exec(select(Server.serial, Server.state).where(*chosen).order_by(col(Server.serial)))).all()
    await (await session.connection()).execute(update(Server).where(*chosen).values(state=RELEASED))
    freed = [serial for serial, state in before if state == HELD]
    first = (
        select(Server.id)
        .where(col(Server.serial) == any_(literal(freed, ARRAY(TEXT))), Server.state == CONTESTED)
        .distinct(col(Server.serial))
        .order_by(col(Server.serial), col(Server.id))
    )
    await (await session.connection()).execute(update(Server).where(col(Server.id).in_(first)).values(state=HELD))
    return freed


async def _units(session: AsyncSession, asset_id: UUID, kind: RegisteredKind) -> int:
    if kind is not RegisteredKind.GPU_SERVER:
        return 1
    return (
        await session.exec(
            select(func.count()).select_from(Server).where(Server.asset_id == asset_id, Server.state == HELD)
        )
    ).one()


async def _conflicts(session: AsyncSession, asset_ids: Sequence[UUID]) -> list[tuple[UUID, SerialConflict]]:
    mine, theirs, first = aliased(Server), aliased(Server), aliased(Asset)
    found = await session.exec(
        select(mine.asset_id, mine.serial_as_given, first.case_number, first.case_id)
        .join(theirs, (col(theirs.serial) == col(mine.serial)) & (col(theirs.state) == HELD))
        .join(first, col(first.id) == col(theirs.asset_id))
        .where(col(mine.asset_id).in_(asset_ids), mine.state == CONTESTED)
        .order_by(col(mine.serial))
    )
    return [
        (
            asset_id,
            SerialConflict(serial=serial, case_number=number if number is not None else str(case_id), case_id=case_id),
        )
        for asset_id, serial, number, case_id in found
    ]
