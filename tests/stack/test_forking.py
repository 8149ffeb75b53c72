"""Components that are forked off a process which has read their libraries: what they share, and what they must not."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from suandai.stack.component import Command
from suandai.stack.forking import ForkedProcess, ForkServer
from suandai.stack.identity_provider import IdentityProvider
from suandai.stack.process import ProcessMark, wait_until
from suandai.stack.services import LIBRARIES

_PROBE, _INSTALLED = "tests.stack.probe", "tests.stack.tiny"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ForkServer]:
    """A fork server that has read what draws ids for the services."""
    server = ForkServer(("uuid_utils", "random"), (_INSTALLED,), tmp_path / "fork-server.log")
    server.wait()
    yield server
    server.stop()


def _until(condition: Callable[[], bool]) -> None:
    assert wait_until(condition, 30.0), "did not happen in time"


def _probe(server: ForkServer, log: Path, *arguments: str, **environment: str) -> ForkedProcess:
    return ForkedProcess(server, "probe", Command((sys.executable, "-m", _PROBE, *arguments), environment), log)


def _said(server: ForkServer, log: Path, *arguments: str, **environment: str) -> list[str]:
    process = _probe(server, log, *arguments, **environment)
    _until(lambda: process.exit_code is not None)
    assert process.exit_code == 0, process.last_words()
    return log.read_text("utf-8").splitlines()


def test_no_two_forked_processes_draw_the_same_ids(server: ForkServer, tmp_path: Path) -> None:
    drawn = [_said(server, tmp_path / f"{number}.log", "ids") for number in range(3)]
    assert all(len(ids) == 4 for ids in drawn)
    assert len({one for ids in drawn for one in ids}) == 12


def test_a_forked_process_has_its_own_environment_session_and_input(
    server: ForkServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUANDAI_OF_ANOTHER", "1")
    said = _said(server, tmp_path / "probe.log", "place", SUANDAI_OWN="2")
    assert said == ["SUANDAI_OWN=2", "leads its session", "input: ''"]


def test_what_a_process_ended_with_is_known(server: ForkServer, tmp_path: Path) -> None:
    refused = _probe(server, tmp_path / "refused.log", "refuse")
    _until(lambda: refused.exit_code is not None)
    assert (refused.exit_code, refused.last_words()) == (3, "refused")
    broken = _probe(server, tmp_path / "broken.log", "break")
    _until(lambda: broken.exit_code is not None)
    assert broken.exit_code == 1
    assert broken.last_words().endswith("RuntimeError: the settings are wrong")
    killed = _probe(server, tmp_path / "killed.log", "wait")
    assert killed.exit_code is None
    os.kill(killed.mark.pid, signal.SIGKILL)
    _until(lambda: killed.exit_code == -signal.SIGKILL)


def test_code_of_its_own_goes_before_the_installed_code(server: ForkServer, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    for package in (kept / "tests", kept / "tests/stack"):
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
    (kept / "tests/stack/probe.py").write_text("print('of another build')", "utf-8")
    installed = _said(server, tmp_path / "installed.log", "place")
    assert "leads its session" in installed
    assert _said(server, tmp_path / "own.log", PYTHONPATH=str(kept)) == ["of another build"]


def test_processes_outlive_a_killed_fork_server_and_the_next_is_forked_off_another(
    server: ForkServer, tmp_path: Path
) -> None:
    installed = _probe(server, tmp_path / "1.log", "wait")
    parent = ProcessMark.of(int(Path(f"/proc/{installed.mark.pid}/stat").read_text().rpartition(")")[2].split()[1]))
    assert parent is not None
    os.kill(parent.pid, signal.SIGKILL)
    _until(lambda: not parent.is_alive())
    assert installed.exit_code is None
    with pytest.raises(OSError):
        _probe(server, tmp_path / "2.log", "ids")
    server.wait()
    assert len(_said(server, tmp_path / "3.log", "ids")) == 4
    installed.stop()
    assert not installed.mark.is_alive()
    assert installed.exit_code is not None


def test_every_library_that_is_read_beforehand_is_there_and_draws_nothing(tmp_path: Path) -> None:
    preload = IdentityProvider.preload
    assert preload is not None
    for libraries in (LIBRARIES, preload.libraries):
        server = ForkServer(libraries, (_INSTALLED,), tmp_path / "fork-server.log")
        server.wait()
        try:
            said = _said(server, tmp_path / f"{len(libraries)}.log", "read", *libraries)
        finally:
            server.stop()
        # One thread: a lock that another thread holds at the fork would stay held for ever.
        assert said == ["missing: []", "threads: 1"]


def test_a_library_that_cannot_be_read_is_told_and_keeps_nobody_from_starting(tmp_path: Path) -> None:
    log = tmp_path / "fork-server.log"
    server = ForkServer(("no_such_library", "uuid_utils", "random"), (_INSTALLED,), log)
    server.wait()
    try:
        assert len(_said(server, tmp_path / "probe.log", "ids")) == 4
    finally:
        server.stop()
    assert log.read_text("utf-8") == "no_such_library was not read: ModuleNotFoundError\n"
