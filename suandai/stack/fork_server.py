"""The process that components are forked off: ``python -m suandai.stack.fork_server library … -- module …``.

Three services, the simulated core bank and the worker read nearly the same libraries, and reading them takes a processor
longer than anything else a start does. Here they are read once; a component that is started, or started again after its
end, is a copy of this process which then becomes the component. It reads requests from standard input and tells of starts
and ends on standard output, a JSON object a line, and leaves when its input ends; what it started goes on.

The worker runs the kept code of its build and not the installed one. So the process doubles once the libraries are read:
one goes on to read the installed modules, the other never does and is what such a component is a copy of.

Neither keeps a thread, opens a connection or draws a random number before it forks, so no two components share any.
"""

import gc
import importlib
import json
import os
import runpy
import select
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

_READ = 65536

Request = dict[str, Any]
"""``name`` of the component, ``module`` and ``arguments`` to run, ``environment``, ``log``, and ``own_code``: directories
with code that goes before the installed one, empty for a component that runs what is installed."""


def main(libraries: Sequence[str], modules: Sequence[str]) -> None:
    """Read, then serve; in a process that was forked, run what was asked for and return when it has ended."""
    # What is read here stays: no collector has to look at it, here or in the components, whose pages stay shared that way.
    gc.disable()
    _import(libraries)
    request, bare = _double() if modules else (None, None)
    if request is None:
        _import(modules)
        _tell(ready=True)
        request = _serve(0, bare)
    if request is None:
        # Nothing is held that would have to be given back.
        os._exit(0)
    _become(request)


def _import(names: Sequence[str]) -> None:
    for name in names:
        try:
            importlib.import_module(name)
        except Exception as error:
            # The others can be forked all the same; a component that needs this says so at its start, in its own log.
            print(f"{name} was not read: {type(error).__name__}", file=sys.stderr, flush=True)
    gc.freeze()


def _double() -> tuple[Request | None, int | None]:
    """Fork the process that keeps to the libraries; where requests for it are written, and in what it forked the request."""
    asked, ask = os.pipe()
    if os.fork() != 0:
        os.close(asked)
        return None, ask
    os.close(ask)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return _serve(asked, None) or os._exit(0), None


def _serve(requests: int, bare: int | None) -> Request | None:
    """Fork as asked until nobody can ask any more: ``None`` then, and in every forked process what it is to become.

    ``bare`` is where requests of components with code of their own are passed on to.
    """
    woken, waker = os.pipe()
    for end in (woken, waker):
        os.set_blocking(end, False)
    # An end that comes between two looks is not missed: the signal leaves a byte to be read.
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    unread = b""
    while True:
        readable, _, _ = select.select([requests, woken], [], [])
        if woken in readable:
            os.read(woken, _READ)
            _reap()
        if requests in readable:
            chunk = os.read(requests, _READ)
            if not chunk:
                return None
            *lines, unread = (unread + chunk).split(b"\n")
            for line in lines:
                request: Request = json.loads(line)
                if request["own_code"] and bare is not None:
                    os.write(bare, line + b"\n")
                    continue
                pid = os.fork()
                if pid == 0:
                    signal.set_wakeup_fd(-1)
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    for opened in {requests, woken, waker, bare} - {0, None}:
                        assert opened is not None
                        os.close(opened)
                    return request
                _tell(started=pid)


def _reap() -> None:
    with suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0] != 0:
            pid, status = ended
            _tell(ended=pid, code=os.waitstatus_to_exitcode(status))


def _become(request: Request) -> None:
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
    sys.path[:0] = request["own_code"]
    sys.argv = [request["module"], *request["arguments"]]
    gc.enable()
    runpy.run_module(request["module"], run_name="__main__", alter_sys=True)


def _tell(**what: Any) -> None:
    os.write(1, json.dumps(what).encode() + b"\n")


if __name__ == "__main__":
    at = sys.argv.index("--")
    main(sys.argv[1:at], sys.argv[at + 1 :])
