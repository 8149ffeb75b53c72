"""Servers as the register claims them: by identity, and without what only a valuation asks for."""

from dataclasses import dataclass
from datetime import date
from sys import intern

from domain.application import ServerItem
from domain.application.serials import gpu_identity, serial_identity


@dataclass(frozen=True, slots=True)
class ClaimedServer:
    """A server of a list. ``serial`` and ``gpus`` are identities (``domain.application.serials``)."""

    serial: str
    serial_as_given: str
    model: str
    gpu_type: str
    gpu_count: int
    site: str | None
    rack: str | None
    gpus: tuple[str, ...]
    purchased: date | None
    """With the model and the case, what makes servers worth the same."""


@dataclass(frozen=True, slots=True)
class ListFault:
    """What is wrong with a server of a list: the field, a stable code, and the row or item it collides with (-1: none)."""

    field: str
    code: str
    other: int = -1


def claimed(server: ServerItem) -> ClaimedServer:
    """A server of an inventory by its identities."""
    return ClaimedServer(
        serial=serial_identity(server.serial),
        serial_as_given=server.serial,
        # A list of 100,000 servers has a handful of models and sites.
        model=intern(server.model),
        gpu_type=intern(server.gpu_type),
        gpu_count=server.gpu_count,
        site=None if server.site is None else intern(server.site),
        rack=server.rack,
        gpus=tuple(gpu_identity(gpu) for gpu in server.gpu_uuids),
        purchased=server.purchased,
    )


class ListCheck:
    """Whether the servers of a list are different ones: no serial twice, no GPU in two of them, no more GPUs than slots."""

    def __init__(self) -> None:
        self._serials: dict[str, int] = {}
        self._gpus: dict[str, int] = {}

    @property
    def gpu_count(self) -> int:
        """Distinct GPU identifiers seen so far."""
        return len(self._gpus)

    def faults(self, server: ClaimedServer, place: int) -> list[ListFault]:
        """What is wrong with the next server of the list, which stands at ``place``."""
        bad = []
        first = self._serials.setdefault(server.serial, place)
        if first != place:
            bad.append(ListFault("serial", "duplicate_serial", first))
        if len(server.gpus) > server.gpu_count:
            bad.append(ListFault("gpu_uuids", "too_many_gpus"))
        for gpu in dict.fromkeys(server.gpus):
            if not gpu:
                bad.append(ListFault("gpu_uuids", "wrong_format"))
                continue
            holder = self._gpus.setdefault(gpu, place)
            if holder != place:
                bad.append(ListFault("gpu_uuids", "duplicate_gpu", holder))
        if len(set(server.gpus)) != len(server.gpus):
            bad.append(ListFault("gpu_uuids", "duplicate_gpu", place))
        return bad
