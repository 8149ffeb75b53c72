"""The specimen service on a real database, called with real tokens."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from sqlalchemy import create_engine

from services.kit.settings import ServiceSettings
from tests.fixtures.postgres import DatabaseUrls
from tests.kit import specimen

AUDIENCE = "urn:suandai:origination"


@pytest.fixture
def settings(empty_database_urls: DatabaseUrls, issuers: Any, tmp_path: Path) -> ServiceSettings:
    engine = create_engine(empty_database_urls.migrate)
    specimen.metadata.create_all(engine)
    engine.dispose()
    return ServiceSettings(
        environment="test",
        database_url=empty_database_urls.pricing,
        staff_issuer=issuers.staff,
        borrower_issuer=issuers.borrower,
        audience=AUDIENCE,
        document_dir=tmp_path / "documents",
    )


@pytest_asyncio.fixture
async def app(settings: ServiceSettings) -> AsyncIterator[FastAPI]:
    app = specimen.create_app(settings)
    async with app.router.lifespan_context(app):
        yield app


@pytest_asyncio.fixture
async def anonymous(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://specimen") as client:
        yield client


@pytest_asyncio.fixture
async def manager(anonymous: httpx.AsyncClient, tokens: Any) -> httpx.AsyncClient:
    """A client that speaks for a relationship manager of branch 640100."""
    token = await tokens.staff("zhang.wei", roles=["relationship_manager"], branch="640100")
    anonymous.headers["Authorization"] = f"Bearer {token}"
    return anonymous
