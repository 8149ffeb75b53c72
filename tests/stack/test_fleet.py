"""Builds and their workers at a stack without a bank: the engine, the sign-in and the workers alone."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from suandai.stack import Ports, Stack
from tests.fixtures.builds import changed_sources

ENGINE = ("temporal", "staff-identity", "worker")
TITLE = ("workflows/human/titles.py", '"Credit review"', '"Review of the credit"')


@pytest.fixture
def directory() -> Iterator[Path]:
    with TemporaryDirectory(prefix="sd-") as place:
        yield Path(place)


async def test_an_installed_build_outlives_edits_and_one_without_cases_is_forgotten(directory: Path) -> None:
    place, ports = directory / "stack", Ports.free()
    sources = changed_sources(directory / "first", [])
    async with Stack(place, ports=ports, components=ENGINE, sources=sources) as stack:
        first = stack.assembly.fleet.current
        changed = sources / TITLE[0]
        changed.write_text(changed.read_text("utf-8").replace(TITLE[1], TITLE[2]), "utf-8")
        # Whoever edits sources under a running stack changes nothing of it, also when the worker is started again.
        [worker] = [part for part in stack.parts if part.name == "worker"]
        assert worker.process is not None
        os.kill(worker.process.mark.pid, signal.SIGKILL)
        await _until(lambda: worker.restarts == 1 and worker.state == "ready")
        [view] = await asyncio.to_thread(stack.assembly.fleet.survey)
        assert (view.build, view.status, view.code_kept, view.open_cases) == (first, "current", True, 0)
        assert stack.assembly.fleet.earlier([view]) == []
    assert (place / "builds" / first).exists()

    # The edited sources are another build, and the first one never had a case.
    async with Stack(place, ports=ports, components=ENGINE, sources=sources, builds_seconds=0.5) as stack:
        second = stack.assembly.fleet.current
        assert second != first
        await _until(lambda: not (place / "builds" / first).exists())
        await _until(lambda: [part.name for part in stack.parts] == list(ENGINE))
        views = {view.build: view for view in await asyncio.to_thread(stack.assembly.fleet.survey)}
        assert (views[first].status, views[first].code_kept, views[first].lost) == ("drained", False, False)
        assert (views[second].status, views[second].code_kept) == ("current", True)
        assert {part.state for part in stack.parts} == {"ready"}


async def _until(condition: Callable[[], bool], seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        await asyncio.sleep(0.05)
