"""The chart of a calibration as SVG: for each model its prices, the fitted path, and the band in which the model, seen
from a segment's first price, takes nine of ten later ones to lie. Logarithmic, so that equal changes look equal. No text of
the file but the names of models stands in it, and those are letters and digits.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from math import exp, log

import numpy as np

from domain.reference import Estimate
from services.collateral.calc.calibration.process import Array
from services.collateral.calc.calibration.vintage import Calibrated

_LEFT, _WIDTH, _RIGHT = 64, 680, 24
_TOP, _HEIGHT, _BELOW, _HEAD = 70, 170, 58, 34
_INK, _MUTED, _DOTS, _PATH, _BAND, _BREAK = "#1c2733", "#5b6b7b", "#0b5fa5", "#7a3e9d", "#eadff1", "#b3261e"
_QUANTILE = 1.6448536269514722
_ROUND_PRICES = tuple(10.0**power * step for power in range(-8, 5) for step in (1, 1.5, 2, 3, 5, 7))


@dataclass(frozen=True)
class _Panel:
    """A series on its scales: days onto pixels across, ln of the price onto pixels down."""

    found: Calibrated
    top: float
    first: date
    last: date
    lowest: float
    highest: float

    def x(self, day: date) -> float:
        return _LEFT + _WIDTH * (day - self.first).days / max(1, (self.last - self.first).days)

    def y(self, logarithm: float) -> float:
        share = (logarithm - self.lowest) / (self.highest - self.lowest)
        return self.top + _HEIGHT * (1 - min(1.0, max(0.0, share)))


def chart(found: Sequence[Calibrated]) -> str:
    """The SVG document, UTF-8 text without scripts, styles from elsewhere or links."""
    width = _LEFT + _WIDTH + _RIGHT
    height = _TOP + len(found) * (_HEAD + _HEIGHT + _BELOW)
    lines = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
            'role="img" font-family="sans-serif" font-size="11">'
        ),
        "<title>租金过程校准 Calibration of the rent process</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        f'<text x="{_LEFT}" y="24" font-size="15" fill="{_INK}">租金过程校准 Calibration of the rent process</text>',
        (
            f'<text x="{_LEFT}" y="42" fill="{_MUTED}">点：观察价格 dots: prices · 线：拟合路径 line: fitted path · '
            "虚线：新区段 dashed: new segment</text>"
        ),
        (
            f'<text x="{_LEFT}" y="57" fill="{_MUTED}">带：自区段首个价格起的 90% 区间 band: nine of ten prices, '
            "seen from a segment's first</text>"
        ),
    ]
    first, last = min(item.series.days[0] for item in found), max(item.series.days[-1] for item in found)
    for index, item in enumerate(found):
        lines.extend(_drawn(_panel(item, _TOP + index * (_HEAD + _HEIGHT + _BELOW) + _HEAD, first, last)))
    lines.append("</svg>")
    return "\n".join(lines) + "\n"


def _panel(found: Calibrated, top: float, first: date, last: date) -> _Panel:
    logs = np.concatenate([found.series.history.logs, found.fit.path])
    margin = 0.1 * max(0.2, float(logs.max() - logs.min()))
    return _Panel(found, top, first, last, float(logs.min()) - margin, float(logs.max()) + margin)


def _drawn(panel: _Panel) -> Iterator[str]:
    found, series = panel.found, panel.found.series
    body = found.process
    yield (
        f'<text x="{_LEFT}" y="{_px(panel.top - 10)}" font-size="13" fill="{_INK}">{series.gpu_model}'
        f'<tspan font-size="11" fill="{_MUTED}"> · {series.basis} · {series.currency} / GPU·h · '
        f"{body.observations} 个观察值 observations</tspan></text>"
    )
    centre, deviation = _seen_from_first(found)
    for rows in _segments(found):
        days = [series.days[row] for row in rows]
        path = [float(found.fit.path[row]) for row in rows]
        spread = [_QUANTILE * float(deviation[row]) for row in rows]
        middle = [float(centre[row]) for row in rows]
        above = [(panel.x(day), panel.y(level + by)) for day, level, by in zip(days, middle, spread, strict=True)]
        under = [(panel.x(day), panel.y(level - by)) for day, level, by in zip(days, middle, spread, strict=True)]
        yield f'<polygon points="{_points([*above, *reversed(under)])}" fill="{_BAND}"/>'
        line = [(panel.x(day), panel.y(level)) for day, level in zip(days, path, strict=True)]
        yield f'<polyline points="{_points(line)}" fill="none" stroke="{_PATH}" stroke-width="1.8"/>'
    yield (f'<rect x="{_LEFT}" y="{_px(panel.top)}" width="{_WIDTH}" height="{_HEIGHT}" fill="none" stroke="#c9d2db"/>')
    yield from _prices(panel)
    for day in series.starts[1:]:
        yield _upright(panel, day, "4 3", _BREAK)
    for day in series.launches:
        if panel.first <= day <= panel.last:
            yield _upright(panel, day, "1 3", _INK)
    for day, logarithm in zip(series.days, series.history.logs, strict=True):
        yield f'<circle cx="{_px(panel.x(day))}" cy="{_px(panel.y(float(logarithm)))}" r="2" fill="{_DOTS}"/>'
    yield from _days(panel)
    below = panel.top + _HEIGHT + 32
    yield (
        f'<text x="{_LEFT}" y="{_px(below)}" fill="{_INK}">年降幅 decline δ {_told(body.annual_decline)} · '
        f"均值回复 reversion κ {_told(body.reversion)} · 波动率 volatility σ {_told(body.volatility)}</text>"
    )
    if body.jumps:
        told = " · ".join(
            f"{jump.on} J {'–' if jump.change is None else _told(jump.change)}" for jump in body.jumps[:4]
        )
        yield f'<text x="{_LEFT}" y="{_px(below + 15)}" fill="{_MUTED}">新品跳跃 launches {told}</text>'


def _seen_from_first(found: Calibrated) -> tuple[Array, Array]:
    """What the model expects of ln p from each segment's first price on, and √v of the time since then."""
    kappa, sigma = found.fit.reversion.value, found.fit.volatility.value
    history = found.series.history
    first = np.flatnonzero(np.concatenate([[True], np.diff(history.segment) != 0]))[history.segment]
    elapsed = history.years - history.years[first]
    away = (history.logs - found.fit.path)[first] * np.exp(-kappa * elapsed)
    deviation = sigma * np.sqrt(-np.expm1(-2 * kappa * elapsed) / (2 * kappa))
    return found.fit.path + away, np.asarray(deviation, dtype=np.float64)


def _segments(found: Calibrated) -> Iterator[list[int]]:
    segment = found.series.history.segment
    for number in range(int(segment[-1]) + 1):
        yield [int(row) for row in np.flatnonzero(segment == number)]


def _prices(panel: _Panel) -> Iterator[str]:
    inside = [price for price in _ROUND_PRICES if panel.lowest <= log(price) <= panel.highest]
    for price in inside or [exp((panel.lowest + panel.highest) / 2)]:
        y = panel.y(log(price))
        yield f'<path d="M{_LEFT} {_px(y)}h{_WIDTH}" stroke="#e4e9ee"/>'
        yield (f'<text x="{_LEFT - 6}" y="{_px(y + 4)}" text-anchor="end" fill="{_MUTED}">{price:.4g}</text>')


def _days(panel: _Panel) -> Iterator[str]:
    """The first day of every quarter, of every year where quarters would run into each other."""
    years = (panel.last - panel.first).days / 365
    months = (1, 4, 7, 10) if years <= 3 else (1,)
    every = max(1, round(years / 12))
    for year in range(panel.first.year, panel.last.year + 1, every):
        for month in months:
            day = date(year, month, 1)
            if panel.first <= day <= panel.last:
                yield (
                    f'<text x="{_px(panel.x(day))}" y="{_px(panel.top + _HEIGHT + 14)}" text-anchor="middle" '
                    f'fill="{_MUTED}">{day:%Y-%m}</text>'
                )


def _upright(panel: _Panel, day: date, dashes: str, colour: str) -> str:
    return f'<path d="M{_px(panel.x(day))} {_px(panel.top)}v{_HEIGHT}" stroke="{colour}" stroke-dasharray="{dashes}"/>'


def _told(estimate: Estimate) -> str:
    low, high = (
        open_end if end is None else f"{end:.2f}" for end, open_end in ((estimate.low, "–∞"), (estimate.high, "∞"))
    )
    if estimate.low is None and estimate.value >= 0:
        low = "0"
    return f"{estimate.value:.2f} [{low}, {high}]"


def _points(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{_px(x)},{_px(y)}" for x, y in points)


def _px(length: float) -> str:
    return f"{length:.1f}"
