"""A validation sample out of a CSV file. The file comes from anywhere: everything wrong with it is said at once, by line
and column, and nothing it contains is repeated.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from services.pricing.calc.validation.sample import Obligor, Population, Sample

MAX_BYTES = 64 * 1024 * 1024
MAX_ROWS = 500_000
MAX_FAULTS = 100_000
"""After so many a file is not looked at further: it is some other file."""
MAX_CELL = 64
_MAX_COLUMNS = 64

COLUMNS = {
    "obligor_id": "客户编号",
    "score": "评分",
    "pd": "违约概率",
    "grade": "评级",
    "model_grade": "模型评级",
    "defaulted": "是否违约",
    "sample": "样本",
    "observed_on": "观察日",
}
"""The columns, as code and as a bank's own export names them."""

_NAMES = {name: code for code, title in COLUMNS.items() for name in (code, title)}
_NEEDED = ("obligor_id", "defaulted")
_FIGURE = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,8})?", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_IDENTIFIER = re.compile(r"[^\x00-\x1f\x7f]{1,64}")
_OUTCOMES = {"1": True, "是": True, "0": False, "否": False, "unknown": None, "未知": None}
_POPULATIONS = {
    "development": Population.DEVELOPMENT,
    "开发": Population.DEVELOPMENT,
    "validation": Population.VALIDATION,
    "验证": Population.VALIDATION,
}


@dataclass(frozen=True, order=True)
class SampleFault:
    """What is wrong at ``line`` (1 is the header; 0 the file as a whole) in ``column``; a stable code and both texts."""

    line: int
    column: str
    code: str
    message_zh: str
    message_en: str


class SampleRefused(ValueError):
    """A file that is no validation sample, with every fault found."""

    def __init__(self, faults: list[SampleFault]) -> None:
        super().__init__(f"{len(faults)} faults in the sample")
        self.faults = tuple(sorted(set(faults)))


class _Refused(Exception):
    def __init__(self, code: str, message_zh: str, message_en: str) -> None:
        super().__init__(code)
        self.code, self.message_zh, self.message_en = code, message_zh, message_en

    def at(self, line: int, column: str = "") -> SampleFault:
        return SampleFault(line, column, self.code, self.message_zh, self.message_en)


def read_sample(content: bytes, grades: tuple[str, ...]) -> Sample:
    """The sample of a CSV file in UTF-8 or GB18030, comma-separated, its first line naming the columns.

    ``grades`` are those of the master scale. Raises ``SampleRefused`` with every bad row and column.
    """
    try:
        text = _decoded(content)
        lines = _lines(text)
        _, header = next(lines, (1, []))
        order = _header(header)
    except _Refused as refused:
        raise SampleRefused([refused.at(0)]) from None
    readers = _readers(grades)
    faults: list[SampleFault] = []
    obligors: list[Obligor] = []
    first_line: dict[tuple[object, ...], int] = {}
    try:
        for number, (line, cells) in enumerate(lines, start=1):
            if number > MAX_ROWS:
                raise _Refused("too_many_rows", f"超过 {MAX_ROWS} 行", f"more than {MAX_ROWS} rows")
            if len(faults) >= MAX_FAULTS:
                raise _Refused(
                    "too_many_faults",
                    f"错误超过 {MAX_FAULTS} 处，第 {line} 行起未再检查",
                    f"more than {MAX_FAULTS} faults: from line {line} on nothing was checked",
                )
            if len(cells) != len(order):
                faults.append(_wrong_width(len(order)).at(line))
                continue
            values: dict[str, Any] = dict.fromkeys(COLUMNS)
            wrong = len(faults)
            for column, cell in zip(order, cells, strict=True):
                try:
                    values[column] = readers[column](cell.strip())
                except _Refused as refused:
                    faults.append(refused.at(line, column))
            if len(faults) > wrong:
                continue
            obligor = _obligor(values)
            key = (obligor.population, obligor.observed_on, obligor.obligor_id)
            if (first := first_line.setdefault(key, line)) != line:
                faults.append(_repeated(first).at(line, "obligor_id"))
            obligors.append(obligor)
    except _Refused as refused:
        faults.append(refused.at(0))
    if not obligors and not faults:
        faults.append(_Refused("no_rows", "没有数据行", "there is no row under the header").at(0))
    if faults:
        raise SampleRefused(faults)
    return Sample(tuple(obligors), frozenset(order))


# --- the file as a whole ----------------------------------------------------------------------------------------------


def _decoded(content: bytes) -> str:
    if len(content) > MAX_BYTES:
        megabytes = MAX_BYTES // 1024 // 1024
        raise _Refused("too_large", f"文件超过 {megabytes} MB", f"the file is larger than {megabytes} MB")
    if content[:4] == b"PK\x03\x04":
        raise _Refused("workbook", "这是工作簿，请另存为 CSV", "this is a workbook: save it as CSV")
    if content[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in content:
        raise _Refused(
            "encoding",
            "不是 UTF-8 或 GB18030 文本（可能为 UTF-16 或二进制）",
            "not text in UTF-8 or GB18030 (UTF-16 or binary, it seems)",
        )
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _Refused("encoding", "不是 UTF-8 或 GB18030 文本", "not text in UTF-8 or GB18030")


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Rows with the line on which each begins; blank lines are passed over."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    begins = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            raise _Refused(
                "quoting",
                f"第 {begins} 行起引号或单元格格式错误，其后无法读取",
                f"from line {begins} on the quotes are wrong and nothing can be read",
            ) from None
        line, begins = begins, reader.line_num + 1
        if cells:
            yield line, cells


def _header(cells: list[str]) -> tuple[str, ...]:
    """The columns in the file's order. Every fault of the header is one refusal: no row can be read under it."""
    names = [cell.strip() for cell in cells]
    if not names:
        raise _Refused("no_header", "文件为空", "the file is empty")
    if len(names) > _MAX_COLUMNS:
        raise _Refused("too_many_columns", f"超过 {_MAX_COLUMNS} 列", f"more than {_MAX_COLUMNS} columns")
    order = tuple(_NAMES.get(name, "") for name in names)
    zh, en = [], []
    if unknown := [str(index + 1) for index, code in enumerate(order) if not code]:
        zh.append(f"第 {'、'.join(unknown)} 列不是已知列（已知：{'、'.join(COLUMNS)}）")
        en.append(f"column {', '.join(unknown)} is not one of {', '.join(COLUMNS)}")
    if repeated := sorted({code for code in order if code and order.count(code) > 1}):
        zh.append(f"重复的列：{'、'.join(repeated)}")
        en.append(f"given twice: {', '.join(repeated)}")
    missing = [code for code in _NEEDED if code not in order]
    if not {"score", "pd"} & set(order):
        missing.append("score / pd")
    if missing:
        zh.append(f"缺少列：{'、'.join(missing)}")
        en.append(f"missing: {', '.join(missing)}")
    if "model_grade" in order and "grade" not in order:
        zh.append("有 model_grade 列时须有 grade 列")
        en.append("model_grade needs grade beside it")
    if en:
        raise _Refused("header", "；".join(zh), "; ".join(en))
    return order


def _wrong_width(columns: int) -> _Refused:
    return _Refused("width", f"该行应有 {columns} 个单元格", f"the row must have {columns} cells")


def _repeated(first: int) -> _Refused:
    return _Refused(
        "repeated",
        f"与第 {first} 行为同一样本、同一观察日的同一客户",
        f"the same obligor of the same sample and day stands on line {first}",
    )


# --- cells ------------------------------------------------------------------------------------------------------------


def _readers(grades: tuple[str, ...]) -> dict[str, Callable[[str], Any]]:
    grade = _one_of({name: name for name in grades}, "grade", "、".join(grades), ", ".join(grades))
    return {
        "obligor_id": _identifier,
        "score": _figure,
        "pd": _probability,
        "grade": grade,
        "model_grade": grade,
        "defaulted": _one_of(_OUTCOMES, "outcome", "1（违约）、0（未违约）或 unknown", "1 (defaulted), 0 or unknown"),
        "sample": _one_of(_POPULATIONS, "sample", "development 或 validation", "development or validation"),
        "observed_on": _day,
    }


def _one_of(values: dict[str, Any], code: str, zh: str, en: str) -> Callable[[str], Any]:
    def read(cell: str) -> Any:
        try:
            return values[cell]
        except KeyError:
            raise _Refused(code, f"须为 {zh}", f"must be {en}") from None

    return read


def _identifier(cell: str) -> str:
    if not _IDENTIFIER.fullmatch(cell):
        raise _Refused("identifier", "须为 1–64 个可见字符", "must be 1 to 64 printable characters")
    return cell


def _figure(cell: str) -> Decimal:
    if len(cell) > MAX_CELL or not _FIGURE.fullmatch(cell):
        raise _Refused(
            "figure",
            "须为数字：整数部分至多 9 位，小数至多 8 位",
            "must be a number with at most 9 digits before the point and 8 after it",
        )
    return Decimal(cell)


def _probability(cell: str) -> Decimal:
    value = Decimal(0)
    if len(cell) <= MAX_CELL and _FIGURE.fullmatch(cell):
        value = Decimal(cell)
    if not 0 < value < 1:
        raise _Refused(
            "pd",
            "须大于 0 且小于 1（年违约概率，小数，至多 8 位，不带百分号）",
            "must be greater than 0 and less than 1 (a fraction per year, at most 8 decimal places, no per cent sign)",
        )
    return value


def _day(cell: str) -> date:
    try:
        if _DAY.fullmatch(cell):
            return date.fromisoformat(cell)
    except ValueError:
        pass
    raise _Refused("day", "须为 YYYY-MM-DD 格式的日期", "must be a day as YYYY-MM-DD")


def _obligor(values: dict[str, Any]) -> Obligor:
    return Obligor(
        population=values["sample"] or Population.VALIDATION,
        obligor_id=values["obligor_id"],
        observed_on=values["observed_on"],
        score=values["score"],
        pd=values["pd"],
        grade=values["grade"],
        model_grade=values["model_grade"],
        defaulted=values["defaulted"],
    )
