"""Assembly of the origination service: ``uvicorn --factory services.origination.app:create_app``."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI

import services.origination.problems  # noqa: F401  registers the codes of this service's refusals
from services.collateral.client import CollateralClient
from services.kit.app import build_app
from services.kit.database import Database
from services.kit.documents import DocumentStore
from services.kit.http import http_client
from services.kit.key_retention import keys_retained
from services.kit.keyring import Keyring
from services.kit.service_token import ClientCredentials
from services.kit.telemetry import configure
from services.origination import upkeep
from services.origination.outside.adapter import OutsideSources
from services.origination.outside.simulator import simulated
from services.origination.routes import (
    applications,
    assets_import,
    audit,
    business_day,
    casework,
    commands,
    credit_lines,
    customer_registers,
    customers,
    documents,
    facilities,
    findings,
    groups,
    integrity,
    intentions,
    limit_tree,
    mandates,
    market_records,
    monitoring,
    operations,
    policies,
    products,
    programmes,
    progress,
    reference_data,
    sensitivity,
    submission,
    support_claims,
    tasks,
    terms,
    timeline,
    transfers,
    utilisations,
    visits,
)
from services.origination.settings import OriginationSettings
from services.origination.store.policies import PolicyShelf, bind_policies
from services.origination.store.refusals import recorder
from services.origination.tables.base import idempotency
from services.pricing.client import PricingClient

ROUTERS = tuple(
    module.router
    for module in (
        customers,
        customer_registers,
        groups,
        credit_lines,
        limit_tree,
        intentions,
        visits,
        products,
        programmes,
        support_claims,
        market_records,
        business_day,
        policies,
        reference_data,
        applications,
        documents,
        assets_import,
        submission,
        timeline,
        integrity,
        findings,
        sensitivity,
        terms,
        tasks,
        commands,
        mandates,
        monitoring,
        facilities,
        utilisations,
        transfers,
        progress,
        casework,
        audit,
        operations,
    )
)


def create_app(
    settings: OriginationSettings | None = None,
    collateral: CollateralClient | None = None,
    pricing: PricingClient | None = None,
    outside: OutsideSources | None = None,
) -> FastAPI:
    """The application. Without ``settings`` they come from the environment; without ``collateral`` and ``pricing`` its
    neighbours are the services at the addresses in the settings, and without ``outside`` the sources they name.
    Raises ``SettingsRefused`` naming everything that is missing.
    """
    served = settings is None
    settings = settings or OriginationSettings()
    settings.required("database_url", "keys_dir", "document_dir")
    assert settings.keys_dir is not None
    assert settings.document_dir is not None
    # Logs and traces belong to the process: only the process that is the service sets them up.
    telemetry = configure("origination", settings) if served else None
    database = Database(settings.database_url, pool_size=settings.database_pool_size)
    keyring = Keyring.load(settings.keys_dir)
    outgoing = http_client()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        try:
            async with (
                keys_retained(database, idempotency, settings.idempotency_retention_days),
                upkeep.lifespan(app),
            ):
                yield
        finally:
            await outgoing.aclose()
            await database.dispose()
            if telemetry is not None:
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
    app.state.outside = outside or (simulated() if settings.outside_sources == "simulated" else OutsideSources())
    app.state.record_retention_years = settings.record_retention_years
    bind_policies(database, app.state.policies)
    app.state.collateral = collateral or CollateralClient(
        settings.collateral_url, _account(settings, settings.collateral_audience, outgoing), client=outgoing
    )
    app.state.pricing = pricing or PricingClient(
        settings.pricing_url, _account(settings, settings.pricing_audience, outgoing), client=outgoing
    )
    return app


def _account(settings: OriginationSettings, audience: str, client: httpx.AsyncClient) -> ClientCredentials:
    """This service's own account, for tokens that a neighbour accepts."""
    settings.required("service_client_id", "service_client_secret_file")
    return ClientCredentials(
        settings.staff_issuer, settings.service_client_id, settings.client_secret(), audience, client=client
    )
