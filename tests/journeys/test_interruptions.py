"""Parts that fail under a case: nothing is lost, and the case goes on where it stood."""

import asyncio
import os
import signal
import time

import httpx

from suandai.walkthrough.files import CASTS, another_case
from suandai.walkthrough.person import Refused
from suandai.walkthrough.play import CasePlay, version_tag
from tests.fixtures.stack import BankStack
from tests.journeys.conftest import ORDER, NewCase


async def test_a_case_submitted_without_the_engine_is_accepted_and_starts_later(bank_stack: BankStack) -> None:
    play = CasePlay(bank_stack.bank, another_case(ORDER), CASTS[ORDER])
    await play.draft(await play.enter_customer())
    engine = bank_stack.part("temporal")
    assert engine.process is not None
    restarts = engine.restarts
    # Held and not killed at first: a killed engine is back before the request is made.
    os.kill(engine.process.mark.pid, signal.SIGSTOP)
    try:
        answer = await play.rm.answer(
            "POST", f"/v1/applications/{play.case_id}/submit", If_Match=version_tag(play.application)
        )
        assert answer.status_code == 202
        assert (await play.reread())["stage"] == "submitted"
        assert await play.open_tasks() == []
    finally:
        os.kill(engine.process.mark.pid, signal.SIGKILL)
    await bank_stack.until_ready(restarts={"temporal": restarts + 1})
    await play.task("co_investigation")
    assert (await play.reread())["stage"] == "due_diligence"
    await _withdraw(play)


async def test_the_stack_is_ended_and_started_again_and_an_open_case_goes_on(
    bank_stack: BankStack, new_case: NewCase
) -> None:
    play = await new_case()
    await play.carry_to("assessment")
    before = await play.rm.get(f"/v1/applications/{play.case_id}/timeline", limit=1000, detail="all")
    await play.task("rating_confirmation")

    await bank_stack.restart()
    task = await play.task("rating_confirmation")
    after = await play.rm.get(f"/v1/applications/{play.case_id}/timeline", limit=1000, detail="all")
    assert after[: len(before)] == before
    finished = await play.do(task)
    assert finished["state"] == "completed"
    assert await play.carry_to("approval") == "approval"
    verdict = await bank_stack.bank.person("auditor.ho").get(f"/v1/audit/cases/{play.case_id}/verify")
    assert verdict["intact"] is True
    await _withdraw(play)


async def test_a_worker_that_is_killed_in_the_middle_is_replaced_and_every_step_is_taken_once(
    bank_stack: BankStack, new_case: NewCase
) -> None:
    play = await new_case()
    await play.task("co_investigation")
    worker = bank_stack.part("worker")
    assert worker.process is not None
    restarts = worker.restarts
    os.kill(worker.process.mark.pid, signal.SIGKILL)
    assert await play.carry_to("review") == "review"
    await bank_stack.until_ready(restarts={"worker": restarts + 1})
    timeline = await play.rm.get(f"/v1/applications/{play.case_id}/timeline", limit=1000, detail="all")
    kinds = [entry["kind"] for entry in timeline]
    assert {kind: kinds.count(kind) for kind in ("finding.rating", "finding.limit", "finding.quote")} == {
        "finding.rating": 1,
        "finding.limit": 1,
        "finding.quote": 1,
    }
    await _withdraw(play)


async def _withdraw(play: CasePlay) -> None:
    """Leave nothing open behind: the bank is everybody's."""
    deadline = time.monotonic() + 30
    while True:
        try:
            await play.rm.post(f"/v1/applications/{play.case_id}/withdraw", {"reason": "试验结束"})
        except (Refused, httpx.HTTPError):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.2)
        else:
            return
