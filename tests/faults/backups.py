"""Backups as they are really taken, of one store at a time, and what a restore of one of them leaves."""

import shutil
import sqlite3
import subprocess
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from suandai.stack import Stack
from suandai.stack.component import inherited_environment
from suandai.stack.postgres import SUPERUSER, binaries
from tests.fixtures.stack import BankStack

# What goes on with cases that are decided already, when nobody is to be assessed anew.
DECIDED_ONLY = ("postgres", "temporal", "staff-identity", "borrower-identity", "core-banking", "origination", "worker")


@dataclass(frozen=True)
class Backup:
    """The books and the engine's store of one moment."""

    books: Path
    engine: Path

    @classmethod
    def online(cls, bank: BankStack, directory: Path) -> "Backup":
        """While everything runs: a base backup of the books, SQLite's own backup of the engine's file."""
        directory.mkdir()
        books, engine = directory / "books", directory / "temporal.db"
        command = [str(binaries() / "pg_basebackup"), "--pgdata", str(books), "--checkpoint", "fast"]
        command += ["--host", str(bank.assembly.postgres.socket_directory), "--username", SUPERUSER]
        subprocess.run(command, check=True, capture_output=True, env=inherited_environment())
        source = bank.layout.temporal / "temporal.db"
        with closing(sqlite3.connect(source, timeout=30)) as live, closing(sqlite3.connect(engine)) as copy:
            live.backup(copy)
        return cls(books, engine)

    @classmethod
    def cold(cls, bank: BankStack, directory: Path) -> "Backup":
        """Of a stack that was ended."""
        directory.mkdir()
        books, engine = directory / "books", directory / "temporal.db"
        shutil.copytree(bank.layout.postgres / "data", books)
        with (
            closing(sqlite3.connect(bank.layout.temporal / "temporal.db")) as store,
            closing(sqlite3.connect(engine)) as copy,
        ):
            store.backup(copy)
        return cls(books, engine)


async def restart_with(
    bank: BankStack, *, books: Backup, engine: Backup, components: Sequence[str] | None = DECIDED_ONLY
) -> None:
    """End the stack, put the stores of these backups in place of its own, and start it again."""
    await bank.stack.stop()
    data = bank.layout.postgres / "data"
    owner = data.stat()
    shutil.rmtree(data)
    shutil.copytree(books.books, data)
    for path in (data, *data.rglob("*")):
        shutil.chown(path, owner.st_uid, owner.st_gid)
    data.chmod(0o700)
    for left in bank.layout.temporal.glob("temporal.db*"):
        left.unlink()
    shutil.copy(engine.engine, bank.layout.temporal / "temporal.db")
    bank.stack = Stack(bank.directory, ports=bank.ports, components=components)
    await bank.stack.start()
