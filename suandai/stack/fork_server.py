"""The process that services are forked off: ``python -m suandai.stack.fork_server module …``.

Three services and the simulated core bank read nearly the same libraries, and reading them takes a processor longer than
anything else a start does. Here they are read once; a service that is started, or started again after its end, is a copy
of this process which then becomes the service. It reads requests from standard input and tells of starts and ends on
standard output, a JSON object a line, and leaves when its input ends; what it started goes on.

It keeps no thread, opens no connection and draws no random number before it forks, so that no two services share any.
"""

import gc
import importlib
import json
import os
import runpy
import select
import signal
import sys
from contextlib import suppress
from typing import Any

_READ = 65536


def main(modules: list[str]) -> None:
    """Read the modules, then serve; in a process that was forked, run what was asked for and return when it has ended."""
    # What is read here stays: no collector has to look at it, here or in the services, whose pages stay shared that way.
    gc.disable()
    for module in modules:
        # A service that cannot be read says so itself, in its own log.
        with suppress(Exception):
            importlib.import_module(module)
    gc.freeze()
    _tell(ready=True)
    request = _serve()
    if request is not None:
        _become(request)


def _serve() -> dict[str, Any] | None:
    """Fork as asked until the supervisor is gone: ``None`` then, and in every forked process what it is to become."""
    woken, waker = os.pipe()
    for end in (woken, waker):
        os.set_blocking(end, False)
    # An end that comes between two looks is not missed: the signal leaves a byte to be read.
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    asked = b""
    while True:
        readable, _, _ = select.select([0, woken], [], [])
        if woken in readable:
            os.read(woken, _READ)
            _reap()
        if 0 in readable:
            chunk = os.read(0, _READ)
            if not chunk:
                return None
            *lines, asked = (asked + chunk).split(b"\n")
            for line in lines:
                pid = os.fork()
                if pid == 0:
                    signal.set_wakeup_fd(-1)
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    os.close(woken)
                    os.close(waker)
                    request: dict[str, Any] = json.loads(line)
                    return request
                _tell(started=pid)


def _reap() -> None:
    with suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0] != 0:
            pid, status = ended
            _tell(ended=pid, code=os.waitstatus_to_exitcode(status))


def _become(request: dict[str, Any]) -> None:
    """A session, a log, an environment and a name of its own, then the module as ``python -m`` would run it."""
    os.setsid()
    log = os.open(request["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for opened, number in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(opened, number)
    for opened in {nothing, log} - {0, 1, 2}:
        os.close(opened)
    os.environ.clear()
    os.environ.update(request["environment"])
    # What `ps` and `top` show; without it all would bear the interpreter's name. Linux only, and nothing depends on it.
    with suppress(OSError), open("/proc/self/comm", "w", encoding="utf-8") as name:
        name.write(request["name"])
    sys.argv = [request["module"], *request["arguments"]]
    gc.enable()
    runpy.run_module(request["module"], run_name="__main__", alter_sys=True)


def _tell(**what: Any) -> None:
    os.write(1, json.dumps(what).encode() + b"\n")


if __name__ == "__main__":
    main(sys.argv[1:])
