"""The commands of a process as its history has them: read from the events."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from temporalio.api.history.v1 import HistoryEvent

from audit.replay.commands import OWN_QUEUE, UNCOMPARED, Command, Places
from audit.replay.values import durations_of, failure_of, fields_of, one_of, plain_of, seconds_of, shown_with, values_of

_PATCH_MARKER = "core_patch"
_PATCH_ATTRIBUTE = "TemporalChangeVersion"

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
    places = Places()
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
    summary = shown_with(event)
    return kind, key, content | summary


def _activity_event(event: HistoryEvent, own_queue: str) -> tuple[str, str | None, dict[str, Any]]:
    said = event.activity_task_scheduled_event_attributes
    return (
        "activity",
        said.activity_id,
        {
            "type": said.activity_type.name,
            "queue": OWN_QUEUE if said.task_queue.name == own_queue else said.task_queue.name,
            "input": values_of(said.input.payloads),
            **durations_of(said, "schedule_to_close_timeout", "schedule_to_start_timeout"),
            **durations_of(said, "start_to_close_timeout", "heartbeat_timeout"),
            "retry_policy": plain_of(said.retry_policy),
            "priority": plain_of(said.priority),
        },
    )


def _timer_event(event: HistoryEvent, own_queue: str) -> tuple[str, str | None, dict[str, Any]]:
    said = event.timer_started_event_attributes
    return "timer", said.timer_id, {"duration": seconds_of(said.start_to_fire_timeout)}


def _accepted_event(event: HistoryEvent, own_queue: str) -> tuple[str, str | None, dict[str, Any]]:
    return "update_accepted", event.workflow_execution_update_accepted_event_attributes.protocol_instance_id, {}


def _answered_event(event: HistoryEvent, own_queue: str) -> tuple[str, str | None, dict[str, Any]]:
    said = event.workflow_execution_update_completed_event_attributes
    if said.outcome.HasField("failure"):
        return "update_result", said.meta.update_id, {"failure": failure_of(said.outcome.failure)}
    return "update_result", said.meta.update_id, {"result": one_of(said.outcome.success.payloads)}


def _completed_event(event: HistoryEvent, own_queue: str) -> tuple[str, str | None, dict[str, Any]]:
    return "result", "", {"result": one_of(event.workflow_execution_completed_event_attributes.result.payloads)}


def _failed_event(event: HistoryEvent, own_queue: str) -> tuple[str, str | None, dict[str, Any]]:
    return "failure", "", {"failure": failure_of(event.workflow_execution_failed_event_attributes.failure)}


def _cancelled_event(event: HistoryEvent, own_queue: str) -> tuple[str, str | None, dict[str, Any]]:
    return "cancelled", "", {}


def _continued_event(event: HistoryEvent, own_queue: str) -> tuple[str, str | None, dict[str, Any]]:
    said = event.workflow_execution_continued_as_new_event_attributes
    return "continued_as_new", "", {"type": said.workflow_type.name, "input": values_of(said.input.payloads)}


def _child_event(event: HistoryEvent, own_queue: str) -> tuple[str, str | None, dict[str, Any]]:
    said = event.start_child_workflow_execution_initiated_event_attributes
    return (
        "child",
        None,
        {
            "id": said.workflow_id,
            "type": said.workflow_type.name,
            "input": values_of(said.input.payloads),
            "parent_close_policy": said.parent_close_policy,
            "search_attributes": fields_of(said.search_attributes.indexed_fields),
            "memo": fields_of(said.memo.fields),
        },
    )


def _signal_event(event: HistoryEvent, own_queue: str) -> tuple[str, str | None, dict[str, Any]]:
    said = event.signal_external_workflow_execution_initiated_event_attributes
    return (
        "signal",
        None,
        {"name": said.signal_name, "to": said.workflow_execution.workflow_id, "input": values_of(said.input.payloads)},
    )


def _cancel_other_event(event: HistoryEvent, own_queue: str) -> tuple[str, str | None, dict[str, Any]]:
    said = event.request_cancel_external_workflow_execution_initiated_event_attributes
    return "cancel_other", None, {"to": said.workflow_execution.workflow_id, "reason": said.reason}


def _search_attributes_event(event: HistoryEvent, own_queue: str) -> tuple[str, str | None, dict[str, Any]]:
    fields = fields_of(event.upsert_workflow_search_attributes_event_attributes.search_attributes.indexed_fields)
    own = {name: value for name, value in fields.items() if name != _PATCH_ATTRIBUTE}
    # The library itself notes patches as a search attribute; the process did not say so.
    return "search_attributes" if own else "", None, {"values": own}


def _memo_event(event: HistoryEvent, own_queue: str) -> tuple[str, str | None, dict[str, Any]]:
    return "memo", None, {"values": fields_of(event.workflow_properties_modified_event_attributes.upserted_memo.fields)}


def _marker_event(event: HistoryEvent, own_queue: str) -> tuple[str, str | None, dict[str, Any]]:
    said = event.marker_recorded_event_attributes
    if said.marker_name != _PATCH_MARKER:
        return UNCOMPARED, None, {"command": f"marker {said.marker_name}"}
    patch = one_of(said.details["patch-data"].payloads)
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
