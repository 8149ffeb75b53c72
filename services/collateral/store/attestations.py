"""Site keys, challenges and attestations."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import any_, literal
from sqlalchemy.dialects.postgresql import ARRAY, TEXT, insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.attestation import (
    Attestation,
    AttestationChallenge,
    AttestationInputs,
    AttestationSummary,
    GpuPlace,
    PledgedServer,
    SiteKeyEntry,
    SiteKeyState,
    SiteKeyView,
)
from domain.finding import Finding
from services.collateral.store import gpus
from services.collateral.tables import HELD, Asset, AttestationRow, AttestedServer, Challenge, Server, SiteKey, findings
from services.kit.database import new_id, now

_ROWS_A_STATEMENT = 5_000


async def add_key(session: AsyncSession, entry: SiteKeyEntry, registered_by: str) -> SiteKey:
    """Register a public key. One that is registered already violates a unique constraint."""
    row = SiteKey(
        id=new_id(),
        site=entry.site,
        branch=entry.branch,
        public_key=entry.public_key,
        registered_by=registered_by,
        created_at=now(),
    )
    session.add(row)
    await session.flush()
    return row


async def challenge(
    session: AsyncSession, asset: Asset, site: str, nonce: str, issued_by: str, lifetime: timedelta
) -> Challenge:
    """Issue a nonce for one attestation."""
    moment = now()
    row = Challenge(
        id=new_id(),
        asset_id=asset.id,
        site=site,
        branch=asset.branch,
        nonce=nonce,
        issued_by=issued_by,
        issued_at=moment,
        expires_at=moment + lifetime,
    )
    session.add(row)
    await session.flush()
    return row


async def pledged(session: AsyncSession, asset_id: UUID) -> tuple[PledgedServer, ...]:
    """The servers held by an asset, with their GPUs and where each answered last; in order of their serials."""
    statement = (
        select(Server, AttestedServer)
        .outerjoin(AttestedServer, col(AttestedServer.serial) == col(Server.serial))
        .where(Server.asset_id == asset_id, Server.state == HELD)
        .order_by(col(Server.serial))
    )
    found = (await session.exec(statement)).all()
    bound = await gpus.of_servers(session, [server.serial for server, _ in found])
    return tuple(
        PledgedServer(
            serial=server.serial,
            gpu_type=server.gpu_type,
            gpu_count=server.gpu_count,
            gpus=tuple(sorted(bound.get(server.serial, ()))),
            site=server.site,
            last_site=None if seen is None else seen.site,
            last_seen=None if seen is None else seen.taken_at,
        )
        for server, seen in found
    )


async def places(session: AsyncSession, identities: Sequence[str]) -> tuple[GpuPlace, ...]:
    """The servers that hold these GPUs for any case, in order."""
    bound = await gpus.servers_of(session, identities)
    held = set(
        (
            await session.exec(
                select(Server.serial).where(
                    col(Server.serial) == any_(literal(list(set(bound.values())), ARRAY(TEXT))), Server.state == HELD
                )
            )
        ).all()
    )
    return tuple(GpuPlace(gpu=gpu, serial=serial) for gpu, serial in sorted(bound.items()) if serial in held)


async def keep(
    session: AsyncSession,
    asset: Asset,
    used: Challenge,
    key: SiteKey,
    finding: Finding[Attestation],
    inputs: AttestationInputs,
    answered: Sequence[str],
) -> None:
    """File an attestation, use up its challenge, and note where the servers that ``answered`` were seen."""
    assert finding.value is not None
    await findings.put(session, finding, inputs, subject=str(asset.id))
    value = finding.value
    used.used_at = now()
    session.add(used)
    session.add(
        AttestationRow(
            id=finding.id,
            asset_id=asset.id,
            challenge_id=used.id,
            key_id=key.id,
            site=value.site,
            branch=asset.branch,
            outcome=finding.outcome.value,
            pledged=value.pledged,
            present=value.present,
            missing=len(value.missing),
            taken_at=value.taken_at,
            as_of=finding.as_of,
            created_at=finding.made_at,
        )
    )
    await session.flush()
    await _note_seen(session, finding.id, value.site, value.taken_at, sorted(answered))


async def _note_seen(
    session: AsyncSession, attestation_id: UUID, site: str, taken_at: datetime, serials: Sequence[str]
) -> None:
    for start in range(0, len(serials), _ROWS_A_STATEMENT):
        rows = [
            {"serial": serial, "site": site, "attestation_id": attestation_id, "taken_at": taken_at}
            for serial in serials[start : start + _ROWS_A_STATEMENT]
        ]
        statement = insert(AttestedServer).values(rows)
        statement = statement.on_conflict_do_update(
            index_elements=["serial"],
            set_={name: statement.excluded[name] for name in ("site", "attestation_id", "taken_at")},
            where=col(AttestedServer.taken_at) < statement.excluded.taken_at,
        )
        await (await session.connection()).execute(statement)


def challenge_view(row: Challenge) -> AttestationChallenge:
    """A challenge as its requester gets it."""
    return AttestationChallenge(
        challenge_id=row.id, asset_id=row.asset_id, site=row.site, nonce=row.nonce, expires_at=row.expires_at
    )


def state_of(row: SiteKey) -> SiteKeyState:
    """How far a key is: registered by one person, confirmed by another, revoked by any."""
    if row.revoked_at is not None:
        return SiteKeyState.REVOKED
    return SiteKeyState.REGISTERED if row.confirmed_at is None else SiteKeyState.CONFIRMED


def key_view(row: SiteKey) -> SiteKeyView:
    """A key as readers see it."""
    return SiteKeyView(
        key_id=row.id,
        site=row.site,
        branch=row.branch,
        public_key=row.public_key,
        state=state_of(row),
        registered_by=row.registered_by,
        confirmed_by=row.confirmed_by,
        revoked_by=row.revoked_by,
    )


def summary(row: AttestationRow) -> AttestationSummary:
    """An attestation as a list shows it."""
    return AttestationSummary(
        attestation_id=row.id,
        asset_id=row.asset_id,
        site=row.site,
        outcome=row.outcome,
        pledged=row.pledged,
        present=row.present,
        missing=row.missing,
        taken_at=row.taken_at,
        as_of=row.as_of,
    )
