"""Rows of a sheet as objects: the first row names the columns, every other row is one object, every bad cell is named.

The pointer of a fault is the row's number in the sheet and the field's name: ``/rows/17/gpu_count``.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from services.kit.csv_text import csv_rows
from services.kit.documents import MEDIA_TYPES
from services.kit.problems import Fault
from services.kit.spreadsheet import Cell, SheetRow, rows_of
from services.kit.validation_faults import faults_of
from services.kit.xlsx_safety import SheetLimits

M = TypeVar("M", bound=BaseModel)

_UNIT = re.compile(r"[\s（(].*$|\s")


@dataclass(frozen=True)
class ReadRow(Generic[M]):
    """A row of the sheet: the object it holds, or what is wrong with it."""

    number: int
    item: M | None
    faults: tuple[Fault, ...] = ()


class Sheet(Generic[M]):
    """A sheet of objects of one kind.

    ``headings`` are other names of the columns than those of the fields, in lower case; ``convert`` says what a cell
    means in a field. ``headed`` must be called with the first row before ``read``.
    """

    def __init__(self, model: type[M], headings: Mapping[str, str], convert: Callable[[str, Cell], Any]) -> None:
        self._model = model
        self._headings = headings
        self._convert = convert
        self._columns: tuple[str, ...] = ()

    def headed(self, heading: SheetRow) -> tuple[Fault, ...]:
        """Take the first row; everything that is wrong with it."""
        names: list[str] = []
        bad: list[Fault] = []
        for place, cell in enumerate(heading.cells, start=1):
            name = self._field(cell)
            if name is None and cell is not None:
                text = (f"第 {place} 列标题未知", f"the heading of column {place} is not known")
                bad.append(row_fault(heading.number, "", "unknown_column", *text))
            elif name is not None and name in names:
                bad.append(
                    row_fault(heading.number, name, "duplicate_column", "该列出现两次", "the column appears twice")
                )
            names.append(name or "")
        bad.extend(
            row_fault(heading.number, name, "missing_column", "缺少该列", "the column is missing")
            for name, field in self._model.model_fields.items()
            if field.is_required() and name not in names
        )
        self._columns = tuple(names)
        return tuple(bad)

    def read(self, rows: Iterable[SheetRow]) -> Iterator[ReadRow[M]]:
        """The rows below the headings."""
        for row in rows:
            yield self._read(row)

    def _field(self, cell: Cell) -> str | None:
        if not isinstance(cell, str):
            return None
        plain = _UNIT.sub("", cell.strip().lower())
        return plain if plain in self._model.model_fields else self._headings.get(plain)

    def _read(self, row: SheetRow) -> ReadRow[M]:
        values: dict[str, Any] = {}
        for name, cell in zip(self._columns, row.cells, strict=False):
            if cell is None:
                continue
            if not name:
                unheaded = row_fault(row.number, "", "unheaded_cell", "该列没有标题", "a cell stands under no heading")
                return ReadRow(row.number, None, (unheaded,))
            values[name] = self._convert(name, cell)
        if any(cell is not None for cell in row.cells[len(self._columns) :]):
            unheaded = row_fault(row.number, "", "unheaded_cell", "该列没有标题", "a cell stands under no heading")
            return ReadRow(row.number, None, (unheaded,))
        try:
            return ReadRow(row.number, self._model.model_validate(values))
        except ValidationError as error:
            faults = faults_of(error.errors(include_url=False, include_input=False), values)
            return ReadRow(
                row.number,
                None,
                tuple(replace(fault, pointer=f"/rows/{row.number}{fault.pointer}") for fault in faults),
            )


def row_fault(row: int, column: str, code: str, zh: str, en: str) -> Fault:
    """A fault by the row's number in the sheet and the field's name; without a name it is the row's or the sheet's."""
    return Fault(f"/rows/{row}/{column}" if column else f"/rows/{row}", code, zh, en)


def table_rows(path: Path, media_type: str, limits: SheetLimits | None = None) -> Iterator[SheetRow]:
    """The rows of a stored table, by its media type: CSV, else a spreadsheet. Raises ``spreadsheet_refused`` (422)."""
    return csv_rows(path, limits) if media_type == MEDIA_TYPES["csv"] else rows_of(path, limits=limits)


def table_name(stem: str, sent_as: str | None) -> str:
    """The name under which a table that was sent is kept: its sender's own name is nobody's business but the ending."""
    return f"{stem}.csv" if (sent_as or "").lower().endswith(".csv") else f"{stem}.xlsx"
