"""The board: a case's tasks as its workflow holds them. State only; it schedules nothing and reads no clock."""

from datetime import datetime
from uuid import UUID

from domain.process import DutyHeld
from domain.refusals import Refusal
from domain.rulebook import Rulebook
from domain.task_rules import RefusedCommand, applied, refusal_of
from domain.tasks import HumanTask, TaskCommand, TaskState, TaskType, Verb


class TaskBoard:
    """Tasks by id in the order they were opened, and who has discharged which duty of the case."""

    def __init__(self, branch: str) -> None:
        self._branch = branch
        self._tasks: dict[UUID, HumanTask] = {}
        self._duties: dict[str, list[str]] = {}
        self._unpublished: dict[UUID, HumanTask] = {}

    def note_duties(self, duties: tuple[DutyHeld, ...]) -> None:
        """Duties discharged elsewhere in the case: the submission, the tasks of an earlier process."""
        for held in duties:
            known = self._duties.setdefault(held.subject, [])
            if held.duty not in known:
                known.append(held.duty)

    def put(self, task: HumanTask) -> HumanTask:
        """Take a task in, or its next version."""
        self._tasks[task.task_id] = task
        self._unpublished[task.task_id] = task
        return task

    def task(self, task_id: UUID) -> HumanTask:
        return self._tasks[task_id]

    def all(self) -> tuple[HumanTask, ...]:
        return tuple(self._tasks.values())

    def open_tasks(self) -> tuple[HumanTask, ...]:
        return tuple(task for task in self._tasks.values() if task.is_open)

    def held(self, subject: str) -> frozenset[str]:
        """The duties a person has discharged or has in hand."""
        in_hand = (task.type.value for task in self.open_tasks() if subject in (task.assignee, task.owner))
        return frozenset(self._duties.get(subject, ())) | frozenset(in_hand)

    def refusal(self, command: TaskCommand, rulebook: Rulebook, now: datetime) -> RefusedCommand | None:
        """Why a command must be refused, or ``None``."""
        task = self._tasks.get(command.task_id)
        if task is not None and self._votes_twice(task, command):
            return RefusedCommand(
                code=Refusal.DUTIES_SEPARATE,
                rule="ONE-MEMBER-ONE-VOTE",
                message_zh="一名委员在一次表决中只有一票",
                message_en="a member has one vote in a ballot",
            )
        return refusal_of(
            task,
            command,
            held=self.held(command.subject),
            target_held=self.held(command.target) if command.target else frozenset(),
            rulebook=rulebook,
            branch=self._branch,
            now=now,
        )

    def _votes_twice(self, task: HumanTask, command: TaskCommand) -> bool:
        if task.type is not TaskType.COMMITTEE_VOTE or command.verb not in (Verb.CLAIM, Verb.FORWARD, Verb.ASSIGN):
            return False
        voter = command.target or command.subject
        ballot = (other for other in self._tasks.values() if other.subject == task.subject and other is not task)
        return any(voter in (other.assignee, other.completed_by) for other in ballot)

    def act(self, command: TaskCommand, now: datetime) -> HumanTask:
        """Carry out a command that was not refused."""
        task = self.put(applied(self._tasks[command.task_id], command, now))
        if task.state is TaskState.COMPLETED and task.completed_by is not None:
            self._duties.setdefault(task.completed_by, []).append(task.type.value)
        return task

    def escalate(self, task_id: UUID, due_at: datetime | None) -> HumanTask:
        """The deadline has passed: the task rises in every inbox; whoever may decide it does not change."""
        task = self._tasks[task_id]
        risen = {
            "escalation_level": task.escalation_level + 1,
            "priority": min(100, task.priority + 10),
            "due_at": due_at,
            "version": task.version + 1,
        }
        return self.put(task.model_copy(update=risen))

    def end_open(self, state: TaskState, now: datetime) -> None:
        """The case goes elsewhere: what is still open is exited (or obsolete) and says when."""
        for task in self.open_tasks():
            self.put(task.model_copy(update={"state": state, "completed_at": now, "version": task.version + 1}))

    def take_unpublished(self) -> tuple[HumanTask, ...]:
        """Task versions that origination has not been told of by the process itself."""
        taken = tuple(self._unpublished.values())
        self._unpublished = {}
        return taken
