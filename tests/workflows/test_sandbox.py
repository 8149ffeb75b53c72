"""The sandbox of the worker: what it refuses a definition, and that what leaves it is encrypted."""

from pathlib import Path
from uuid import uuid4

import pytest
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.worker import Worker

from services.kit.keyring import Keyring
from services.kit.temporal import data_converter
from tests.fixtures.temporal import TemporalUnderTest
from tests.workflows.prying import Prying
from workflows.definitions import runner

BORROWER = "宁夏西云算力科技有限公司"


async def ended(temporal: TemporalUnderTest, tmp_path: Path, *, looks: bool) -> WorkflowHandle[Prying, str]:
    keyring = Keyring.create(tmp_path / "keys")
    client = await Client.connect(
        temporal.address, namespace=temporal.namespace, data_converter=data_converter(keyring)
    )
    queue = f"prying-{uuid4()}"
    async with Worker(
        client,
        task_queue=queue,
        workflows=[Prying],
        workflow_runner=runner(),
        workflow_failure_exception_types=[Exception],
    ):
        handle = await client.start_workflow(Prying.run, args=[BORROWER, looks], id=queue, task_queue=queue)
        if looks:
            with pytest.raises(WorkflowFailureError) as failed:
                await handle.result()
            assert "time.time" in str(failed.value.cause)
        else:
            assert await handle.result() == f"{BORROWER}, noted"
    return handle


@pytest.mark.parametrize("looks", [False, True])
async def test_a_definition_may_not_read_the_clock_and_what_it_says_is_encrypted(
    temporal: TemporalUnderTest, tmp_path: Path, looks: bool
) -> None:
    history = await (await ended(temporal, tmp_path, looks=looks)).fetch_history()
    stored = b"".join(event.SerializeToString() for event in history.events)
    for plain in (BORROWER, "noted", "time.time"):
        assert plain.encode() not in stored
