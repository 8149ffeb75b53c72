"""Which GPU sits in which server, as pledged: a GPU secures one server."""

from collections.abc import Sequence

from sqlalchemy import any_, literal, text
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.collateral import GpuConflict
from services.collateral.calc.inventory import ClaimedServer
from services.collateral.tables import Gpu

_PAIRS_A_STATEMENT = 50_000
# Identities are letters and digits, so a comma parts them: one text is sent far quicker than an array of 50,000.
_LISTED = "FROM unnest(string_to_array(:gpus, ','), string_to_array(:serials, ',')) AS listed (identity, serial)"

_UNLIST = text(f"""
DELETE FROM collateral.gpu
WHERE serial = ANY(string_to_array(:serials, ',')) AND NOT EXISTS (
    SELECT 1 {_LISTED} WHERE listed.identity = gpu.identity AND listed.serial = gpu.serial
)
""")  # noqa: S608 parts of the statement are constants of this module
# A GPU follows its new server unless the old one still secures a case.
_BIND = text(f"""
INSERT INTO collateral.gpu (identity, serial) SELECT listed.identity, listed.serial {_LISTED}
ON CONFLICT (identity) DO UPDATE SET serial = excluded.serial
WHERE gpu.serial <> excluded.serial AND NOT EXISTS (
    SELECT 1 FROM collateral.server holder WHERE holder.serial = gpu.serial AND holder.state = 'held'
)
""")  # noqa: S608 parts of the statement are constants of this module
_ELSEWHERE = text(f"""
SELECT listed.identity, listed.serial, holder.serial_as_given, asset.case_number, asset.case_id
FROM collateral.gpu JOIN (SELECT * {_LISTED}) AS listed ON listed.identity = gpu.identity
JOIN collateral.server holder ON holder.serial = gpu.serial AND holder.state = 'held'
JOIN collateral.asset ON asset.id = holder.asset_id
WHERE gpu.serial <> listed.serial ORDER BY listed.serial, listed.identity
""")  # noqa: S608 parts of the statement are constants of this module


async def bind(session: AsyncSession, servers: Sequence[ClaimedServer]) -> tuple[GpuConflict, ...]:
    """Enter the GPUs of servers that are held for a case; a server's GPUs are those listed with it last.

    Returns the GPUs that stay where they were, because another server that secures a case has them.
    """
    as_given = {server.serial: server.serial_as_given for server in servers}
    connection = await session.connection()
    found: list[GpuConflict] = []
    parts = [_pairs(part) for part in _parts(servers)]
    for listed in parts:
        await connection.execute(_UNLIST, listed)
    for listed in parts:
        await connection.execute(_BIND, listed)
        found += [
            GpuConflict(
                gpu_uuid=gpu,
                serial=as_given[serial],
                pledged_serial=holder,
                case_number=number if number is not None else str(case_id),
                case_id=case_id,
            )
            for gpu, serial, holder, number, case_id in (await connection.execute(_ELSEWHERE, listed)).all()
        ]
    return tuple(found)


async def of_servers(session: AsyncSession, serials: Sequence[str]) -> dict[str, frozenset[str]]:
    """The GPUs pledged with each server, by identity; servers without any are left out."""
    found: dict[str, set[str]] = {}
    statement = select(Gpu.serial, Gpu.identity).where(col(Gpu.serial) == any_(literal(list(serials), ARRAY(TEXT))))
    for serial, identity in (await session.exec(statement)).all():
        found.setdefault(serial, set()).add(identity)
    return {serial: frozenset(identities) for serial, identities in found.items()}


async def servers_of(session: AsyncSession, identities: Sequence[str]) -> dict[str, str]:
    """The server each of these GPUs was pledged with."""
    statement = select(Gpu.identity, Gpu.serial).where(
        col(Gpu.identity) == any_(literal(list(identities), ARRAY(TEXT)))
    )
    return dict((await session.exec(statement)).all())


def _pairs(servers: Sequence[ClaimedServer]) -> dict[str, str]:
    # In the order of the identifiers, so that two lists that name the same GPUs wait in line and not in a circle.
    pairs = sorted((gpu, server.serial) for server in servers for gpu in set(server.gpus))
    return {"gpus": ",".join(gpu for gpu, _ in pairs), "serials": ",".join(serial for _, serial in pairs)}


def _parts(servers: Sequence[ClaimedServer]) -> list[list[ClaimedServer]]:
    parts: list[list[ClaimedServer]] = []
    room = 0
    for server in servers:
        if room < len(server.gpus) or not parts:
            parts.append([])
            room = _PAIRS_A_STATEMENT
        parts[-1].append(server)
        room -= len(server.gpus)
    return parts
