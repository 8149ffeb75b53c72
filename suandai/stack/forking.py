"""Processes that are forked off one which has read their code already; see ``fork_server`` for what that process does."""

import json
import os
import select
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from suandai.stack.component import Command, inherited_environment
from suandai.stack.process import ComponentProcess, ProcessMark, room_for

_UNKNOWN = 255
"""The exit code of a process whose end nobody could see, because the fork server had ended before it."""
_TOLD_WITHIN = 1.0


class ForkServer:
    """The supervisor's side of a fork server. All methods may be called from any thread."""

    def __init__(self, libraries: Sequence[str], modules: Sequence[str], log: Path) -> None:
        """``libraries`` are what every component of its reads, ``modules`` what those read that run the installed code;
        ``log`` is where its errors go."""
        self._arguments = (*libraries, "--", *modules)
        self._log = log
        self._popen: subprocess.Popen[bytes] | None = None
        self._ready = False
        self._ended: dict[int, int] = {}
        self._lock = threading.Lock()

    def start(self) -> None:
        """Let it begin to read, unless it runs."""
        with self._lock:
            self._start()

    def wait(self) -> None:
        """Return when it can fork, or has failed to: ``fork`` says so then. One that has ended is started again."""
        with self._lock:
            self._start()
            while not self._ready and self._hear():
                pass

    def fork(self, name: str, command: Command, log: Path) -> int:
        """Start a component's process and return its pid. Raises ``OSError`` when there is nobody to fork it.

        The command is ``python … -m module …``.
        """
        at = command.arguments.index("-m")
        own_code = command.environment.get("PYTHONPATH", "")
        request = {
            "name": name,
            "module": command.arguments[at + 1],
            "arguments": command.arguments[at + 2 :],
            "environment": inherited_environment() | dict(command.environment),
            "own_code": own_code.split(os.pathsep) if own_code else [],
            "log": str(log),
        }
        with self._lock:
            if self._popen is None or not self._ready:
                raise ConnectionError("the fork server does not run")
            assert self._popen.stdin is not None
            self._popen.stdin.write(json.dumps(request).encode() + b"\n")
            while True:
                told = self._hear()
                if not told:
                    raise ConnectionError("the fork server ended")
                if "started" in told:
                    pid = int(told["started"])
                    self._ended.pop(pid, None)
                    return pid

    def exit_code(self, mark: ProcessMark) -> int | None:
        """What a forked process ended with; ``None`` while it runs."""
        alive = mark.is_alive()
        with self._lock:
            # The server tells of an end a moment after it; one that was killed itself never does.
            while self._has_news(0 if alive else _TOLD_WITHIN) and self._hear():
                if mark.pid in self._ended:
                    break
            code = self._ended.get(mark.pid, _UNKNOWN)
        return None if alive else code

    def stop(self) -> None:
        """End it; what it started goes on."""
        with self._lock:
            if self._popen is None:
                return
            self._hang_up()
            try:
                # It may still be reading, and looks at its input only afterwards.
                self._popen.wait(0.5 if self._ready else 0)
            except subprocess.TimeoutExpired:
                self._popen.kill()
                self._popen.wait()
            self._popen, self._ready = None, False

    def _start(self) -> None:
        if self._popen is not None:
            if self._popen.poll() is None:
                return
            self._hang_up()
        self._ready = False
        room_for(self._log)
        with self._log.open("ab") as sink:
            self._popen = subprocess.Popen(
                [sys.executable, "-m", "suandai.stack.fork_server", *self._arguments],
                env=inherited_environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=sink,
                # What is told waits in the pipe alone, where it can be looked for.
                bufsize=0,
                start_new_session=True,
            )

    def _hang_up(self) -> None:
        assert self._popen is not None
        for end in (self._popen.stdin, self._popen.stdout):
            assert end is not None
            with suppress(OSError):
                end.close()

    def _has_news(self, within_seconds: float) -> bool:
        if self._popen is None or self._popen.stdout is None or self._popen.stdout.closed:
            return False
        return bool(select.select([self._popen.stdout], [], [], within_seconds)[0])

    def _hear(self) -> dict[str, Any]:
        """The next line it tells, waited for; empty when it has ended."""
        assert self._popen is not None
        assert self._popen.stdout is not None
        line = self._popen.stdout.readline()
        told: dict[str, Any] = json.loads(line) if line.endswith(b"\n") else {}
        if told.get("ready"):
            self._ready = True
        elif "ended" in told:
            self._ended[told["ended"]] = told["code"]
        return told


class ForkedProcess(ComponentProcess):
    """A component's process that the fork server started: it is the server's child, and ours by its mark only."""

    def __init__(self, server: ForkServer, name: str, command: Command, log: Path) -> None:
        """Start it. Raises ``OSError`` when the server does not run."""
        super().__init__(command, log)
        pid = server.fork(name, command, log)
        self._server = server
        self.mark = ProcessMark.of(pid) or ProcessMark(pid, "ended")

    @property
    def exit_code(self) -> int | None:
        return self._server.exit_code(self.mark)

    def stop(self) -> None:
        self.mark.end(self.command.stop_signal, self.command.grace_seconds)
