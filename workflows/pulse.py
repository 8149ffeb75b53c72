"""The pulse of an activity: the engine hears of it while it runs, and misses it soon when its worker was killed.

Without it an activity in the hands of a killed worker would be taken up again only when the time for one attempt is over.
"""

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Any

from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

INTERVAL = timedelta(seconds=3)
"""Shorter than the heartbeat timeout by enough for one that is late; most activities end before the first."""


class Pulse(Interceptor):
    """Gives every activity of a worker its heartbeat."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 - the name is the interface's
        return _Beating(next)


class _Beating(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        beating = asyncio.create_task(_beat())
        try:
            return await super().execute_activity(input)
        finally:
            beating.cancel()
            with suppress(asyncio.CancelledError):
                await beating


async def _beat() -> None:
    while True:
        await asyncio.sleep(INTERVAL.total_seconds())
        activity.heartbeat()
