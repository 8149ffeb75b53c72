"""Assembly of the pricing service: ``uvicorn --factory services.pricing.app:create_app``."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

import services.pricing.problems  # noqa: F401  registers the texts of this service's refusals
from services.kit.app import build_app
from services.kit.database import Database
from services.kit.http import http_client
from services.kit.key_retention import keys_retained
from services.kit.service_token import ClientCredentials
from services.kit.telemetry import configure
from services.origination.client import OriginationClient
from services.pricing import tables
from services.pricing.routes import (
    borrowing_costs,
    buy_or_rent,
    findings,
    limits,
    margin_resets,
    quotes,
    rating_overrides,
    ratings,
    schedules,
    sensitivities,
)
from services.pricing.settings import PricingSettings
from services.pricing.sources import Origination, Sources

ROUTERS = tuple(
    module.router
    for module in (
        ratings,
        rating_overrides,
        limits,
        quotes,
        sensitivities,
        schedules,
        margin_resets,
        borrowing_costs,
        buy_or_rent,
        findings,
    )
)


def create_app(settings: PricingSettings | None = None, *, origination: Origination | None = None) -> FastAPI:
    """The application. Settings come from the environment where none are given; ``origination`` is where policy and
    reference data are read, by default the service at the configured address.

    Raises ``SettingsRefused`` naming everything that is missing.
    """
    served = settings is None
    settings = settings or PricingSettings()
    settings.required("database_url")
    if origination is None:
        settings.required("service_client_id", "service_client_secret_file")
    telemetry = configure("pricing", settings) if served else None
    database = Database(settings.database_url, pool_size=settings.database_pool_size)
    outgoing = http_client()
    if origination is None:
        own_account = ClientCredentials(
            settings.staff_issuer,
            settings.service_client_id,
            settings.client_secret(),
            settings.origination_audience,
            client=outgoing,
        )
        origination = OriginationClient(settings.origination_url, own_account, client=outgoing)

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
        title="suandai pricing",
        description="Ratings, limits, prices, repayment schedules, margin resets and the cost of borrowing.",
        settings=settings,
        routers=ROUTERS,
        idempotency=tables.idempotency,
        readiness={"database": database.ping},
        lifespan=lifespan,
    )
    app.state.database = database
    app.state.sources = Sources(origination)
    return app
