"""The part of origination that these tests look at, on a real database: sessions, keys, and a case to work on."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest_asyncio
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.database import Database, new_id
from services.kit.keyring import Keyring
from services.kit.principal import Principal
from services.origination.store.events import bind_keys, record
from services.origination.tables.books import PolicyBundle
from services.origination.tables.cases import Application, ApplicationVersion
from tests.fixtures.postgres import DatabaseUrls

BRANCH = "640100"
USCC = "91640500MA76XY1205"
PERSON = "张三丰"

MANAGER = Principal(
    subject="zhang.wei",
    kind="staff",
    roles=("relationship_manager",),
    branch=BRANCH,
    token_id="t-1",
    issuer="http://issuer.test",
)
WORKER = Principal(
    subject="suandai-worker", kind="service", roles=("service:worker",), token_id="t-2", issuer="http://issuer.test"
)

CONTENT: dict[str, Any] = {
    "lender_id": "nxb",
    "technology": {"key_people": [{"name": PERSON, "position": "总工程师", "joined": "2020-03-01"}]},
}


@pytest_asyncio.fixture
async def keyring(tmp_path: Path) -> Keyring:
    return Keyring.create(tmp_path / "keys")


@pytest_asyncio.fixture
async def database(database_urls: DatabaseUrls, keyring: Keyring) -> AsyncIterator[Database]:
    """The database as the application's role sees it."""
    opened = Database(database_urls.origination)
    bind_keys(opened, keyring)
    yield opened
    await opened.dispose()


@pytest_asyncio.fixture
async def owner(database_urls: DatabaseUrls, keyring: Keyring) -> AsyncIterator[Database]:
    """The same database as the owner of its tables sees it."""
    opened = Database(database_urls.migrate)
    bind_keys(opened, keyring)
    yield opened
    await opened.dispose()


@pytest_asyncio.fixture
async def superuser(database_urls: DatabaseUrls, keyring: Keyring) -> AsyncIterator[Database]:
    """The same database as a superuser sees it, whom nothing stops."""
    opened = Database(database_urls.superuser)
    bind_keys(opened, keyring)
    yield opened
    await opened.dispose()


@pytest_asyncio.fixture
async def case_id(database: Database) -> UUID:
    """A draft with a person's name in it."""
    async with database.session() as session:
        return await new_case(session)


async def new_case(session: AsyncSession, number: str = "SD2026-640100-000001", **fields: Any) -> UUID:
    case_id = new_id()
    application = Application(
        **{
            "case_id": case_id,
            "case_number": number,
            "branch": BRANCH,
            "lender_id": "nxb",
            "stage": "draft",
            "content": CONTENT,
            "borrower_uscc": USCC,
            "created_by": MANAGER.subject,
            **fields,
        }
    )
    await record(session, case_id, "application.created", MANAGER, rows=[application])
    return case_id


def frozen(case_id: UUID) -> ApplicationVersion:
    """A frozen version of the same content."""
    return ApplicationVersion(
        case_id=case_id, content_version=1, content=CONTENT, sha256="0" * 64, frozen_by=MANAGER.subject
    )


def a_bundle() -> PolicyBundle:
    return PolicyBundle(sha256="b" * 64, canonical=b"{}", files=0)
