"""The supervisor: starts the components in order, keeps them running, and ends them in reverse."""

import asyncio
import errno
import functools
import logging
import shutil
import subprocess
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from suandai.stack.assembly import KEY_HOLDERS, SOURCES, Assembly
from suandai.stack.component import Component, StackError
from suandai.stack.fleet import lost_build
from suandai.stack.forking import ForkedProcess, ForkServer
from suandai.stack.keys import ensure_keys
from suandai.stack.layout import Layout, Ports, is_free
from suandai.stack.process import ComponentProcess, RunningProcess
from suandai.stack.record import ComponentRecord, DirectoryInUse, StackRecord, locked
from suandai.stack.workers import WORKER

_log = logging.getLogger(__name__)

T = TypeVar("T")
Opening = Callable[[Assembly], Awaitable[Sequence[str]]]

BUILDS_SECONDS = 60.0
"""How often builds are looked after: those whose last case has ended let their worker go."""
READY_SECONDS = 180.0
"""How long a component may take from its start until it answers."""
FREE_BYTES = 300 * 1024 * 1024
"""What the disk must still hold before a start: databases that run out of space mid-write are slow to bring back."""
_POLL_SECONDS = 0.05
_LONGEST_PROBE_PAUSE = 0.5
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 30.0
# A component that ran this long had recovered, and its next end is a new trouble.
_STEADY_SECONDS = 60.0


@dataclass(slots=True)
class Part:
    """A component under supervision and how it stands."""

    component: Component
    state: str = "waiting"
    process: ComponentProcess | None = None
    restarts: int = 0

    @property
    def name(self) -> str:
        return self.component.name


class Stack:
    """The whole stack, or some of its components, in one directory: ``async with Stack(directory) as stack``.

    ``sources`` hold the build that new cases are sent to; builds that still have cases get a worker of their own.
    ``components`` names those to run (all by default); ``extra`` are components of the caller's, started after them;
    ``opening`` is what a whole stack still has done to it before it counts as up, and what it says stands in ``opened``.
    Raises ``StackError`` with one line for a person when it cannot start.
    """

    def __init__(
        self,
        directory: Path,
        *,
        ports: Ports | None = None,
        components: Sequence[str] | None = None,
        extra: Sequence[Component] = (),
        free_bytes: int = FREE_BYTES,
        ready_seconds: float = READY_SECONDS,
        opening: Opening | None = None,
        sources: Path = SOURCES,
        builds_seconds: float = BUILDS_SECONDS,
    ) -> None:
        self.layout = Layout(directory.absolute())
        self.assembly = Assembly(self.layout, ports or Ports.from_base(), sources)
        self._stages = [
            [Part(component) for component in stage if components is None or component.name in components]
            for stage in self.assembly.stages
        ]
        unknown = set(components or ()) - {part.name for part in self.parts}
        if unknown:
            raise StackError(f"no such component: {', '.join(sorted(unknown))}")
        self._stages.append([Part(component) for component in extra])
        # Workers of builds before the installed one; which there are only the server knows.
        self._earlier: list[Part] = []
        self._stages.append(self._earlier)
        self._let_go: set[str] = set()
        self._builds_seconds = builds_seconds
        # Only a whole stack has services that can be asked for something.
        self._opening = opening if components is None else None
        self.opened: Sequence[str] = ()
        self._free_bytes = free_bytes
        self._ready_seconds = ready_seconds
        self._held = ExitStack()
        self._state: str | None = None
        self._watchers: dict[str, asyncio.Task[None]] = {}
        self._told: dict[str, str] = {}
        # Probes block, and every component has one: the loop's own few threads would make them wait for each other.
        self._threads = ThreadPoolExecutor(max_workers=16, thread_name_prefix="stack")
        self._fork_servers = _fork_servers(self.parts, self.layout.logs)

    @property
    def parts(self) -> list[Part]:
        """All components in the order of their start."""
        return [part for stage in self._stages for part in stage]

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start everything, each stage when the one before it is ready. On failure everything is ended again."""
        try:
            await self._prepare()
            for stage in self._stages:
                outcomes = await asyncio.gather(*(self._bring_up(part) for part in stage), return_exceptions=True)
                for outcome in outcomes:
                    if isinstance(outcome, BaseException):
                        raise outcome
            runs_cases = any(part.name == WORKER for part in self.parts)
            if runs_cases:
                await self._man_builds()
            if self._opening is not None:
                self.opened = await self._opening(self.assembly)
            self._state = "up"
            self._write()
        except BaseException as error:
            await asyncio.shield(self.stop())
            if isinstance(error, OSError):
                raise explained(error, self.layout.directory) from error
            raise
        for part in self.parts:
            self._watch_over(part)
        if runs_cases:
            self._watchers["builds"] = asyncio.create_task(self._tend_builds())

    async def stop(self) -> None:
        """End everything, last started first, and give the directory free."""
        watchers = list(self._watchers.values())
        for watcher in watchers:
            watcher.cancel()
        await asyncio.gather(*watchers, return_exceptions=True)
        self._watchers = {}
        for stage in reversed(self._stages):
            await asyncio.gather(*(self._end(part) for part in stage))
        if self._state is not None:
            for fork_server in self._fork_servers.values():
                await self._in_thread(fork_server.stop)
            # A directory that was refused is left as it was found.
            self._state = None
            with suppress(OSError):
                StackRecord.now("stopped").write(self.layout.record)
        self._held.close()
        self._threads.shutdown(wait=False)

    def environment(self, component: str) -> dict[str, str]:
        """The ``SUANDAI_*`` variables that a component is started with."""
        return self.assembly.settings(component)

    async def _prepare(self) -> None:
        layout = self.layout
        layout.directory.mkdir(parents=True, exist_ok=True)
        self._held.enter_context(locked(layout.lock))
        record = StackRecord.read(layout.record)
        if record is None and (layout.postgres / "data" / "PG_VERSION").exists():
            raise StackError(
                f"{layout.directory} holds data but no stack.json that tells its format; move it away and start anew"
            )
        if record is not None and (left := await self._in_thread(record.end_all)):
            _log.warning("ended what an earlier stack left running: %s", ", ".join(left))
        free = shutil.disk_usage(layout.directory).free
        if free < self._free_bytes:
            raise StackError(
                f"only {free >> 20} MB are free on the disk that holds {layout.directory};"
                f" suandai needs {self._free_bytes >> 20} MB to start"
            )
        self._check_ports()
        for directory in (layout.logs, layout.documents, layout.core_banking):
            directory.mkdir(mode=0o700, exist_ok=True)
        self._state = "starting"
        self._write()
        for fork_server in self._fork_servers.values():
            # They read what the services need while the database comes up.
            fork_server.start()
        if any(part.name in KEY_HOLDERS for part in self.parts):
            await self._in_thread(lambda: ensure_keys(layout.keys, layout.worker_keys))

    def _check_ports(self) -> None:
        taken = [
            f"{port} ({purpose} of {part.name})"
            for part in self.parts
            for purpose, port in part.component.ports().items()
            if not is_free(port)
        ]
        if taken:
            raise StackError(
                f"in use by another program: port {', port '.join(taken)};"
                " choose other ports with --port-base or SUANDAI_PORT_BASE"
            )

    async def _bring_up(self, part: Part) -> None:
        component = part.component
        part.state = "preparing"
        await self._in_thread(component.prepare)
        log = self.layout.logs / f"{component.name}.log"
        if (fork_server := self._fork_server(component)) is not None:
            await self._in_thread(fork_server.wait)
        # The record follows the start at once: a process nobody knows of could not be found after a crash.
        part.process = self._launched(component, log)
        component.pid = part.process.mark.pid
        self._write()
        part.state = "starting"
        deadline = time.monotonic() + self._ready_seconds
        pause = _POLL_SECONDS
        while not await self._in_thread(component.is_ready):
            if part.process.exit_code is not None:
                raise StackError(_last_words(part))
            if time.monotonic() > deadline:
                lacks = f" (it lacks: {lacks})" if (lacks := component.lacks()) else ""
                raise StackError(f"{component.name} was not ready within {self._ready_seconds:.0f} s{lacks}; see {log}")
            await asyncio.sleep(pause)
            # Probing costs what the parts that are still starting could use.
            pause = min(pause * 1.5, _LONGEST_PROBE_PAUSE)
        part.state = "completing"
        await self._in_thread(component.complete)
        part.state = "ready"

    def _fork_server(self, component: Component) -> ForkServer | None:
        return self._fork_servers.get(component.preload.libraries) if component.preload is not None else None

    def _launched(self, component: Component, log: Path) -> ComponentProcess:
        command = component.command()
        if (fork_server := self._fork_server(component)) is not None:
            # Without a fork server a component starts as it does anywhere else, only later.
            with suppress(OSError):
                return ForkedProcess(fork_server, component.name, command, log)
        return RunningProcess(command, log)

    async def _man_builds(self) -> None:
        """Give every build that still has cases a worker, and let those go that have none left.

        A worker that does not come up keeps nobody waiting but its own cases: it is tried again for as long as it is needed.
        """
        views = await self._in_thread(self.assembly.fleet.survey)
        wanted = {worker.name: worker for worker in self.assembly.fleet.earlier(views)}
        for part in [part for part in self._earlier if part.name not in wanted]:
            self._earlier.remove(part)
            await self._dismiss(part)
        new = [Part(wanted[name]) for name in wanted.keys() - {part.name for part in self._earlier}]
        self._earlier += sorted(new, key=lambda part: part.name)
        for view in views:
            if view.lost:
                self._tell(view.build, lost_build(view, self.layout.builds))
        outcomes = await asyncio.gather(*(self._bring_up(part) for part in new), return_exceptions=True)
        for part, outcome in zip(new, outcomes, strict=True):
            if isinstance(outcome, StackError | OSError):
                self._tell(part.name, str(outcome))
                part.state = "failed"
            elif isinstance(outcome, BaseException):
                raise outcome
            self._watch_over(part)
        for view in views:
            if not view.needs_worker and view.code_kept and view.build not in self._let_go:
                await self._in_thread(functools.partial(self.assembly.fleet.retire, view.build))
                self._let_go.add(view.build)

    async def _tend_builds(self) -> None:
        while True:
            await asyncio.sleep(self._builds_seconds)
            try:
                await self._man_builds()
            except (StackError, OSError, subprocess.SubprocessError) as error:
                self._tell("builds", f"builds could not be looked after: {error}")
            else:
                self._told.pop("builds", None)

    async def _dismiss(self, part: Part) -> None:
        watcher = self._watchers.pop(part.name)
        watcher.cancel()
        await asyncio.gather(watcher, return_exceptions=True)
        await self._end(part)
        self._write()
        _log.warning("%s has no case left and was ended", part.name)

    def _watch_over(self, part: Part) -> None:
        if part.name not in self._watchers:
            self._watchers[part.name] = asyncio.create_task(self._watch(part))

    def _tell(self, about: str, what: str) -> None:
        """Say something once, and again only when it has become something else."""
        if self._told.get(about) != what:
            self._told[about] = what
            _log.warning("%s", what)

    async def _watch(self, part: Part) -> None:
        pause = _FIRST_PAUSE
        ready_since = time.monotonic()
        while True:
            await asyncio.sleep(_POLL_SECONDS)
            if part.process is not None and part.process.exit_code is None and part.state == "ready":
                continue
            if time.monotonic() - ready_since > _STEADY_SECONDS:
                pause = _FIRST_PAUSE
            if part.process is not None:
                _log.warning("%s; starting it again in %.1f s", _last_words(part), pause)
            part.state = "restarting"
            part.restarts += 1
            await self._end(part)
            part.state = "restarting"
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
            try:
                await self._bring_up(part)
            except (StackError, OSError) as error:
                told = explained(error, self.layout.directory) if isinstance(error, OSError) else error
                self._tell(part.name, str(told))
                part.state = "failed"
            else:
                self._told.pop(part.name, None)
            ready_since = time.monotonic()

    async def _end(self, part: Part) -> None:
        if part.process is not None:
            part.state = "stopping"
            await self._in_thread(part.process.stop)
            part.process = None
            part.state = "stopped"

    def _write(self) -> None:
        assert self._state is not None
        started = tuple(_recorded(part) for part in self.parts if part.process)
        StackRecord.now(self._state, started).write(self.layout.record)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def _fork_servers(parts: Sequence[Part], logs: Path) -> dict[tuple[str, ...], ForkServer]:
    """One for each set of libraries that components have in common; none where processes that are not our children cannot
    be watched cheaply."""
    if not Path("/proc/self/stat").exists():
        return {}
    modules: dict[tuple[str, ...], list[str]] = {}
    for part in parts:
        if (preload := part.component.preload) is not None:
            modules.setdefault(preload.libraries, []).extend(preload.modules)
    return {
        libraries: ForkServer(libraries, own, logs / f"fork-server-{number}.log")
        for number, (libraries, own) in enumerate(modules.items(), start=1)
    }


def down(directory: Path) -> list[str]:
    """End the stack of a directory, whatever became of its supervisor; the names of what still ran.

    Raises ``StackError`` when the directory holds something else.
    """
    layout = Layout(directory.absolute())
    if not layout.directory.exists():
        return []
    ended = []
    try:
        with locked(layout.lock):
            pass
    except DirectoryInUse as in_use:
        if in_use.holder is None:
            raise
        # The supervisor ends its components itself, in order; a component may use its whole grace.
        in_use.holder.end(grace_seconds=120)
        ended.append("supervisor")
    with locked(layout.lock):
        record = StackRecord.read(layout.record)
        if record is not None:
            ended += record.end_all()
            StackRecord.now("stopped").write(layout.record)
    return ended


def _recorded(part: Part) -> ComponentRecord:
    assert part.process is not None
    return ComponentRecord(
        name=part.name,
        mark=part.process.mark,
        stop_signal=part.process.command.stop_signal,
        grace_seconds=part.process.command.grace_seconds,
        log=str(part.process.log),
        ports=part.component.ports(),
        addresses=part.component.addresses(),
        restarts=part.restarts,
    )


def _last_words(part: Part) -> str:
    if part.process is None:
        return f"{part.name} is not running"
    words = part.process.last_words()
    if "No space left on device" in words:
        return f"{part.name} found no space left on the disk"
    return f"{part.name} ended with {part.process.exit_code}: {words or 'it said nothing'} (see {part.process.log})"


def explained(error: OSError, directory: Path) -> StackError:
    """What a refusal of the operating system means to the person who started the stack."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StackError(f"no space left on the disk that holds {directory}")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return StackError(f"no permission to write in {directory} ({error.filename or error.strerror})")
    return StackError(f"{error.strerror or error} ({error.filename or directory})")
