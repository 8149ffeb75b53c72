"""Assembly of the collateral service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI

from services.collateral import tables
from services.collateral.routes import allocations, assets, price_indices, records, registrations, valuations
from services.collateral.sources import OriginationBooks, PolicyShelf, PublishedBooks
from services.kit.app import build_app
from services.kit.database import Database
from services.kit.http import http_client
from services.kit.key_retention import keys_retained
from services.kit.service_token import ClientCredentials
from services.kit.settings import ServiceSettings
from services.kit.telemetry import configure

_ORIGINATION = "urn:suandai:origination"


def create_app(settings: ServiceSettings | None = None, books: PublishedBooks | None = None) -> FastAPI:
    """The application. Without ``settings`` they come from the environment; without ``books`` policy and reference data
    are read from origination. Raises ``SettingsRefused`` naming what is missing."""
    served = settings is None
    settings = settings or ServiceSettings()
    settings.required("database_url", "audience")
    if books is None:
        settings.required("service_client_id", "service_client_secret_file")
    telemetry = configure("collateral", settings) if served else None
    database = Database(settings.database_url, pool_size=settings.database_pool_size)
    outgoing = http_client()
    source = books or OriginationBooks(settings.origination_url, _own_account(settings, outgoing), client=outgoing)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        try:
            async with keys_retained(database, tables.idempotency, settings.idempotency_retention_days):
                yield
        finally:
            await outgoing.aclose()
            await database.dispose()
            if telemetry is not None:
                telemetry.shutdown()

    app = build_app(
        title="suandai collateral",
        description="Assets, valuations, allocations and security interests.",
        settings=settings,
        routers=[
            assets.router,
            valuations.router,
            records.router,
            price_indices.router,
            allocations.router,
            registrations.router,
        ],
        idempotency=tables.idempotency,
        readiness={"database": database.ping},
        lifespan=lifespan,
    )
    app.state.database = database
    app.state.books = source
    app.state.policies = PolicyShelf(source)
    return app


def _own_account(settings: ServiceSettings, client: httpx.AsyncClient) -> ClientCredentials:
    return ClientCredentials(
        settings.staff_issuer, settings.service_client_id, settings.client_secret(), _ORIGINATION, client=client
    )
