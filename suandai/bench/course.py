"""What a real case asked of the engine, read from its history: the measure that a bare workflow is held against.

Only kinds, order and sizes are taken over, nothing of the content.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from temporalio.api.common.v1 import Payloads
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent


@dataclass(slots=True)
class Turn:
    """What a process does between two waits for people.

    ``activities`` are rounds, one after the other; the activities of a round are scheduled together, each as bytes of its
    input and its result. Then ``timers`` run until ``updates`` more updates have come.
    """

    attributes: int = 0
    activities: list[list[tuple[int, int]]] = field(default_factory=list)
    timers: int = 0
    updates: int = 0


@dataclass(frozen=True, slots=True)
class Course:
    """A whole case. ``update_bytes`` are the sizes of each update's argument and answer, in their order."""

    turns: tuple[Turn, ...]
    start_bytes: int
    result_bytes: int
    update_bytes: tuple[tuple[int, int], ...]
    events: int
    history_bytes: int

    @property
    def activities(self) -> int:
        """How many activities the case ran."""
        return sum(len(round_) for turn in self.turns for round_ in turn.activities)


def course_of(history: Iterable[HistoryEvent]) -> Course:
    """The course that a finished workflow took. Raises ``ValueError`` for one that has not completed."""
    events = list(history)
    results = {
        event.activity_task_completed_event_attributes.scheduled_event_id: _size(
            event.activity_task_completed_event_attributes.result
        )
        for event in events
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED
    }
    answers = {
        event.workflow_execution_update_completed_event_attributes.meta.update_id: _size(
            event.workflow_execution_update_completed_event_attributes.outcome.success
        )
        for event in events
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED
    }
    turns = [Turn()]
    rounds: dict[int, list[tuple[int, int]]] = defaultdict(list)
    updates: list[tuple[int, int]] = []
    start_bytes = result_bytes = -1
    for event in events:
        match event.event_type:
            case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
                start_bytes = _size(event.workflow_execution_started_event_attributes.input)
            case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
                result_bytes = _size(event.workflow_execution_completed_event_attributes.result)
            case EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES:
                _turn(turns).attributes += 1
            case EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
                scheduled = event.activity_task_scheduled_event_attributes
                decided_by = scheduled.workflow_task_completed_event_id
                turn = _turn(turns)
                if decided_by not in rounds:
                    turn.activities.append(rounds[decided_by])
                rounds[decided_by].append((_size(scheduled.input), results.get(event.event_id, 0)))
            case EventType.EVENT_TYPE_TIMER_STARTED:
                turns[-1].timers += 1
            case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED:
                request = event.workflow_execution_update_accepted_event_attributes.accepted_request
                turns[-1].updates += 1
                updates.append((_size(request.input.args), answers.get(request.meta.update_id, 0)))
    if result_bytes < 0:
        raise ValueError("the case has not come to its end")
    size = sum(event.ByteSize() for event in events)
    return Course(tuple(turns), start_bytes, result_bytes, tuple(updates), len(events), size)


def _turn(turns: list[Turn]) -> Turn:
    """The turn in hand: a command after people have acted begins the next one."""
    if turns[-1].updates:
        turns.append(Turn())
    return turns[-1]


def _size(payloads: Payloads) -> int:
    return sum(len(payload.data) for payload in payloads.payloads)
