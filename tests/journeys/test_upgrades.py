"""A build is installed while cases are open: each ends on the build it began on, new ones run the new process, a facility
moves on, a case that stood still at a defect is moved to the mended code, and the old build is let go in the end."""

import asyncio
import os
import re
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest
import pytest_asyncio
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, RPCError
from typer.testing import CliRunner

from domain.process import NAMESPACE
from services.kit.keyring import Keyring
from services.kit.temporal import data_converter
from suandai.cli import app
from suandai.stack.record import StackRecord
from suandai.walkthrough.files import CASTS, another_case
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


DEFECT: Change = (
    (
        "workflows/application/workflow.py",
        """        check = await self._check("screening")
""",
        """        check = await self._check("screening")
        if self._case_number.endswith("-000003"):
            raise ZeroDivisionError("a defect that only some cases come upon")
""",
    ),
)


@dataclass
class Upgrade:
    """A bank at which a build was installed while cases were open on the one before."""

    bank: BankStack
    before: str
    after: str
    drawn: CasePlay
    """Its facility was opened by the build before and waits for its first inspection."""
    pinned: CasePlay
    """Waits for its investigators, on the build before."""
    stuck: CasePlay
    """Stands still at a defect of the build before."""


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def upgrade(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Upgrade]:
    sources = tmp_path_factory.mktemp("sources")
    async with running_bank(sources=changed_sources(sources / "before", DEFECT), builds_seconds=1.0) as bank:
        before = bank.assembly.fleet.current
        drawn = await _drawn(bank)
        pinned = await _submitted(bank)
        await pinned.task("co_investigation")
        stuck = await _submitted(bank)
        assert stuck.application["case_number"].endswith("-000003")
        await _until(lambda: _fails(bank, f"application-{stuck.case_id}"), seconds=120)
        await bank.restart(sources=changed_sources(sources / "after", RETITLED), builds_seconds=1.0)
        yield Upgrade(bank, before, bank.assembly.fleet.current, drawn, pinned, stuck)


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def told(upgrade: Upgrade) -> str:
    """What an operator read of the case that stands still, before moving it to the mended build."""
    workflow_id = f"application-{upgrade.stuck.case_id}"

    async def listed() -> bool:
        operator = upgrade.bank.bank.person("operator.ho")
        items = await operator.page("/v1/operations/stuck-processes")
        return workflow_id in {item["workflow_id"] for item in items}

    await _until(listed, seconds=120)
    code, said = await _suandai(upgrade.bank, "stuck")
    assert code == 3
    moved, answer = await _suandai(upgrade.bank, "builds", "move", workflow_id)
    assert (moved, answer) == (0, f"moved to build {upgrade.after}: {workflow_id}\n")
    return said


async def test_every_build_with_cases_has_a_worker(upgrade: Upgrade) -> None:
    assert upgrade.before != upgrade.after
    assert {part.state for part in upgrade.bank.stack.parts} == {"ready"}
    record = StackRecord.read(upgrade.bank.layout.record)
    assert record is not None
    assert {"worker", f"worker-{upgrade.before}"} <= {part.name for part in record.components}
    code, said = await _suandai(upgrade.bank, "status")
    assert code == 0
    assert f"{upgrade.after} current" in said
    assert f"{upgrade.before} draining" in said


async def test_an_open_case_goes_on_as_it_began_and_a_new_one_runs_the_new_process(upgrade: Upgrade) -> None:
    bank, pinned = upgrade.bank, upgrade.pinned
    worker = bank.part(f"worker-{upgrade.before}")
    assert worker.process is not None
    restarts = worker.restarts
    # The worker of a build that is no longer current is looked after like any other.
    os.kill(worker.process.mark.pid, signal.SIGKILL)
    new = await _submitted(bank)
    assert await pinned.carry_to("assessment") == "assessment"
    assert (await pinned.task("rating_confirmation"))["title_en"].startswith("Rating confirmation · ")
    assert worker.restarts > restarts
    assert await new.carry_to("assessment") == "assessment"
    assert (await new.task("rating_confirmation"))["title_en"].startswith("Confirmation of the rating · ")
    assert await _build_of(bank, f"application-{pinned.case_id}") == upgrade.before
    assert await _build_of(bank, f"application-{new.case_id}") == upgrade.after


async def test_cases_that_wait_for_code_that_is_gone_are_told_of_until_it_is_back(upgrade: Upgrade) -> None:
    bank, kept = upgrade.bank, upgrade.bank.layout.builds / upgrade.before
    worker = bank.part(f"worker-{upgrade.before}")
    aside = bank.directory / "aside"
    kept.rename(aside)
    try:
        assert worker.process is not None
        os.kill(worker.process.mark.pid, signal.SIGKILL)

        async def told() -> bool:
            code, said = await _suandai(bank, "builds")
            return code == 3 and "open case(s) wait for it" in said

        await _until(told, seconds=60)
        code, said = await _suandai(bank, "status")
        assert code == 3
        assert f"build {upgrade.before}: its code is not whole" in said
        assert f"suandai builds move --from {upgrade.before}" in said
        # Everything else goes on.
        assert bank.part("worker").state == "ready"
    finally:
        aside.rename(kept)
    await bank.until_ready()
    assert (await _suandai(bank, "builds"))[0] == 0


async def test_a_facility_moves_on_to_the_new_build(upgrade: Upgrade) -> None:
    facility = f"facility-{upgrade.drawn.facility['facility_id']}"
    await upgrade.drawn.do(await upgrade.drawn.task("first_inspection"))
    await _until(lambda: _passed(upgrade.bank, facility, "announce-settlement"))
    assert await _build_of(upgrade.bank, facility) == upgrade.after
    # What lies behind it stays as it was.
    assert not await _passed(upgrade.bank, facility, "announce-inspection")


async def test_a_case_that_stood_still_goes_on_at_the_mended_build(upgrade: Upgrade, told: str) -> None:
    number, workflow_id = upgrade.stuck.application["case_number"], f"application-{upgrade.stuck.case_id}"
    assert f"{number}  CreditApplication" in told
    assert "code_fails, ZeroDivisionError" in told
    assert f"suandai builds move {workflow_id}\n" in told
    # The error's own words stay out of the list and out of every log: they may be about a person.
    logs = upgrade.bank.layout.logs.glob("worker*.log")
    said = "".join([told, *[log.read_text("utf-8", errors="replace") for log in logs]])
    assert "ZeroDivisionError" in said
    assert "a defect that only" not in said
    await upgrade.stuck.task("co_investigation")
    assert await _build_of(upgrade.bank, workflow_id) == upgrade.after

    async def closed() -> bool:
        return await _suandai(upgrade.bank, "stuck") == (0, "no process stands still\n")

    await _until(closed, seconds=120)


async def test_a_build_is_let_go_when_its_last_case_has_ended(upgrade: Upgrade, told: str) -> None:
    bank = upgrade.bank
    await upgrade.stuck.task("co_investigation")
    await upgrade.pinned.rm.post(f"/v1/applications/{upgrade.pinned.case_id}/withdraw", {"reason": "客户撤回"})

    async def let_go() -> bool:
        return all(part.name != f"worker-{upgrade.before}" for part in bank.stack.parts)

    await _until(let_go, seconds=120)
    views = {view.build: view for view in await asyncio.to_thread(bank.assembly.fleet.survey)}
    old = views[upgrade.before]
    assert (old.status, old.open_cases, old.needs_worker) == ("drained", 0, False)
    # What moved processes is kept: their histories can be replayed on nothing else.
    assert old.code_kept
    assert {part.state for part in bank.stack.parts} == {"ready"}


async def _submitted(bank: BankStack) -> CasePlay:
    play = CasePlay(bank.bank, another_case(ORDER), CASTS[ORDER])
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


async def _suandai(bank: BankStack, *arguments: str) -> tuple[int, str]:
    """A command as an operator types it: its exit code, and what it says with runs of spaces told as one."""
    place = {"SUANDAI_DIRECTORY": str(bank.directory), "SUANDAI_PORT_BASE": str(bank.ports.origination - 1)}
    result = await asyncio.to_thread(
        CliRunner().invoke, app, list(arguments), env={**place, "COLUMNS": "200"}, catch_exceptions=False
    )
    said = result.output if arguments[0] == "stuck" else re.sub(r" +", " ", result.output)
    return result.exit_code, said


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


async def _fails(bank: BankStack, workflow_id: str) -> bool:
    """Whether a process has come upon a defect and is tried again."""
    try:
        described = await (await _engine(bank)).get_workflow_handle(workflow_id).describe()
    except RPCError:
        return False  # not started yet
    return described.raw_description.pending_workflow_task.attempt > 1


async def _passed(bank: BankStack, workflow_id: str, patch: str) -> bool:
    """Whether a process went through a change of its code at its marker."""
    history = await (await _engine(bank)).get_workflow_handle(workflow_id).fetch_history()
    markers = [event for event in history.events if event.event_type == EventType.EVENT_TYPE_MARKER_RECORDED]
    return any(patch in str(event.marker_recorded_event_attributes.details) for event in markers)


async def _until(condition: Callable[[], Awaitable[bool]], *, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < deadline, "did not happen in time"
        await asyncio.sleep(0.1)
