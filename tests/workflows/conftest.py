"""A worker with the real processes on a real server; effects come from ``Books``."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import uuid4

import pytest
import pytest_asyncio
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from tests.fixtures.temporal import TemporalUnderTest
from tests.workflows.books import Books
from tests.workflows.serving import serving


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
    async with serving(client, queue, books):
        yield Bench(client, queue, books)
