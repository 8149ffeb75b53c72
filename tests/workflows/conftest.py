"""A worker with the real processes on a real server; effects come from ``Books``."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import uuid4

import pytest
import pytest_asyncio
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Worker

from tests.fixtures.deployment import make_current, versioned
from tests.fixtures.temporal import TemporalUnderTest
from tests.workflows.books import Books
from workflows.definitions import WORKFLOWS, runner


@pytest.fixture
def books() -> Books:
    return Books()


@dataclass
class Bench:
    """A running worker: the client, its queue and the books behind it."""

    client: Client
    queue: str
    books: Books


@pytest_asyncio.fixture
async def bench(temporal: TemporalUnderTest, books: Books) -> AsyncIterator[Bench]:
    client = await Client.connect(
        temporal.address, namespace=temporal.namespace, data_converter=pydantic_data_converter
    )
    queue = f"test-{uuid4()}"
    async with Worker(
        client,
        task_queue=queue,
        workflows=WORKFLOWS,
        activities=books.activities(),
        workflow_runner=runner(),
        deployment_config=versioned(queue),
    ):
        await make_current(client, queue)
        yield Bench(client, queue, books)
