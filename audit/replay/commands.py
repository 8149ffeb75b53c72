"""What a process said, in one form for both sides: read from the events of its history, and from the code that runs again.

A command is what a process asks of the world or answers to it: an activity with its input, a timer with its duration, the
result of an update, a signal, a search attribute, its own end. Both sides are brought to plain JSON values, so that they can be
compared place by place.

Not compared, for they say nothing about the case: headers (traces), who polled, and the engine's own instants.
"""

import base64
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from google.protobuf.duration_pb2 import Duration
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload, RetryPolicy
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import HistoryEvent
from temporalio.bridge.proto.workflow_commands import ScheduleActivity, WorkflowCommand
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion

OWN_QUEUE = "(the workflow's own)"
UNCOMPARED = "not_compared"
_PATCH_MARKER = "core_patch"
_PATCH_ATTRIBUTE = "TemporalChangeVersion"


@dataclass(frozen=True)
class Command:
    """``task`` is the id of the event that started the workflow task in which the command was given, ``event_id`` its own
    event (0 on the side of the code)."""

    kind: str
    key: str
    content: Mapping[str, Any]
    task: int
    event_id: int = 0


class _Places:
    """Keys for commands that have no id of their own: their place among those of their kind."""

    def __init__(self) -> None:
        self._count: dict[str, int] = {}

    def next(self, kind: str) -> str:
        self._count[kind] = self._count.get(kind, 0) + 1
        return str(self._count[kind])


# --- from the history -------------------------------------------------------------------------------------------------

_Reader = Callable[[HistoryEvent, str], tuple[str, str | None, dict[str, Any]]]
"""Kind, key (``None``: its place among its kind) and content of an event; the text is the workflow's own task queue."""


def commands_of(events: Sequence[HistoryEvent]) -> list[Command]:
    """The commands of a history, in their order."""
    own_queue = events[0].workflow_execution_started_event_attributes.task_queue.name
    completed = {
        event.event_id: event.workflow_task_completed_event_attributes.started_event_id
        for event in events
        if event.HasField("workflow_task_completed_event_attributes")
    }
    by_id = {event.event_id: event for event in events}
    places = _Places()
    found = []
    task = 0
    for event in events:
        # Commands follow the completion of their task; what arrives from outside has no command and is not read.
        task = completed.get(event.event_id, task)
        read = _read(event, own_queue, by_id)
        if read is not None:
            kind, key, content = read
            found.append(Command(kind, places.next(kind) if key is None else key, content, task, event.event_id))
    return found


def completed_tasks(events: Iterable[HistoryEvent]) -> frozenset[int]:
    """Ids of the events that started workflow tasks which came to an end: only what they said is on record."""
    return frozenset(
        event.workflow_task_completed_event_attributes.started_event_id
        for event in events
        if event.HasField("workflow_task_completed_event_attributes")
    )


def _read(
    event: HistoryEvent, own_queue: str, by_id: Mapping[int, HistoryEvent]
) -> tuple[str, str | None, dict[str, Any]] | None:
    which = event.WhichOneof("attributes")
    if event.HasField("timer_canceled_event_attributes"):
        return "timer_cancel", event.timer_canceled_event_attributes.timer_id, {}
    if event.HasField("activity_task_cancel_requested_event_attributes"):
        scheduled = by_id[event.activity_task_cancel_requested_event_attributes.scheduled_event_id]
        return "activity_cancel", scheduled.activity_task_scheduled_event_attributes.activity_id, {}
    reader = _READERS.get(which or "")
    if reader is None:
        return None
    kind, key, content = reader(event, own_queue)
    if not kind:
        return None
    summary = _metadata(event)
    return kind, key, content | summary


def _activity_event(event: HistoryEvent, own_queue: str) -> tuple[str, str | None, dict[str, Any]]:
    said = event.activity_task_scheduled_event_attributes
    return (
        "activity",
        said.activity_id,
        {
            "type": said.activity_type.name,
            "queue": OWN_QUEUE if said.task_queue.name == own_queue else said.task_queue.name,
            "input": _values(said.input.payloads),
            **_durations(said, "schedule_to_close_timeout", "schedule_to_start_timeout"),
            **_durations(said, "start_to_close_timeout", "heartbeat_timeout"),
            "retry_policy": _plain(said.retry_policy),
            "priority": _plain(said.priority),
        },
    )


def _timer_event(event: HistoryEvent, own_queue: str) -> tuple[str, str | None, dict[str, Any]]:
    said = event.timer_started_event_attributes
    return "timer", said.timer_id, {"duration": _seconds(said.start_to_fire_timeout)}


def _accepted_event(event: HistoryEvent, own_queue: str) -> tuple[str, str | None, dict[str, Any]]:
    return "update_accepted", event.workflow_execution_update_accepted_event_attributes.protocol_instance_id, {}


def _answered_event(event: HistoryEvent, own_queue: str) -> tuple[str, str | None, dict[str, Any]]:
    said = event.workflow_execution_update_completed_event_attributes
    if said.outcome.HasField("failure"):
        return "update_result", said.meta.update_id, {"failure": failure_of(said.outcome.failure)}
    return "update_result", said.meta.update_id, {"result": _one(said.outcome.success.payloads)}


def _completed_event(event: HistoryEvent, own_queue: str) -> tuple[str, str | None, dict[str, Any]]:
    return "result", "", {"result": _one(event.workflow_execution_completed_event_attributes.result.payloads)}


def _failed_event(event: HistoryEvent, own_queue: str) -> tuple[str, str | None, dict[str, Any]]:
    return "failure", "", {"failure": failure_of(event.workflow_execution_failed_event_attributes.failure)}


def _cancelled_event(event: HistoryEvent, own_queue: str) -> tuple[str, str | None, dict[str, Any]]:
    return "cancelled", "", {}


def _continued_event(event: HistoryEvent, own_queue: str) -> tuple[str, str | None, dict[str, Any]]:
    said = event.workflow_execution_continued_as_new_event_attributes
    return "continued_as_new", "", {"type": said.workflow_type.name, "input": _values(said.input.payloads)}


def _child_event(event: HistoryEvent, own_queue: str) -> tuple[str, str | None, dict[str, Any]]:
    said = event.start_child_workflow_execution_initiated_event_attributes
    return (
        "child",
        None,
        {
            "id": said.workflow_id,
            "type": said.workflow_type.name,
            "input": _values(said.input.payloads),
            "parent_close_policy": said.parent_close_policy,
            "search_attributes": _fields(said.search_attributes.indexed_fields),
            "memo": _fields(said.memo.fields),
        },
    )


def _signal_event(event: HistoryEvent, own_queue: str) -> tuple[str, str | None, dict[str, Any]]:
    said = event.signal_external_workflow_execution_initiated_event_attributes
    return (
        "signal",
        None,
        {"name": said.signal_name, "to": said.workflow_execution.workflow_id, "input": _values(said.input.payloads)},
    )


def _cancel_other_event(event: HistoryEvent, own_queue: str) -> tuple[str, str | None, dict[str, Any]]:
    said = event.request_cancel_external_workflow_execution_initiated_event_attributes
    return "cancel_other", None, {"to": said.workflow_execution.workflow_id, "reason": said.reason}


def _search_attributes_event(event: HistoryEvent, own_queue: str) -> tuple[str, str | None, dict[str, Any]]:
    fields = _fields(event.upsert_workflow_search_attributes_event_attributes.search_attributes.indexed_fields)
    own = {name: value for name, value in fields.items() if name != _PATCH_ATTRIBUTE}
    # The library itself notes patches as a search attribute; the process did not say so.
    return "search_attributes" if own else "", None, {"values": own}


def _memo_event(event: HistoryEvent, own_queue: str) -> tuple[str, str | None, dict[str, Any]]:
    return "memo", None, {"values": _fields(event.workflow_properties_modified_event_attributes.upserted_memo.fields)}


def _marker_event(event: HistoryEvent, own_queue: str) -> tuple[str, str | None, dict[str, Any]]:
    said = event.marker_recorded_event_attributes
    if said.marker_name != _PATCH_MARKER:
        return UNCOMPARED, None, {"command": f"marker {said.marker_name}"}
    patch = _one(said.details["patch-data"].payloads)
    return "patch", str(patch["id"]), {"deprecated": bool(patch.get("deprecated", False))}


def _nexus_event(event: HistoryEvent, own_queue: str) -> tuple[str, str | None, dict[str, Any]]:
    return UNCOMPARED, None, {"command": "schedule_nexus_operation"}


_READERS: Mapping[str, _Reader] = {
    "activity_task_scheduled_event_attributes": _activity_event,
    "timer_started_event_attributes": _timer_event,
    "workflow_execution_update_accepted_event_attributes": _accepted_event,
    "workflow_execution_update_completed_event_attributes": _answered_event,
    "workflow_execution_completed_event_attributes": _completed_event,
    "workflow_execution_failed_event_attributes": _failed_event,
    "workflow_execution_canceled_event_attributes": _cancelled_event,
    "workflow_execution_continued_as_new_event_attributes": _continued_event,
    "start_child_workflow_execution_initiated_event_attributes": _child_event,
    "signal_external_workflow_execution_initiated_event_attributes": _signal_event,
    "request_cancel_external_workflow_execution_initiated_event_attributes": _cancel_other_event,
    "upsert_workflow_search_attributes_event_attributes": _search_attributes_event,
    "workflow_properties_modified_event_attributes": _memo_event,
    "marker_recorded_event_attributes": _marker_event,
    "nexus_operation_scheduled_event_attributes": _nexus_event,
}


# --- from the code that runs again ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Said:
    """What the code answered to one activation, and in which workflow task."""

    task: int
    completion: WorkflowActivationCompletion


def commands_said(said: Iterable[Said], replay_queue: str) -> list[Command]:
    """The commands the code gave, in their order. What was begun and taken back in one task never reached the engine."""
    given = [(answer.task, command) for answer in said for command in answer.completion.successful.commands]
    timers = {command.start_timer.seq: task for task, command in given if command.HasField("start_timer")}
    activities = {
        command.schedule_activity.seq: (task, command.schedule_activity.activity_id)
        for task, command in given
        if command.HasField("schedule_activity")
    }
    taken_back = {
        ("timer", command.cancel_timer.seq)
        for task, command in given
        if command.HasField("cancel_timer") and timers.get(command.cancel_timer.seq) == task
    } | {
        ("activity", command.request_cancel_activity.seq)
        for task, command in given
        if command.HasField("request_cancel_activity") and activities[command.request_cancel_activity.seq][0] == task
    }
    places = _Places()
    return [
        Command(kind, places.next(kind) if key is None else key, content, task)
        for task, command in given
        for kind, key, content in _say(command, replay_queue, activities, taken_back)
    ]


def _say(
    command: WorkflowCommand,
    replay_queue: str,
    activities: Mapping[int, tuple[int, str]],
    taken_back: set[tuple[str, int]],
) -> Iterator[tuple[str, str | None, dict[str, Any]]]:
    summary = _metadata(command)
    match command.WhichOneof("variant"):
        case "schedule_activity":
            activity = command.schedule_activity
            if ("activity", activity.seq) not in taken_back:
                yield (
                    "activity",
                    activity.activity_id,
                    {
                        "type": activity.activity_type,
                        "queue": OWN_QUEUE if activity.task_queue in ("", replay_queue) else activity.task_queue,
                        "input": _values(activity.arguments),
                        **_completed_timeouts(activity),
                        "retry_policy": _plain(_completed_policy(activity.retry_policy)),
                        "priority": _plain(activity.priority),
                    }
                    | summary,
                )
        case "start_timer":
            timer = command.start_timer
            if ("timer", timer.seq) not in taken_back:
                yield "timer", str(timer.seq), {"duration": _seconds(timer.start_to_fire_timeout)} | summary
        case "cancel_timer":
            if ("timer", command.cancel_timer.seq) not in taken_back:
                yield "timer_cancel", str(command.cancel_timer.seq), {}
        case "request_cancel_activity":
            seq = command.request_cancel_activity.seq
            if ("activity", seq) not in taken_back:
                yield "activity_cancel", activities[seq][1], {}
        case "update_response":
            answer = command.update_response
            if answer.HasField("accepted"):
                yield "update_accepted", answer.protocol_instance_id, {}
            elif answer.HasField("rejected"):
                yield "update_result", answer.protocol_instance_id, {"failure": failure_of(answer.rejected)}
            else:
                yield "update_result", answer.protocol_instance_id, {"result": _value(answer.completed)}
        case "complete_workflow_execution":
            yield "result", "", {"result": _value(command.complete_workflow_execution.result)}
        case "fail_workflow_execution":
            yield "failure", "", {"failure": failure_of(command.fail_workflow_execution.failure)}
        case "cancel_workflow_execution":
            yield "cancelled", "", {}
        case "continue_as_new_workflow_execution":
            again = command.continue_as_new_workflow_execution
            yield "continued_as_new", "", {"type": again.workflow_type, "input": _values(again.arguments)}
        case "start_child_workflow_execution":
            child = command.start_child_workflow_execution
            yield (
                "child",
                None,
                {
                    "id": child.workflow_id,
                    "type": child.workflow_type,
                    "input": _values(child.input),
                    "parent_close_policy": child.parent_close_policy,
                    "search_attributes": _fields(child.search_attributes.indexed_fields),
                    "memo": _fields(child.memo),
                }
                | summary,
            )
        case "signal_external_workflow_execution":
            signal = command.signal_external_workflow_execution
            to = signal.workflow_execution.workflow_id or signal.child_workflow_id
            yield "signal", None, {"name": signal.signal_name, "to": to, "input": _values(signal.args)} | summary
        case "request_cancel_external_workflow_execution":
            other = command.request_cancel_external_workflow_execution
            yield "cancel_other", None, {"to": other.workflow_execution.workflow_id, "reason": other.reason}
        case "upsert_workflow_search_attributes":
            attributes = command.upsert_workflow_search_attributes.search_attributes
            yield "search_attributes", None, {"values": _fields(attributes.indexed_fields)}
        case "modify_workflow_properties":
            yield "memo", None, {"values": _fields(command.modify_workflow_properties.upserted_memo.fields)}
        case "set_patch_marker":
            yield "patch", command.set_patch_marker.patch_id, {"deprecated": command.set_patch_marker.deprecated}
        case "respond_to_query":
            pass  # an answer to somebody who looked; histories do not hold it
        case other_kind:
            yield UNCOMPARED, None, {"command": str(other_kind)}


def _completed_timeouts(activity: ScheduleActivity) -> dict[str, Any]:
    """An activity's timeouts as the engine writes them down: what is left open is bounded by the whole."""
    said = _durations(activity, "schedule_to_close_timeout", "schedule_to_start_timeout")
    said |= _durations(activity, "start_to_close_timeout", "heartbeat_timeout")
    for name in ("schedule_to_start_timeout", "start_to_close_timeout"):
        if said[name] == "0":
            said[name] = said["schedule_to_close_timeout"]
    return said


def _completed_policy(said: RetryPolicy) -> RetryPolicy:
    """A retry policy as the engine writes it down: at first after a second, twice as long each time, at most a hundred times."""
    policy = RetryPolicy()
    policy.CopyFrom(said)
    if not policy.initial_interval.ToNanoseconds():
        policy.initial_interval.FromSeconds(1)
    if not policy.backoff_coefficient:
        policy.backoff_coefficient = 2.0
    if not policy.maximum_interval.ToNanoseconds():
        policy.maximum_interval.FromNanoseconds(100 * policy.initial_interval.ToNanoseconds())
    return policy


# --- plain values -----------------------------------------------------------------------------------------------------


def _value(payload: Payload) -> Any:
    """A payload's content. What is not JSON is compared byte by byte, under its encoding."""
    encoding = payload.metadata.get("encoding", b"").decode("ascii", "replace")
    if encoding in ("", "binary/null") and not payload.data:
        return None
    if encoding == "json/plain":
        try:
            return json.loads(payload.data, parse_float=Decimal)
        except ValueError:
            pass
    return {"encoding": encoding, "data": base64.b64encode(payload.data).decode()}


def _values(payloads: Iterable[Payload]) -> list[Any]:
    return [_value(payload) for payload in payloads]


def _one(payloads: Sequence[Payload]) -> Any:
    return _value(payloads[0]) if payloads else None


def _fields(fields: Mapping[str, Payload]) -> dict[str, Any]:
    return {name: _value(fields[name]) for name in sorted(fields)}


def _metadata(said: HistoryEvent | WorkflowCommand) -> dict[str, Any]:
    """What is shown to those who watch: summary and details of a command."""
    shown = said.user_metadata
    return {
        name: _value(payload)
        for name, payload in (("summary", shown.summary), ("details", shown.details))
        if payload.data
    }


def failure_of(failure: Failure) -> dict[str, Any]:
    """A failure without its stack, whose lines and paths are those of a machine."""
    message = failure.message
    if failure.HasField("encoded_attributes"):
        encoded = _value(failure.encoded_attributes)
        if isinstance(encoded, dict):
            message = str(encoded.get("message", message))
    told: dict[str, Any] = {"message": message}
    if failure.HasField("application_failure_info"):
        info = failure.application_failure_info
        told |= {"type": info.type, "non_retryable": info.non_retryable, "details": _values(info.details.payloads)}
    else:
        told["kind"] = failure.WhichOneof("failure_info") or ""
    if failure.HasField("cause"):
        told["cause"] = failure_of(failure.cause)
    return told


def _durations(message: Message, *names: str) -> dict[str, Any]:
    return {name: _seconds(getattr(message, name)) for name in names}


def _seconds(duration: Duration) -> str:
    """Exact seconds; a duration that is not set and one of nothing are the same to the engine."""
    return f"{(Decimal(duration.seconds) + Decimal(duration.nanos).scaleb(-9)).normalize():f}"


def _plain(message: Message) -> dict[str, Any]:
    plain: dict[str, Any] = MessageToDict(message, preserving_proto_field_name=True)
    return plain
