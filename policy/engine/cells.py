"""The cells of decision tables: what a reviewer reads in one, and exactly which values it covers.

A cell is ``*`` (anything, even a fact nobody knows), ``n/a`` (the fact does not apply), a value, a comparison
(``<= 36``), an interval (``[0.30, 0.50)``), or alternatives of these joined by ``|``; ``not a | b`` excludes codes.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Context, Decimal

from policy.engine.vocabulary import ORDERED, FactDefinition, FactType, Scalar, parse_scalar

ANY = "*"
NOT_APPLICABLE = "n/a"

_COMPARISON = re.compile(r"^(<=|>=|<|>|=)\s*(\S+)$")
_INTERVAL = re.compile(r"^([\[(])\s*(\S+?)\s*,\s*(\S+?)\s*([\])])$")
_EXACT = Context(prec=60)


@dataclass(frozen=True)
class Interval:
    """Values between two bounds; a bound of ``None`` is open to that side for ever."""

    low: Scalar | None
    low_closed: bool
    high: Scalar | None
    high_closed: bool

    def covers(self, value: Scalar) -> bool:
        if self.low is not None and (value < self.low or (value == self.low and not self.low_closed)):  # type: ignore[operator]
            return False
        return self.high is None or value < self.high or (value == self.high and self.high_closed)  # type: ignore[operator]


@dataclass(frozen=True)
class Cell:
    """One parsed cell. ``text`` is what the author wrote, and what traces show."""

    text: str
    anything: bool = False
    not_applicable: bool = False
    negated: bool = False
    values: tuple[Scalar, ...] = ()
    intervals: tuple[Interval, ...] = ()

    def covers(self, value: Scalar) -> bool:
        """Whether a known value lies in the cell."""
        if self.anything:
            return True
        inside = value in self.values or any(interval.covers(value) for interval in self.intervals)
        return inside != self.negated

    def covers_not_applicable(self) -> bool:
        return self.anything or self.not_applicable


WILDCARD = Cell(text=ANY, anything=True)


def parse_cell(text: str, fact: FactDefinition) -> Cell:
    """Parse a cell for a fact. Raises ``ValueError`` with a reason a policy author understands."""
    text = text.strip()
    if text == ANY:
        return WILDCARD
    negated = text.startswith("not ")
    if negated and fact.type is not FactType.CODE:
        raise ValueError(f"{text!r}: only codes can be excluded with 'not'")
    values: list[Scalar] = []
    intervals: list[Interval] = []
    not_applicable = False
    for part in (text[4:] if negated else text).split("|"):
        part = part.strip()
        if part == NOT_APPLICABLE:
            not_applicable = True
        elif part == ANY:
            raise ValueError(f"{text!r}: '*' stands alone")
        elif fact.type in ORDERED and (interval := _interval(part, fact.type)) is not None:
            for bound in (interval.low, interval.high):
                # A share written in percent would otherwise stand as a bound that no case ever passes.
                if bound is not None and not fact.allows(bound):
                    raise ValueError(f"{part!r}: {_show(bound)} lies outside the bounds of this fact")
            intervals.append(interval)
        else:
            value = parse_scalar(fact.type, part)
            if not fact.allows(value):
                raise ValueError(f"{part!r} is not a declared value of this fact")
            if value in values:
                raise ValueError(f"{part!r} is listed twice")
            values.append(value)
    if negated and not_applicable:
        raise ValueError(f"{text!r}: 'n/a' cannot be excluded; a row that leaves it out does not cover it")
    cell = Cell(
        text=text,
        not_applicable=not_applicable,
        negated=negated,
        values=tuple(values),
        intervals=tuple(intervals),
    )
    if not not_applicable and not any(
        cell.covers(item.value) for item in samples([cell], fact) if item.value is not None
    ):
        raise ValueError(f"{text!r} covers no value that this fact can have")
    return cell


def _interval(part: str, kind: FactType) -> Interval | None:
    if (match := _COMPARISON.match(part)) is not None:
        sign, bound = match.group(1), parse_scalar(kind, match.group(2))
        if sign == "=":
            return Interval(bound, True, bound, True)
        if sign.startswith("<"):
            return Interval(None, False, bound, sign == "<=")
        return Interval(bound, sign == ">=", None, False)
    if (match := _INTERVAL.match(part)) is not None:
        low, high = parse_scalar(kind, match.group(2)), parse_scalar(kind, match.group(3))
        closed = (match.group(1) == "[", match.group(4) == "]")
        if low > high or (low == high and closed != (True, True)):  # type: ignore[operator]
            raise ValueError(f"{part!r} is an empty interval")
        return Interval(low, closed[0], high, closed[1])
    return None


@dataclass(frozen=True)
class Sample:
    """One value standing for all that the cells of a column treat alike; ``None`` stands for not applicable."""

    label: str
    value: Scalar | None


_OTHER = "(any other)"


def samples(cells: Sequence[Cell], fact: FactDefinition) -> list[Sample]:
    """Cut a fact's domain where any cell of the column changes its mind: testing the samples tests every value."""
    found = _ordered_samples(cells, fact) if fact.type in ORDERED else _discrete_samples(cells, fact)
    if any(cell.not_applicable for cell in cells):
        found.append(Sample(NOT_APPLICABLE, None))
    return found


def _discrete_samples(cells: Sequence[Cell], fact: FactDefinition) -> list[Sample]:
    if fact.type is FactType.BOOLEAN:
        return [Sample("false", False), Sample("true", True)]
    if fact.values:
        return [Sample(value, value) for value in fact.values]
    named = sorted({str(value) for cell in cells for value in cell.values})
    return [*(Sample(value, value) for value in named), Sample(_OTHER, _OTHER)]


def _ordered_samples(cells: Sequence[Cell], fact: FactDefinition) -> list[Sample]:
    bounds: set[Scalar] = {value for cell in cells for value in cell.values}
    for cell in cells:
        for interval in cell.intervals:
            bounds.update(bound for bound in (interval.low, interval.high) if bound is not None)
    bounds.update(parse_scalar(fact.type, text) for text in (fact.minimum, fact.maximum) if text is not None)
    points = sorted(bounds)
    if not points:
        return [Sample(_OTHER, date(2000, 1, 1) if fact.type is FactType.DATE else Decimal(0))]
    candidates: list[Sample] = [Sample(f"< {_show(points[0])}", _step(points[0], -1))]
    for index, point in enumerate(points):
        candidates.append(Sample(f"= {_show(point)}", point))
        if index + 1 < len(points):
            after = points[index + 1]
            between = _between(point, after, fact.type)
            if between is not None:
                candidates.append(Sample(f"in ({_show(point)}, {_show(after)})", between))
    candidates.append(Sample(f"> {_show(points[-1])}", _step(points[-1], 1)))
    return [sample for sample in candidates if sample.value is not None and fact.allows(sample.value)]


def _show(value: Scalar) -> str:
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _step(value: Scalar, by: int) -> Scalar | None:
    """A value beyond another; nothing beyond the first and the last day there are."""
    if isinstance(value, Decimal):
        return _EXACT.add(value, Decimal(by))
    assert isinstance(value, date)
    return None if value == (date.max if by > 0 else date.min) else value + timedelta(days=by)


def _between(low: Scalar, high: Scalar, kind: FactType) -> Scalar | None:
    """A value strictly between two, where the type has one."""
    if isinstance(low, date) and isinstance(high, date):
        return low + timedelta(days=1) if (high - low).days > 1 else None
    assert isinstance(low, Decimal)
    assert isinstance(high, Decimal)
    # Whole numbers and fen have neighbours with nothing between them.
    unit = {FactType.INTEGER: Decimal(1), FactType.MONEY: Decimal("0.01")}.get(kind)
    if unit is None:
        return _EXACT.divide(_EXACT.add(low, high), Decimal(2))
    following = _EXACT.add(low, unit)
    return following if following < high else None
