"""Who acted is provable: a command without origination's signature over exactly it changes nothing."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from domain.canonical import sha256_of
from domain.process import ACT_ON_TASK, APPLICATION_WORKFLOW, CommandResult, SignedTaskCommand
from domain.roles import Role
from domain.tasks import HumanTask, TaskCommand, TaskState, TaskType, Verb
from services.kit.actor_assertion import sign
from services.kit.keyring import Keyring
from services.kit.principal import Principal
from services.kit.temporal import data_converter
from tests.fixtures.temporal import TemporalUnderTest
from tests.workflows.books import Books
from tests.workflows.people import Desk, case_start
from tests.workflows.serving import serving
from workflows.actor_gate import ActorGate


@dataclass
class Signed:
    """A case on an encrypted connection whose worker checks signatures, and the ring that signs."""

    client: Client
    keyring: Keyring
    desk: Desk
    workflow_id: str
    task: HumanTask

    def command(self, **change: Any) -> TaskCommand:
        terms: dict[str, Any] = {
            "task_id": self.task.task_id,
            "verb": Verb.CLAIM,
            "expected_version": self.task.version,
            "subject": "second",
            "roles": (Role.CO_INVESTIGATOR,),
        }
        return TaskCommand(**{**terms, **change})

    def assertion(self, command: TaskCommand, update_id: str, **change: Any) -> str:
        who = Principal(
            subject=change.pop("subject", command.subject),
            roles=change.pop("roles", tuple(str(role) for role in command.roles)),
            token_id="token-1",
            kind="staff",
            issuer="https://staff.example",
        )
        terms = {"workflow_id": self.workflow_id, "update_id": update_id, "command_sha256": sha256_of(command)}
        return sign(change.pop("keyring", self.keyring), who, **{**terms, **change})

    async def send(self, command: TaskCommand, assertion: str, update_id: str) -> CommandResult:
        return await self.desk.handle.execute_update(
            ACT_ON_TASK,
            SignedTaskCommand(command=command, assertion=assertion),
            id=update_id,
            result_type=CommandResult,
        )


@pytest_asyncio.fixture
async def case(temporal: TemporalUnderTest, books: Books, tmp_path: Path) -> AsyncIterator[Signed]:
    keyring = Keyring.create(tmp_path / "keys")
    verifier = Keyring.load(tmp_path / "keys", {"payload"})
    client = await Client.connect(
        temporal.address, namespace=temporal.namespace, data_converter=data_converter(verifier)
    )
    queue = f"gate-{uuid4()}"
    async with serving(client, queue, books, interceptors=[ActorGate(verifier)]):
        start = case_start()
        workflow_id = f"application-{start.application_id}"
        await client.start_workflow(APPLICATION_WORKFLOW, start, id=workflow_id, task_queue=queue)
        desk = Desk(client, workflow_id)
        [task] = [
            task
            for task in await desk.awaited(TaskType.LEAD_INVESTIGATION, TaskType.CO_INVESTIGATION)
            if task.type is TaskType.CO_INVESTIGATION
        ]
        yield Signed(client, keyring, desk, workflow_id, task)


async def refused(case: Signed, command: TaskCommand, assertion: str, update_id: str) -> str:
    with pytest.raises(WorkflowUpdateFailedError) as refusal:
        await case.send(command, assertion, update_id)
    cause = refusal.value.cause
    assert isinstance(cause, ApplicationError)
    assert cause.type == "assertion_invalid"
    [task] = await case.desk.tasks(TaskType.CO_INVESTIGATION)
    assert task.state is TaskState.READY
    return str(cause.details[0]["rule"])


async def test_a_command_with_its_own_assertion_is_carried_out(case: Signed) -> None:
    command = case.command()
    result = await case.send(command, case.assertion(command, "u-1"), "u-1")
    assert result.tasks[0].assignee == "second"


async def test_a_forged_assertion_is_refused(case: Signed, tmp_path: Path) -> None:
    stranger = Keyring.create(tmp_path / "stranger")
    command = case.command()
    assert await refused(case, command, case.assertion(command, "u-1", keyring=stranger), "u-1") == "unknown_key"
    assert await refused(case, command, "", "u-2") == "malformed"
    genuine = case.assertion(command, "u-3")
    header, payload, signature = genuine.split(".")
    flipped = ("A" if signature[0] != "A" else "B") + signature[1:]
    assert await refused(case, command, f"{header}.{payload}.{flipped}", "u-3") == "signature"


async def test_an_assertion_is_not_replayed_moved_or_put_under_another_command(case: Signed) -> None:
    command = case.command()
    genuine = case.assertion(command, "u-1")
    assert await refused(case, command, genuine, "u-2") == "moved"
    elsewhere = case.assertion(command, "u-3", workflow_id=f"application-{uuid4()}")
    assert await refused(case, command, elsewhere, "u-3") == "moved"
    other = case.command(comment="另一内容")
    assert await refused(case, other, case.assertion(command, "u-4"), "u-4") == "other_command"


async def test_an_assertion_speaks_for_its_own_person_and_roles(case: Signed) -> None:
    command = case.command()
    assert await refused(case, command, case.assertion(command, "u-1", subject="rm"), "u-1") == "other_actor"
    lesser = case.assertion(command, "u-2", roles=("relationship_manager",))
    assert await refused(case, command, lesser, "u-2") == "other_actor"


async def test_an_assertion_expires(case: Signed) -> None:
    command = case.command()
    late = case.assertion(command, "u-1", at=datetime.now(UTC) - timedelta(hours=1))
    assert await refused(case, command, late, "u-1") == "expired"


async def test_the_same_update_id_returns_the_first_result(case: Signed) -> None:
    command = case.command()
    assertion = case.assertion(command, "u-1")
    first = await case.send(command, assertion, "u-1")
    again = await case.send(command, assertion, "u-1")
    assert again == first
