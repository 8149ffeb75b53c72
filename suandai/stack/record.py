"""What a stack remembers of itself outside its processes: ``stack.json``, and one lock per directory.

The record is what lets the next ``up`` or ``down`` find the processes of a supervisor that was killed. The lock is the
kernel's, so it ends with its holder however that ended.
"""

import fcntl
import json
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from suandai.stack.component import StackError
from suandai.stack.files import write_private
from suandai.stack.process import ProcessMark

FORMAT = 1
"""The number of the directory's format; raised when an older directory can no longer be used as it is."""


@dataclass(frozen=True, slots=True)
class ComponentRecord:
    """A started component: enough to recognise and end its process, and to tell where it can be reached."""

    name: str
    mark: ProcessMark
    stop_signal: int
    grace_seconds: float
    log: str
    ports: Mapping[str, int] = field(default_factory=dict)
    addresses: Mapping[str, str] = field(default_factory=dict)
    restarts: int = 0

    def end(self) -> None:
        """End the process if it is still this one."""
        self.mark.end(signal.Signals(self.stop_signal), self.grace_seconds)


@dataclass(frozen=True, slots=True)
class StackRecord:
    """``stack.json``. ``state`` is ``starting``, ``up`` or ``stopped``; components in the order of their start."""

    state: str
    changed_at: datetime
    supervisor: ProcessMark | None
    components: tuple[ComponentRecord, ...] = ()

    @classmethod
    def now(cls, state: str, components: tuple[ComponentRecord, ...] = ()) -> Self:
        """The record as the running process writes it."""
        return cls(state, datetime.now(UTC), ProcessMark.of(os.getpid()), components)

    def is_up(self) -> bool:
        """Whether everything was started and runs, and somebody watches over it."""
        watched = self.supervisor is not None and self.supervisor.is_alive()
        return self.state == "up" and watched and all(part.mark.is_alive() for part in self.components)

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """The record at ``path``; ``None`` where there is none. Raises ``StackError`` for another format."""
        try:
            found: dict[str, Any] = json.loads(path.read_text("utf-8"))
        except FileNotFoundError:
            return None
        except (ValueError, OSError):
            raise StackError(f"{path} cannot be read; move the directory {path.parent} away and start anew") from None
        if found.get("format") != FORMAT:
            raise StackError(
                f"the data in {path.parent} has format {found.get('format')} and this suandai reads format {FORMAT};"
                " run the version that made it, or move the directory away and start anew"
            )
        try:
            return cls(
                found["state"],
                datetime.fromisoformat(found["changed_at"]),
                _mark(found["supervisor"]),
                tuple(_component(part) for part in found["components"]),
            )
        except (KeyError, TypeError, ValueError):
            raise StackError(f"{path} is damaged; move the directory {path.parent} away and start anew") from None

    def write(self, path: Path) -> None:
        """Replace the record at ``path`` in one step."""
        components = [
            {
                "name": part.name,
                "pid": part.mark.pid,
                "started": part.mark.started,
                "stop_signal": part.stop_signal,
                "grace_seconds": part.grace_seconds,
                "log": part.log,
                "ports": dict(part.ports),
                "addresses": dict(part.addresses),
                "restarts": part.restarts,
            }
            for part in self.components
        ]
        body = {
            "format": FORMAT,
            "state": self.state,
            "changed_at": self.changed_at.isoformat(),
            "supervisor": None if self.supervisor is None else asdict(self.supervisor),
            "components": components,
        }
        write_private(path, json.dumps(body, indent=1, ensure_ascii=False))

    def end_all(self) -> list[str]:
        """End every recorded process that still runs, last started first; the names of those that did."""
        ended = [part for part in reversed(self.components) if part.mark.is_alive()]
        for part in ended:
            part.end()
        return [part.name for part in ended]


def _component(found: Mapping[str, Any]) -> ComponentRecord:
    return ComponentRecord(
        name=found["name"],
        mark=ProcessMark(found["pid"], found["started"]),
        stop_signal=found["stop_signal"],
        grace_seconds=found["grace_seconds"],
        log=found["log"],
        ports=found["ports"],
        addresses=found["addresses"],
        restarts=found["restarts"],
    )


class DirectoryInUse(StackError):
    """Another supervisor holds the directory; ``holder`` is its process where it could be told."""

    def __init__(self, directory: Path, holder: ProcessMark | None) -> None:
        who = f"process {holder.pid}" if holder else "another process"
        super().__init__(
            f"a stack already runs in {directory} ({who}); see `suandai status`, or end it with `suandai down`"
        )
        self.holder = holder


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a directory's lock. Raises ``DirectoryInUse`` at once when somebody else does."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    with open(descriptor, "r+", encoding="utf-8") as file:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DirectoryInUse(path.parent, _holder(file.read())) from None
        own = ProcessMark.of(os.getpid())
        file.truncate(0)
        file.write(json.dumps(None if own is None else asdict(own)))
        file.flush()
        yield
        file.truncate(0)


def _mark(found: Mapping[str, Any] | None) -> ProcessMark | None:
    return None if found is None else ProcessMark(found["pid"], found["started"])


def _holder(text: str) -> ProcessMark | None:
    try:
        mark = _mark(json.loads(text))
    except (ValueError, KeyError, TypeError):
        return None
    return mark if mark is not None and mark.is_alive() else None
