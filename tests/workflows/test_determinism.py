"""The determinism linter finds what it must, and the definitions are clean."""

from pathlib import Path

import pytest

from tests.workflows.determinism import computing_defaults, definition_files, faults_in

ROOT = Path(__file__).parents[2]


def test_the_definitions_are_clean() -> None:
    files = definition_files(ROOT)
    assert len(files) > 5
    assert [fault for file in files for fault in faults_in(file.read_text("utf-8"), str(file))] == []


def test_no_message_has_a_default_that_computes() -> None:
    files = sorted((ROOT / "domain").rglob("*.py"))
    assert len(files) > 20
    assert [fault for file in files for fault in computing_defaults(file.read_text("utf-8"), str(file))] == []


@pytest.mark.parametrize(
    "planted",
    [
        "for name in {'a', 'b'}: call(name)",
        "names = set(rows)\nfor name in names: call(name)",
        "def f(names: set[str]):\n    return [call(n) for n in names]",
        "class W:\n  def f(self):\n    self.open: set[str] = set()\n  def g(self):\n    for x in self.open: call(x)",
        "order = list({1, 2})",
        "for x in set(a) - set(b): call(x)",
        "await asyncio.wait(tasks)",
        "for t in asyncio.as_completed(tasks): pass",
        "started = datetime.now(UTC)",
        "key = uuid_utils.uuid7()",
        "key = uuid4()",
        "await workflow.execute_local_activity(pay)",
        "await asyncio.sleep(3)",
    ],
)
def test_a_planted_fault_is_found(planted: str) -> None:
    assert faults_in(planted)


@pytest.mark.parametrize(
    "sound", ["for name in sorted({'a', 'b'}): call(name)", "if x in {'a'}: call(x)", "now = workflow.now()"]
)
def test_what_is_sound_passes(sound: str) -> None:
    assert not faults_in(sound)


def test_a_clock_default_in_a_message_is_found() -> None:
    assert computing_defaults("class M(Message):\n    at: datetime = Field(default_factory=now)")
    assert not computing_defaults("class M(Message):\n    facts: dict[str, str] = Field(default_factory=dict)")
