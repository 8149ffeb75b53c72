"""How a process stands, as the engine tells it: whether its next step is taken at all, and what keeps it from being taken.

The engine repeats a failing step for ever, which is what a bank wants of it: a case is never lost to an error. So nothing
ends and nothing is reported by itself; whoever is to mend it has to be told.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.common.v1 import Payload, WorkflowExecution
from temporalio.api.enums.v1 import (
    EventType,
    PendingWorkflowTaskState,
    VersioningBehavior,
    WorkflowExecutionStatus,
    WorkflowTaskFailedCause,
)
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflow.v1 import PendingActivityInfo, WorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import (
    DescribeWorkflowExecutionResponse,
    GetWorkflowExecutionHistoryReverseRequest,
)
from temporalio.client import Client, RPCError
from temporalio.service import RPCStatusCode

from domain.operations import StuckCause, StuckKind

FAILING_FROM: Final = 3
"""The attempt from which on a process's step counts as failing: a worker that was ended in the middle costs one attempt."""
_UNAVAILABLE = frozenset({"RemoteUnavailable", "RemoteUnusable", "ConnectError", "ConnectTimeout", "ReadTimeout"})
_REFUSES = frozenset({"RemoteProblem"})
_TYPE = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,99}")
_EVENTS = 200


@dataclass(frozen=True, slots=True)
class Standstill:
    """One reason why a process does not go on. ``since`` is when the step was first to be taken."""

    kind: StuckKind
    cause: StuckCause
    since: datetime
    attempts: int
    failure_type: str = ""
    activity_id: str = ""
    step: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """An open process and everything that keeps it from going on; nothing when it only waits for people or days."""

    workflow_id: str
    process: str
    case_number: str
    branch: str
    build: str
    settled_build: str
    moves_by_itself: bool
    standstills: tuple[Standstill, ...]


async def standing(client: Client, workflow_id: str, moment: datetime, deadline: timedelta) -> Standing | None:
    """How a process stands at a moment; ``None`` when it runs no longer. ``deadline`` is what a step may take.

    Raises ``RPCError`` while the engine does not answer.
    """
    try:
        told = (await client.get_workflow_handle(workflow_id).describe()).raw_description
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise
    info = told.workflow_execution_info
    if info.status != WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING:
        return None
    latest = moment - deadline
    found = [await _own_step(client, info, told, latest)]
    found += [await _effect(client, info, pending, latest) for pending in told.pending_activities]
    versioning = info.versioning_info
    moved_to = versioning.versioning_override.pinned.version.build_id
    attributes = info.search_attributes.indexed_fields
    return Standing(
        workflow_id=workflow_id,
        process=info.type.name,
        case_number=_keyword(client, attributes, "CaseNumber"),
        branch=_keyword(client, attributes, "Branch"),
        build=moved_to or versioning.deployment_version.build_id,
        settled_build=versioning.deployment_version.build_id,
        moves_by_itself=not moved_to and versioning.behavior != VersioningBehavior.VERSIONING_BEHAVIOR_PINNED,
        standstills=tuple(item for item in found if item is not None),
    )


async def _own_step(
    client: Client, info: WorkflowExecutionInfo, told: DescribeWorkflowExecutionResponse, latest: datetime
) -> Standstill | None:
    """The process's own next step, when it fails again and again or is not taken by anybody."""
    if not told.HasField("pending_workflow_task"):
        return None
    pending = told.pending_workflow_task
    if pending.attempt >= FAILING_FROM:
        event = await _latest(client, info, _is_failed_step)
        if event is None:
            return None
        cause, failure_type = _cause_of(event)
        return Standstill(
            StuckKind.WORKFLOW_TASK, cause, _instant(event.event_time), pending.attempt, failure_type=failure_type
        )
    since = _instant(pending.original_scheduled_time)
    if pending.state == PendingWorkflowTaskState.PENDING_WORKFLOW_TASK_STATE_SCHEDULED and since < latest:
        return Standstill(StuckKind.WORKFLOW_TASK, StuckCause.NO_WORKER, since, pending.attempt)
    return None


async def _effect(
    client: Client, info: WorkflowExecutionInfo, pending: PendingActivityInfo, latest: datetime
) -> Standstill | None:
    """An effect that has not come about by its deadline."""

    def is_request(event: HistoryEvent) -> bool:
        return (
            event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
            and event.activity_task_scheduled_event_attributes.activity_id == pending.activity_id
        )

    since = _instant(pending.scheduled_time)
    # Of an effect that is repeated the engine tells when it is tried next; when it was asked for is in the history.
    if pending.attempt > 1 and (event := await _latest(client, info, is_request)) is not None:
        since = _instant(event.event_time)
    if since >= latest:
        return None
    cause, failure_type = StuckCause.NO_WORKER, ""
    if pending.HasField("last_failure"):
        cause, failure_type = _effect_cause(pending.last_failure)
    elif pending.HasField("last_started_time"):
        cause = StuckCause.STEP_TIMES_OUT
    return Standstill(
        StuckKind.ACTIVITY,
        cause,
        since,
        pending.attempt,
        failure_type=failure_type,
        activity_id=pending.activity_id,
        step=pending.activity_type.name,
    )


def _is_failed_step(event: HistoryEvent) -> bool:
    return event.event_type in (
        EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED,
        EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT,
    )


def _cause_of(event: HistoryEvent) -> tuple[StuckCause, str]:
    if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT:
        return StuckCause.CODE_HANGS, ""
    attributes = event.workflow_task_failed_event_attributes
    failure_type = _type(attributes.failure)
    if attributes.cause == WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR:
        return StuckCause.CODE_DIVERGES, failure_type
    return StuckCause.CODE_FAILS, failure_type


def _effect_cause(failure: Failure) -> tuple[StuckCause, str]:
    if failure.HasField("timeout_failure_info"):
        return StuckCause.STEP_TIMES_OUT, ""
    failure_type = _type(failure)
    if failure_type in _UNAVAILABLE:
        return StuckCause.SERVICE_UNAVAILABLE, failure_type
    return (StuckCause.SERVICE_REFUSES if failure_type in _REFUSES else StuckCause.STEP_FAILS), failure_type


def _type(failure: Failure) -> str:
    """The error's type, which is code; anything that does not look like one may be somebody's data."""
    name = failure.application_failure_info.type
    return name if _TYPE.fullmatch(name) else ""


async def _latest(
    client: Client, info: WorkflowExecutionInfo, wanted: Callable[[HistoryEvent], bool]
) -> HistoryEvent | None:
    """The newest event of a kind. What is pending was asked for lately, so only the history's end is read."""
    execution = WorkflowExecution(workflow_id=info.execution.workflow_id, run_id=info.execution.run_id)
    answer = await client.workflow_service.get_workflow_execution_history_reverse(
        GetWorkflowExecutionHistoryReverseRequest(
            namespace=client.namespace, execution=execution, maximum_page_size=_EVENTS
        ),
        retry=True,
    )
    return next((event for event in answer.history.events if wanted(event)), None)


def _keyword(client: Client, fields: Mapping[str, Payload], name: str) -> str:
    if name not in fields:
        return ""
    [text] = client.data_converter.payload_converter.from_payloads([fields[name]])
    return str(text)


def _instant(stamp: Timestamp) -> datetime:
    return stamp.ToDatetime(tzinfo=UTC)
