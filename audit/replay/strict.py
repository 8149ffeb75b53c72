"""Strict replay of recorded histories on the definitions of a build."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import PydanticPayloadConverter
from temporalio.converter import (
    DataConverter,
    DefaultFailureConverterWithEncodedAttributes,
    SerializationContext,
    StorageDriverStoreContext,
)
from temporalio.worker import Replayer, WorkflowInstance, WorkflowInstanceDetails, WorkflowRunner
from temporalio.workflow import Info

from audit.replay.commands import UNCOMPARED
from audit.replay.differences import ABSENT, Difference, compare
from audit.replay.history import RecordedHistory
from audit.replay.recorded_commands import commands_of, completed_tasks
from audit.replay.said_commands import Said, commands_said
from audit.replay.values import failure_of

_BUILD = "strict-replay"
_QUEUE = f"replay-{_BUILD}"
"""The queue the library gives a workflow that is replayed; it stands for the workflow's own."""

Verdict = Literal["same", "different", "not_run"]


@dataclass(frozen=True)
class Replay:
    """What came of one history. ``not_run`` is never a pass: ``reason`` says why nothing could be compared."""

    workflow_id: str
    workflow: str
    build: str
    verdict: Verdict
    compared: int = 0
    """How many commands of the history were compared."""
    differences: tuple[Difference, ...] = field(default=())
    reason: str = ""
    engine: str = ""
    """What the engine's own replayer objects to; empty when it sees nothing wrong."""


async def replay(
    histories: Sequence[RecordedHistory], definitions: Sequence[type], runner: WorkflowRunner
) -> list[Replay]:
    """Run each history again on the definitions and compare all that the process said; one result a history, in order.

    Payloads must be decoded. ``runner`` is the sandbox the worker of these definitions uses.
    """
    known = {_name(definition): definition for definition in definitions}
    wanted = {history.workflow for history in histories}
    fitting = [definition for name, definition in known.items() if name in wanted]
    results: list[Replay | None] = [
        None if history.workflow in known else _not_run(history, f"the code has no definition of {history.workflow}")
        for history in histories
    ]
    waiting = [place for place, result in enumerate(results) if result is None]
    if waiting:
        watched = _Watched(runner)
        replayer = Replayer(
            workflows=fitting,
            workflow_runner=watched,
            data_converter=DataConverter(
                payload_converter_class=PydanticPayloadConverter,
                failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
            ),
            build_id=_BUILD,
        )

        async def in_turn() -> AsyncIterator[WorkflowHistory]:
            for place in waiting:
                watched.said.clear()
                yield histories[place].for_engine()

        async with replayer.workflow_replay_iterator(in_turn()) as outcomes:
            places = iter(waiting)
            async for outcome in outcomes:
                place = next(places)
                results[place] = _judged(histories[place], list(watched.said), outcome.replay_failure)
        # The library's threads are given back before the process may end (it can crash otherwise).
        await asyncio.sleep(0)
    return [result for result in results if result is not None]


def _judged(history: RecordedHistory, said: list[Said], failure: Exception | None) -> Replay:
    """The engine's verdict on kinds and ids first, then every content."""
    ended = completed_tasks(history.events)
    expected = {(command.kind, command.key): command for command in commands_of(history.events)}
    found = {(command.kind, command.key): command for command in commands_said(said, _QUEUE) if command.task in ended}
    differences = [
        Difference(command.event_id, command.kind, command.key, path, mine, theirs)
        for place, command in expected.items()
        if place in found
        for path, mine, theirs in compare(dict(command.content), dict(found[place].content))
    ]
    differences += [
        Difference(command.event_id, command.kind, command.key, "/task", command.task, found[place].task)
        for place, command in expected.items()
        if place in found and command.task != found[place].task
    ]
    differences += [
        Difference(
            command.event_id, UNCOMPARED, command.key, "", "a command strict replay can compare", dict(command.content)
        )
        for place, command in [*expected.items(), *found.items()]
        if command.kind == UNCOMPARED
    ]
    if failure is None:
        differences += [
            Difference(command.event_id, command.kind, command.key, "", dict(command.content), ABSENT)
            for place, command in expected.items()
            if place not in found
        ]
        differences += [
            Difference(0, command.kind, command.key, "", ABSENT, dict(command.content))
            for place, command in found.items()
            if place not in expected
        ]
    else:
        # The code left the course: what it would have said afterwards cannot be known, so only this is told of the rest.
        differences.append(Difference(0, "course", "", "", "the recorded course", _told(failure, said)))
    return Replay(
        history.workflow_id,
        history.workflow,
        history.build,
        verdict="different" if differences else "same",
        compared=sum(place in found for place in expected),
        differences=tuple(sorted(differences, key=lambda difference: (difference.event_id or 2**31, difference.kind))),
        engine="" if failure is None else _told(failure, said),
    )


def _told(failure: Exception, said: list[Said]) -> str:
    failed = [answer.completion.failed.failure for answer in said if answer.completion.HasField("failed")]
    return str(failure_of(failed[-1])["message"]) if failed else str(failure)


def _not_run(history: RecordedHistory, reason: str) -> Replay:
    return Replay(history.workflow_id, history.workflow, history.build, verdict="not_run", reason=reason)


def _name(definition: type) -> str:
    described = getattr(definition, "__temporal_workflow_definition", None)
    return str(described.name) if described is not None else definition.__name__


class _Watched(WorkflowRunner):
    """A runner that keeps what its instances answer, before any codec touches it."""

    def __init__(self, runner: WorkflowRunner) -> None:
        self._runner = runner
        self.said: list[Said] = []

    def prepare_workflow(self, defn) -> None:  # type: ignore[no-untyped-def]
        self._runner.prepare_workflow(defn)

    def set_worker_level_failure_exception_types(self, types: Sequence[type[BaseException]]) -> None:
        self._runner.set_worker_level_failure_exception_types(types)

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        self.said.clear()
        return _WatchedInstance(self._runner.create_instance(det), self.said)


class _WatchedInstance(WorkflowInstance):
    def __init__(self, instance: WorkflowInstance, said: list[Said]) -> None:
        self._instance = instance
        self._said = said

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        completion = self._instance.activate(act)
        copy = WorkflowActivationCompletion()
        copy.CopyFrom(completion)
        # In a replay the length of the history as the process sees it is the id of the event that started the task.
        self._said.append(Said(act.history_length, copy))
        return completion

    def get_serialization_context(self, command_info) -> SerializationContext | None:  # type: ignore[no-untyped-def]
        return self._instance.get_serialization_context(command_info)

    def get_external_store_context(self, command_info) -> StorageDriverStoreContext:  # type: ignore[no-untyped-def]
        return self._instance.get_external_store_context(command_info)

    def get_info(self) -> Info:
        return self._instance.get_info()

    def get_thread_id(self) -> int | None:
        return self._instance.get_thread_id()
