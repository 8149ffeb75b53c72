"""The worker process of one build: ``python -m workflows.worker``."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from datetime import timedelta

import structlog
import uvloop
from temporalio.client import Client
from temporalio.common import WorkerDeploymentVersion
from temporalio.worker import PollerBehaviorAutoscaling, Worker, WorkerDeploymentConfig

from domain.process import DEPLOYMENT, TASK_QUEUE
from services.collateral.client import CollateralClient
from services.kit import telemetry
from services.kit.http import http_client
from services.kit.keyring import Keyring
from services.kit.service_token import ClientCredentials
from services.kit.temporal import connect
from services.origination.client import OriginationClient
from services.pricing.client import PricingClient
from workflows.activities import all_activities
from workflows.actor_gate import ActorGate
from workflows.definitions import WORKFLOWS, runner
from workflows.pulse import Pulse
from workflows.settings import WorkerSettings

_log = structlog.get_logger(__name__)

SETTLE = 0.5
"""Seconds between closing the connections and leaving: the engine's library frees its threads in that time, and an
interpreter that ends before them can crash after all work was done."""


@contextlib.asynccontextmanager
async def clients(
    settings: WorkerSettings,
) -> AsyncIterator[tuple[OriginationClient, PricingClient, CollateralClient]]:
    """The typed clients of the three services, each with a token for its own audience."""
    issuer = http_client(timeout=5.0)

    def tokens(audience: str) -> ClientCredentials:
        return ClientCredentials(
            settings.staff_issuer, settings.service_client_id, settings.client_secret(), audience, client=issuer
        )

    origination = OriginationClient(settings.origination_url, tokens(settings.origination_audience))
    pricing = PricingClient(settings.pricing_url, tokens(settings.pricing_audience))
    collateral = CollateralClient(settings.collateral_url, tokens(settings.collateral_audience))
    try:
        yield origination, pricing, collateral
    finally:
        for client in (origination, pricing, collateral):
            await client.aclose()
        await issuer.aclose()


def worker(
    client: Client,
    keyring: Keyring,
    settings: WorkerSettings,
    services: tuple[OriginationClient, PricingClient, CollateralClient],
) -> Worker:
    """The worker of this build; it serves no case until its build is made current."""
    return Worker(
        client,
        task_queue=TASK_QUEUE,
        workflows=WORKFLOWS,
        activities=all_activities(*services),
        workflow_runner=runner(),
        interceptors=[ActorGate(keyring), Pulse()],
        deployment_config=WorkerDeploymentConfig(
            version=WorkerDeploymentVersion(DEPLOYMENT, settings.build_id), use_worker_versioning=True
        ),
        max_cached_workflows=settings.max_cached_workflows,
        max_concurrent_activities=settings.max_concurrent_activities,
        workflow_task_poller_behavior=PollerBehaviorAutoscaling(),
        activity_task_poller_behavior=PollerBehaviorAutoscaling(),
        graceful_shutdown_timeout=timedelta(seconds=settings.graceful_shutdown_seconds),
    )


async def main() -> None:
    """Serve until told to stop; then finish what is in hand and close every connection."""
    settings = WorkerSettings()
    settings.required("keys_dir", "service_client_id")
    assert settings.keys_dir is not None
    traces = telemetry.configure("worker", settings)
    keyring = Keyring.load(settings.keys_dir, {"payload"})
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with clients(settings) as services:
        client = await connect(settings, keyring)
        async with worker(client, keyring, settings, services):
            _log.info("worker_ready", build=settings.build_id, pid=os.getpid())
            await stop.wait()
    del client
    traces.shutdown()
    await asyncio.sleep(SETTLE)


if __name__ == "__main__":
    uvloop.run(main())
