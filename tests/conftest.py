"""The real parts that tests stand on. Each is started by the first test that asks for it, and only then."""

pytest_plugins = [
    "tests.fixtures.postgres",
    "tests.fixtures.identity",
    "tests.fixtures.temporal",
    "tests.fixtures.stack",
    "tests.fixtures.cases",
]
