"""The real parts that tests stand on. Each is started by the first test that asks for it, and only then."""

import pytest

LONG = ("tests/docs", "tests/faults", "tests/journeys", "tests/bench", "tests/stack", "tests/contract")
"""Rooms whose tests take minutes, longest first: begun first, so that no processor waits for the last of them."""

pytest_plugins = [
    "tests.fixtures.postgres",
    "tests.fixtures.identity",
    "tests.fixtures.temporal",
    "tests.fixtures.stack",
    "tests.fixtures.cases",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long rooms first; within a room the order stays."""

    def place(item: pytest.Item) -> int:
        return next((number for number, room in enumerate(LONG) if item.nodeid.startswith(f"{room}/")), len(LONG))

    items.sort(key=place)
