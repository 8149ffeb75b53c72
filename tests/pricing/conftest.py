"""The pricing service on a real database, with real tokens, the shipped policy and reference data of known vintage."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI

from domain.reference import ReferenceVintage
from policy.engine import Bundle
from services.kit.http import RemoteProblem
from services.pricing.app import create_app
from services.pricing.settings import PricingSettings
from tests.fixtures.identity import Issuers, Tokens
from tests.fixtures.postgres import DatabaseUrls
from tests.pricing.vintages import VINTAGES
from tests.shipped import shipped_book


def book() -> Bundle:
    return shipped_book()


class Published:
    """Origination as pricing sees it: one published bundle and a few vintages. Counts what was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.vintages = dict(VINTAGES)
        self.bundles = {book().sha256: book().canonical()}

    async def policy(self, sha: str) -> dict[str, Any]:
        self.asked.append(f"policy {sha}")
        if sha not in self.bundles:
            raise RemoteProblem(404, "not_found")
        return self.bundles[sha]

    async def reference(self, series: str, as_of: date) -> ReferenceVintage:
        self.asked.append(f"reference {series}")
        found = self.vintages.get(series)
        if found is None or found.effective_from > as_of:
            raise RemoteProblem(409, "no_reference_data")
        return found


@pytest.fixture
def published() -> Published:
    return Published()


@pytest.fixture
def settings(database_urls: DatabaseUrls, issuers: Issuers) -> PricingSettings:
    return PricingSettings(
        environment="test",
        database_url=database_urls.pricing,
        staff_issuer=issuers.staff,
        borrower_issuer=issuers.borrower,
    )


@pytest_asyncio.fixture
async def app(settings: PricingSettings, published: Published) -> AsyncIterator[FastAPI]:
    app = create_app(settings, origination=published)
    async with app.router.lifespan_context(app):
        yield app


@pytest_asyncio.fixture
async def worker(app: FastAPI, tokens: Tokens) -> AsyncIterator[httpx.AsyncClient]:
    """A client that speaks for the workflow worker."""
    token = await tokens.service("worker", audience="pricing")
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app),
        base_url="http://pricing",
        headers={"Authorization": f"Bearer {token}"},
    ) as client:
        yield client


@pytest_asyncio.fixture
async def people(settings: PricingSettings, published: Published) -> AsyncIterator[httpx.AsyncClient]:
    """An anonymous client of an app that accepts people's tokens, whose audience is origination's at this issuer."""
    app = create_app(settings.model_copy(update={"audience": "urn:suandai:origination"}), origination=published)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://pricing") as client,
    ):
        yield client
