"""Whether what answers can be what it says: device ids, memory, and the power it draws (rows R2, R11)."""

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from domain.attestation import AttestedServerItem
from domain.finding import Reason
from services.collateral.calc.attestation.devices import DEVICES
from services.collateral.calc.attestation.words import reason

METER_TOLERANCE: Final = Decimal("0.15")
"""Sum of the servers against the meter of the feed (row R2)."""
LEAST_SHARE: Final = Decimal("0.5")
"""GPUs that work on the challenge draw at least half of their board power."""
MOST_SHARE: Final = Decimal(2)
MOST_REST_KW: Final = Decimal(3)
"""A server draws at most twice its boards' power and 3 kW for all that is not a GPU."""

_WORD: Final = re.compile(r"[A-Z0-9]+")


def server_faults(serial: str, server: AttestedServerItem, gpu_type: str) -> Iterable[Reason]:
    """What speaks against a server's GPUs being those of the pledged type, working. A device that the table does not have
    is named, and its power is not judged."""
    known = [DEVICES[gpu.device_id] for gpu in server.gpus if gpu.device_id in DEVICES]
    if len(known) < len(server.gpus):
        yield reason("DEVICE_UNKNOWN", serial)
    if any(not _is(device.family, gpu_type) for device in known):
        yield reason("DEVICE_MISMATCH", serial, other=gpu_type)
    if any(
        gpu.device_id in DEVICES and abs(gpu.memory_gb - DEVICES[gpu.device_id].memory_gb) > _slack(gpu.memory_gb)
        for gpu in server.gpus
    ):
        yield reason("MEMORY_MISMATCH", serial)
    boards = sum((device.board_kw for device in known), Decimal(0))
    if server.power_kw < boards * LEAST_SHARE:
        yield reason("POWER_TOO_LOW", serial)
    elif len(known) == len(server.gpus) and server.power_kw > boards * MOST_SHARE + MOST_REST_KW:
        yield reason("POWER_TOO_HIGH", serial)


def meter_fault(drawn_kw: Decimal, meter_kw: Decimal | None) -> Reason | None:
    """The sum of the servers against the meter; None where it fits or there is no meter."""
    if meter_kw is None or abs(drawn_kw - meter_kw) <= meter_kw * METER_TOLERANCE:
        return None
    return reason("METER_DISAGREES", f"{meter_kw:.8f}")


def _is(family: str, gpu_type: str) -> bool:
    """Whether a type of the register (``H100-SXM``, ``H20-141G``, ``RTX4090``) is of a family."""
    words = _WORD.findall(gpu_type.upper())
    return any(word == family or word.removeprefix("RTX") == family for word in words)


def _slack(memory_gb: int) -> int:
    """Drivers report a little less than the data sheet, in GB or in GiB."""
    return max(2, memory_gb // 10)
