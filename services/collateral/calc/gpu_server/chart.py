"""The value path of a valuation as SVG: band between expected and quantile, resale curve, what the covenants allow to be
owed in each month, and the balance of the loan where it is known.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, Literal

from domain.collateral import Valuation
from domain.drawing import Scale, label, points, px, round_ticks
from domain.gpu_valuation import ValuePath
from policy.engine.collateral import Covenants

Language = Literal["zh", "en"]
MOST_BALANCES: Final = 361
"""Months of a loan of thirty years and its first day."""

_WIDTH, _HEIGHT = Decimal(920), Decimal(480)
_LEFT, _TOP, _RIGHT, _BOTTOM = Decimal(78), Decimal(86), Decimal(226), Decimal(52)
_INK, _MUTED, _GRID, _VALUE, _BAND, _MARKET = "#1c2733", "#5b6b7b", "#e3e8ed", "#0b5fa5", "#d6e6f4", "#7a8794"
_LIMITS = ("#b7791f", "#c2570c", "#b3261e")

_WORDS: Final[dict[str, tuple[str, str]]] = {
    "title": ("GPU 服务器价值路径", "GPU servers: value over time"),
    "units": ("{units} 台，估值日 {as_of}", "servers: {units}, valued {as_of}"),
    "expected": ("期望租金下的收益价值", "Income value, expected rent"),
    "quantile": ("分位数下的收益价值", "Income value at the quantile"),
    "market": ("二手市场曲线", "Resale curve"),
    "watch": ("关注线 LTV {share}", "Watch, LTV {share}"),
    "call": ("追加担保线 LTV {share}", "Margin call, LTV {share}"),
    "enforce": ("处置线 LTV {share}", "Enforcement, LTV {share}"),
    "balance": ("贷款余额", "Balance of the loan"),
    "worst": ("最高 LTV {ltv}（第 {month} 月）", "Worst LTV {ltv}, month {month}"),
    "nothing": ("第 {month} 月起押品无价值", "No value from month {month}"),
    "breach": ("第 {month} 月首次越过追加担保线", "Margin call first in month {month}"),
    "within": ("余额始终低于追加担保线", "Never above the margin call"),
    "months": ("距估值日月数", "Months from the valuation"),
}
_UNITS: Final[dict[Language, tuple[tuple[int, str], ...]]] = {
    "zh": ((8, "亿元"), (4, "万元"), (0, "元")),
    "en": ((9, "CNY billion"), (6, "CNY million"), (3, "CNY thousand"), (0, "CNY")),
}


@dataclass(frozen=True)
class _Sheet:
    """The scales of a chart, and in which language it is written."""

    across: Scale
    up: Scale
    months: int
    language: Language

    def line(self, curve: Sequence[Decimal]) -> list[tuple[Decimal, Decimal]]:
        return [(self.across.place(Decimal(month)), self.up.place(value)) for month, value in enumerate(curve)]

    def steps(self, curve: Sequence[Decimal]) -> list[tuple[Decimal, Decimal]]:
        """A balance stands until it is paid down, so it is drawn in steps."""
        corners: list[tuple[Decimal, Decimal]] = []
        for x, y in self.line(curve):
            if corners:
                corners.append((x, corners[-1][1]))
            corners.append((x, y))
        return corners

    def say(self, word: str, **figures: object) -> str:
        return _WORDS[word][0 if self.language == "zh" else 1].format(**figures)


def chart(
    value: Valuation, path: ValuePath, covenants: Covenants, as_of: date, language: Language, balance: Sequence[Decimal]
) -> str:
    """The SVG document, UTF-8 text without scripts, styles from elsewhere or links.

    ``balance``: CNY owed in months 0, 1, … from the valuation; empty where it is not known. The same bytes for the same
    figures.
    """
    shown = max(len(path.expected), len(balance)) - 1
    highest = max(*path.expected, *path.market, *balance, Decimal(0))
    ticks = round_ticks(highest, 6)
    sheet = _Sheet(
        across=Scale(Decimal(0), Decimal(max(shown, 1)), _LEFT, _WIDTH - _RIGHT),
        up=Scale(Decimal(0), ticks[-1], _HEIGHT - _BOTTOM, _TOP),
        months=shown,
        language=language,
    )
    title = sheet.say("title")
    about = f"{value.asset_key} · {sheet.say('units', units=f'{value.units:,}', as_of=as_of.isoformat())}"
    lines = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{px(_WIDTH)}" height="{px(_HEIGHT)}" '
            f'viewBox="0 0 {px(_WIDTH)} {px(_HEIGHT)}" role="img" font-family="sans-serif">'
        ),
        f"<title>{title}</title>",
        f'<rect width="{px(_WIDTH)}" height="{px(_HEIGHT)}" fill="#ffffff"/>',
        label(_LEFT, Decimal(28), title, colour=_INK, size=16),
        label(_LEFT, Decimal(48), about, colour=_MUTED),
        *_frame(sheet, ticks),
        *_curves(sheet, path, covenants, balance),
        *_legend(sheet, covenants, bool(balance)),
        *_findings(sheet, path, covenants, balance),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _frame(sheet: _Sheet, ticks: Sequence[Decimal]) -> Iterator[str]:
    right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    power, unit = next(
        (power, unit) for power, unit in _UNITS[sheet.language] if ticks[-1] >= Decimal(10) ** power or power == 0
    )
    yield label(_LEFT, _TOP - 12, unit, colour=_MUTED, size=11)
    for tick in ticks:
        y = sheet.up.place(tick)
        yield f'<line x1="{px(_LEFT)}" x2="{px(right)}" y1="{px(y)}" y2="{px(y)}" stroke="{_GRID}"/>'
        figure = (tick / Decimal(10) ** power).normalize()
        yield label(_LEFT - 8, y + 4, f"{figure:,f}", colour=_MUTED, anchor="end", size=11)
    every = next(step for step in (1, 2, 3, 6, 12, 24, 60, 120) if sheet.months <= step * 12 or step == 120)
    for month in range(0, sheet.months + 1, every):
        x = sheet.across.place(Decimal(month))
        yield f'<line x1="{px(x)}" x2="{px(x)}" y1="{px(bottom)}" y2="{px(bottom + 5)}" stroke="{_MUTED}"/>'
        yield label(x, bottom + 19, str(month), colour=_MUTED, anchor="middle", size=11)
    yield f'<line x1="{px(_LEFT)}" x2="{px(right)}" y1="{px(bottom)}" y2="{px(bottom)}" stroke="{_MUTED}"/>'
    yield label((_LEFT + right) / 2, bottom + 38, sheet.say("months"), colour=_MUTED, anchor="middle", size=11)


def _curves(sheet: _Sheet, path: ValuePath, covenants: Covenants, balance: Sequence[Decimal]) -> Iterator[str]:
    band = [*sheet.line(path.expected), *reversed(sheet.line(path.quantile))]
    yield f'<polygon points="{points(band)}" fill="{_BAND}"/>'
    yield _line(sheet.line(path.market), _MARKET, 1.4, dash="2 3")
    yield _line(sheet.line(path.expected), _VALUE, 1.2)
    yield _line(sheet.line(path.quantile), _VALUE, 2.2)
    for share, colour in zip(_shares(covenants), _LIMITS, strict=True):
        yield _line(sheet.line([share * value for value in path.lendable]), colour, 1.2, dash="6 4")
    if balance:
        yield _line(sheet.steps(balance), _INK, 2.2)


def _legend(sheet: _Sheet, covenants: Covenants, with_balance: bool) -> Iterator[str]:
    left, top = _WIDTH - _RIGHT + 18, _TOP + 6
    watch, call, enforce = (f"{share * 100:.0f} %" for share in _shares(covenants))
    entries = [
        (sheet.say("market"), _MARKET, 1.4, "2 3"),
        (sheet.say("expected"), _VALUE, 1.2, ""),
        (sheet.say("quantile"), _VALUE, 2.2, ""),
        (sheet.say("enforce", share=enforce), _LIMITS[2], 1.2, "6 4"),
        (sheet.say("call", share=call), _LIMITS[1], 1.2, "6 4"),
        (sheet.say("watch", share=watch), _LIMITS[0], 1.2, "6 4"),
    ]
    if with_balance:
        entries.append((sheet.say("balance"), _INK, 2.2, ""))
    for number, (text, colour, width, dash) in enumerate(entries):
        y = top + 22 * number
        yield _line([(left, y - 4), (left + 26, y - 4)], colour, width, dash=dash)
        yield label(left + 34, y, text, colour=_INK, size=11)


def _findings(sheet: _Sheet, path: ValuePath, covenants: Covenants, balance: Sequence[Decimal]) -> Iterator[str]:
    """What the balance means on this path, in words: the worst month, and when the lender may first call."""
    if not balance:
        return
    left, top = _WIDTH - _RIGHT + 18, _TOP + 6 + 22 * 8
    # After the end of its life a server is worth what it was worth on the last day of it.
    values = [*path.lendable, *[path.lendable[-1]] * max(0, len(balance) - len(path.lendable))]
    owed = [(month, debt, values[month]) for month, debt in enumerate(balance) if debt > 0]
    empty = next((month for month, _, worth in owed if worth <= 0), None)
    if empty is not None:
        yield label(left, top, sheet.say("nothing", month=empty), colour=_LIMITS[2], size=12)
        return
    if not owed:
        return
    worst, month = max(((debt / worth, -month) for month, debt, worth in owed), key=lambda item: item)
    over = next((month for month, debt, worth in owed if debt > covenants.ltv_call * worth), None)
    said = sheet.say("worst", ltv=f"{worst * 100:.1f} %", month=-month)
    yield label(left, top, said, colour=_INK if over is None else _LIMITS[2], size=12)
    told = sheet.say("within") if over is None else sheet.say("breach", month=over)
    yield label(left, top + 20, told, colour=_MUTED if over is None else _LIMITS[2], size=11)
    if over is not None:
        x, y = sheet.across.place(Decimal(over)), sheet.up.place(balance[over])
        yield f'<circle cx="{px(x)}" cy="{px(y)}" r="5" fill="none" stroke="{_LIMITS[2]}" stroke-width="2"/>'


def _shares(covenants: Covenants) -> tuple[Decimal, Decimal, Decimal]:
    return covenants.ltv_watch, covenants.ltv_call, covenants.ltv_enforce


def _line(path: Sequence[tuple[Decimal, Decimal]], colour: str, width: float, dash: str = "") -> str:
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<polyline points="{points(path)}" fill="none" stroke="{colour}" stroke-width="{width}"{dashed}/>'
