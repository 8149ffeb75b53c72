"""The figures of a run, and ``bench.json``."""

import json
import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from suandai.stack import StackError

_DIGITS = 4
"""Significant digits: more would only repeat the machine's noise."""


BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value.

    ``beside`` is what it was measured against in the same run, in the same unit; ``ratio`` is value / beside; ``note``
    says what that was and what a reader has to know.
    """

    name: str
    value: float
    unit: str
    beside: float | None = None
    ratio: float | None = None
    note: str = ""


def figure(name: str, value: float, unit: str, *, beside: float | None = None, note: str = "") -> Figure:
    """A figure with its ratio; rounded to four significant digits."""
    ratio = None if beside is None or beside == 0 else _rounded(value / beside)
    return Figure(name, _rounded(value), unit, None if beside is None else _rounded(beside), ratio, note)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share of a sample lies (nearest rank). Raises ``ValueError`` for an empty sample."""
    if not values:
        raise ValueError("no measurement was taken")
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def median(values: Sequence[float]) -> float:
    """The middle of a sample. Raises ``ValueError`` for an empty one."""
    if not values:
        raise ValueError("no measurement was taken")
    return statistics.median(values)


def spread(
    name: str,
    values: Sequence[float],
    unit: str,
    *,
    beside: Sequence[float] | None = None,
    note: str = "",
    tail: float = 0.99,
) -> list[Figure]:
    """``name_p50`` and ``name_p99`` (or what ``tail`` says) of a sample, each beside the same percentile of what it is
    measured against."""
    count = f"{len(values)} measurements" if beside is None else f"{len(values)} and {len(beside)} measurements"
    told = f"{note}; {count}" if note else count
    return [
        figure(
            f"{name}_{label}",
            percentile(values, share),
            unit,
            beside=None if beside is None else percentile(beside, share),
            note=told,
        )
        for label, share in (("p50", 0.5), (f"p{tail * 100:.0f}", tail))
    ]


def write(path: Path, figures: Sequence[Figure]) -> None:
    """``bench.json``: a list of ``{name, value, unit, beside, ratio, note}``."""
    rows = ",\n ".join(json.dumps(asdict(entry), ensure_ascii=False) for entry in figures)
    path.write_text(f"[{rows}]\n", "utf-8")


def beside_former(path: Path, figures: Sequence[Figure]) -> list[Figure]:
    """The figures of an earlier run in the file, those measured anew replaced in their place and new ones at the end.

    Raises ``StackError`` for a file that holds no figures.
    """
    try:
        former = [Figure(**entry) for entry in json.loads(path.read_text("utf-8"))] if path.exists() else []
    except (TypeError, ValueError):
        raise StackError(f"{path} holds no figures") from None
    anew = {entry.name: entry for entry in figures}
    names = {entry.name for entry in former}
    return [
        *(anew.get(entry.name, entry) for entry in former),
        *(entry for entry in figures if entry.name not in names),
    ]


def enter(page: Path, figures: Sequence[Figure]) -> None:
    """Put the figures as a table into a Markdown page, between its marks. Raises ``ValueError`` where it has none."""
    text = page.read_text("utf-8")
    before, begun, rest = text.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not begun or not ended:
        raise ValueError(f"{page} has no place for figures: {BEGIN} … {END}")
    page.write_text(f"{before}{BEGIN}\n{_table(figures)}\n{END}{after}", "utf-8")


def _table(figures: Sequence[Figure]) -> str:
    rows = ["| figure | value | unit | beside | ratio | |", "|---|---|---|---|---|---|"]
    for entry in figures:
        beside = "" if entry.beside is None else f"{entry.beside:g}"
        ratio = "" if entry.ratio is None else f"{entry.ratio:g}"
        rows.append(f"| `{entry.name}` | {entry.value:g} | {entry.unit} | {beside} | {ratio} | {entry.note} |")
    return "\n".join(rows)


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
