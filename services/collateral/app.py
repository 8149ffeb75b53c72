"""Assembly of the collateral service."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI

from services.collateral import tables
from services.collateral.routes import allocations, assets, registrations, valuations
from services.collateral.sources import PolicyShelf, PublishedBooks
from services.kit.app import build_app
from services.kit.database import Database
from services.kit.http import http_client
from services.kit.service_token import ClientCredentials
from services.kit.settings import ServiceSettings
from services.kit.telemetry import configure

_ORIGINATION = "urn:suandai:origination"


def create_app(settings: ServiceSettings | None = None, books: PublishedBooks | None = None) -> FastAPI:
    """The application. Without ``settings`` they come from the environment; without ``books`` policy and reference data
    are read from origination."""
    served = settings is None
    settings = settings or ServiceSettings()
    settings.required("database_url", "audience")
    telemetry = configure("collateral", settings) if served else None
    database = Database(settings.database_url, pool_size=settings.database_pool_size)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as open_things:
            if telemetry is not None:
                open_things.callback(telemetry.shutdown)
            open_things.push_async_callback(database.dispose)
            app.state.books = books or await _origination(settings, open_things)
            app.state.policies = PolicyShelf(app.state.books)
            yield

    app = build_app(
        title="suandai collateral",
        description="Assets, valuations, allocations and security interests.",
        settings=settings,
        routers=[assets.router, valuations.router, allocations.router, registrations.router],
        idempotency=tables.idempotency,
        readiness={"database": database.ping},
        lifespan=lifespan,
    )
    app.state.database = database
    return app


async def _origination(settings: ServiceSettings, open_things: AsyncExitStack) -> PublishedBooks:
    from services.origination.client import OriginationClient

    settings.required("origination_url", "service_client_id", "service_client_secret_file")
    issuer = http_client(timeout=10.0)
    open_things.push_async_callback(issuer.aclose)
    tokens = ClientCredentials(
        settings.staff_issuer, settings.service_client_id, settings.client_secret(), _ORIGINATION, client=issuer
    )
    client = OriginationClient(settings.origination_url, tokens)
    open_things.push_async_callback(client.aclose)
    return client
