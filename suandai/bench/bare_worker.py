"""The bare workflow's worker, in a process of its own like the real one.

``python -m suandai.bench.bare_worker ADDRESS NAMESPACE``
"""

import asyncio
import signal
import sys

import uvloop
from temporalio.client import Client
from temporalio.worker import PollerBehaviorAutoscaling, Worker

from suandai.bench.bare import BARE_QUEUE, BareCase, BareDesk, bare_activity
from workflows.settings import WorkerSettings
from workflows.worker import SETTLE

READY = "ready"


async def main(address: str, namespace: str) -> None:
    """Serve, with the options of the real worker, until told to stop."""
    options = WorkerSettings.model_fields
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    client = await Client.connect(address, namespace=namespace)
    async with Worker(
        client,
        task_queue=BARE_QUEUE,
        workflows=[BareCase, BareDesk],
        activities=[bare_activity],
        max_cached_workflows=options["max_cached_workflows"].default,
        max_concurrent_activities=options["max_concurrent_activities"].default,
        workflow_task_poller_behavior=PollerBehaviorAutoscaling(),
        activity_task_poller_behavior=PollerBehaviorAutoscaling(),
    ):
        print(READY, flush=True)
        await stop.wait()
    del client
    await asyncio.sleep(SETTLE)


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:3]))
