"""Security interests at the registry of movables: filing, extension, cancellation, search; and waivers of liens."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field

from domain.application.text import Label, Remark, Sha256
from domain.collateral import SecurityKind
from domain.finding import FindingValue
from domain.identity import Uscc
from domain.model import Value
from domain.money import Positive

FilingYears = Annotated[int, Field(ge=1, le=30)]
"""A registration runs for whole years, at most thirty (PBoC 令〔2021〕7号)."""


class FilingRequest(Value):
    """``POST /v1/registry-filings``: a security agreement to be registered over the whole of an asset."""

    asset_id: UUID
    facility_id: UUID | None = None
    kind: SecurityKind
    debtor_uscc: Uscc
    secured_amount: Positive
    agreed_on: date
    delivered_on: date | None = None
    years: FilingYears
    as_of: date


class ExtensionRequest(Value):
    """A registration runs on for further years from its present end. ``as_of``: the day on which that is done."""

    years: FilingYears
    as_of: date


class CancellationRequest(Value):
    """A registration is taken off the registry: the debt is paid, or the security was released."""

    reason: Remark
    as_of: date


class SearchRequest(Value):
    """``POST /v1/registry-searches``: what rests on an asset, searched under its owner."""

    asset_id: UUID
    debtor_uscc: Uscc
    as_of: date


class FoundEntry(Value):
    """An entry of another creditor under the same debtor."""

    number: str
    holder: Label
    kind: str
    registered_on: date
    expires: date
    floating: bool
    """It covers equipment present and future, and so this asset too."""
    serials: int
    """How many of the asset's servers it names."""


class RegistrySearch(FindingValue):
    """What a search of the registry concluded for an asset."""

    asset_id: UUID
    debtor_uscc: str
    servers: int
    entries: tuple[FoundEntry, ...]
    """Others' entries in force on the day, by day of registration."""
    own: tuple[str, ...]
    """Numbers of our own registrations that were found."""

    def headline(self) -> str:
        resting = sum(1 for entry in self.entries if entry.serials or entry.floating)
        return f"{len(self.entries)} · {resting}"


class SearchedEntry(Value):
    """An entry as the registry answered it."""

    number: str
    creditor: str
    kind: str
    registered_on: date
    expires: date
    cancelled: bool
    description: str


class SearchInputs(Value):
    """Everything the conclusion of a search stands on."""

    asset_id: UUID
    debtor_uscc: str
    as_of: date
    serials: tuple[str, ...]
    """Identities of the asset's servers, in order."""
    own_numbers: tuple[str, ...]
    entries: tuple[SearchedEntry, ...]


class LienWaiverEntry(Value):
    """An operator waives the possessory lien on what stands in its rooms (Civil Code §456)."""

    asset_id: UUID
    operator: Label
    site: Label
    signed_on: date
    valid_until: date | None = None
    document_sha256: Sha256


class LienWaiver(LienWaiverEntry):
    waiver_id: UUID
    entered_by: str
