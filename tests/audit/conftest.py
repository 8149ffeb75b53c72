"""A small process that ran once on the real server, and its code in a directory where a test may spoil it."""

import importlib
import shutil
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from temporalio import activity
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Worker

from audit.replay.history import recorded, write_history
from tests.fixtures.temporal import TemporalUnderTest

SPECIMEN = Path(__file__).parent / "specimen"


@activity.defn(name="value")
async def value(valuation: dict[str, str]) -> str:
    return f"{valuation['server']}: 1.00"


@contextmanager
def imported(directory: Path) -> Iterator[Any]:
    """The definitions of a small process in a directory; nothing of it stays imported."""
    sys.path.insert(0, str(directory))
    try:
        yield importlib.import_module("loan.definitions")
    finally:
        sys.path.remove(str(directory))
        for name in [name for name in sys.modules if name.partition(".")[0] == "loan"]:
            del sys.modules[name]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def small_loan(temporal: TemporalUnderTest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Path]:
    """The history of the small process as a file; its worker kept nothing in its cache."""
    client = await Client.connect(
        temporal.address, namespace=temporal.namespace, data_converter=pydantic_data_converter
    )
    queue = f"loan-{uuid4()}"
    with imported(SPECIMEN) as definitions:
        async with Worker(
            client,
            task_queue=queue,
            workflows=definitions.WORKFLOWS,
            activities=[value],
            workflow_runner=definitions.runner(),
            max_cached_workflows=0,
        ):
            handle = await client.start_workflow("SmallLoan", "80000000.00", id=f"loan-{uuid4()}", task_queue=queue)
            await handle.execute_update("answer", True)
            await handle.result()
    history = recorded((await handle.fetch_history()).events)
    path = tmp_path_factory.mktemp("loan") / "history.json"
    path.write_text(write_history(history), "utf-8")
    yield path


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """A copy of the small process's code."""
    shutil.copytree(SPECIMEN / "loan", tmp_path / "code" / "loan", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "code"
