"""Processes by pid and start time: a pid alone may long belong to somebody else."""

import json
import os
import pwd
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypedDict

from suandai.stack.component import Command, Component, StackError, inherited_environment

_POLL_SECONDS = 0.02
_LOG_LIMIT = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ProcessMark:
    """A process that can be recognised later, by this program or another one: its pid and when it started."""

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> Self | None:
        """The mark of a running process; ``None`` when there is none or it has ended and only waits to be reaped."""
        started = _start_of(pid)
        return None if started is None else cls(pid, started)

    def is_alive(self) -> bool:
        """Whether this very process, and not a later one with its pid, still runs."""
        return _start_of(self.pid) == self.started

    def end(self, stop_signal: signal.Signals = signal.SIGTERM, grace_seconds: float = 10.0) -> None:
        """Ask the process to end, kill it after the grace, and return when it is gone. Works for any parent's child."""
        if not self.is_alive():
            return
        with suppress(ProcessLookupError):
            os.kill(self.pid, stop_signal)
        if not wait_until(lambda: not self.is_alive(), grace_seconds):
            with suppress(ProcessLookupError):
                # A component leads a process group of its own, and its children go with it; a supervisor may not.
                (os.killpg if os.getpgid(self.pid) == self.pid else os.kill)(self.pid, signal.SIGKILL)
            wait_until(lambda: not self.is_alive(), 5.0)


def _start_of(pid: int) -> str | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return None if Path("/proc/self/stat").exists() else _start_by_ps(pid)
    except ProcessLookupError:
        return None
    # The second field is the program's name in brackets and may hold spaces and brackets itself.
    state, *rest = stat.rpartition(")")[2].split()
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return None if state in "ZX" else f"{boot}/{rest[18]}"


def _start_by_ps(pid: int) -> str | None:
    shown = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    state, _, started = shown.stdout.strip().partition(" ")
    return None if not started or state.startswith("Z") else started.strip()


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Poll a condition until it holds; ``False`` when it does not within ``seconds``."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def room_for(log: Path) -> None:
    """Put a log that has grown large aside, keeping one of its predecessors."""
    if log.exists() and log.stat().st_size > _LOG_LIMIT:
        log.replace(log.with_suffix(".old.log"))


class ComponentProcess(ABC):
    """A component's process, started by us: its mark, its log and its end."""

    mark: ProcessMark

    def __init__(self, command: Command, log: Path) -> None:
        self.command = command
        self.log = log
        room_for(log)

    @property
    @abstractmethod
    def exit_code(self) -> int | None:
        """What the process ended with; ``None`` while it runs."""

    @abstractmethod
    def stop(self) -> None:
        """End the process in its own way, or by force after its grace."""

    def last_words(self, lines: int = 3) -> str:
        """The end of the log in one line, for a message about a process that would not start."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as file:
            file.seek(max(0, self.log.stat().st_size - 16384))
            tail = file.read().decode(errors="replace").splitlines()
        words = [said for line in tail if (said := _said(line))]
        return " | ".join(words[-lines:])


class RunningProcess(ComponentProcess):
    """A process that runs a program of its own."""

    def __init__(self, command: Command, log: Path) -> None:
        """Start it, in a session of its own, so that Ctrl-C at the terminal reaches the supervisor alone."""
        super().__init__(command, log)
        # The process writes its log itself: it does not depend on a parent that may be killed.
        with log.open("ab") as sink:
            self._popen = subprocess.Popen(
                command.arguments,
                env=inherited_environment() | dict(command.environment),
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **identity(command.user),
            )
        # A child is not reaped before we ask, so even one that ended at once still has its start time.
        self.mark = ProcessMark.of(self._popen.pid) or ProcessMark(self._popen.pid, "ended")

    @property
    def exit_code(self) -> int | None:
        return self._popen.poll()

    def stop(self) -> None:
        if self._popen.poll() is None:
            self._popen.send_signal(self.command.stop_signal)
            try:
                self._popen.wait(self.command.grace_seconds)
            except subprocess.TimeoutExpired:
                with suppress(ProcessLookupError):
                    os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.wait()


def _said(line: str) -> str:
    """What a line of a log says: itself, or the event of a structured one, of which a traceback's last line matters."""
    try:
        event = json.loads(line)["event"]
    except (ValueError, KeyError, TypeError):
        event = line
    *_, last = ["", *(part.strip() for part in str(event).splitlines() if part.strip())]
    return last[:300]


class Identity(TypedDict, total=False):
    """Whom a process runs as, in the words of ``subprocess``."""

    user: int
    group: int
    extra_groups: list[int]


def identity(account: str | None) -> Identity:
    """Nothing for the caller's own account; else the account with its own group and none of the caller's groups."""
    if account is None:
        return {}
    entry = pwd.getpwnam(account)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


@contextmanager
def running(component: Component, logs: Path, *, within_seconds: float = 60.0) -> Iterator[RunningProcess]:
    """One component on its own, ready and completed inside the block, without a supervisor: for tests and tools."""
    component.prepare()
    process = RunningProcess(component.command(), logs / f"{component.name}.log")
    component.pid = process.mark.pid
    try:
        wait_until(lambda: component.is_ready() or process.exit_code is not None, within_seconds)
        if not component.is_ready():
            raise StackError(f"{component.name} did not become ready: {process.last_words()}")
        component.complete()
        yield process
    finally:
        process.stop()
