"""Charts as inline SVG, drawn from a report's own figures. Each has a title that says in words what it shows."""

import math
from collections.abc import Sequence
from decimal import Decimal
from html import escape

from services.pricing.calc.validation.accuracy import HosmerLemeshow
from services.pricing.calc.validation.discrimination import Discrimination
from services.pricing.calc.validation.figures import GradeTest
from services.pricing.calc.validation.stability import Stability

_WIDTH, _HEIGHT = 460, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 22, 12, 44
_ACROSS, _DOWN = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
_SMALLEST = Decimal("0.0001")
_SAMPLES = "浅：开发 pale: development; 深：验证 dark: validation"


def roc(found: Discrimination, before: Discrimination | None) -> str:
    """Share of defaults caught against share of good borrowers turned away, with the development sample behind it."""
    parts = [_line([(0.0, 0.0), (1.0, 1.0)], "chance")]
    if before is not None:
        parts.append(_line(_fractions(before), "before"))
        # Under the line of chance nothing is drawn that a legend could cover.
        parts.append(f'<text text-anchor="end" x="{_x(0.98)}" y="{_y(0.05)}">{_SAMPLES}</text>')
    parts.append(_line(_fractions(found), "now"))
    ticks = [(f"{k * 20} %", k / 5) for k in range(6)]
    return _framed(
        f"ROC 曲线 ROC curve, AUC {found.auc:.4f}",
        parts,
        ticks,
        ticks,
        "未违约客户累计占比 good at or below the score",
    )


def calibration(grades: Sequence[GradeTest]) -> str:
    """Observed default rate of each grade with its interval, and the PD it was given, on a logarithmic scale."""
    highest = max(Decimal("0.1"), *(max(item.test.high, item.test.pd) for item in grades))
    parts, names = [], []
    for index, item in enumerate(grades):
        x = (index + 0.5) / len(grades)
        names.append((item.grade, x))
        low, high, rate, pd = (
            _logarithmic(value, highest) for value in (item.test.low, item.test.high, item.test.rate, item.test.pd)
        )
        parts.append(_line([(x, low), (x, high)], "interval"))
        parts.append(f'<circle class="now" cx="{_x(x)}" cy="{_y(rate)}" r="4"/>')
        parts.append(f'<path class="pd" d="M{_x(x - 0.03)} {_y(pd)}H{_x(x + 0.03)}"/>')
    # A grade without a default has no place on a logarithmic scale: it stands on the floor, and the floor says so.
    rates = [
        (label, _logarithmic(Decimal(percent) / 100, highest))
        for label, percent in (("≤ 0.01", "0.01"), ("0.1", "0.1"), ("1", "1"), ("10", "10"), ("100", "100"))
    ]
    return _framed(
        "分级违约率与违约概率 Default rate and PD by grade, per cent, logarithmic",
        parts,
        names,
        [tick for tick in rates if tick[1] <= 1],
        "点：实际违约率及区间；横线：PD  dots: observed, with interval; bars: PD",
    )


def reliability(found: HosmerLemeshow) -> str:
    """Defaults expected and observed in each group of the Hosmer-Lemeshow test, lowest PD first."""
    pairs = [(str(index), float(group.expected), float(group.observed)) for index, group in enumerate(found.groups, 1)]
    return _bars(
        "Hosmer–Lemeshow 分组 defaults by group of PD", pairs, "浅：预期 pale: expected; 深：实际 dark: observed"
    )


def stability(found: Stability, title: str) -> str:
    """Share of each band in the development and in the validation sample."""
    then, now = sum(band.reference for band in found.bands), sum(band.current for band in found.bands)
    pairs = [(band.label, 100 * band.reference / then, 100 * band.current / now) for band in found.bands]
    return _bars(f"{title}, PSI {found.psi:.4f}, %", pairs, _SAMPLES)


def _bars(title: str, pairs: Sequence[tuple[str, float, float]], caption: str) -> str:
    step = _round_step(max(max(first, second) for _, first, second in pairs) or 1.0)
    most = 4 * step
    parts, names = [], []
    for index, (name, first, second) in enumerate(pairs):
        names.append((name, (index + 0.5) / len(pairs)))
        for offset, value, css in ((0.12, first, "before"), (0.5, second, "now")):
            left, width = (index + offset) / len(pairs), 0.36 / len(pairs)
            top = _y(value / most)
            parts.append(
                f'<rect class="{css}" x="{_x(left)}" y="{top}" width="{width * _ACROSS:.1f}"'
                f' height="{_TOP + _DOWN - float(top):.1f}"/>'
            )
    ticks = [(f"{step * k:.3g}", k / 4) for k in range(5)]
    return _framed(title, parts, names, ticks, caption)


def _round_step(most: float) -> float:
    """The smallest round step (1, 2, 2.5, 3, 4, 5, 6, 8 times a power of ten) of which four reach ``most``."""
    power = 10.0 ** math.floor(math.log10(most / 4))
    return next(size * power for size in (1, 2, 2.5, 3, 4, 5, 6, 8, 10) if 4 * size * power >= most)


def _framed(
    title: str,
    parts: Sequence[str],
    across: Sequence[tuple[str, float]],
    up: Sequence[tuple[str, float]],
    caption: str,
) -> str:
    base = _TOP + _DOWN
    drawn = [f'<path class="axis" d="M{_LEFT} {_TOP}V{base}H{_LEFT + _ACROSS}"/>']
    # Long names of bands would run into each other; every other one is left out then.
    every = 2 if sum(len(name) for name, _ in across) > 60 else 1
    for name, x in across[::every]:
        drawn.append(f'<text class="tick" text-anchor="middle" x="{_x(x)}" y="{base + 15}">{escape(name)}</text>')
    for name, y in up:
        drawn.append(f'<path class="grid" d="M{_LEFT} {_y(y)}h{_ACROSS}"/>')
        drawn.append(
            f'<text class="tick" text-anchor="end" x="{_LEFT - 5}" y="{float(_y(y)) + 4:.1f}">{escape(name)}</text>'
        )
    drawn.append(
        f'<text class="caption" text-anchor="middle" x="{_LEFT + _ACROSS / 2}" y="{_HEIGHT - 8}">{escape(caption)}</text>'
    )
    return (
        f'<figure><figcaption>{escape(title)}</figcaption><svg role="img" viewBox="0 0 {_WIDTH} {_HEIGHT}">'
        f"<title>{escape(title)}</title>{''.join(drawn)}{''.join(parts)}</svg></figure>"
    )


def _fractions(found: Discrimination) -> list[tuple[float, float]]:
    return [(float(good), float(bad)) for good, bad in found.curve]


def _logarithmic(value: Decimal, highest: Decimal) -> float:
    """The height of a rate between a hundredth of a per cent (and anything less) and ``highest``."""
    return float((max(value, _SMALLEST) / _SMALLEST).log10() / (highest / _SMALLEST).log10())


def _line(points: Sequence[tuple[float, float]], css: str) -> str:
    path = "L".join(f"{_x(x)} {_y(y)}" for x, y in points)
    return f'<path class="{css}" d="M{path}"/>'


def _x(fraction: float) -> str:
    return f"{_LEFT + _ACROSS * fraction:.1f}"


def _y(fraction: float) -> str:
    return f"{_TOP + _DOWN * (1 - fraction):.1f}"
