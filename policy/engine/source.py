"""Reading policy YAML: every scalar stays the text its author wrote, every value knows its line.

YAML's own number types would push a rate through a binary float before anyone could see it, and its anchors and tags
let a small file mean something other than what a reviewer reads. So scalars are text, and neither is allowed.
"""

from pathlib import Path
from typing import Any

import yaml

from policy.engine.faults import FileFault

MAX_FILE_BYTES = 1_000_000
_NULLS = frozenset({"", "~", "null"})

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
        marks = [
            FileFault(name, _line(event.start_mark), "anchors, aliases and tags are not allowed in policy")
            for event in yaml.parse(text, Loader=yaml.SafeLoader)
            if isinstance(event, yaml.AliasEvent)
            or (isinstance(event, yaml.NodeEvent) and event.anchor is not None)
            or (isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent) and event.tag is not None)
        ]
        if marks:
            return None, marks
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        where = _line(error.problem_mark or error.context_mark)
        return None, [FileFault(name, where, f"not YAML: {error.problem or error.context}")]
    except (yaml.YAMLError, RecursionError):
        return None, [FileFault(name, 1, "not YAML: a character or nesting that cannot be read")]
    if not isinstance(node, yaml.MappingNode):
        return None, [FileFault(name, 1, "a policy file is a map")]
    lines: dict[Pointer, int] = {}
    faults: list[FileFault] = []
    data = _plain(node, (), name, lines, faults)
    return Source(name, data, lines), faults


def _line(mark: Any) -> int:
    """Marks count lines from 0, editors from 1; a stream that fails as a whole has no mark."""
    return 1 if mark is None else int(mark.line) + 1


def _plain(node: yaml.Node, at: Pointer, name: str, lines: dict[Pointer, int], faults: list[FileFault]) -> Any:
    lines.setdefault(at, _line(node.start_mark))
    if isinstance(node, yaml.ScalarNode):
        return None if node.style is None and node.value in _NULLS else str(node.value)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*at, index), name, lines, faults) for index, item in enumerate(node.value)]
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = _line(key_node.start_mark)
        if not isinstance(key_node, yaml.ScalarNode):
            faults.append(FileFault(name, line, "a key must be plain text"))
            continue
        key = str(key_node.value)
        if key in result:
            faults.append(FileFault(name, line, f"the key {key!r} appears twice"))
            continue
        lines[(*at, key)] = line
        result[key] = _plain(value_node, (*at, key), name, lines, faults)
    return result
