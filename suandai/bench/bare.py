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
async def bare_activity(content: bytes, answer_bytes: int) -> bytes:
    """Answer with so many bytes."""
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
            for sizes in rounds:
                await asyncio.gather(
                    *[
                        workflow.execute_activity(
                            "bare", args=[bytes(given), answer], result_type=bytes, start_to_close_timeout=_ATTEMPT
                        )
                        for given, answer in sizes
                    ]
                )
            expected += updates
            running = [asyncio.ensure_future(workflow.sleep(_LONG)) for _ in range(timers)]
            if updates and not workflow.unsafe.is_replaying():
                # Heard by those who send the updates, as people hear of a task from their inbox. A line is one write: workflows
                # run in several threads, and what is written in pieces can be torn by another's.
                print(f"{workflow.info().workflow_id} {place}\n", end="", flush=True)
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
