"""What a process said, in one form for both sides: read from the events of its history, and from the code that runs again.

A command is what a process asks of the world or answers to it: an activity with its input, a timer with its duration, the
result of an update, a signal, a search attribute, its own end. Both sides are brought to plain JSON values, so that they can be
compared place by place.

Not compared, for they say nothing about the case: headers (traces), who polled, and the engine's own instants.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

OWN_QUEUE = "(the workflow's own)"
UNCOMPARED = "not_compared"


@dataclass(frozen=True)
class Command:
    """``task`` is the id of the event that started the workflow task in which the command was given, ``event_id`` its own
    event (0 on the side of the code)."""

    kind: str
    key: str
    content: Mapping[str, Any]
    task: int
    event_id: int = 0


class Places:
    """Keys for commands that have no id of their own: their place among those of their kind."""

    def __init__(self) -> None:
        self._count: dict[str, int] = {}

    def next(self, kind: str) -> str:
        self._count[kind] = self._count.get(kind, 0) + 1
        return str(self._count[kind])
