"""Assembly of the origination service: ``uvicorn --factory services.origination.app:create_app``."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

import services.origination.problems  # noqa: F401  registers the codes of this service's refusals
from services.collateral.client import CollateralClient
from services.kit.app import build_app
from services.kit.database import Database
from services.kit.documents import DocumentStore
from services.kit.http import http_client
from services.kit.keyring import Keyring
from services.kit.service_token import ClientCredentials
from services.kit.telemetry import configure
from services.origination import process
from services.origination.routes import (
    applications,
    audit,
    casework,
    commands,
    credit_lines,
    customers,
    facilities,
    groups,
    mandates,
    policies,
    products,
    progress,
    reference_data,
    tasks,
    transfers,
    utilisations,
)
from services.origination.settings import OriginationSettings
from services.origination.store.policies import PolicyShelf
from services.origination.store.refusals import recorder
from services.origination.tables.base import idempotency

ROUTERS = tuple(
    module.router
    for module in (
        customers,
        groups,
        credit_lines,
        products,
        policies,
        reference_data,
        applications,
        tasks,
        commands,
        mandates,
        facilities,
        utilisations,
        transfers,
        progress,
        casework,
        audit,
    )
)


def create_app(settings: OriginationSettings | None = None) -> FastAPI:
    """The application. Settings come from the environment where none are given.

    Raises ``SettingsRefused`` naming everything that is missing.
    """
    settings = settings or OriginationSettings()
    settings.required("database_url", "keys_dir", "document_dir", "service_client_id", "service_client_secret_file")
    assert settings.keys_dir is not None and settings.document_dir is not None
    telemetry = configure("origination", settings)
    database = Database(settings.database_url, pool_size=settings.database_pool_size)
    keyring = Keyring.load(settings.keys_dir)
    outgoing = http_client()
    collateral = CollateralClient(
        settings.collateral_url,
        ClientCredentials(
            settings.staff_issuer,
            settings.service_client_id,
            settings.client_secret(),
            settings.collateral_audience,
            client=outgoing,
        ),
        client=outgoing,
    )

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        try:
            async with process.lifespan(app):
                yield
        finally:
            await outgoing.aclose()
            await database.dispose()
            telemetry.shutdown()

    app = build_app(
        title="suandai origination",
        description="Customers, applications, tasks, decisions, facilities and payments of compute loans (算力贷).",
        settings=settings,
        routers=ROUTERS,
        idempotency=idempotency,
        readiness={"database": database.ping},
        lifespan=lifespan,
        refusal_recorder=recorder(database),
    )
    app.state.database = database
    app.state.keyring = keyring
    app.state.documents = DocumentStore(settings.document_dir)
    app.state.policies = PolicyShelf(database)
    app.state.collateral = collateral
    return app
