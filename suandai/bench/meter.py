"""Processor time and memory of the stack's components, each with the processes it started (Postgres has one a connection)
that are no component themselves."""

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

_PROC = Path("/proc")


class NotMetered(RuntimeError):
    """This system does not tell what its processes use (it has no ``/proc``)."""


class Meter:
    """Reads what the processes of these components have used, by name of the component."""

    def __init__(self, components: Mapping[str, int]) -> None:
        """``components`` are process ids. Raises ``NotMetered`` where nothing can be read."""
        if not (_PROC / "self" / "stat").exists():
            raise NotMetered("processor time and memory are read from /proc, which this system lacks")
        self._components = dict(components)
        self._tick = 1000 / os.sysconf("SC_CLK_TCK")

    def cpu_ms(self) -> dict[str, float]:
        """Processor time so far in milliseconds, with that of children that have ended."""
        used, children = self._processes()
        return {
            name: sum(used.get(pid, 0) for pid in self._own(root, children)) * self._tick
            for name, root in self._components.items()
        }

    def memory_mb(self) -> dict[str, float]:
        """Memory in MiB: the proportional share, so that what processes have in common is counted once."""
        _, children = self._processes()
        return {name: sum(map(_share_kb, self._own(root, children))) / 1024 for name, root in self._components.items()}

    def _own(self, root: int, children: Mapping[int, list[int]]) -> Iterator[int]:
        """A component's processes. What another component stands for is counted there: the supervisor started them all."""
        yield root
        others = set(self._components.values())
        for child in children.get(root, ()):
            if child not in others:
                yield from self._own(child, children)

    def _processes(self) -> tuple[dict[int, int], dict[int, list[int]]]:
        used: dict[int, int] = {}
        children: dict[int, list[int]] = defaultdict(list)
        for entry in _PROC.iterdir():
            if not entry.name.isdecimal():
                continue
            try:
                # The second field is the program's name in brackets and may hold spaces and brackets itself.
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it has ended since the directory was read
            pid = int(entry.name)
            children[int(fields[1])].append(pid)
            used[pid] = sum(int(ticks) for ticks in fields[11:15])
        return used, children


def spent(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """What each component used between two readings."""
    return {name: after[name] - before[name] for name in before}


def _share_kb(pid: int) -> int:
    try:
        for line in (_PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    except OSError:
        pass  # it has ended, or belongs to another account
    return 0
