"""A worker with the real processes and the books of a test, made the one that new cases go to."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from temporalio.client import Client
from temporalio.worker import Interceptor, Worker

from tests.fixtures.deployment import make_current, versioned
from tests.workflows.books import Books
from workflows.definitions import WORKFLOWS, runner


@asynccontextmanager
async def serving(
    client: Client,
    queue: str,
    books: Books,
    *,
    build: str = "1",
    interceptors: Sequence[Interceptor] = (),
    max_cached_workflows: int = 1000,
) -> AsyncIterator[None]:
    async with Worker(
        client,
        task_queue=queue,
        workflows=WORKFLOWS,
        activities=books.activities(),
        workflow_runner=runner(),
        interceptors=interceptors,
        deployment_config=versioned(queue, build),
        max_cached_workflows=max_cached_workflows,
    ):
        await make_current(client, queue, build)
        yield
