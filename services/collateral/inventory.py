"""Inventories read from a file of up to 100,000 servers: bounded in memory, every bad row and column named."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from domain.application import ServerItem
from domain.application.server_sheet import SERVER_HEADINGS, server_cell
from domain.inventory_import import ImportFault
from services.collateral.calc.inventory import ClaimedServer, ListCheck, ListFault, claimed
from services.kit.problems import Fault, Problem
from services.kit.spreadsheet import SheetRow
from services.kit.tabular import Sheet, table_rows
from services.kit.xlsx_safety import SheetLimits

MOST_SERVERS: Final = 100_000
MOST_FAULTS: Final = 1000
"""So many are told; the rest is counted."""
FILE_LIMIT: Final = 64_000_000
"""Bytes."""
LIMITS: Final = SheetLimits(max_file=FILE_LIMIT, max_rows=MOST_SERVERS + 1)


class Abandoned(Exception):
    """Whoever asked for the reading does not want it any more."""


class InventoryFile:
    """A file of servers, read by ``read`` on a thread of its own; ``rows_read`` and ``abandoned`` are looked at and set from
    another."""

    def __init__(self, path: Path, media_type: str) -> None:
        self._path = path
        self._media_type = media_type
        self._check = ListCheck()
        self._rows: dict[str, int] = {}
        self.abandoned = False
        self.rows_read = 0
        self.servers: list[ClaimedServer] = []
        self.faults: list[ImportFault] = []
        self.fault_count = 0

    @property
    def gpu_count(self) -> int:
        """GPU identifiers listed, each once."""
        return self._check.gpu_count

    def read(self) -> None:
        """Read it to its end, or to the fault that makes the rest unreadable. Raises ``Abandoned``."""
        try:
            rows = table_rows(self._path, self._media_type, LIMITS)
            heading = next(rows, None)
            if heading is None:
                self.told(0, "", "empty_sheet", "清单为空", "the list is empty")
                return
            self._read(heading, rows)
        except Problem as problem:
            for fault in problem.errors:
                self._told(fault)
        finally:
            if self.fault_count:
                # A list that is refused needs no memory while its report is written.
                self.servers.clear()

    def row_of(self, serial: str) -> int:
        """The row of a server by its identity."""
        return self._rows[serial]

    def told(self, row: int, column: str, code: str, zh: str, en: str) -> None:
        """Add a fault to the report."""
        self.fault_count += 1
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(ImportFault(row=row, column=column, code=code, message_zh=zh, message_en=en))

    def _read(self, heading: SheetRow, rows: Iterator[SheetRow]) -> None:
        sheet = Sheet(ServerItem, SERVER_HEADINGS, server_cell)
        if wrong := sheet.headed(heading):
            self._tell(wrong)
            return
        for row in sheet.read(rows):
            self.rows_read += 1
            if self.abandoned:
                raise Abandoned
            if row.item is None:
                self._tell(row.faults)
                continue
            server = claimed(row.item)
            for fault in self._check.faults(server, row.number):
                self.told(row.number, fault.field, fault.code, *_words(fault))
            if not self.fault_count:
                self.servers.append(server)
                self._rows[server.serial] = row.number
        if not self.rows_read:
            self.told(heading.number, "", "no_rows", "没有服务器行", "there are no rows below the headings")

    def _tell(self, faults: Sequence[Fault]) -> None:
        for fault in faults:
            self._told(fault)

    def _told(self, fault: Fault) -> None:
        # "/rows/17/price_ex_vat/amount": what is inside a cell is no concern of the sheet.
        _, _, row, column, *_ = (*fault.pointer.split("/"), "", "", "", "")
        number = int(row) if row.isdecimal() else 0
        self.told(number, "" if column.isdecimal() else column, fault.code, fault.message_zh, fault.message_en)


def _words(fault: ListFault) -> tuple[str, str]:
    match fault.code:
        case "duplicate_serial":
            return f"序列号与第 {fault.other} 行重复", f"the serial number is that of row {fault.other}"
        case "duplicate_gpu":
            return f"GPU 标识与第 {fault.other} 行重复", f"a GPU identifier is that of row {fault.other}"
        case "too_many_gpus":
            return "GPU 标识多于 GPU 数量", "more GPU identifiers than the server has GPUs"
        case _:
            return "格式不符", "does not have the right format"
