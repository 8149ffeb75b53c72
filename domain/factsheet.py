"""A sheet of named facts: what scorecards, tables and regulation rows are evaluated on."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from pydantic import Field

from domain.facts import FactState
from domain.model import Value
from domain.money import UnitPrice

Plain = Decimal | str | bool | date | FactState
"""A fact in calculation: a figure, a code, a flag or a day; or the state of one that has no value."""


class SheetEntry(Value):
    """One fact of a sheet; exactly one of the four values is set when its state is ``value``."""

    state: FactState = FactState.VALUE
    number: UnitPrice | None = None
    """Any figure, to twelve digits before the point: head counts and money as well as ratios."""
    text: str | None = Field(default=None, max_length=200)
    flag: bool | None = None
    day: date | None = None

    def plain(self) -> Plain:
        if self.state is not FactState.VALUE:
            return self.state
        for candidate in (self.number, self.text, self.flag, self.day):
            if candidate is not None:
                return candidate
        return FactState.UNKNOWN


class FactSheet(Value):
    """Facts by name. A name that is not on the sheet is unknown."""

    facts: dict[str, SheetEntry] = Field(default_factory=dict, max_length=400)

    @classmethod
    def of(cls, values: dict[str, Plain | int | None]) -> "FactSheet":
        """A sheet from plain values; ``None`` stands for a fact that was never given."""
        return cls(facts={name: _entry(value) for name, value in sorted(values.items())})

    def plain(self) -> dict[str, Plain]:
        return {name: entry.plain() for name, entry in self.facts.items()}

    def absent(self) -> Iterator[str]:
        """Names on the sheet that are unknown or undisclosed."""
        for name, entry in self.facts.items():
            if entry.plain() in (FactState.UNKNOWN, FactState.UNDISCLOSED):
                yield name


def _entry(value: Plain | int | None) -> SheetEntry:
    if value is None:
        return SheetEntry(state=FactState.UNKNOWN)
    if isinstance(value, FactState):
        return SheetEntry(state=value)
    if isinstance(value, bool):
        return SheetEntry(flag=value)
    if isinstance(value, int | Decimal):
        return SheetEntry(number=Decimal(value))
    if isinstance(value, date):
        return SheetEntry(day=value)
    return SheetEntry(text=value)
