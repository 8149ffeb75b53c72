"""A simulated registry of movables with a file of its own: what is filed is found, by everybody, in the order of its clock.

Numbers follow from what was filed and when, so the same filings in the same order give the same registry.
"""

import asyncio
import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

from domain.calendar import BANK_ZONE
from services.collateral.registry.adapter import Filing, RegistryEntry, RegistryRefused

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS entry (
    number TEXT PRIMARY KEY, filing_key TEXT NOT NULL UNIQUE, filing_sha256 TEXT NOT NULL, creditor TEXT NOT NULL,
    debtor_uscc TEXT NOT NULL, kind TEXT NOT NULL, description TEXT NOT NULL, registered_at TEXT NOT NULL,
    expires TEXT NOT NULL, cancelled_at TEXT
);
CREATE INDEX IF NOT EXISTS by_debtor ON entry (debtor_uscc, registered_at);
CREATE TABLE IF NOT EXISTS extension (extension_key TEXT PRIMARY KEY, number TEXT NOT NULL, years INTEGER NOT NULL);
"""
_BY_NUMBER: Final = """
SELECT number, creditor, debtor_uscc, kind, description, registered_at, expires, cancelled_at FROM entry WHERE number = ?
"""
_BY_KEY: Final = "SELECT number, filing_sha256 FROM entry WHERE filing_key = ?"
_BY_DEBTOR: Final = "SELECT number FROM entry WHERE debtor_uscc = ? ORDER BY registered_at, rowid"


class SimulatedRegistry:
    """The registry in a directory. ``clock`` is the registry's own; entries of one second keep their order."""

    def __init__(self, directory: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file = directory / "registry.sqlite3"
        self._clock = clock
        with self._books() as books:
            books.execute("PRAGMA journal_mode = WAL")
            books.executescript(_SCHEMA)

    async def search(self, debtor_uscc: str) -> tuple[RegistryEntry, ...]:
        return await asyncio.to_thread(self._search, debtor_uscc)

    async def register(self, filing: Filing) -> RegistryEntry:
        return await asyncio.to_thread(self._register, filing)

    async def extend(self, number: str, years: int, key: str) -> RegistryEntry:
        return await asyncio.to_thread(self._extend, number, years, key)

    async def cancel(self, number: str) -> RegistryEntry:
        return await asyncio.to_thread(self._cancel, number)

    @contextmanager
    def _books(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._file, timeout=10)) as books, books:
            yield books

    def _search(self, debtor_uscc: str) -> tuple[RegistryEntry, ...]:
        with self._books() as books:
            numbers = books.execute(_BY_DEBTOR, (debtor_uscc,)).fetchall()
            return tuple(_entry(books, number) for (number,) in numbers)

    def _register(self, filing: Filing) -> RegistryEntry:
        content = _sha256(filing)
        at = self._clock().astimezone(UTC).replace(microsecond=0)
        with self._books() as books:
            books.execute("BEGIN IMMEDIATE")
            known = books.execute(_BY_KEY, (filing.key,)).fetchone()
            if known is not None:
                if known[1] != content:
                    raise RegistryRefused("key_reused")
                return _entry(books, known[0])
            [count] = books.execute("SELECT count(*) FROM entry").fetchone()
            number = f"{at:%Y%m%d}{count + 1:06d}{content[:6].upper()}"
            ends = _years_on(at.astimezone(BANK_ZONE).date(), filing.years) - timedelta(days=1)
            books.execute(
                "INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
                (
                    number,
                    filing.key,
                    content,
                    filing.creditor,
                    filing.debtor_uscc,
                    filing.kind.value,
                    filing.description,
                    at.isoformat(),
                    ends.isoformat(),
                ),
            )
            return _entry(books, number)

    def _extend(self, number: str, years: int, key: str) -> RegistryEntry:
        with self._books() as books:
            books.execute("BEGIN IMMEDIATE")
            entry = _entry(books, number)
            if entry.cancelled_at is not None:
                raise RegistryRefused("cancelled")
            done = books.execute(
                "INSERT INTO extension VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (key, number, years)
            ).rowcount
            if done:
                ends = _years_on(entry.expires + timedelta(days=1), years) - timedelta(days=1)
                books.execute("UPDATE entry SET expires = ? WHERE number = ?", (ends.isoformat(), number))
            return _entry(books, number)

    def _cancel(self, number: str) -> RegistryEntry:
        at = self._clock().astimezone(UTC).replace(microsecond=0)
        with self._books() as books:
            _entry(books, number)
            books.execute(
                "UPDATE entry SET cancelled_at = ? WHERE number = ? AND cancelled_at IS NULL", (at.isoformat(), number)
            )
            return _entry(books, number)


def _entry(books: sqlite3.Connection, number: str) -> RegistryEntry:
    row = books.execute(_BY_NUMBER, (number,)).fetchone()
    if row is None:
        raise RegistryRefused("unknown_number")
    return RegistryEntry.model_validate(dict(zip(RegistryEntry.model_fields, row, strict=True)))


def _years_on(day: date, years: int) -> date:
    """The same day of a later year; the 29th of February becomes the 1st of March."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


def _sha256(filing: Filing) -> str:
    said = (filing.creditor, filing.debtor_uscc, filing.kind.value, filing.description)
    text = "\x1f".join((*said, str(filing.secured_amount.amount), str(filing.years)))
    return hashlib.sha256(text.encode()).hexdigest()
