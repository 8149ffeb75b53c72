"""Attestations: a site states under its signature which pledged servers answer there, and with which GPUs.

The statement is signed with Ed25519 over its RFC 8785 bytes, by a key that belongs to the site, over a nonce of ours that is
good once and not for long.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints

from domain.application.assets import Serial
from domain.application.project import Kilowatts
from domain.application.text import Code, Label
from domain.finding import FindingValue
from domain.model import Value
from domain.money import UnitPrice

PublicKey = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]
"""Ed25519, 32 bytes in base64url without padding (RFC 8032)."""
SignatureText = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{86}$")]
"""64 bytes in base64url without padding."""
Nonce = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]
DeviceId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{4}:[0-9a-f]{4}$")]
"""PCI vendor and device, e.g. ``10de:2330``."""
GpuIdentifier = Annotated[str, StringConstraints(min_length=8, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9-]*$")]


SitePower = Annotated[UnitPrice, Field(ge=0, le=1_000_000)]
"""Kilowatts of a whole room."""


class SiteKeyEntry(Value):
    """``POST /v1/site-keys``: the public key under which a site states what stands there."""

    site: Label
    branch: Code
    public_key: PublicKey


class SiteKeyState(StrEnum):
    REGISTERED = "registered"
    """Waits for a second person."""
    CONFIRMED = "confirmed"
    REVOKED = "revoked"


class SiteKeyView(SiteKeyEntry):
    key_id: UUID
    state: SiteKeyState
    registered_by: str
    confirmed_by: str | None
    revoked_by: str | None


class ChallengeRequest(Value):
    """``POST /v1/attestation-challenges``: a nonce for the servers of an asset that stand at a site."""

    asset_id: UUID
    site: Label


class AttestationChallenge(Value):
    challenge_id: UUID
    asset_id: UUID
    site: str
    nonce: str
    expires_at: AwareDatetime


class AttestedGpu(Value):
    """A GPU as the driver of its server reports it."""

    uuid: GpuIdentifier
    device_id: DeviceId
    memory_gb: Annotated[int, Field(ge=1, le=1024)]


class AttestedServerItem(Value):
    """A server as its management controller and driver report it. No GPU: none answered."""

    serial: Serial
    gpus: Annotated[tuple[AttestedGpu, ...], Field(max_length=16)]
    power_kw: Kilowatts
    """Drawn by the server while the GPUs worked on the challenge."""


class Statement(Value):
    """What a site signs, as it goes over the wire."""

    challenge_id: UUID
    nonce: Nonce
    site: Label
    taken_at: AwareDatetime
    meter_kw: SitePower | None = None
    """What the meter of the feed showed for these servers together, where there is one."""
    servers: Annotated[tuple[AttestedServerItem, ...], Field(max_length=20_000)]


class AttestationRequest(Value):
    """``POST /v1/attestations``."""

    key_id: UUID
    statement: Statement
    signature: SignatureText
    """Over the RFC 8785 bytes of ``statement`` as sent."""
    as_of: date


class PledgedServer(Value):
    """A server as pledged: serial and GPUs by identity."""

    serial: str
    gpu_type: str
    gpu_count: int
    gpus: tuple[str, ...]
    site: str | None
    """Where it stands by the register; None where nobody has said."""
    last_site: str | None = None
    """Where it last answered."""
    last_seen: AwareDatetime | None = None


class GpuPlace(Value):
    """Which server a GPU was pledged with, by the register; of any case."""

    gpu: str
    serial: str


class AttestationInputs(Value):
    """Everything the conclusion stands on."""

    asset_id: UUID
    signed: str
    """The statement in the RFC 8785 form that was signed."""
    signature: str
    public_key: str
    pledged: tuple[PledgedServer, ...]
    """All servers held by the asset."""
    elsewhere: tuple[GpuPlace, ...]
    """Servers that the register has for the attested GPUs."""
    as_of: date


class Attestation(FindingValue):
    """What an attestation concluded. Counts are of servers."""

    asset_id: UUID
    site: str
    taken_at: AwareDatetime
    pledged: int
    """Pledged servers that should stand at the site."""
    present: int
    """Of these, those that answered as they were pledged."""
    missing: tuple[str, ...]
    phantom: tuple[str, ...]
    moved: tuple[str, ...]
    relabelled: tuple[str, ...]
    not_pledged: tuple[str, ...]
    power_kw: SitePower

    def headline(self) -> str:
        return f"{self.site} · {self.present}/{self.pledged}"


class AttestationSummary(Value):
    """A stored attestation by its finding."""

    attestation_id: UUID
    asset_id: UUID
    site: str
    outcome: str
    pledged: int
    present: int
    missing: int
    taken_at: AwareDatetime
    as_of: date
