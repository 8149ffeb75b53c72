"""The collateral service on a real database, called with real tokens, under the shipped policy."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
import yaml
from fastapi import FastAPI

from domain.reference import ReferenceVintage
from policy.engine import Bundle, CollateralPolicy
from services.collateral.app import create_app
from services.collateral.settings import CollateralSettings
from services.kit.http import RemoteProblem
from tests.fixtures.identity import Issuers, Tokens
from tests.fixtures.postgres import DatabaseUrls
from tests.shipped import shipped_book

ROOT = Path(__file__).parents[2]


def book() -> Bundle:
    return shipped_book()


class Published:
    """Origination as this service sees it: the shipped book and the shipped calendar."""

    async def policy(self, sha: str) -> dict[str, Any]:
        if sha != book().sha256:
            raise RemoteProblem(404, "not_found")
        return book().canonical()

    async def reference(self, series: str, as_of: date) -> ReferenceVintage:
        entries = yaml.safe_load((ROOT / "examples/reference-data/calendar-cn-2026.yaml").read_text("utf-8"))
        vintage = ReferenceVintage.model_validate(entries[0])
        if series != vintage.id or as_of < vintage.effective_from:
            raise RemoteProblem(409, "no_reference_data")
        return vintage


@pytest.fixture
def policy() -> CollateralPolicy:
    return book().collateral(date(2026, 3, 2))


@pytest.fixture
def settings(database_urls: DatabaseUrls, issuers: Issuers, tmp_path: Path) -> CollateralSettings:
    return CollateralSettings(
        environment="test",
        database_url=database_urls.collateral,
        staff_issuer=issuers.staff,
        borrower_issuer=issuers.borrower,
        document_dir=tmp_path / "documents",
        registry_dir=tmp_path / "registry",
        # People's tokens are for origination at this issuer, machines' for the service they call: tests of people
        # call an app that takes origination's.
        audience="urn:suandai:collateral",
    )


@pytest_asyncio.fixture
async def app(settings: CollateralSettings) -> AsyncIterator[FastAPI]:
    app = create_app(settings, Published())
    async with app.router.lifespan_context(app):
        yield app


@pytest_asyncio.fixture
async def worker(app: FastAPI, tokens: Tokens) -> AsyncIterator[httpx.AsyncClient]:
    """A client that speaks for the workflow worker."""
    token = await tokens.service("worker", audience="collateral")
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app),
        base_url="http://collateral",
        headers={"Authorization": f"Bearer {token}"},
    ) as client:
        yield client


Speaker = Callable[[str, str, str], Awaitable[httpx.AsyncClient]]


@pytest_asyncio.fixture
async def person(settings: CollateralSettings, app: FastAPI, tokens: Tokens) -> AsyncIterator[Speaker]:
    """``await person(subject, role, branch)``: a client of the same database that speaks for a member of staff."""
    for_people = create_app(settings.model_copy(update={"audience": "urn:suandai:origination"}), Published())
    clients: list[httpx.AsyncClient] = []

    async def speak(subject: str, role: str, branch: str) -> httpx.AsyncClient:
        token = await tokens.staff(subject, roles=[role], branch=branch)
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=for_people),
            base_url="http://collateral",
            headers={"Authorization": f"Bearer {token}"},
        )
        clients.append(client)
        return client

    async with for_people.router.lifespan_context(for_people):
        yield speak
        for client in clients:
            await client.aclose()
