"""Origination as it runs, with the real collateral service beside it: one database, real tokens, published policy."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest_asyncio
from fastapi import FastAPI

from policy.engine import Bundle, load_book
from services.collateral.app import create_app as create_collateral
from services.collateral.client import CollateralClient
from services.collateral.settings import CollateralSettings
from services.kit.database import Database
from services.kit.keyring import Keyring
from services.kit.service_token import FixedToken
from services.kit.telemetry import configure_logs
from services.origination.app import create_app
from services.origination.client import OriginationClient
from services.origination.settings import OriginationSettings
from tests.fixtures.identity import Issuers, Tokens, free_port
from tests.fixtures.postgres import DatabaseUrls
from tests.origination.seed import BOOK, load_reference_data, publish_book

BRANCH = "640100"
REFERENCE = Path(__file__).parents[2] / "examples" / "reference-data"
IN_FORCE_FROM = date(2024, 7, 1)


@cache
def book() -> Bundle:
    """The shipped policy, read from its files once a session."""
    return load_book(BOOK)


@dataclass
class House:
    """The running service, and clients that speak for whoever a test needs."""

    app: FastAPI
    database: Database
    tokens: Tokens
    policy_sha256: str
    stack: AsyncExitStack

    async def staff(self, subject: str, *roles: str, branch: str = BRANCH) -> httpx.AsyncClient:
        return await self._client(await self.tokens.staff(subject, roles, branch))

    async def borrower(self, subject: str, uscc: str, *roles: str) -> httpx.AsyncClient:
        return await self._client(await self.tokens.borrower(subject, roles or ("borrower_owner",), uscc))

    async def manager(self) -> httpx.AsyncClient:
        return await self.staff("zhang.wei", "relationship_manager")

    async def worker(self) -> OriginationClient:
        """The typed client with the worker's service account."""
        token = await self.tokens.service("worker", audience="origination")
        return OriginationClient("http://origination", FixedToken(token), client=self._http())

    def _http(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.app, raise_app_exceptions=False), base_url="http://origination"
        )

    async def _client(self, token: str) -> httpx.AsyncClient:
        client = self._http()
        client.headers["Authorization"] = f"Bearer {token}"
        await self.stack.enter_async_context(client)
        return client


def key() -> dict[str, str]:
    """A fresh Idempotency-Key."""
    return {"Idempotency-Key": uuid4().hex}


async def read(answer: httpx.Response, status: int) -> Any:
    """The body of an answer that must have this status."""
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


@pytest_asyncio.fixture
async def house(database_urls: DatabaseUrls, issuers: Issuers, tokens: Tokens, tmp_path: Path) -> AsyncIterator[House]:
    configure_logs("origination", "ERROR")
    Keyring.create(tmp_path / "keys")
    common: dict[str, Any] = {
        "environment": "test",
        "staff_issuer": issuers.staff,
        "borrower_issuer": issuers.borrower,
        # Nobody listens there: everything but the process itself works without the engine.
        "temporal_address": f"127.0.0.1:{free_port()}",
    }
    client_id, secret = issuers.staff_provider.service_credentials("origination")
    (tmp_path / "secret").write_text(secret)
    settings = OriginationSettings(
        database_url=database_urls.origination,
        keys_dir=tmp_path / "keys",
        document_dir=tmp_path / "documents",
        service_client_id=client_id,
        service_client_secret_file=tmp_path / "secret",
        **common,
    )
    async with AsyncExitStack() as stack:
        books = _Books()
        register = create_collateral(
            CollateralSettings(
                database_url=database_urls.collateral,
                audience="urn:suandai:collateral",
                document_dir=tmp_path / "inventories",
                **common,
            ),
            books,
        )
        await stack.enter_async_context(register.router.lifespan_context(register))
        account = FixedToken(await tokens.service("origination", audience="collateral"))
        collateral = CollateralClient(
            "http://collateral",
            account,
            client=await stack.enter_async_context(
                httpx.AsyncClient(transport=httpx.ASGITransport(app=register, raise_app_exceptions=False))
            ),
        )
        app = create_app(settings, collateral)
        await stack.enter_async_context(app.router.lifespan_context(app))
        database: Database = app.state.database
        sha256 = await publish_book(
            database, book=book(), maker="policy.maker", checker="policy.checker", in_force_from=IN_FORCE_FROM
        )
        await load_reference_data(database, REFERENCE, recorded_by="operator")
        house = House(app, database, tokens, sha256, stack)
        books.client = await house.worker()
        yield house


class _Books:
    """Origination as the collateral service reads it; there once both run."""

    client: OriginationClient

    async def policy(self, sha: str) -> dict[str, Any]:
        return await self.client.policy(sha)

    async def reference(self, series: str, as_of: date) -> Any:
        return await self.client.reference(series, as_of)
