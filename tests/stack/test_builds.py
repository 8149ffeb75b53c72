"""Kept builds: whole or absent, under the name of their content, and enough to run a worker from."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from suandai.stack import StackError
from suandai.stack.assembly import SOURCES
from suandai.stack.builds import BuildStore, build_id
from tests.fixtures.builds import changed_sources

TITLE = ("workflows/human/titles.py", '"Credit review"', '"Review of the credit"')
CLIENT = (
    "services/origination/client/casework.py",
    '"""Enter the credit decision; an approval reserves what it grants."""',
    '"""Enter the decision."""',
)
# Ours as the worker's process has loaded it: every module and the file it came from.
_LOADED = """
import json, sys, workflows.worker
rooms = ("domain", "policy", "services", "suandai", "workflows", "migrations")
print(json.dumps({name: module.__file__ for name, module in sys.modules.items() if name.split(".")[0] in rooms}))
"""


@pytest.fixture
def store(tmp_path: Path) -> BuildStore:
    return BuildStore(tmp_path / "builds")


@pytest.fixture
def here() -> str:
    return build_id(SOURCES)


def test_a_worker_runs_wholly_from_what_is_kept(store: BuildStore, here: str, tmp_path: Path) -> None:
    store.keep(SOURCES, here)
    code = store.code(here)
    assert code is not None
    # From the sources' own directory, whose code must not come first.
    told = subprocess.run(
        [sys.executable, "-P", "-c", _LOADED],
        env=os.environ | {"PYTHONPATH": str(code)},
        cwd=SOURCES,
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    loaded = json.loads(told.stdout)
    assert "workflows.application.workflow" in loaded
    assert [name for name, file in loaded.items() if file and not Path(file).is_relative_to(code)] == []


def test_a_changed_process_is_another_build_and_a_changed_client_is_not(here: str, tmp_path: Path) -> None:
    assert build_id(changed_sources(tmp_path / "process", [TITLE])) != here
    assert build_id(changed_sources(tmp_path / "client", [CLIENT])) == here


def test_of_one_build_the_newest_client_counts(store: BuildStore, here: str, tmp_path: Path) -> None:
    store.keep(SOURCES, here)
    first = store.code(here)
    store.keep(SOURCES, here)
    assert store.code(here) == first
    store.keep(changed_sources(tmp_path / "client", [CLIENT]), here)
    second = store.code(here)
    assert second is not None
    assert second != first
    assert '"""Enter the decision."""' in (second / CLIENT[0]).read_text("utf-8")
    assert sorted(path.name for path in second.parent.iterdir()) == sorted(["build.json", second.name])


def test_only_the_build_itself_is_kept_under_its_name(store: BuildStore, here: str, tmp_path: Path) -> None:
    other = changed_sources(tmp_path / "other", [TITLE])
    with pytest.raises(StackError, match=f"no longer, build {here}"):
        store.keep(other, here)
    assert store.code(here) is None


def test_a_kept_build_that_was_changed_is_not_there(store: BuildStore, here: str) -> None:
    store.keep(SOURCES, here)
    code = store.code(here)
    assert code is not None
    file = code / TITLE[0]
    before = file.read_text("utf-8")
    for damage in (lambda: file.write_text(before + "\n"), file.unlink, lambda: (code / "domain/more.py").touch()):
        damage()
        assert store.code(here) is None
        # Installing the build again mends it.
        store.keep(SOURCES, here)
        assert store.code(here) == code
        assert file.read_text("utf-8") == before


def test_keeping_that_was_cut_off_leaves_nothing_that_counts(store: BuildStore, here: str) -> None:
    store.keep(SOURCES, here)
    code = store.code(here)
    assert code is not None
    (code.parent / "build.json").unlink()
    code.rename(code.parent / "draft")
    assert store.code(here) is None
    store.keep(SOURCES, here)
    assert store.code(here) == code
    assert not (code.parent / "draft").exists()


@pytest.mark.parametrize("name", ["..", "../../etc", "", "1", "0123456789abcdeg", "0123456789ABCDEF"])
def test_a_name_that_is_no_build_reaches_nothing(store: BuildStore, name: str) -> None:
    assert store.code(name) is None
    with pytest.raises(StackError):
        store.remove(name)
