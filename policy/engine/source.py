"""Reading policy YAML: every scalar stays the text its author wrote, every value knows its line.

YAML's own number types would push a rate through a binary float before anyone could see it, and its anchors and tags
let a small file mean something other than what a reviewer reads. So scalars are text, and neither is allowed.
"""

from pathlib import Path
from typing import Any, Final

import yaml

from policy.engine.faults import FileFault

MAX_FILE_BYTES = 1_000_000
MAX_DEPTH = 40
"""Maps and lists inside each other."""
_NULLS = frozenset({"", "~", "null"})

_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml where PyYAML was built with it: ten times as fast, the same events."""

Pointer = tuple[str | int, ...]


class Source:
    """One parsed file: its plain data (text, lists, maps, null) and the line of every node."""

    def __init__(self, file: str, data: Any, lines: dict[Pointer, int]) -> None:
        self.file = file
        self.data = data
        self._lines = lines

    def line(self, pointer: Pointer) -> int:
        """The line of a node, or of the nearest node around it that exists (a missing field has none of its own)."""
        for depth in range(len(pointer), -1, -1):
            if pointer[:depth] in self._lines:
                return self._lines[pointer[:depth]]
        return 1

    def fault(self, pointer: Pointer, reason: str) -> FileFault:
        where = "/".join(str(part) for part in pointer)
        return FileFault(self.file, self.line(pointer), f"{where}: {reason}" if where else reason)


def read_source(path: Path, name: str) -> tuple[Source | None, list[FileFault]]:
    """Parse one file. Returns the source where it can be read at all, and every fault of its notation."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        return None, [FileFault(name, 1, f"the file cannot be read: {error.strerror}")]
    if len(raw) > MAX_FILE_BYTES:
        return None, [FileFault(name, 1, f"the file is larger than {MAX_FILE_BYTES} bytes")]
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return None, [FileFault(name, 1, "the file is not UTF-8 text")]
    return parse_source(text, name)


def parse_source(text: str, name: str) -> tuple[Source | None, list[FileFault]]:
    """As :func:`read_source`, from text."""
    try:
        events = _events(text)
    except yaml.MarkedYAMLError as error:
        where = _line(error.problem_mark or error.context_mark)
        return None, [FileFault(name, where, f"not YAML: {error.problem or error.context}")]
    except (yaml.YAMLError, RecursionError, UnicodeError, _TooDeep):
        return None, [FileFault(name, 1, "not YAML: a character or nesting that cannot be read")]
    marks = [
        FileFault(name, _line(event.start_mark), "anchors, aliases and tags are not allowed in policy")
        for event in events
        if isinstance(event, yaml.AliasEvent)
        or (isinstance(event, yaml.NodeEvent) and event.anchor is not None)
        or (isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent) and event.tag is not None)
    ]
    if marks:
        return None, marks
    begins = [event for event in events if isinstance(event, yaml.DocumentStartEvent)]
    if len(begins) > 1:
        return None, [FileFault(name, _line(begins[1].start_mark), "not YAML: but found another document")]
    nodes = _Nodes(events, name)
    data = nodes.document()
    if not isinstance(data, dict):
        return None, [FileFault(name, 1, "a policy file is a map")]
    return Source(name, data, nodes.lines), nodes.faults


class _TooDeep(ValueError):
    """Nested deeper than any policy is."""


def _events(text: str) -> list[yaml.Event]:
    """The events of a text. Read one by one, so that nesting without end is given up before it costs anything."""
    found: list[yaml.Event] = []
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise _TooDeep
        found.append(event)
    return found


def _line(mark: Any) -> int:
    """Marks count lines from 0, editors from 1; a stream that fails as a whole has no mark."""
    return 1 if mark is None else int(mark.line) + 1


class _Nodes:
    """One document's events, put together as plain data with the line of every node."""

    def __init__(self, events: list[yaml.Event], name: str) -> None:
        self._events = iter([event for event in events if isinstance(event, yaml.NodeEvent | yaml.CollectionEndEvent)])
        self._name = name
        self.lines: dict[Pointer, int] = {}
        self.faults: list[FileFault] = []

    def document(self) -> Any:
        """The data of the whole document; ``None`` where the file is empty."""
        first = next(self._events, None)
        return None if first is None else self._node(first, ())

    def _node(self, event: yaml.Event, at: Pointer) -> Any:
        self.lines.setdefault(at, _line(event.start_mark))
        if isinstance(event, yaml.ScalarEvent):
            return None if not event.style and event.value in _NULLS else str(event.value)
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Any] = []
            while not isinstance(item := next(self._events), yaml.SequenceEndEvent):
                items.append(self._node(item, (*at, len(items))))
            return items
        result: dict[str, Any] = {}
        while not isinstance(key := next(self._events), yaml.MappingEndEvent):
            self._entry(key, at, result)
        return result

    def _entry(self, key_event: yaml.Event, at: Pointer, result: dict[str, Any]) -> None:
        line = _line(key_event.start_mark)
        if not isinstance(key_event, yaml.ScalarEvent):
            self.faults.append(FileFault(self._name, line, "a key must be plain text"))
            self._passed_over(key_event)
            self._passed_over(next(self._events))
            return
        key = str(key_event.value)
        if key in result:
            self.faults.append(FileFault(self._name, line, f"the key {key!r} appears twice"))
            self._passed_over(next(self._events))
            return
        self.lines[(*at, key)] = line
        result[key] = self._node(next(self._events), (*at, key))

    def _passed_over(self, event: yaml.Event) -> None:
        """Read a node to its end and keep nothing of it."""
        depth = 0
        while True:
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth == 0:
                return
            event = next(self._events)
