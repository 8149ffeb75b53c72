"""Rows of a CSV that somebody sent us: UTF-8 with or without a mark, or GB 18030 as Excel writes it in China.

The same bounds as for spreadsheets, and the same kinds of faults. A text that a spreadsheet would run as a formula is
refused: the list will be opened in one again.
"""

import codecs
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from services.kit.problems import Fault, Problem
from services.kit.spreadsheet import SheetRow
from services.kit.xlsx_safety import SheetLimits, sheet_fault

_BLOCK: Final = 1 << 20
_DELIMITERS: Final = (",", "\t", ";")
_RUNS: Final = ("=", "@", "+")

_TEXTS: Final = {
    "encoding_unknown": ("须为 UTF-8 或 GB 18030 编码", "must be encoded in UTF-8 or GB 18030"),
    "not_a_csv": ("不是有效的 CSV", "is not a valid CSV"),
}


def csv_rows(path: Path, limits: SheetLimits | None = None) -> Iterator[SheetRow]:
    """The rows of a file, without those that are empty, one after the other. Cells are texts or ``None``.

    Raises the problem ``spreadsheet_refused`` (422) with ``encoding_unknown``, ``not_a_csv``, ``archive_too_large``,
    ``too_many_rows``, ``too_many_columns``, ``cell_too_long`` or ``formula_refused``.
    """
    bounds = limits or SheetLimits()
    if path.stat().st_size > bounds.max_file:
        _refuse(sheet_fault("archive_too_large"))
    encoding = _encoding(path)
    with path.open("r", encoding=encoding, newline="") as file:
        delimiter = _delimiter(file)
        reader = csv.reader(_bounded_lines(file, bounds), delimiter=delimiter, strict=True)
        try:
            for number, texts in enumerate(reader, start=1):
                cells = tuple(text.strip() or None for text in texts)
                if not any(cells):
                    continue
                if number > bounds.max_rows:
                    _refuse(sheet_fault("too_many_rows"))
                if len(cells) > bounds.max_columns:
                    _refuse(sheet_fault("too_many_columns"))
                for place, cell in enumerate(cells, start=1):
                    if cell is not None:
                        _judge(cell, number, place, bounds)
                yield SheetRow(number, cells)
        except csv.Error:
            _refuse(_fault("not_a_csv"))


def _encoding(path: Path) -> str:
    """The encoding of the whole file: a list is not read half in one and half in the other."""
    candidates = {name: codecs.getincrementaldecoder(name)() for name in ("utf-8-sig", "gb18030")}
    with path.open("rb") as file:
        while True:
            block = file.read(_BLOCK)
            for name, decoder in list(candidates.items()):
                try:
                    decoder.decode(block, final=not block)
                except UnicodeDecodeError:
                    del candidates[name]
            if not candidates:
                _refuse(_fault("encoding_unknown"))
            if not block:
                return next(iter(candidates))


def _delimiter(file: IO[str]) -> str:
    """The one that parts the headings; a list of one column has none, and the comma does as well."""
    heading = file.readline(_BLOCK)
    file.seek(0)
    return max(_DELIMITERS, key=heading.count)


def _bounded_lines(file: IO[str], limits: SheetLimits) -> Iterator[str]:
    """Lines no longer than a row may be: a quote that is never closed would take in the whole file."""
    longest = limits.max_columns * (limits.max_cell + 3)
    while line := file.readline(longest + 1):
        if len(line) > longest:
            _refuse(sheet_fault("cell_too_long"))
        yield line


def _judge(cell: str, row: int, place: int, limits: SheetLimits) -> None:
    if len(cell) > limits.max_cell:
        _refuse(sheet_fault("cell_too_long", f"/rows/{row}/{place}"))
    if cell.startswith(_RUNS):
        _refuse(sheet_fault("formula_refused", f"/rows/{row}/{place}"))


def _fault(code: str) -> Fault:
    return Fault("", code, *_TEXTS[code])


def _refuse(fault: Fault) -> None:
    raise Problem("spreadsheet_refused", errors=[fault], count=1)
