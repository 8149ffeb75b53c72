"""The real parts that tests stand on. Each is started by the first test that asks for it, and only then."""

import os

import pytest

LONG = (
    "tests/faults/test_kills.py",
    "tests/docs/test_handbook.py",
    "tests/journeys/test_upgrades.py",
    # A process is given its next file when two tests of the one before are left: a file of one test, such as the first
    # above, has the fourth waiting behind it, and that had better be short.
    "tests/docs/",
    "tests/policy/test_mutations.py",
    "tests/faults/test_restores.py",
    "tests/contract/test_schemathesis.py",
    "tests/journeys/test_example_cases.py",
    "tests/stack/",
    "tests/faults/",
    "tests/journeys/",
    "tests/bench/",
    "tests/contract/",
)
"""Files and rooms whose tests take minutes, longest first: begun first, so that no processor waits for the last of them."""

# The same routes of the same services are asked at the running bank (`tests/contract`); `make fuzz` asks here as well.
collect_ignore = (
    [] if "SUANDAI_CONTRACT_EXAMPLES" in os.environ else ["pricing/test_contract.py", "collateral/test_contract.py"]
)

pytest_plugins = [
    "tests.fixtures.postgres",
    "tests.fixtures.identity",
    "tests.fixtures.temporal",
    "tests.fixtures.stack",
    "tests.fixtures.cases",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long first; within a room the order stays."""

    def place(item: pytest.Item) -> int:
        return next((number for number, room in enumerate(LONG) if item.nodeid.startswith(room)), len(LONG))

    items.sort(key=place)
