"""The bare workflow: the commands, updates and payload sizes of a real case, with activities that do nothing."""

import asyncio
from datetime import timedelta
from typing import Any

from temporalio import activity, workflow

BARE_QUEUE = "bench-bare"
BARE_WORKFLOW = "BareCase"
DESK_WORKFLOW = "BareDesk"
UPDATE = "act"
_LONG = timedelta(days=30)
_ATTEMPT = timedelta(seconds=60)


@activity.defn(name="bare")
async def bare_activity(content: bytes, answer_bytes: int, waits_at: int) -> bytes:
    """Answer with so many bytes. ``waits_at`` is the turn whose last activity this is, or -1: from then on people may act,
    which is told on standard output as the real process tells it in the inbox."""
    if waits_at >= 0:
        print(activity.info().workflow_id, waits_at, flush=True)
    return bytes(answer_bytes)


@workflow.defn(name=BARE_WORKFLOW)
class BareCase:
    """Takes the course of a real case: ``turns`` as ``[attributes, [[[in, out], …], …], timers, updates]``."""

    def __init__(self) -> None:
        self._updates = 0

    @workflow.run
    async def run(self, turns: list[list[Any]], result_bytes: int) -> bytes:
        expected = 0
        for place, turn in enumerate(turns):
            attributes, rounds, timers, updates = turn
            for _ in range(attributes):
                workflow.upsert_search_attributes({"Stage": ["bench"]})
            for number, sizes in enumerate(rounds, 1):
                last = number == len(rounds) and updates > 0
                await asyncio.gather(
                    *[
                        workflow.execute_activity(
                            "bare",
                            args=[bytes(given), answer, place if last and index == 0 else -1],
                            result_type=bytes,
                            start_to_close_timeout=_ATTEMPT,
                        )
                        for index, (given, answer) in enumerate(sizes)
                    ]
                )
            expected += updates
            running = [asyncio.ensure_future(workflow.sleep(_LONG)) for _ in range(timers)]
            await workflow.wait_condition(lambda: self._updates >= expected)  # noqa: B023 awaited within the turn
            for timer in running:
                timer.cancel()
        return bytes(result_bytes)

    @workflow.update(name=UPDATE)
    async def act(self, content: bytes, answer_bytes: int) -> bytes:
        self._updates += 1
        return bytes(answer_bytes)

    @act.validator
    def _accept(self, content: bytes, answer_bytes: int) -> None:
        return None


@workflow.defn(name=DESK_WORKFLOW)
class BareDesk:
    """Takes updates and nothing else, until it is told to close: what one update costs by itself."""

    def __init__(self) -> None:
        self._closed = False

    @workflow.run
    async def run(self) -> None:
        await workflow.wait_condition(lambda: self._closed)

    @workflow.update(name=UPDATE)
    async def act(self, content: bytes, answer_bytes: int) -> bytes:
        return bytes(answer_bytes)

    @act.validator
    def _accept(self, content: bytes, answer_bytes: int) -> None:
        return None

    @workflow.signal
    def close(self) -> None:
        self._closed = True
