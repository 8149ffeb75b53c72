"""An inventory of servers from a spreadsheet: one row a server, all or nothing, every bad cell named by row and column."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from pydantic import ValidationError

from domain.application import ServerItem
from services.kit.problems import Fault
from services.kit.validation_faults import faults_of

COLUMNS: Final = tuple(ServerItem.model_fields)
REQUIRED: Final = tuple(name for name, field in ServerItem.model_fields.items() if field.is_required())
MOST_ROWS: Final = 5000
MOST_FAULTS: Final = 1000
"""So many are shown; the rest is counted."""

Cell = str | Decimal | bool | date | datetime | None

HEADINGS: Final = {
    "序列号": "serial",
    "型号": "model",
    "gpu型号": "gpu_type",
    "gpu数量": "gpu_count",
    "显存gb": "gpu_memory_gb",
    "gpu标识": "gpu_uuids",
    "状况": "condition",
    "采购日期": "purchased",
    "交付日期": "delivered",
    "发票号码": "invoice_number",
    "不含税单价": "price_ex_vat",
    "增值税率": "vat_rate",
    "来源": "provenance",
    "报关单号": "customs_document",
    "机房": "site",
    "机柜": "rack",
    "保修至": "warranty_until",
}
"""Chinese headings beside the field names."""


@dataclass(frozen=True)
class Row:
    """A row as its sender sees it: its number in the sheet, and its cells."""

    number: int
    cells: tuple[Cell, ...]


def servers(rows: Sequence[Row]) -> tuple[tuple[ServerItem, ...], tuple[Fault, ...]]:
    """The servers of a sheet whose first row names its columns, or everything that is wrong with it."""
    if not rows:
        return (), (_fault(1, "", "empty_sheet", "清单为空", "the sheet is empty"),)
    columns, bad = _columns(rows[0])
    if bad:
        return (), tuple(bad)
    if len(rows) == 1:
        return (), (_fault(rows[0].number, "", "no_rows", "没有服务器行", "there are no rows below the headings"),)
    if len(rows) - 1 > MOST_ROWS:
        text = (f"至多 {MOST_ROWS} 台", f"at most {MOST_ROWS} servers")
        return (), (_fault(rows[0].number, "", "too_many_rows", *text),)
    items: list[ServerItem] = []
    seen: dict[str, int] = {}
    for row in rows[1:]:
        item, wrong = _server(row, columns)
        bad.extend(wrong)
        if item is None:
            continue
        serial = item.serial.upper()
        if serial in seen:
            bad.append(
                _fault(
                    row.number,
                    "serial",
                    "duplicate_serial",
                    f"序列号与第 {seen[serial]} 行重复",
                    f"the serial number is that of row {seen[serial]}",
                )
            )
        seen.setdefault(serial, row.number)
        items.append(item)
    return (tuple(items), ()) if not bad else ((), tuple(bad))


def rows_by_serial(rows: Sequence[Row]) -> dict[str, int]:
    """Row numbers by upper-case serial, for a sheet whose headings are in order."""
    columns, bad = _columns(rows[0])
    place = columns.index("serial") if not bad else -1
    return {str(row.cells[place]).upper(): row.number for row in rows[1:] if 0 <= place < len(row.cells)}


def _columns(heading: Row) -> tuple[list[str], list[Fault]]:
    names: list[str] = []
    bad: list[Fault] = []
    for place, cell in enumerate(heading.cells, start=1):
        name = _field(cell)
        if name is None and cell is not None:
            text = (f"第 {place} 列标题未知", f"the heading of column {place} is not known")
            bad.append(_fault(heading.number, "", "unknown_column", *text))
        elif name is not None and name in names:
            bad.append(_fault(heading.number, name, "duplicate_column", "该列出现两次", "the column appears twice"))
        names.append(name or "")
    bad.extend(
        _fault(heading.number, name, "missing_column", "缺少该列", "the column is missing")
        for name in REQUIRED
        if name not in names
    )
    return names, bad


def _field(cell: Cell) -> str | None:
    if not isinstance(cell, str):
        return None
    plain = re.sub(r"[\s（(].*$|\s", "", cell.strip().lower())
    return plain if plain in COLUMNS else HEADINGS.get(plain)


def _server(row: Row, columns: Sequence[str]) -> tuple[ServerItem | None, list[Fault]]:
    values: dict[str, Any] = {}
    for name, cell in zip(columns, row.cells, strict=False):
        if cell is None:
            continue
        if not name:
            return None, [_fault(row.number, "", "unheaded_cell", "该列没有标题", "a cell stands under no heading")]
        values[name] = _value(name, cell)
    try:
        return ServerItem.model_validate(values), []
    except ValidationError as error:
        faults = faults_of(error.errors(include_url=False, include_input=False), values)
        return None, [replace(fault, pointer=f"/rows/{row.number}{fault.pointer}") for fault in faults]


def _value(name: str, cell: Cell) -> Any:
    if name == "price_ex_vat":
        return {"amount": cell if isinstance(cell, Decimal) else str(cell).replace(",", "")}
    if name == "gpu_uuids":
        return [part for part in re.split(r"[;,\s]+", str(cell)) if part]
    if isinstance(cell, Decimal):
        # Numbers in text columns (an invoice number, a rack) are what was typed, not a figure.
        whole = cell == cell.to_integral_value()
        if name in ("gpu_count", "gpu_memory_gb"):
            return int(cell) if whole else str(cell)
        return cell if name == "vat_rate" else format(cell.quantize(Decimal(1)) if whole else cell, "f")
    if isinstance(cell, bool | datetime):
        return str(cell)
    return cell


def _fault(row: int, column: str, code: str, zh: str, en: str) -> Fault:
    """A fault by the row's number in the sheet and the field's name; without a name it is the row's or the sheet's."""
    return Fault(f"/rows/{row}/{column}" if column else f"/rows/{row}", code, zh, en)
