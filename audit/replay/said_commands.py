"""The commands of a process as its code gives them when it is run again."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from temporalio.api.common.v1 import RetryPolicy
from temporalio.bridge.proto.workflow_commands import ScheduleActivity, WorkflowCommand
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion

from audit.replay.commands import OWN_QUEUE, UNCOMPARED, Command, Places
from audit.replay.values import (
    durations_of,
    failure_of,
    fields_of,
    plain_of,
    seconds_of,
    shown_with,
    value_of,
    values_of,
)


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
    places = Places()
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
    summary = shown_with(command)
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
                        "input": values_of(activity.arguments),
                        **_completed_timeouts(activity),
                        "retry_policy": plain_of(_completed_policy(activity.retry_policy)),
                        "priority": plain_of(activity.priority),
                    }
                    | summary,
                )
        case "start_timer":
            timer = command.start_timer
            if ("timer", timer.seq) not in taken_back:
                yield "timer", str(timer.seq), {"duration": seconds_of(timer.start_to_fire_timeout)} | summary
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
                yield "update_result", answer.protocol_instance_id, {"result": value_of(answer.completed)}
        case "complete_workflow_execution":
            yield "result", "", {"result": value_of(command.complete_workflow_execution.result)}
        case "fail_workflow_execution":
            yield "failure", "", {"failure": failure_of(command.fail_workflow_execution.failure)}
        case "cancel_workflow_execution":
            yield "cancelled", "", {}
        case "continue_as_new_workflow_execution":
            again = command.continue_as_new_workflow_execution
            yield "continued_as_new", "", {"type": again.workflow_type, "input": values_of(again.arguments)}
        case "start_child_workflow_execution":
            child = command.start_child_workflow_execution
            yield (
                "child",
                None,
                {
                    "id": child.workflow_id,
                    "type": child.workflow_type,
                    "input": values_of(child.input),
                    "parent_close_policy": child.parent_close_policy,
                    "search_attributes": fields_of(child.search_attributes.indexed_fields),
                    "memo": fields_of(child.memo),
                }
                | summary,
            )
        case "signal_external_workflow_execution":
            signal = command.signal_external_workflow_execution
            to = signal.workflow_execution.workflow_id or signal.child_workflow_id
            yield "signal", None, {"name": signal.signal_name, "to": to, "input": values_of(signal.args)} | summary
        case "request_cancel_external_workflow_execution":
            other = command.request_cancel_external_workflow_execution
            yield "cancel_other", None, {"to": other.workflow_execution.workflow_id, "reason": other.reason}
        case "upsert_workflow_search_attributes":
            attributes = command.upsert_workflow_search_attributes.search_attributes
            yield "search_attributes", None, {"values": fields_of(attributes.indexed_fields)}
        case "modify_workflow_properties":
            yield "memo", None, {"values": fields_of(command.modify_workflow_properties.upserted_memo.fields)}
        case "set_patch_marker":
            yield "patch", command.set_patch_marker.patch_id, {"deprecated": command.set_patch_marker.deprecated}
        case "respond_to_query":
            pass  # an answer to somebody who looked; histories do not hold it
        case other_kind:
            yield UNCOMPARED, None, {"command": str(other_kind)}


def _completed_timeouts(activity: ScheduleActivity) -> dict[str, Any]:
    """An activity's timeouts as the engine writes them down: what is left open is bounded by the whole."""
    said = durations_of(activity, "schedule_to_close_timeout", "schedule_to_start_timeout")
    said |= durations_of(activity, "start_to_close_timeout", "heartbeat_timeout")
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
