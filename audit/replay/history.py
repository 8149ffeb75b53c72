"""Histories as files: the engine's events, decoded, one a line, with the content of every payload readable.

The files of the engine's own tools (``{"events": […]}`` with payloads in base64) are read as well.
"""

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload, SearchAttributes
from temporalio.api.enums.v1 import VersioningBehavior
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory
from temporalio.converter import PayloadCodec

_JSON = "$json"
_METADATA = "$metadata"
_PLAIN = base64.b64encode(b"json/plain").decode()
_ENCRYPTED = b"binary/encrypted"
MAX_BYTES = 256 * 2**20
"""A history has at most 50 MiB in the engine; base64 and JSON enlarge it."""


class HistoryUnreadable(ValueError):
    """A file is not a history that can be replayed; the message says why."""


@dataclass(frozen=True)
class RecordedHistory:
    """One run of a process. ``workflow`` is its type, ``build`` the code that completed its last task (empty: unknown);
    ``moves_on`` whether it upgrades to newer builds while it is open."""

    workflow_id: str
    run_id: str
    workflow: str
    build: str
    moves_on: bool
    events: tuple[HistoryEvent, ...] = field(repr=False)

    def for_engine(self) -> WorkflowHistory:
        return WorkflowHistory(self.workflow_id, self.events)


def recorded(events: Iterable[HistoryEvent], workflow_id: str = "") -> RecordedHistory:
    """A history from its events. Raises ``HistoryUnreadable`` when they do not begin with a start."""
    run = tuple(events)
    if not run or not run[0].HasField("workflow_execution_started_event_attributes"):
        raise HistoryUnreadable("the events do not begin with the start of a workflow")
    start = run[0].workflow_execution_started_event_attributes
    tasks = [
        event.workflow_task_completed_event_attributes
        for event in run
        if event.HasField("workflow_task_completed_event_attributes")
    ]
    return RecordedHistory(
        workflow_id=start.workflow_id or workflow_id,
        run_id=start.original_execution_run_id,
        workflow=start.workflow_type.name,
        build=tasks[-1].deployment_version.build_id if tasks else "",
        moves_on=bool(tasks) and tasks[-1].versioning_behavior == VersioningBehavior.VERSIONING_BEHAVIOR_AUTO_UPGRADE,
        events=run,
    )


async def decoded(history: RecordedHistory, codec: PayloadCodec) -> RecordedHistory:
    """The same history with every payload decrypted. Raises what the codec raises for one that is not its own."""
    events = []
    for event in history.events:
        copy = HistoryEvent()
        copy.CopyFrom(event)
        for payload in payloads_of(copy):
            [plain] = await codec.decode([payload])
            payload.CopyFrom(plain)
        events.append(copy)
    return recorded(events, history.workflow_id)


def is_encrypted(history: RecordedHistory) -> bool:
    """Whether any payload still carries our encryption."""
    return any(
        payload.metadata.get("encoding") == _ENCRYPTED for event in history.events for payload in payloads_of(event)
    )


def payloads_of(message: Message) -> Iterator[Payload]:
    """Every payload inside a message but search attributes, which the engine must read and no codec touches."""
    if isinstance(message, Payload):
        yield message
    elif not isinstance(message, SearchAttributes):
        for descriptor, value in message.ListFields():
            if descriptor.message_type is None:
                continue
            if descriptor.message_type.GetOptions().map_entry:
                if descriptor.message_type.fields_by_name["value"].message_type is not None:
                    for inner in value.values():
                        yield from payloads_of(inner)
            elif descriptor.is_repeated:
                for inner in value:
                    yield from payloads_of(inner)
            else:
                yield from payloads_of(value)


# --- files ------------------------------------------------------------------------------------------------------------


def read_history(path: Path) -> RecordedHistory:
    """A history from its file. Raises ``HistoryUnreadable``."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise HistoryUnreadable(f"{path}: larger than any history")
        return parse_history(path.read_text("utf-8"))
    except OSError as error:
        raise HistoryUnreadable(f"{path}: {error.strerror}") from None
    except HistoryUnreadable as error:
        raise HistoryUnreadable(f"{path}: {error}") from None
    except UnicodeDecodeError:
        raise HistoryUnreadable(f"{path}: not text in UTF-8") from None


def parse_history(text: str) -> RecordedHistory:
    """A history from the text of its file. Raises ``HistoryUnreadable``."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise HistoryUnreadable("not JSON") from None
    if not isinstance(content, dict) or not isinstance(content.get("events"), list):
        raise HistoryUnreadable("not a history: an object with a list of events is expected")
    workflow_id = content.get("workflow_id", "")
    try:
        history = WorkflowHistory.from_json(str(workflow_id), {"events": _packed(content["events"])})
    except Exception as error:
        # Whatever a hostile file makes the parser say: its kind is told, never its text.
        raise HistoryUnreadable(f"its events are not those of the engine ({type(error).__name__})") from None
    return recorded(history.events, str(workflow_id))


def write_history(history: RecordedHistory, *, without: frozenset[str] = frozenset()) -> str:
    """The text of a history's file: an event a line. Fields named in ``without`` are left out wherever they stand.

    Queues of single worker processes, which carry the names of machines, are written as the queue they stood for.
    """
    events = json.loads(history.for_engine().to_json())["events"]
    lines = ",\n".join(
        json.dumps(_readable(_less(event, without)), ensure_ascii=False, separators=(",", ":")) for event in events
    )
    head = {"workflow_id": history.workflow_id, "workflow": history.workflow, "build": history.build}
    return json.dumps(head, ensure_ascii=False)[:-1] + ', "events": [\n' + lines + "\n]}\n"


def _less(value: Any, without: frozenset[str]) -> Any:
    if isinstance(value, dict):
        if value.get("kind") == "TASK_QUEUE_KIND_STICKY":
            return {"name": value.get("normalName", ""), "kind": "TASK_QUEUE_KIND_NORMAL"}
        return {name: _less(inner, without) for name, inner in value.items() if name not in without}
    return [_less(inner, without) for inner in value] if isinstance(value, list) else value


def _readable(value: Any) -> Any:
    if isinstance(value, list):
        return [_readable(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    metadata = value.get("metadata")
    if not isinstance(metadata, dict) or "encoding" not in metadata:
        return {name: _readable(inner) for name, inner in value.items()}
    if metadata["encoding"] != _PLAIN:
        return value
    data = base64.b64decode(value.get("data", ""))
    try:
        content = json.loads(data)
    except ValueError:
        return value
    if _bytes(content) != data:
        return value  # readable only where reading it back gives the very bytes
    more = {name: inner for name, inner in metadata.items() if name != "encoding"}
    return {_JSON: content} | ({_METADATA: more} if more else {})


def _packed(value: Any) -> Any:
    if isinstance(value, list):
        return [_packed(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    if _JSON not in value:
        return {name: _packed(inner) for name, inner in value.items()}
    metadata = value.get(_METADATA, {})
    return {
        "metadata": {"encoding": _PLAIN} | (metadata if isinstance(metadata, dict) else {}),
        "data": base64.b64encode(_bytes(value[_JSON])).decode(),
    }


def _bytes(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
