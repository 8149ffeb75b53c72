"""A build is installed while cases are open: each ends on the build it began on, new ones run the new process, a facility
moves on, and the old build is let go when its last case has ended."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest_asyncio
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client

from domain.process import NAMESPACE
from services.kit.keyring import Keyring
from services.kit.temporal import data_converter
from suandai.stack.fleet import BuildView
from suandai.walkthrough.files import CASTS, case_files
from suandai.walkthrough.play import CasePlay
from tests.fixtures.builds import Change, changed_sources
from tests.fixtures.stack import BankStack, running_bank
from tests.journeys.conftest import ORDER

RETITLED: Change = (
    ("workflows/human/titles.py", '"Rating confirmation"', '"Confirmation of the rating"'),
    # Two incompatible changes of the facility, each behind its marker: one at a point that open facilities have passed, one
    # that is still ahead of them.
    (
        "workflows/facility/workflow.py",
        """        first = min(drawing.paid_on for drawing in self._drawings.values())
        self._show()
""",
        """        first = min(drawing.paid_on for drawing in self._drawings.values())
        if workflow.patched("announce-inspection"):
            await self.report()
        self._show()
""",
    ),
    (
        "workflows/facility/workflow.py",
        """        await self._settlement()
        return""",
        """        if workflow.patched("announce-settlement"):
            await self.report()
        await self._settlement()
        return""",
    ),
)


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def bank() -> AsyncIterator[BankStack]:
    async with running_bank(builds_seconds=1.0) as bank:
        yield bank


async def test_open_cases_end_on_their_build_and_new_ones_run_the_new_process(bank: BankStack, tmp_path: Path) -> None:
    with_facility = await _drawn(bank)
    pinned = await _submitted(bank)
    await pinned.task("co_investigation")
    before = bank.assembly.fleet.current

    await bank.restart(sources=changed_sources(tmp_path / "next", RETITLED), builds_seconds=1.0)
    after = bank.assembly.fleet.current
    assert before != after
    old_worker = bank.part(f"worker-{before}")
    assert {part.state for part in bank.stack.parts} == {"ready"}
    [current, old] = await _builds(bank)
    assert (current.build, current.status) == (after, "current")
    assert (old.build, old.status, old.open_cases, old.code_kept) == (before, "draining", 1, True)

    # A case that is open goes on as it began, also when its build's worker dies under it.
    assert old_worker.process is not None
    os.kill(old_worker.process.mark.pid, signal.SIGKILL)
    new = await _submitted(bank)
    assert await pinned.carry_to("assessment") == "assessment"
    assert (await pinned.task("rating_confirmation"))["title_en"].startswith("Rating confirmation · ")
    assert old_worker.restarts == 1
    # A new case runs the new process.
    assert await new.carry_to("assessment") == "assessment"
    assert (await new.task("rating_confirmation"))["title_en"].startswith("Confirmation of the rating · ")
    assert await _build_of(bank, f"application-{pinned.case_id}") == before
    assert await _build_of(bank, f"application-{new.case_id}") == after

    # The facility, opened by the old build, is led on by the new one.
    facility = f"facility-{with_facility.facility['facility_id']}"
    await with_facility.do(await with_facility.task("first_inspection"))
    await _until(lambda: _passed(bank, facility, "announce-settlement"))
    assert await _build_of(bank, facility) == after
    assert not await _passed(bank, facility, "announce-inspection")

    assert await pinned.carry_to("effective") == "effective"

    async def let_go() -> bool:
        return all(part.name != f"worker-{before}" for part in bank.stack.parts)

    await _until(let_go, seconds=60)
    [current, old] = await _builds(bank)
    assert (old.status, old.open_cases, old.needs_worker) == ("drained", 0, False)
    # What moved processes is kept: their histories can be replayed on nothing else.
    assert old.code_kept
    assert {part.state for part in bank.stack.parts} == {"ready"}
    assert await new.carry_to("review") == "review"


async def _submitted(bank: BankStack) -> CasePlay:
    play = CasePlay(bank.bank, case_files(ORDER), CASTS[ORDER])
    await play.draft(await play.enter_customer())
    await play.submit()
    return play


async def _drawn(bank: BankStack) -> CasePlay:
    play = await _submitted(bank)
    assert await play.carry_to("effective") == "effective"
    await play.find_facility()
    await play.request_utilisation()
    # The inspection is left to the other build.
    left = frozenset({"first_inspection"})
    assert await play.carry_utilisation_to("secured", leave=left) == "secured"
    await play.task("first_inspection")
    return play


async def _builds(bank: BankStack) -> list[BuildView]:
    return await asyncio.to_thread(bank.assembly.fleet.survey)


async def _engine(bank: BankStack) -> Client:
    keyring = Keyring.load(bank.layout.keys)
    return await Client.connect(
        bank.assembly.temporal.address, namespace=NAMESPACE, data_converter=data_converter(keyring)
    )


async def _build_of(bank: BankStack, workflow_id: str) -> str:
    """The build whose worker completed the process's latest step."""
    described = await (await _engine(bank)).get_workflow_handle(workflow_id).describe()
    info = described.raw_description.workflow_execution_info.versioning_info
    return str(info.deployment_version.build_id)


async def _passed(bank: BankStack, workflow_id: str, patch: str) -> bool:
    """Whether a process went through a change of its code at its marker."""
    history = await (await _engine(bank)).get_workflow_handle(workflow_id).fetch_history()
    markers = [event for event in history.events if event.event_type == EventType.EVENT_TYPE_MARKER_RECORDED]
    return any(patch in str(event.marker_recorded_event_attributes.details) for event in markers)


async def _until(condition: Callable[[], Awaitable[Any]], *, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < deadline, "did not happen in time"
        await asyncio.sleep(0.1)
