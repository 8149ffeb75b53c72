"""A price history out of a CSV file, and its segments. The file comes from anywhere: everything wrong with it is said at
once, by line and column, and nothing it contains is repeated.

Segments are what a fit may take as one price: they end at a gap longer than the treatment allows, at a break that somebody
names, and where the file's own ``segment`` column changes. Prices of different bases are different series.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

import numpy as np

from services.collateral.calc.calibration.process import History

MAX_BYTES: Final = 32 * 1024 * 1024
MAX_ROWS: Final = 200_000
MAX_FAULTS: Final = 10_000
MOST_OBSERVATIONS: Final = 4_000
"""Of one series: a fit goes through all of them some hundreds of times."""
LEAST_OF_SEGMENT: Final = 3
YEAR_DAYS: Final = 365.25
BASES: Final = ("list", "on_demand", "spot", "contract_1y", "contract_3y")
PRICES: Final = {"usd_per_gpu_hour": "USD", "cny_per_gpu_hour": "CNY"}
HIGHEST_PRICE: Final = 10_000

_COLUMNS = {
    "date": "日期",
    "gpu_model": "型号",
    "usd_per_gpu_hour": "每卡时美元价格",
    "cny_per_gpu_hour": "每卡时人民币价格",
    "basis": "价格口径",
    "segment": "区段",
    "source": "来源",
}
_NAMES = {name: code for code, title in _COLUMNS.items() for name in (code, title)}
_FIGURE = re.compile(r"[0-9]{1,9}(\.[0-9]{1,8})?", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}", re.ASCII)
_TEXT = re.compile(r"[^\x00-\x1f\x7f]{0,200}")


@dataclass(frozen=True)
class Observation:
    day: date
    gpu_model: str
    price: Decimal
    basis: str
    segment: str
    source: str


@dataclass(frozen=True)
class PriceHistory:
    """Observations of a file in one currency, in its order."""

    currency: str
    observations: tuple[Observation, ...]


@dataclass(frozen=True)
class Treatment:
    """How a model's history is taken: ``breaks`` begin new segments, ``launches`` are jumps to estimate, days before
    ``begins`` are left out, and a step of more than ``gap_days`` begins a new segment."""

    breaks: tuple[date, ...] = ()
    launches: tuple[date, ...] = ()
    begins: date | None = None
    gap_days: int = 31


@dataclass(frozen=True)
class Series:
    """One model on one basis, ready to be fitted. ``left_out``: observations in segments too short to tell anything."""

    gpu_model: str
    basis: str
    currency: str
    days: tuple[date, ...]
    prices: tuple[Decimal, ...]
    sources: tuple[str, ...]
    history: History
    starts: tuple[date, ...]
    """The first day of each segment."""
    launches: tuple[date, ...]
    gap_days: int
    left_out: int


@dataclass(frozen=True, order=True)
class HistoryFault:
    """What is wrong at ``line`` (1 is the header, 0 the file as a whole) in ``column``; a stable code and both texts."""

    line: int
    column: str
    code: str
    message_zh: str
    message_en: str


class HistoryRefused(ValueError):
    """A file that is no price history, with every fault found."""

    def __init__(self, faults: list[HistoryFault]) -> None:
        super().__init__(f"{len(faults)} faults in the history")
        self.faults = tuple(sorted(set(faults)))


class _Refused(Exception):
    def __init__(self, code: str, message_zh: str, message_en: str) -> None:
        super().__init__(code)
        self.code, self.message_zh, self.message_en = code, message_zh, message_en

    def at(self, line: int, column: str = "") -> HistoryFault:
        return HistoryFault(line, column, self.code, self.message_zh, self.message_en)


def read_history(content: bytes) -> PriceHistory:
    """The history of a CSV file (UTF-8), its first line naming the columns. Raises ``HistoryRefused``."""
    faults: list[HistoryFault] = []
    observations: list[Observation] = []
    try:
        lines = _lines(_decoded(content))
        order = _header(next(lines, (1, []))[1])
    except _Refused as refused:
        raise HistoryRefused([refused.at(0)]) from None
    seen: dict[tuple[date, str, str], int] = {}
    try:
        for line, cells in lines:
            if len(observations) >= MAX_ROWS:
                raise _Refused("too_many_rows", f"超过 {MAX_ROWS} 行", f"more than {MAX_ROWS} rows")
            if len(faults) >= MAX_FAULTS:
                raise _Refused("too_many_faults", f"错误超过 {MAX_FAULTS} 处", f"more than {MAX_FAULTS} faults")
            row = _row(line, cells, order, faults)
            if row is None:
                continue
            key = (row.day, row.gpu_model, row.basis)
            if (first := seen.setdefault(key, line)) != line:
                faults.append(
                    _Refused(
                        "repeated",
                        f"与第 {first} 行为同一型号、口径与日期",
                        f"the same model, basis and day stands on line {first}",
                    ).at(line, "date")
                )
            observations.append(row)
    except _Refused as refused:
        faults.append(refused.at(0))
    if max(Counter((item.gpu_model, item.basis) for item in observations).values(), default=0) > MOST_OBSERVATIONS:
        faults.append(
            _Refused(
                "series_too_long",
                f"单一型号超过 {MOST_OBSERVATIONS} 个观察值",
                f"a model has more than {MOST_OBSERVATIONS} observations",
            ).at(0)
        )
    if not observations and not faults:
        faults.append(_Refused("no_rows", "没有数据行", "there is no row under the header").at(0))
    if faults:
        raise HistoryRefused(faults)
    return PriceHistory(next(PRICES[name] for name in order if name in PRICES), tuple(observations))


def series_of(history: PriceHistory, treatments: Mapping[str, Treatment]) -> tuple[Series, ...]:
    """The series of a history, by model and basis; models without a treatment take the usual one.

    A series without a segment long enough is left out.
    """
    grouped: dict[tuple[str, str], list[Observation]] = {}
    for item in history.observations:
        grouped.setdefault((item.gpu_model, item.basis), []).append(item)
    found = []
    for (gpu_model, basis), items in sorted(grouped.items()):
        made = _series(gpu_model, basis, history.currency, items, treatments.get(gpu_model, Treatment()))
        if made is not None:
            found.append(made)
    return tuple(found)


def _series(gpu_model: str, basis: str, currency: str, items: list[Observation], treatment: Treatment) -> Series | None:
    ordered = sorted(items, key=lambda item: item.day)
    taken = [item for item in ordered if treatment.begins is None or item.day >= treatment.begins]
    segments: list[list[Observation]] = []
    for item in taken:
        if not segments or _new_segment(segments[-1][-1], item, treatment):
            segments.append([])
        segments[-1].append(item)
    kept = [segment for segment in segments if len(segment) >= LEAST_OF_SEGMENT]
    every = [item for segment in kept for item in segment]
    if not every:
        return None
    origin = every[0].day
    return Series(
        gpu_model=gpu_model,
        basis=basis,
        currency=currency,
        days=tuple(item.day for item in every),
        prices=tuple(item.price for item in every),
        sources=tuple(sorted({item.source for item in every if item.source})),
        history=History(
            years=np.array([(item.day - origin).days / YEAR_DAYS for item in every]),
            logs=np.log(np.array([float(item.price) for item in every])),
            segment=np.repeat(np.arange(len(kept)), [len(segment) for segment in kept]).astype(np.int64),
            jumps=np.array([(day - origin).days / YEAR_DAYS for day in treatment.launches]),
        ),
        starts=tuple(segment[0].day for segment in kept),
        launches=treatment.launches,
        gap_days=treatment.gap_days,
        left_out=len(taken) - len(every),
    )


def _new_segment(previous: Observation, item: Observation, treatment: Treatment) -> bool:
    return (
        item.day - previous.day > timedelta(days=treatment.gap_days)
        or item.segment != previous.segment
        or any(previous.day < day <= item.day for day in treatment.breaks)
    )


# --- the file ---------------------------------------------------------------------------------------------------------


def _decoded(content: bytes) -> str:
    if len(content) > MAX_BYTES:
        megabytes = MAX_BYTES // 1024 // 1024
        raise _Refused("too_large", f"文件超过 {megabytes} MB", f"the file is larger than {megabytes} MB")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _Refused("encoding", "不是 UTF-8 文本", "not text in UTF-8") from None
    if "\x00" in text:
        raise _Refused("encoding", "不是 UTF-8 文本", "not text in UTF-8")
    return text


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
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
    order = tuple(_NAMES.get(cell.strip(), "") for cell in cells)
    wrong: list[tuple[str, str]] = []
    if unknown := [str(index + 1) for index, code in enumerate(order) if not code]:
        wrong.append((f"第 {'、'.join(unknown)} 列不是已知列", f"column {', '.join(unknown)} is not a known one"))
    if repeated := sorted({code for code in order if code and order.count(code) > 1}):
        wrong.append((f"重复的列：{'、'.join(repeated)}", f"given twice: {', '.join(repeated)}"))
    if missing := [name for name in ("date", "gpu_model", "basis") if name not in order]:
        wrong.append((f"缺少列：{'、'.join(missing)}", f"missing: {', '.join(missing)}"))
    if sum(name in order for name in PRICES) != 1:
        names = " | ".join(PRICES)
        wrong.append((f"须有且仅有一列价格：{names}", f"exactly one column of prices is needed: {names}"))
    if wrong:
        raise _Refused("header", "；".join(zh for zh, _ in wrong), "; ".join(en for _, en in wrong))
    return order


def _row(line: int, cells: list[str], order: tuple[str, ...], faults: list[HistoryFault]) -> Observation | None:
    if len(cells) != len(order):
        faults.append(
            _Refused("width", f"该行应有 {len(order)} 个单元格", f"the row must have {len(order)} cells").at(line)
        )
        return None
    values: dict[str, Any] = {"segment": "", "source": ""}
    before = len(faults)
    for column, cell in zip(order, cells, strict=True):
        try:
            values["price" if column in PRICES else column] = _READERS[column](cell.strip())
        except _Refused as refused:
            faults.append(refused.at(line, column))
    if len(faults) > before:
        return None
    return Observation(
        values["date"], values["gpu_model"], values["price"], values["basis"], values["segment"], values["source"]
    )


def _price(cell: str) -> Decimal:
    value = Decimal(cell) if _FIGURE.fullmatch(cell) else Decimal(0)
    if not 0 < value <= HIGHEST_PRICE:
        raise _Refused(
            "price",
            f"须大于 0 且不超过 {HIGHEST_PRICE}（每卡时价格，至多 8 位小数）",
            f"must be greater than 0 and at most {HIGHEST_PRICE} (price of a GPU-hour, at most 8 decimal places)",
        )
    return value


def _day(cell: str) -> date:
    try:
        if _DAY.fullmatch(cell) and date(2000, 1, 1) <= date.fromisoformat(cell) <= date(2199, 12, 31):
            return date.fromisoformat(cell)
    except ValueError:
        pass
    raise _Refused(
        "day", "须为 2000 至 2199 年间 YYYY-MM-DD 格式的日期", "must be a day from 2000 to 2199 as YYYY-MM-DD"
    )


def _model(cell: str) -> str:
    if not _MODEL.fullmatch(cell):
        raise _Refused(
            "model",
            "须为 1–40 个字母、数字或 . _ -",
            "must be 1 to 40 letters, digits or . _ - beginning with a letter or digit",
        )
    return cell


def _basis(cell: str) -> str:
    if cell not in BASES:
        raise _Refused("basis", f"须为 {'、'.join(BASES)}", f"must be one of {', '.join(BASES)}")
    return cell


def _text(cell: str) -> str:
    if not _TEXT.fullmatch(cell):
        raise _Refused("text", "须为至多 200 个可见字符", "must be at most 200 printable characters")
    return cell


_READERS: Final[dict[str, Callable[[str], Any]]] = {
    "date": _day,
    "gpu_model": _model,
    "usd_per_gpu_hour": _price,
    "cny_per_gpu_hour": _price,
    "basis": _basis,
    "segment": _text,
    "source": _text,
}
