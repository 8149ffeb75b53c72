"""Where a stack lives: its directory and its ports."""

import random
import socket
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Self

from suandai.stack.component import StackError

DEFAULT_PORT_BASE = 8400
# Temporal's ports must stay below 32768 once its state lies in Postgres, and nobody should need the low ones.
_LOWEST_BASE, _HIGHEST_BASE = 2100, 32700
_SEARCHED = range(12000, 31000, 10)
"""Bases whose ports the kernel does not hand out for outgoing connections: a stack that is started again finds them free."""


@dataclass(frozen=True, slots=True)
class Ports:
    """TCP ports on 127.0.0.1."""

    origination: int
    pricing: int
    collateral: int
    core_banking: int
    staff_identity: int
    borrower_identity: int
    temporal_ui: int
    temporal: int

    @classmethod
    def from_base(cls, base: int = DEFAULT_PORT_BASE) -> Self:
        """Seven ports after ``base`` in the order above, Temporal's gRPC at ``base`` - 999 (8400: 8401-8407, 7401)."""
        if not _LOWEST_BASE <= base <= _HIGHEST_BASE:
            raise StackError(f"the port base must lie between {_LOWEST_BASE} and {_HIGHEST_BASE}, not at {base}")
        return cls(*[*range(base + 1, base + 8), base - 999])

    @classmethod
    def free(cls) -> Self:
        """Eight ports that nobody uses at the moment; for tests."""
        probes = [socket.socket() for _ in range(8)]
        try:
            for probe in probes:
                probe.bind(("127.0.0.1", 0))
            return cls(*(probe.getsockname()[1] for probe in probes))
        finally:
            for probe in probes:
                probe.close()


def is_free(port: int) -> bool:
    """Whether a server could listen at this port of 127.0.0.1 now."""
    with socket.socket() as probe:
        # What a program that has ended leaves behind for a minute does not keep its successor away.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def free_base() -> int:
    """A port base whose ports nobody uses now, for a stack that is not to meet another. Raises ``StackError``."""
    for base in random.sample(_SEARCHED, 50):
        if all(map(is_free, astuple(Ports.from_base(base)))):
            return base
    raise StackError("no free ports")


@dataclass(frozen=True, slots=True)
class Layout:
    """The directory of a stack (``.suandai``) and what lies where in it."""

    directory: Path

    @property
    def postgres(self) -> Path:
        return self.directory / "postgres"

    @property
    def temporal(self) -> Path:
        return self.directory / "temporal"

    @property
    def staff_identity(self) -> Path:
        return self.directory / "identity" / "staff"

    @property
    def borrower_identity(self) -> Path:
        return self.directory / "identity" / "borrower"

    @property
    def keys(self) -> Path:
        return self.directory / "keys"

    @property
    def worker_keys(self) -> Path:
        return self.directory / "worker-keys"

    @property
    def documents(self) -> Path:
        return self.directory / "documents"

    @property
    def core_banking(self) -> Path:
        return self.directory / "core-banking"

    @property
    def movables_registry(self) -> Path:
        return self.directory / "movables-registry"

    @property
    def builds(self) -> Path:
        return self.directory / "builds"

    @property
    def logs(self) -> Path:
        return self.directory / "logs"

    @property
    def record(self) -> Path:
        return self.directory / "stack.json"

    @property
    def lock(self) -> Path:
        return self.directory / "lock"
