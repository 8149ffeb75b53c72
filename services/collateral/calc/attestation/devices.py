"""What GPUs are by the device id on their bus, and what they draw: facts of the vendors, not house policy.

Ids by the PCI ID repository (pci-ids.ucw.cz), memory and board power by the vendors' data sheets.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final


@dataclass(frozen=True)
class Device:
    """``board_kw``: the most that a board draws."""

    family: str
    memory_gb: int
    board_kw: Decimal


def _nvidia(family: str, memory_gb: int, board_watts: int) -> Device:
    return Device(family, memory_gb, Decimal(board_watts) / 1000)


DEVICES: Final[dict[str, Device]] = {
    "10de:20b0": _nvidia("A100", 40, 400),
    "10de:20b2": _nvidia("A100", 80, 400),
    "10de:20b5": _nvidia("A100", 80, 300),
    "10de:20f1": _nvidia("A100", 40, 250),
    "10de:20f3": _nvidia("A800", 80, 400),
    "10de:20f5": _nvidia("A800", 80, 300),
    "10de:2321": _nvidia("H100", 94, 400),
    "10de:2330": _nvidia("H100", 80, 700),
    "10de:2331": _nvidia("H100", 80, 350),
    "10de:2322": _nvidia("H800", 80, 350),
    "10de:2324": _nvidia("H800", 80, 700),
    "10de:2329": _nvidia("H20", 96, 400),
    "10de:232c": _nvidia("H20", 141, 400),
    "10de:2335": _nvidia("H200", 141, 700),
    "10de:233b": _nvidia("H200", 141, 600),
    "10de:2901": _nvidia("B200", 180, 1000),
    "10de:26b5": _nvidia("L40", 48, 300),
    "10de:26b9": _nvidia("L40S", 48, 350),
    "10de:26ba": _nvidia("L20", 48, 275),
    "10de:2684": _nvidia("4090", 24, 450),
    "10de:2685": _nvidia("4090D", 24, 425),
}
