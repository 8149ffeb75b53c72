"""Whether a spreadsheet file is safe to open: looked at as an archive, before any parser sees it.

An xlsx is a zip of XML. What can hurt is refused with a code each, all at once: an archive that unpacks to far more
than it is, cells placed so far apart that the sheet in between fills the memory, entities that expand, macros, formulas
(their value is what the sender's program last wrote, not what the sheet says) and links to data outside the file.
"""

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

from services.kit.problems import Fault


@dataclass(frozen=True)
class SheetLimits:
    """What a spreadsheet may be. Sizes in bytes; rows and columns by the place of the outermost cell."""

    max_file: int = 64_000_000
    max_entries: int = 300
    max_unpacked: int = 256_000_000
    max_ratio: int = 200
    max_rows: int = 50_000
    max_columns: int = 120
    max_cell: int = 1_000
    """Characters in one cell."""


_BLOCK = 1 << 20
# Longer than any tag we look for, so that none is missed where two blocks meet.
_OVERLAP = 512
_SMALL = 1_000_000
"""Below this unpacked size the ratio says nothing: an empty sheet of blanks compresses a thousandfold too."""

_FORMULA = re.compile(rb"<(?:\w{1,20}:)?f[\s>/]")
_CELL = re.compile(rb"<(?:\w{1,20}:)?c\s[^>]{0,400}?\br=[\"']([A-Za-z]{1,7})([0-9]{1,9})[\"']")
_ROW = re.compile(rb"<(?:\w{1,20}:)?row\s[^>]{0,400}?\br=[\"']([0-9]{1,9})[\"']")
_EXTERNAL = re.compile(rb"TargetMode\s*=\s*[\"']External[\"']", re.IGNORECASE)
_HYPERLINK = re.compile(rb"<[^>]{0,2000}?relationships/hyperlink[^>]{0,4000}?>")
_DOCTYPE = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)

_NO_SHEETS = ("xl/charts/", "xl/drawings/", "xl/theme/", "docprops/", "[content_types]")

_TEXTS = {
    "not_an_xlsx": ("不是有效的 xlsx 文件", "is not a valid xlsx file"),
    "archive_too_large": ("解压后过大或压缩比异常", "unpacks to too much, or is packed suspiciously tight"),
    "macro_refused": ("含有宏，不予接受", "contains macros, which are not accepted"),
    "formula_refused": ("含有公式，请粘贴为数值", "contains formulas; paste them as values"),
    "external_link_refused": ("含有外部链接或外部数据连接", "contains links or connections to outside data"),
    "embedded_object_refused": ("含有嵌入对象", "contains embedded objects"),
    "xml_entity_refused": ("含有 DOCTYPE 或实体定义", "contains a document type or entity declarations"),
    "too_many_rows": ("行数过多", "has too many rows"),
    "too_many_columns": ("列数过多", "has too many columns"),
    "cell_too_long": ("单元格内容过长", "holds a cell with too much text"),
    "sheet_missing": ("没有所需的工作表", "does not have the sheet that is needed"),
}


def sheet_fault(code: str, place: str = "") -> Fault:
    """A fault of a spreadsheet; ``place`` is a sheet or cell by its position, never by its content."""
    zh, en = _TEXTS[code]
    return Fault(place, code, zh, en)


def faults_of_archive(path: Path, limits: SheetLimits) -> list[Fault]:
    """Everything that speaks against opening the file; empty when it may be opened."""
    size = path.stat().st_size
    if size > limits.max_file:
        return [sheet_fault("archive_too_large")]
    try:
        with zipfile.ZipFile(path) as archive:
            return _Inspection(archive, limits, size).faults()
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, ValueError, EOFError):
        # RuntimeError is how an encrypted entry announces itself, NotImplementedError an exotic compression.
        return [sheet_fault("not_an_xlsx")]


class _Inspection:
    def __init__(self, archive: zipfile.ZipFile, limits: SheetLimits, size: int) -> None:
        self._archive = archive
        self._limits = limits
        self._size = size
        self._unpacked = 0
        self._found: dict[str, Fault] = {}

    def faults(self) -> list[Fault]:
        entries = self._archive.infolist()
        names = [entry.filename for entry in entries]
        declared = sum(entry.file_size for entry in entries)
        if len(entries) > self._limits.max_entries or self._too_much(declared):
            return [sheet_fault("archive_too_large")]
        if (
            len({name.lower() for name in names}) != len(names)
            or "[Content_Types].xml" not in names
            or "xl/workbook.xml" not in names
        ):
            # Of two entries with one name, another program than ours may read the other.
            return [sheet_fault("not_an_xlsx")]
        self._judge_names([name.lower() for name in names])
        for entry in entries:
            if not self._judge_content(entry):
                return [sheet_fault("archive_too_large")]
        return list(self._found.values())

    def _too_much(self, unpacked: int) -> bool:
        ratio = unpacked / max(self._size, 1)
        return unpacked > self._limits.max_unpacked or (unpacked > _SMALL and ratio > self._limits.max_ratio)

    def _refuse(self, code: str) -> None:
        self._found.setdefault(code, sheet_fault(code))

    def _judge_names(self, names: list[str]) -> None:
        for name in names:
            if (name.endswith((".bin",)) and "vbaproject" in name) or name.startswith(("xl/macrosheets/", "xl/vba")):
                self._refuse("macro_refused")
            if name.startswith(("xl/externallinks/", "xl/querytables/")) or name == "xl/connections.xml":
                self._refuse("external_link_refused")
            if name.startswith(("xl/embeddings/", "xl/activex/", "xl/ctrlprops/")):
                self._refuse("embedded_object_refused")

    def _judge_content(self, entry: zipfile.ZipInfo) -> bool:
        """Read one entry through, whatever size it claims; ``False`` when the archive unpacks to too much."""
        name = entry.filename.lower()
        is_xml = name.endswith((".xml", ".rels", ".vml"))
        # A workbook may keep its sheets under any name; only parts that cannot be one are left out.
        is_sheet = name.endswith(".xml") and not name.startswith(_NO_SHEETS)
        before = b""
        rows = cells_columns = 0
        with self._archive.open(entry) as file:
            first = True
            while block := file.read(_BLOCK):
                self._unpacked += len(block)
                if self._too_much(self._unpacked):
                    return False
                if not is_xml:
                    continue
                if first and (block[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in block[:200]):
                    # In another encoding than UTF-8 none of the patterns below would be seen.
                    self._refuse("not_an_xlsx")
                first = False
                window = before + block
                self._judge_xml(name, window)
                if is_sheet:
                    if _FORMULA.search(window):
                        self._refuse("formula_refused")
                    rows = max([rows, *(int(match) for match in _ROW.findall(window))])
                    for column, row in _CELL.findall(window):
                        rows = max(rows, int(row))
                        cells_columns = max(cells_columns, _column(column))
                before = window[-_OVERLAP:]
        if rows > self._limits.max_rows:
            self._refuse("too_many_rows")
        if cells_columns > self._limits.max_columns:
            self._refuse("too_many_columns")
        return True

    def _judge_xml(self, name: str, window: bytes) -> None:
        if _DOCTYPE.search(window):
            self._refuse("xml_entity_refused")
        if name == "[content_types].xml" and b"macroEnabled" in window:
            self._refuse("macro_refused")
        # A link a reader may click is harmless, for nobody here follows it; everything else external is data.
        if name.endswith(".rels") and _EXTERNAL.search(_HYPERLINK.sub(b"", window)):
            self._refuse("external_link_refused")


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number
