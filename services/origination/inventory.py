"""An inventory of servers from a spreadsheet: one row a server, all or nothing, every bad cell named by row and column."""

from collections.abc import Sequence
from typing import Final

from domain.application import ServerItem
from domain.application.serials import serial_identity
from domain.application.server_sheet import SERVER_HEADINGS, server_cell
from services.kit.problems import Fault
from services.kit.spreadsheet import SheetRow
from services.kit.tabular import Sheet, row_fault

MOST_ROWS: Final = 5000
MOST_FAULTS: Final = 1000
"""So many are shown; the rest is counted."""


class Inventory:
    """The servers of a sheet with the rows they stand in, or everything that is wrong with it."""

    def __init__(self, rows: Sequence[SheetRow]) -> None:
        self.servers: tuple[ServerItem, ...] = ()
        self.faults: tuple[Fault, ...] = ()
        self._places: dict[str, int] = {}
        self._take(rows)

    def row_of(self, serial: str) -> int:
        """The row of a server by its serial, however that is written."""
        return self._places[serial_identity(serial)]

    def _take(self, rows: Sequence[SheetRow]) -> None:
        if not rows:
            self.faults = (row_fault(1, "", "empty_sheet", "清单为空", "the sheet is empty"),)
            return
        sheet = Sheet(ServerItem, SERVER_HEADINGS, server_cell)
        first = rows[0].number
        if wrong := sheet.headed(rows[0]):
            self.faults = wrong
        elif len(rows) == 1:
            self.faults = (row_fault(first, "", "no_rows", "没有服务器行", "there are no rows below the headings"),)
        elif len(rows) - 1 > MOST_ROWS:
            text = (f"至多 {MOST_ROWS} 台", f"at most {MOST_ROWS} servers")
            self.faults = (row_fault(first, "", "too_many_rows", *text),)
        else:
            self._read(sheet, rows[1:])

    def _read(self, sheet: Sheet[ServerItem], rows: Sequence[SheetRow]) -> None:
        items: list[ServerItem] = []
        bad: list[Fault] = []
        for row in sheet.read(rows):
            bad.extend(row.faults)
            if row.item is None:
                continue
            earlier = self._places.setdefault(serial_identity(row.item.serial), row.number)
            if earlier != row.number:
                text = (f"序列号与第 {earlier} 行重复", f"the serial number is that of row {earlier}")
                bad.append(row_fault(row.number, "serial", "duplicate_serial", *text))
            items.append(row.item)
        self.faults = tuple(bad)
        self.servers = () if bad else tuple(items)
