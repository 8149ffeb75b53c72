"""What golden tests of the book stand on: the shipped book, and nothing that could not be another book.

A test that takes ``bundle`` and parametrised values only is one of those that ``tests/policy/test_mutations.py`` asks
about a book with a row missing. It takes milliseconds, reads no file and keeps nothing between calls.
"""

import pytest

from policy.engine import Bundle
from tests.shipped import shipped_book


@pytest.fixture(scope="session")
def bundle() -> Bundle:
    """The shipped book."""
    return shipped_book()
