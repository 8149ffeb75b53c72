"""Activities are heard of while they run."""

import asyncio
from datetime import timedelta
from typing import Any, cast

import pytest
from temporalio.testing import ActivityEnvironment
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput

from workflows import pulse
from workflows.effects import MISSED


class _Working(ActivityInboundInterceptor):
    """An activity that ends when it was heard of twice."""

    def __init__(self, heard: asyncio.Event) -> None:
        self._heard = heard

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        async with asyncio.timeout(30):
            await self._heard.wait()
        return "done"


async def test_an_activity_is_heard_of_until_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "INTERVAL", timedelta(milliseconds=10))
    heard, beats = asyncio.Event(), []
    environment = ActivityEnvironment()

    def beat(*details: object) -> None:
        beats.append(details)
        if len(beats) == 2:
            heard.set()

    environment.on_heartbeat = beat
    inbound = pulse.Pulse().intercept_activity(_Working(heard))

    async def run() -> object:
        return await inbound.execute_activity(cast(ExecuteActivityInput, None))

    before = asyncio.all_tasks()
    assert await environment.run(run) == "done"
    assert len(beats) >= 2
    assert asyncio.all_tasks() <= before, "nothing goes on beating for an activity that has ended"


def test_the_engine_waits_for_more_than_one_heartbeat() -> None:
    assert 2 * pulse.INTERVAL < MISSED
