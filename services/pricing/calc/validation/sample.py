"""The sample a card is validated on: rated obligors, and what became of each within the year."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum


class Population(StrEnum):
    """Which of the two samples an obligor belongs to."""

    DEVELOPMENT = "development"
    """What the card was built on: the reference for stability."""
    VALIDATION = "validation"
    """What it is judged on."""


@dataclass(frozen=True, slots=True)
class Obligor:
    """One rating of one obligor and its outcome twelve months later.

    ``score`` is higher for the better risk; ``pd`` a fraction per year. What the sample does not state is ``None``;
    ``defaulted`` is ``None`` while the outcome is not known (still open, or the application was rejected).
    """

    population: Population
    obligor_id: str
    observed_on: date | None
    score: Decimal | None
    pd: Decimal | None
    grade: str | None
    model_grade: str | None
    defaulted: bool | None


@dataclass(frozen=True)
class Sample:
    """Obligors as read, and which columns the file had."""

    obligors: tuple[Obligor, ...]
    columns: frozenset[str]

    def of(self, population: Population) -> tuple[Obligor, ...]:
        return tuple(item for item in self.obligors if item.population is population)


def known(obligors: Iterable[Obligor]) -> tuple[Obligor, ...]:
    """Those whose outcome is known: only they can be held against a forecast."""
    return tuple(item for item in obligors if item.defaulted is not None)


def defaults(obligors: Iterable[Obligor]) -> int:
    return sum(1 for item in obligors if item.defaulted)
