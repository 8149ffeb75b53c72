"""A list of servers as people send it: what its columns may be called, and what a cell of each means."""

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from domain.application.serials import folded_width

SheetCell = str | Decimal | bool | date | datetime | None

SERVER_HEADINGS: Final = {
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

_WHOLE: Final = ("gpu_count", "gpu_memory_gb")
_DATES: Final = ("purchased", "delivered", "warranty_until")
_PLAIN: Final = ("serial", "gpu_type", "gpu_uuids", "condition", "provenance", *_WHOLE, *_DATES, "vat_rate")
"""Codes and figures: a full-width form of a Chinese keyboard means the plain one. In names it may be meant."""
_SLASHED: Final = re.compile(r"([0-9]{4})[/.]([0-9]{1,2})[/.]([0-9]{1,2})")
_PERCENT: Final = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,4})?)\s*%")
_BETWEEN: Final = re.compile(r"[;,\s；，、]+")


def server_cell(name: str, cell: SheetCell) -> Any:
    """What a cell says in the field ``name`` of a server; what it cannot mean is left for validation to refuse."""
    if isinstance(cell, str):
        return _written(name, folded_width(cell) if name in _PLAIN else cell)
    if name == "price_ex_vat":
        return {"amount": cell if isinstance(cell, Decimal) else str(cell)}
    if isinstance(cell, Decimal):
        # Numbers in text columns (an invoice number, a rack) are what was typed, not a figure.
        whole = cell == cell.to_integral_value()
        if name in _WHOLE:
            return int(cell) if whole else str(cell)
        return cell if name == "vat_rate" else format(cell.quantize(Decimal(1)) if whole else cell, "f")
    if isinstance(cell, bool | datetime):
        return str(cell)
    return cell


def _written(name: str, text: str) -> Any:
    """What a text says: all of a CSV is text, dates and figures too."""
    if name == "price_ex_vat":
        return {"amount": text.replace(",", "")}
    if name == "gpu_uuids":
        return [part for part in _BETWEEN.split(text) if part]
    if name in _DATES and (day := _SLASHED.fullmatch(text)):
        return f"{day[1]}-{int(day[2]):02d}-{int(day[3]):02d}"
    if name == "vat_rate" and (share := _PERCENT.fullmatch(text)):
        return Decimal(share[1]) / 100
    if name in _WHOLE and text.isascii() and text.isdecimal() and len(text) < 7:
        return int(text)
    return text
