"""The register of collateral as submissions meet it: their assets entered, servers that secure another case, and letting go
what an ended case still holds."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlmodel import col, select
from starlette.datastructures import State

from domain.application import ApplicationContent, AssetKind
from domain.application.serials import serial_identity
from domain.collateral import AssetRegistration, RegisteredAsset
from domain.stages import Stage
from services.collateral.client import CollateralClient
from services.kit.database import Database
from services.kit.http import RemoteUnavailable
from services.kit.problems import Fault, Problem
from services.origination.tables.cases import Application

_LETS_GO = (Stage.DECLINED.value, Stage.WITHDRAWN.value, Stage.EXPIRED.value)
"""Ends without a facility: nothing is owed, so nothing is secured."""


async def register_assets(state: State, entries: Sequence[AssetRegistration], submission: str) -> None:
    """Enter the assets of an application. Serials that secure another case refuse the submission; the entries of a submission
    that fails later are brought up to date by the next. ``submission`` keys the entries: one effect each.

    Raises ``application_incomplete``.
    """
    faults = []
    for place, entry in enumerate(entries):
        registered = await _registered(state, entry, f"{submission}:{entry.asset_key}")
        places = {serial_identity(server.serial): index for index, server in enumerate(entry.servers)}
        faults += [
            Fault(
                f"/assets/{place}/servers/{places.get(serial_identity(conflict.serial), 0)}/serial",
                "serial_pledged",
                "序列号已在其他业务中设定担保",
                "the server secures another case already",
            )
            for conflict in registered.conflicts
        ]
        faults += [
            Fault(
                f"/assets/{place}/servers/{places.get(serial_identity(conflict.serial), 0)}/gpu_uuids",
                "gpu_pledged",
                "GPU 标识属于另一台已设定担保的服务器",
                "a GPU with this identifier sits in another server that is pledged already",
            )
            for conflict in registered.gpu_conflicts
        ]
    if faults:
        raise Problem("application_incomplete", errors=faults, count=len(faults))


async def _registered(state: State, entry: AssetRegistration, key: str) -> RegisteredAsset:
    """The entry of an asset, with the conflicts that remain once ended cases have let go."""
    collateral: CollateralClient = state.collateral
    registered = await collateral.register_asset(entry, key)
    holders = {conflict.case_id for conflict in registered.conflicts}
    holders |= {conflict.case_id for conflict in registered.gpu_conflicts}
    if await still_holding(state, holders) != holders:
        return await collateral.register_asset(entry, f"{key}:again")
    return registered


async def still_holding(state: State, holders: Iterable[UUID]) -> frozenset[UUID]:
    """Of the cases that hold a server by the register, those that may. What ended ones hold is released on the way: their
    servers may secure another case from then on."""
    asked = frozenset(holders)
    collateral: CollateralClient = state.collateral
    gone = await _ended(state, asked)
    for case_id in sorted(gone):
        await collateral.release_case(case_id, f"{case_id}:ended")
    return asked - gone


async def _ended(state: State, cases: frozenset[UUID]) -> frozenset[UUID]:
    if not cases:
        return cases
    database: Database = state.database
    ended = select(Application.case_id).where(col(Application.case_id).in_(cases), col(Application.stage).in_(_LETS_GO))
    async with database.session() as session:
        return frozenset((await session.exec(ended)).all())


async def other_holders(state: State, case_id: UUID, serials: Sequence[str]) -> dict[str, frozenset[UUID]]:
    """The other cases that hold or claim servers by the register, by serial. One call however many there are."""
    collateral: CollateralClient = state.collateral
    held = await collateral.holders(serials)
    others = {serial: cases - {case_id} for serial, cases in held.items()}
    return {serial: cases for serial, cases in others.items() if cases}


async def pledged_elsewhere(state: State, case_id: UUID, content: ApplicationContent) -> bool | None:
    """Whether a server of a draft secures another case that lives. Reads only.

    ``None`` is not known: the servers are not listed yet, or the register does not answer.
    """
    racks = [asset for asset in content.assets if asset.kind is AssetKind.GPU_SERVER]
    serials = [server.serial for asset in racks for server in asset.servers]
    if not all(asset.servers for asset in racks):
        return None
    try:
        held = await other_holders(state, case_id, serials)
    except RemoteUnavailable:
        return None
    holders = frozenset[UUID]().union(*held.values())
    return bool(holders - await _ended(state, holders))
