"""The chart of a sensitivity as SVG: a column an axis; above the price, below the RAROC of a loan agreed at the base
case's price.

One scale a row, because what the reader asks is which risk moves the price most. The same bytes for the same finding:
figures are exact decimals, rounded once to a tenth of a pixel, and no text of a request stands in it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from domain.money import rounded
from domain.sensitivity import Axis, Sensitivity, SensitivityCurve, SensitivityPoint

_PANEL_WIDTH, _PANEL_HEIGHT = Decimal(210), Decimal(150)
_LEFT, _TOP, _GAP_ACROSS, _GAP_DOWN, _RIGHT, _BOTTOM = (Decimal(n) for n in (66, 78, 26, 66, 18, 44))
_AIR = Decimal("0.06")
"""Of the span of a scale, above and below it: a point at its end lies inside the frame."""
_INK, _MUTED, _PRICE, _RAROC, _LIMIT = "#1c2733", "#5b6b7b", "#0b5fa5", "#7a3e9d", "#b3261e"
_TITLES = {
    Axis.PD: ("违约概率", "PD"),
    Axis.LGD: ("违约损失率", "LGD"),
    Axis.TENOR: ("期限（月）", "Tenor, months"),
    Axis.COLLATERAL: ("押品价值", "Collateral value"),
}


@dataclass(frozen=True)
class _Row:
    """A row of panels: one figure of every point on one scale, with its limit."""

    title: str
    colour: str
    figure: Callable[[SensitivityPoint], Decimal]
    limit: Callable[[SensitivityPoint], Decimal]
    limit_title: str


@dataclass(frozen=True)
class _Scale:
    """A straight map of figures onto pixels; a single figure lies in the middle."""

    lowest: Decimal
    highest: Decimal
    start: Decimal
    end: Decimal

    def place(self, figure: Decimal) -> Decimal:
        span = self.highest - self.lowest
        share = (figure - self.lowest) / span if span else Decimal("0.5")
        return self.start + share * (self.end - self.start)


def chart(value: Sensitivity) -> str:
    """The SVG document, UTF-8 text without scripts, styles from elsewhere or links."""
    columns = len(value.curves)
    width = _LEFT + columns * _PANEL_WIDTH + (columns - 1) * _GAP_ACROSS + _RIGHT
    height = _TOP + 2 * _PANEL_HEIGHT + _GAP_DOWN + _BOTTOM
    rows = (
        _Row("利率 rate, %", _PRICE, lambda p: p.all_in_rate, lambda p: p.floor_rate, "底线 floor"),
        _Row(
            "按基准情形价格 RAROC at the base case's price, %",
            _RAROC,
            lambda p: p.raroc_if_agreed,
            lambda _: value.hurdle,
            "门槛 hurdle",
        ),
    )
    lines = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{_px(width)}" height="{_px(height)}" '
            f'viewBox="0 0 {_px(width)} {_px(height)}" role="img" font-family="sans-serif" font-size="11">'
        ),
        "<title>价格敏感性 Price sensitivity</title>",
        f"<desc>{_described(value)}</desc>",
        f'<rect width="{_px(width)}" height="{_px(height)}" fill="#ffffff"/>',
        f'<text x="{_px(_LEFT)}" y="24" font-size="15" fill="{_INK}">价格敏感性 Price sensitivity</text>',
        f'<text x="{_px(_LEFT)}" y="42" fill="{_MUTED}">{_described(value)}</text>',
    ]
    for index, row in enumerate(rows):
        top = _TOP + index * (_PANEL_HEIGHT + _GAP_DOWN)
        lines.extend(_row(value, row, top))
    lines.append("</svg>")
    return "\n".join(lines) + "\n"


def _row(value: Sensitivity, row: _Row, top: Decimal) -> Iterator[str]:
    points = [point for curve in value.curves for point in curve.points]
    figures = [pick(point) for point in points for pick in (row.figure, row.limit)]
    air = _AIR * _PANEL_HEIGHT
    up = _Scale(min(figures), max(figures), top + _PANEL_HEIGHT - air, top + air)
    for index, curve in enumerate(value.curves):
        left = _LEFT + index * (_PANEL_WIDTH + _GAP_ACROSS)
        yield from _panel(value, curve, row, left, top, up)
    for share in (Decimal(0), Decimal("0.5"), Decimal(1)):
        figure = up.lowest + share * (up.highest - up.lowest)
        yield (
            f'<text x="{_px(_LEFT - 6)}" y="{_px(up.place(figure) + 4)}" text-anchor="end" fill="{_MUTED}">'
            f"{_percent(figure)}</text>"
        )
        if up.lowest == up.highest:
            break
    yield (
        f'<text x="{_px(_LEFT)}" y="{_px(top - 8)}" fill="{row.colour}">{row.title}'
        f'<tspan dx="14" fill="{_LIMIT}">- - - {row.limit_title}</tspan></text>'
    )


def _panel(
    value: Sensitivity, curve: SensitivityCurve, row: _Row, left: Decimal, top: Decimal, up: _Scale
) -> Iterator[str]:
    axis, points = curve.axis, curve.points
    at = [point.on(axis) for point in points]
    across = _Scale(min(at), max(at), left + 8, left + _PANEL_WIDTH - 8)
    yield (
        f'<rect x="{_px(left)}" y="{_px(top)}" width="{_px(_PANEL_WIDTH)}" height="{_px(_PANEL_HEIGHT)}" '
        f'fill="none" stroke="#c9d2db"/>'
    )
    for pick, style in (
        (row.limit, f'stroke="{_LIMIT}" stroke-dasharray="4 3"'),
        (row.figure, f'stroke="{row.colour}"'),
    ):
        path = " ".join(f"{_px(across.place(point.on(axis)))},{_px(up.place(pick(point)))}" for point in points)
        yield f'<polyline points="{path}" fill="none" stroke-width="1.6" {style}/>'
    for point in points:
        base = point.on(axis) == value.base.on(axis)
        yield (
            f'<circle cx="{_px(across.place(point.on(axis)))}" cy="{_px(up.place(row.figure(point)))}" '
            f'r="{"4" if base else "2.2"}" fill="{row.colour}"><title>{_coordinate(axis, point.on(axis))}: '
            f"{_percent(row.figure(point))} %</title></circle>"
        )
    zh, en = _TITLES[axis]
    below = top + _PANEL_HEIGHT
    ends = _ends(at)
    # Each end is written towards the middle of its panel, so that neighbours never meet.
    anchors = ("start", "end") if len(ends) == 2 else ("middle",)
    for figure, anchor in zip(ends, anchors, strict=True):
        yield (
            f'<text x="{_px(across.place(figure))}" y="{_px(below + 14)}" text-anchor="{anchor}" fill="{_MUTED}">'
            f"{_coordinate(axis, figure)}</text>"
        )
    yield (
        f'<text x="{_px(left + _PANEL_WIDTH / 2)}" y="{_px(below + 30)}" text-anchor="middle" fill="{_INK}">'
        f"{zh} {en}</text>"
    )


def _ends(figures: Sequence[Decimal]) -> Sequence[Decimal]:
    return sorted({min(figures), max(figures)})


def _described(value: Sensitivity) -> str:
    base = value.base
    return (
        f"● 基准 base case: 利率 rate {_percent(base.all_in_rate)} % · RAROC {_percent(base.raroc)} % · "
        f"PD {_percent(base.pd)} % · LGD {_percent(base.lgd)} % · {base.tenor_months} 个月 months"
    )


def _coordinate(axis: Axis, figure: Decimal) -> str:
    return f"{figure:.0f}" if axis is Axis.TENOR else f"{_percent(figure)} %"


def _percent(fraction: Decimal) -> str:
    return format(rounded(fraction * 100, 2), "f").replace("-", "−")


def _px(length: Decimal) -> str:
    return format(rounded(length, 1), "f")
