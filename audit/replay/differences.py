"""Where two recorded values differ, named by their place (JSON pointer, RFC 6901)."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

_HANDLING = (
    "schedule_to_close_timeout",
    "schedule_to_start_timeout",
    "start_to_close_timeout",
    "heartbeat_timeout",
    "retry_policy",
    "priority",
)
ABSENT = "(absent)"
"""What stands for a value that one side does not have; no JSON value of a message is this text."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference between what was recorded and what the code does when it is run again.

    ``event_id`` is the event of the history that holds the expected value; 0 when the history has no such event. ``kind`` and
    ``key`` name the command (an activity's or timer's id, an update's id); ``path`` the place inside it.
    """

    event_id: int
    kind: str
    key: str
    path: str
    expected: Any
    found: Any

    @property
    def is_handling(self) -> bool:
        """Whether it is only about how long and how often an effect is tried: operation, not the course of a case."""
        return self.kind == "activity" and self.path.split("/")[1:2] in [[name] for name in _HANDLING]

    def __str__(self) -> str:
        place = f"event {self.event_id}" if self.event_id else "no event"
        key = f" {self.key}" if self.key else ""
        path = f" {self.path}" if self.path else ""
        return f"{place}: {self.kind}{key}{path}: expected {self.expected!r}, found {self.found!r}"


def compare(expected: Any, found: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Every place at which two JSON values differ, with both values. A number is not equal to a text or a truth value."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for name in sorted(expected.keys() | found.keys()):
            place = f"{path}/{_escaped(name)}"
            yield from compare(expected.get(name, ABSENT), found.get(name, ABSENT), place)
    elif isinstance(expected, list) and isinstance(found, list):
        for index in range(max(len(expected), len(found))):
            mine = expected[index] if index < len(expected) else ABSENT
            theirs = found[index] if index < len(found) else ABSENT
            yield from compare(mine, theirs, f"{path}/{index}")
    elif type(expected) is not type(found) or expected != found or _scale(expected) != _scale(found):
        yield path, expected, found


def _scale(value: Any) -> Any:
    """A figure is compared as it was written: 1.0 is not 1.00 where a scale is agreed."""
    return value.as_tuple().exponent if isinstance(value, Decimal) else None


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
