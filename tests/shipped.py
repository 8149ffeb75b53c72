"""The book this house ships, read once a process; and another in its place, for the test that takes rows out of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from policy.engine import Bundle, load_book

BOOK = Path(__file__).parents[1] / "policy" / "book"

_instead: list[Bundle] = []


@cache
def _read() -> Bundle:
    return load_book(BOOK)


def shipped_book() -> Bundle:
    """Every test of a process may share it: a bundle never changes."""
    return _instead[-1] if _instead else _read()


@contextmanager
def instead_of_the_shipped(bundle: Bundle) -> Iterator[None]:
    """Another book, for whoever asks for the shipped one meanwhile."""
    _instead.append(bundle)
    try:
        yield
    finally:
        _instead.pop()
