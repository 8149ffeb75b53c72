"""What drawing a chart as SVG takes: exact scales, round ticks, and pixels rounded once, so that the same figures give the
same bytes everywhere.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from html import escape

from domain.money import rounded


@dataclass(frozen=True)
class Scale:
    """A straight map of figures onto pixels; where all figures are one, it lies in the middle."""

    lowest: Decimal
    highest: Decimal
    start: Decimal
    end: Decimal

    def place(self, figure: Decimal) -> Decimal:
        span = self.highest - self.lowest
        share = (figure - self.lowest) / span if span else Decimal("0.5")
        return self.start + share * (self.end - self.start)


def round_ticks(highest: Decimal, most: int) -> tuple[Decimal, ...]:
    """Ticks from 0 to the first one at or above ``highest``, at most ``most`` steps of 1, 2 or 5 times a power of ten."""
    if highest <= 0:
        return (Decimal(0), Decimal(1))
    power = Decimal(10) ** ((highest / most).adjusted())
    step = next(power * times for times in (1, 2, 5, 10) if power * times * most >= highest)
    count = int((highest / step).to_integral_value(ROUND_CEILING))
    return tuple(step * number for number in range(count + 1))


def px(length: Decimal) -> str:
    """Pixels to a tenth."""
    return format(rounded(length, 1), "f")


def points(path: Iterable[tuple[Decimal, Decimal]]) -> str:
    """The ``points`` of a polyline or polygon."""
    return " ".join(f"{px(x)},{px(y)}" for x, y in path)


def label(x: Decimal, y: Decimal, text: str, *, colour: str, anchor: str = "start", size: int = 12) -> str:
    """A line of text. What came from outside is escaped here."""
    return (
        f'<text x="{px(x)}" y="{px(y)}" text-anchor="{anchor}" font-size="{size}" fill="{colour}">{escape(text)}</text>'
    )
