"""Rows of a spreadsheet that somebody sent us: bounded, exact, and without anything that runs or points elsewhere."""

import asyncio
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook

from services.kit.problems import Problem, ProblemType, register
from services.kit.xlsx_safety import SheetLimits, faults_of_archive, sheet_fault

Cell = str | Decimal | bool | date | datetime | None
"""Text as typed (leading zeros kept), figures as decimals, dates; ``None`` where the cell is empty."""

_EXACT_DIGITS = 15
"""What a spreadsheet's binary number holds exactly in decimal; more would repeat its rounding errors as if they were
input."""

register(
    ProblemType(
        "spreadsheet_refused",
        422,
        "电子表格不予接受",
        "The spreadsheet is not accepted",
        "共 {count} 处问题，见 errors。",
        "{count:fault|faults}, listed in errors.",
    )
)


@dataclass(frozen=True)
class SheetRow:
    """One row. ``number`` is the row's number as the sender sees it."""

    number: int
    cells: tuple[Cell, ...]


async def read_rows(source: Path | bytes, *, sheet: str = "", limits: SheetLimits | None = None) -> list[SheetRow]:
    """The rows of a sheet (the first where none is named), without those that are empty, off the event loop.

    Raises the problem ``spreadsheet_refused`` (422) with a fault for each: ``not_an_xlsx``, ``archive_too_large``,
    ``macro_refused``, ``formula_refused``, ``external_link_refused``, ``embedded_object_refused``,
    ``xml_entity_refused``, ``too_many_rows``, ``too_many_columns``, ``cell_too_long``, ``sheet_missing``.
    """
    return await asyncio.to_thread(lambda: list(rows_of(source, sheet=sheet, limits=limits)))


def rows_of(source: Path | bytes, *, sheet: str = "", limits: SheetLimits | None = None) -> Iterator[SheetRow]:
    """The same, one row after the other."""
    bounds = limits or SheetLimits()
    if isinstance(source, bytes):
        with tempfile.NamedTemporaryFile(suffix=".xlsx") as file:
            file.write(source)
            file.flush()
            yield from _rows(Path(file.name), sheet, bounds)
    else:
        yield from _rows(source, sheet, bounds)


def _rows(path: Path, sheet: str, limits: SheetLimits) -> Iterator[SheetRow]:
    if faults := faults_of_archive(path, limits):
        raise Problem("spreadsheet_refused", errors=faults, count=len(faults))
    try:
        with CalamineWorkbook.from_path(str(path)) as workbook:
            names = workbook.sheet_names
            if not names or (sheet and sheet not in names):
                _refuse("sheet_missing")
            found = workbook.get_sheet_by_name(sheet or names[0])
            start = found.start
            if start is None:
                return
            for offset, values in enumerate(found.to_python(skip_empty_area=False)):
                cells = tuple(_cell(value) for value in values)
                number = offset + 1
                for position, cell in enumerate(cells):
                    if isinstance(cell, str) and len(cell) > limits.max_cell:
                        _refuse("cell_too_long", f"/rows/{number}/{position + 1}")
                if any(cell is not None for cell in cells):
                    yield SheetRow(number, cells)
    except CalamineError:
        _refuse("not_an_xlsx")


def _refuse(code: str, place: str = "") -> None:
    raise Problem("spreadsheet_refused", errors=[sheet_fault(code, place)], count=1)


def _cell(value: int | float | str | bool | time | date | datetime | timedelta) -> Cell:
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return Decimal(f"{value:.{_EXACT_DIGITS}g}")
    if isinstance(value, datetime) and value.time() == time.min:
        # A spreadsheet has no plain dates; a day without a time of day is one.
        return value.date()
    if isinstance(value, date | datetime):
        return value
    text = str(value).strip()
    return text or None
