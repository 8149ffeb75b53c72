"""Do the rows of a table leave a case out, or decide one twice? Answered for all cases, not for tried ones.

Every column is cut into samples where one of its cells changes its mind; a combination of samples stands for every
case that lies in it. Columns are taken one after another, and samples that leave the same rows standing are taken
together, so that the work follows the table's shape and not the product of its columns.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from policy.engine.cells import Cell, samples
from policy.engine.vocabulary import FactDefinition

MAX_REPORTED = 5
"""Faults of one sort shown per table; the first ones are enough to see what is wrong."""
MAX_REGIONS = 20_000
"""A table that needs more cannot be proved in reasonable time, nor read by a person."""


class Unprovable(ValueError):
    """A table whose columns cut one another into too many cases."""


@dataclass(frozen=True)
class Column:
    """One input with its cell in every row."""

    fact: str
    definition: FactDefinition
    cells: tuple[Cell, ...]


def gaps(columns: Sequence[Column], rows: int) -> list[str]:
    """Descriptions of cases that no row covers."""
    found: list[str] = []
    for standing, labels in _regions(columns, rows):
        if not standing:
            found.append(_describe(labels))
            if len(found) == MAX_REPORTED:
                break
    return found


def overlaps(columns: Sequence[Column], rows: int) -> list[tuple[int, int, str]]:
    """Pairs of rows that both cover some case, with a description of it."""
    found: dict[tuple[int, int], str] = {}
    for standing, labels in _regions(columns, rows):
        if len(standing) > 1:
            found.setdefault((standing[0], standing[1]), _describe(labels))
            if len(found) == MAX_REPORTED:
                break
    return [(first, second, where) for (first, second), where in found.items()]


def unreachable(columns: Sequence[Column], rows: int) -> list[int]:
    """Rows of a first-hit table that no case ever reaches."""
    reached = {standing[0] for standing, _ in _regions(columns, rows) if standing}
    return sorted(set(range(rows)) - reached)


def _regions(columns: Sequence[Column], rows: int) -> Iterator[tuple[tuple[int, ...], tuple[tuple[str, str], ...]]]:
    """Every region of the input space: the rows that cover it, and one (fact, sample) per column narrowed."""
    for count, region in enumerate(_narrow(columns, tuple(range(rows)), ())):
        if count == MAX_REGIONS:
            raise Unprovable(f"the columns cut one another into more than {MAX_REGIONS} cases: split the table")
        yield region


def _narrow(
    columns: Sequence[Column], standing: tuple[int, ...], labels: tuple[tuple[str, str], ...]
) -> Iterator[tuple[tuple[int, ...], tuple[tuple[str, str], ...]]]:
    if not columns or not standing:
        yield standing, labels
        return
    column, rest = columns[0], columns[1:]
    alike: dict[tuple[int, ...], list[str]] = {}
    for sample in samples(column.cells, column.definition):
        left = tuple(
            row
            for row in standing
            if (
                column.cells[row].covers_not_applicable()
                if sample.value is None
                else column.cells[row].covers(sample.value)
            )
        )
        alike.setdefault(left, []).append(sample.label)
    for left, sample_labels in alike.items():
        narrowed = labels if left == standing and len(alike) == 1 else (*labels, (column.fact, sample_labels[0]))
        yield from _narrow(rest, left, narrowed)


def _describe(labels: tuple[tuple[str, str], ...]) -> str:
    return ", ".join(f"{fact} {label}" for fact, label in labels) or "any case"
