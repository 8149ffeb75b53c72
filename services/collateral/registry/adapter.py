"""The adapter to the registry of movables: query, register, extend, cancel.

The registry does not examine what is filed; whoever files answers for its truth (PBoC 令〔2021〕7号 §4). A filing is made
once under its key: asked again, the registry answers with the entry it already has.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from domain.collateral import SecurityKind
from domain.model import Value
from domain.money import Money


class RegistryRefused(Exception):
    """The registry does not do it. ``code`` is a stable word: ``unknown_number``, ``cancelled``, ``key_reused``."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class RegistryUnavailable(Exception):
    """The registry gave no answer; whether it did anything is unknown, and the same key may be sent again."""


@dataclass(frozen=True)
class Filing:
    """What is filed. ``description`` is the text by which everybody must be able to tell the collateral."""

    key: str
    creditor: str
    debtor_uscc: str
    kind: SecurityKind
    description: str
    secured_amount: Money
    years: int


class RegistryEntry(Value):
    """An entry as the registry shows it to anybody who searches under the debtor."""

    number: str
    creditor: str
    debtor_uscc: str
    kind: str
    description: str
    registered_at: datetime
    """UTC, to the second: it decides between creditors."""
    expires: date
    """The last day on which the entry stands."""
    cancelled_at: datetime | None = None


class MovablesRegistry(Protocol):
    """A registry of movables and rights. Every method raises ``RegistryUnavailable`` where there was no answer."""

    async def search(self, debtor_uscc: str) -> tuple[RegistryEntry, ...]:
        """All entries under a debtor, of every creditor, in the order of registration."""
        ...

    async def register(self, filing: Filing) -> RegistryEntry:
        """File an entry, once. Raises ``RegistryRefused``: ``key_reused`` for another filing under the same key."""
        ...

    async def extend(self, number: str, years: int, key: str) -> RegistryEntry:
        """Let an entry run on for years from its end, once for a key. Raises ``RegistryRefused``: ``unknown_number``,
        ``cancelled``."""
        ...

    async def cancel(self, number: str) -> RegistryEntry:
        """Take an entry off; taking it off again changes nothing. Raises ``RegistryRefused``: ``unknown_number``."""
        ...
