"""Figures as Chinese papers and notices print them: 3,499.99亿, 15.7%, 3.6‰, 千万元级, 近1000亿, 20余种.

What is printed is read, never improved: a magnitude becomes a range, an approximation keeps its side, and what gives no
figure at all stays text.
"""

import re
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from domain.model import Value

LONGEST: Final = 60
"""Characters of a printed figure; anything longer is a sentence."""
_DIGITS: Final = 24
_PLACES: Final = 10


def _plain(given: object) -> Decimal:
    text = format(given, "f") if isinstance(given, Decimal) and given.is_finite() else given
    if not isinstance(text, str) or re.fullmatch(r"-?[0-9][0-9_]{0,30}(\.[0-9]{1,10})?", text, re.ASCII) is None:
        raise PydanticCustomError("decimal_text", "must be a decimal number written as text, not a JSON number")
    return _without_tail(Decimal(text))


def _without_tail(number: Decimal) -> Decimal:
    """The one spelling of a figure: no zeros after the last digit that says something."""
    text = format(number, "f")
    return Decimal(text.rstrip("0").rstrip(".") or "0") if "." in text else number


def _spelt(number: Decimal) -> str:
    return format(number, "f")


PlainFigure = Annotated[
    Decimal,
    BeforeValidator(_plain),
    PlainSerializer(_spelt, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": r"^-?[0-9]{1,24}(\.[0-9]{1,10})?$", "description": "decimal text"}),
]
"""A figure of no fixed scale: amounts of a whole market and ratios in thousandths alike."""


class FigureForm(StrEnum):
    """How much a printed figure says."""

    EXACT = "exact"
    ABOUT = "about"
    """约: near ``value``, on either side."""
    LEVEL = "level"
    """From ``at_least`` to less than ``below``: 千万元级 is [10m, 100m)."""
    SPAN = "span"
    """1.5亿—2亿: from ``at_least`` to ``at_most``, both included."""
    FLOOR = "floor"
    """逾, 超过, 以上: ``at_least`` or more."""
    CEILING = "ceiling"
    """近, 不超过: ``at_most`` or less, how much less nobody says."""
    TEXT = "text"
    """No figure: 20余种, 数亿元."""


class PrintedFigure(Value):
    """What a printed figure says. Percentages and permilles are fractions; magnitudes are multiplied out."""

    form: FigureForm
    value: PlainFigure | None = None
    at_least: PlainFigure | None = None
    below: PlainFigure | None = None
    at_most: PlainFigure | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        given = tuple(name for name in ("value", "at_least", "below", "at_most") if getattr(self, name) is not None)
        if given != _PARTS[self.form]:
            raise PydanticCustomError("figure_parts", "the parts of the figure do not belong to its form")
        upper = self.below if self.below is not None else self.at_most
        if self.at_least is not None and upper is not None and not self.at_least < upper:
            raise PydanticCustomError("figure_range", "a range ends above where it begins")
        return self


_PARTS: Final = {
    FigureForm.EXACT: ("value",),
    FigureForm.ABOUT: ("value",),
    FigureForm.LEVEL: ("at_least", "below"),
    FigureForm.SPAN: ("at_least", "at_most"),
    FigureForm.FLOOR: ("at_least",),
    FigureForm.CEILING: ("at_most",),
    FigureForm.TEXT: (),
}
_TEXT: Final = PrintedFigure(form=FigureForm.TEXT)

_WIDE_FORMS: Final = str.maketrans("０１２３４５６７８９．，％＋－～—–", "0123456789.,%+-~~~")
_MAGNITUDES: Final = {
    "": 0, "十": 1, "百": 2, "千": 3, "万": 4, "十万": 5, "百万": 6, "千万": 7, "亿": 8, "十亿": 9, "百亿": 10, "千亿": 11,
    "万亿": 12,
}  # fmt: skip
_MAGNITUDE: Final = "(?P<magnitude>万亿|千亿|百亿|十亿|亿|千万|百万|十万|万|千|百|十)?"
_NUMBER: Final = r"(?P<number>[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?)"
_BEFORE: Final = (
    (FigureForm.ABOUT, ("大约", "约")),
    (FigureForm.CEILING, ("不超过", "不高于", "最高", "至多", "接近", "近", "≤", "<")),
    (FigureForm.FLOOR, ("不低于", "不少于", "超过", "至少", "逾", "超", "≥", ">")),
)
_UNIT: Final = "(?:人民币|元|户|家|个|套|架|美元)?"
_ONE: Final = re.compile(_NUMBER + _MAGNITUDE + r"(?P<share>%|‰)?" + _UNIT + "(?P<after>以上|\\+)?" + _UNIT, re.ASCII)
_LEVEL: Final = re.compile(_MAGNITUDE + "元?级(?:别)?")
_SPAN: Final = re.compile(f"{_NUMBER}{_MAGNITUDE}[~-]" + _NUMBER.replace("number", "upper") +
                          _MAGNITUDE.replace("magnitude", "upper_magnitude") + r"(?P<share>%|‰)?" + _UNIT, re.ASCII)  # fmt: skip


def read_printed(text: str) -> PrintedFigure:
    """What a printed figure says; :attr:`FigureForm.TEXT` for what gives none.

    Counts with 余 or 多 (20余种) stay text: the printed word refuses the figure. Raises ``ValueError`` for a text too long
    to be a figure, or with more digits than any.
    """
    if len(text) > LONGEST:
        raise ValueError(f"a printed figure has at most {LONGEST} characters")
    plain = re.sub(r"\s", "", text.translate(_WIDE_FORMS))
    if sum(mark in "0123456789" for mark in plain) > _DIGITS:
        raise ValueError(f"a printed figure has at most {_DIGITS} digits")
    level = _LEVEL.fullmatch(plain)
    if level is not None and level["magnitude"]:
        lower = Decimal(10) ** _MAGNITUDES[level["magnitude"]]
        return PrintedFigure(form=FigureForm.LEVEL, at_least=lower, below=lower * 10)
    span = _SPAN.fullmatch(plain)
    if span is not None:
        return _span(span)
    form = FigureForm.EXACT
    for found, words in _BEFORE:
        word = next((word for word in words if plain.startswith(word)), None)
        if word is not None:
            form, plain = found, plain.removeprefix(word)
            break
    one = _ONE.fullmatch(plain)
    if one is None:
        return _TEXT
    if one["after"]:
        form = FigureForm.FLOOR
    value = _multiplied(one["number"], one["magnitude"], one["share"])
    field = {FigureForm.FLOOR: "at_least", FigureForm.CEILING: "at_most"}.get(form, "value")
    return PrintedFigure.model_validate({"form": form, field: value})


def _span(span: re.Match[str]) -> PrintedFigure:
    # 1.5~2亿: the first figure has the magnitude of the second where it names none.
    magnitude = span["magnitude"] or span["upper_magnitude"]
    lower = _multiplied(span["number"], magnitude, span["share"])
    upper = _multiplied(span["upper"], span["upper_magnitude"], span["share"])
    return PrintedFigure(form=FigureForm.SPAN, at_least=lower, at_most=upper) if lower < upper else _TEXT


def _multiplied(number: str, magnitude: str | None, share: str | None) -> Decimal:
    exponent = _MAGNITUDES[magnitude or ""] - {"%": 2, "‰": 3}.get(share or "", 0)
    value = Decimal(number.replace(",", "")).scaleb(exponent)
    if -int(value.as_tuple().exponent) > _PLACES:
        raise ValueError(f"a printed figure has at most {_PLACES} places")
    return _without_tail(value)
