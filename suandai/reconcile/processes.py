"""The engine's side: what a process says of itself, and which steps and commands its history holds."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from temporalio.api.common.v1 import Payloads
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import (
    Client,
    RPCError,
    WorkflowExecutionStatus,
    WorkflowQueryFailedError,
    WorkflowQueryRejectedError,
)
from temporalio.service import RPCStatusCode

from domain.facility import TransferRef
from domain.process import (
    APPLICATION_WORKFLOW,
    FACILITY_WORKFLOW,
    POSITION,
    TASK_QUEUE,
    UTILISATION_WORKFLOW,
    Position,
)

PREFIX_OF = {
    APPLICATION_WORKFLOW: "application-",
    UTILISATION_WORKFLOW: "utilisation-",
    FACILITY_WORKFLOW: "facility-",
}
ASKED_FOR = timedelta(seconds=10)
"""How long a process is given to answer; a worker that replays a long history needs some of it."""

_STEPS_WITH_AN_EVENT = frozenset(
    {
        "report_progress", "run_check", "determine_authority", "record_decision", "issue_offer", "draw_up_contract",
        "report_condition", "value_cohort", "rate_borrower", "override_rating", "set_limit", "quote_price", "plan_repayment",
        "reset_margin",         "reserve_commitment", "run_gate", "prepare_transfers", "commit_drawing",
    }
)  # fmt: skip
"""Activities whose step always stands in an event of the case: the others only read, or do nothing the second time."""


@dataclass(frozen=True)
class Listed:
    """A process as the engine lists it."""

    workflow_id: str
    workflow_type: str
    case_number: str
    task_queue: str


@dataclass
class Process:
    """One process as the engine has it. ``position`` is ``None`` where it has ended or could not be asked."""

    workflow_id: str
    workflow_type: str
    case_number: str
    running: bool
    status: str
    stage: str = ""
    """Where it stands, or with what it ended."""
    position: Position | None = None
    not_asked: str = ""
    """Why a running process did not answer; empty when it did."""
    case_id: UUID | None = None
    taken: dict[str, int] = field(default_factory=dict)
    """Steps that were finished → the event to which the process would be reset to take them again."""
    begun: set[str] = field(default_factory=set)
    """Steps that were at least scheduled."""
    updates: dict[str, int] = field(default_factory=dict)
    """Update ids that the process accepted → the event to which it would be reset to be without them."""
    transfers: tuple[TransferRef, ...] = ()
    """Transfers as they were prepared."""


async def listed(client: Client) -> list[Listed]:
    """Every process of the namespace, running or not; of one that was reset the newest run."""
    found: dict[str, Listed] = {}
    async for execution in client.list_workflows():
        numbers = execution.search_attributes.get("CaseNumber") or [""]
        found.setdefault(
            execution.id,
            Listed(execution.id, execution.workflow_type, str(numbers[0]), execution.task_queue),
        )
    return list(found.values())


def object_of(workflow_id: str, workflow_type: str) -> UUID | None:
    """The application, utilisation or facility a process of ours is about; ``None`` for an id that is none of ours."""
    prefix = PREFIX_OF.get(workflow_type, "")
    if not prefix or not workflow_id.startswith(prefix):
        return None
    try:
        return UUID(workflow_id.removeprefix(prefix))
    except ValueError:
        return None


def is_foreign(process: Listed) -> bool:
    """Whether it is on our queue or under our names, and still none of ours."""
    ours = process.task_queue == TASK_QUEUE or process.workflow_type in PREFIX_OF
    named = any(process.workflow_id.startswith(prefix) for prefix in PREFIX_OF.values())
    return (ours or named) and object_of(process.workflow_id, process.workflow_type) is None


async def read_process(client: Client, workflow_id: str) -> Process | None:
    """A process whole: description, history and, while it runs, its own answer. ``None`` where the engine has none."""
    handle = client.get_workflow_handle(workflow_id)
    try:
        described = await handle.describe(rpc_timeout=timedelta(seconds=10))
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise
    running = described.status is WorkflowExecutionStatus.RUNNING
    numbers = described.search_attributes.get("CaseNumber") or [""]
    process = Process(
        workflow_id=workflow_id,
        workflow_type=described.workflow_type,
        case_number=str(numbers[0]),
        running=running,
        status=described.status.name.lower() if described.status is not None else "unknown",
    )
    await _History(client, process).read(described.run_id)
    if running:
        try:
            async with asyncio.timeout(ASKED_FOR.total_seconds()):
                process.position = await handle.query(POSITION, result_type=Position, rpc_timeout=ASKED_FOR)
            process.stage = process.position.stage
        except (RPCError, WorkflowQueryFailedError, WorkflowQueryRejectedError, TimeoutError) as error:
            process.not_asked = type(error).__name__
    return process


class _History:
    """Reads a history into a process: steps, updates, transfers, result."""

    def __init__(self, client: Client, process: Process) -> None:
        self._client = client
        self._process = process
        self._scheduled: dict[int, tuple[str, str, int]] = {}
        self._task_completed = 0

    async def read(self, run_id: str | None) -> None:
        """Go through the events of the run."""
        handle = self._client.get_workflow_handle(self._process.workflow_id, run_id=run_id)
        async for event in handle.fetch_history_events():
            match event.event_type:
                case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
                    await self._started(event)
                case EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
                    self._task_completed = event.event_id
                case EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
                    await self._activity_scheduled(event)
                case EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
                    await self._activity_completed(event)
                case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED:
                    accepted = event.workflow_execution_update_accepted_event_attributes
                    update_id = accepted.accepted_request.meta.update_id or accepted.protocol_instance_id
                    self._process.updates[update_id] = self._task_completed
                case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
                    result = await self._decoded(event.workflow_execution_completed_event_attributes.result)
                    self._process.stage = str(result.get("stage", "") if isinstance(result, dict) else result)
                case _:
                    pass

    async def _started(self, event: HistoryEvent) -> None:
        start = await self._decoded(event.workflow_execution_started_event_attributes.input)
        if isinstance(start, dict) and "case_id" in start:
            self._process.case_id = UUID(str(start["case_id"]))

    async def _activity_scheduled(self, event: HistoryEvent) -> None:
        scheduled = event.activity_task_scheduled_event_attributes
        step = await self._decoded(scheduled.input)
        if isinstance(step, dict) and "step" in step:
            self._process.begun.add(str(step["step"]))
            completed_task = scheduled.workflow_task_completed_event_id
            self._scheduled[event.event_id] = (scheduled.activity_type.name, str(step["step"]), completed_task)

    async def _activity_completed(self, event: HistoryEvent) -> None:
        completed = event.activity_task_completed_event_attributes
        known = self._scheduled.get(completed.scheduled_event_id)
        if known is None:
            return
        name, step, completed_task = known
        if name in _STEPS_WITH_AN_EVENT:
            self._process.taken[step] = completed_task
        if name == "prepare_transfers":
            refs = await self._decoded(completed.result)
            self._process.transfers = tuple(TransferRef.model_validate(ref) for ref in refs)

    async def _decoded(self, payloads: Payloads) -> Any:
        """The last value of some payloads as plain JSON; the step is always the last argument."""
        if not payloads.payloads:
            return None
        converter = self._client.data_converter
        return (await converter.decode([payloads.payloads[-1]]))[0]
