"""Assembly of the collateral service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI

import services.collateral.problems  # noqa: F401  registers the texts of this service's refusals
from services.collateral import tables
from services.collateral.desk import at_work
from services.collateral.imports import ImportDesk
from services.collateral.registry.adapter import MovablesRegistry
from services.collateral.registry.simulator import SimulatedRegistry
from services.collateral.revaluations import RevaluationDesk
from services.collateral.routes import (
    allocations,
    assets,
    attestations,
    coverage,
    imports,
    lien_waivers,
    price_indices,
    proceeds,
    records,
    registrations,
    revaluations,
    site_keys,
    valuations,
)
from services.collateral.routes import registry as registry_routes
from services.collateral.settings import CollateralSettings
from services.collateral.sources import OriginationBooks, PolicyShelf, PublishedBooks
from services.kit.app import build_app
from services.kit.database import Database
from services.kit.documents import DocumentStore
from services.kit.http import http_client
from services.kit.key_retention import keys_retained
from services.kit.service_token import ClientCredentials
from services.kit.telemetry import configure

_ORIGINATION = "urn:suandai:origination"


def create_app(
    settings: CollateralSettings | None = None,
    books: PublishedBooks | None = None,
    registry: MovablesRegistry | None = None,
) -> FastAPI:
    """The application. Without ``settings`` they come from the environment; without ``books`` policy and reference data
    are read from origination; without ``registry`` the settings say which is used. Raises ``SettingsRefused`` naming
    what is missing."""
    served = settings is None
    settings = settings or CollateralSettings()
    settings.required("database_url", "audience", "document_dir")
    assert settings.document_dir is not None
    if books is None:
        settings.required("service_client_id", "service_client_secret_file")
    telemetry = configure("collateral", settings) if served else None
    database = Database(settings.database_url, pool_size=settings.database_pool_size)
    outgoing = http_client()
    documents = DocumentStore(settings.document_dir)
    desk = ImportDesk(database, documents)
    source = books or OriginationBooks(settings.origination_url, _own_account(settings, outgoing), client=outgoing)

    policies = PolicyShelf(source)
    fleet_desk = RevaluationDesk(database, policies)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        try:
            async with (
                keys_retained(database, tables.idempotency, settings.idempotency_retention_days),
                at_work(desk),
                at_work(fleet_desk),
            ):
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
            imports.router,
            valuations.router,
            coverage.router,
            records.router,
            price_indices.router,
            revaluations.router,
            allocations.router,
            registrations.router,
            proceeds.router,
            registry_routes.router,
            lien_waivers.router,
            site_keys.router,
            attestations.router,
        ],
        idempotency=tables.idempotency,
        readiness={"database": database.ping},
        lifespan=lifespan,
    )
    app.state.database = database
    app.state.documents = documents
    app.state.imports = desk
    app.state.revaluations = fleet_desk
    if registry is None and settings.registry_dir is not None:
        registry = SimulatedRegistry(settings.registry_dir)
    app.state.registry = registry
    app.state.books = source
    app.state.policies = policies
    return app


def _own_account(settings: CollateralSettings, client: httpx.AsyncClient) -> ClientCredentials:
    return ClientCredentials(
        settings.staff_issuer, settings.service_client_id, settings.client_secret(), _ORIGINATION, client=client
    )
