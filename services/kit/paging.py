"""Keyset paging on UUIDv7 keys: stable while rows are added, and no table is ever counted."""

import base64
import binascii
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from services.kit.problems import Fault, Problem

T = TypeVar("T")


class Page(BaseModel, Generic[T]):
    """One page. ``next_cursor`` is empty on the last."""

    model_config = ConfigDict(extra="ignore")

    items: list[T]
    next_cursor: str = ""


@dataclass(frozen=True)
class PageRequest:
    """Which page is asked for."""

    limit: int
    after: UUID | None


@dataclass(frozen=True)
class Slice(Generic[T]):
    """The rows of a page and the key to go on from; ``None`` at the end."""

    rows: list[T]
    last: UUID | None

    @property
    def next_cursor(self) -> str:
        return "" if self.last is None else cursor_of(self.last)


def cursor_of(key: UUID) -> str:
    """The opaque cursor that continues after this key."""
    return base64.urlsafe_b64encode(key.bytes).decode().rstrip("=")


def _key_of(cursor: str) -> UUID:
    try:
        return UUID(bytes=base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError):
        fault = Fault("query/cursor", "invalid_cursor", "游标无效", "is not a cursor of this listing")
        raise Problem("invalid_request", errors=[fault], count=1) from None


def _page_request(
    limit: Annotated[int, Query(ge=1, le=200, description="rows per page")] = 50,
    cursor: Annotated[str, Query(max_length=32, description="next_cursor of the page before")] = "",
) -> PageRequest:
    return PageRequest(limit, _key_of(cursor) if cursor else None)


def paged() -> Any:
    """``page: Annotated[PageRequest, paged()]``: the query parameters ``limit`` and ``cursor``."""
    return Depends(_page_request)


async def fetch_page(
    session: AsyncSession, statement: SelectOfScalar[T], key: Any, page: PageRequest, *, newest_first: bool = True
) -> Slice[T]:
    """One page of a select of one entity. ``key`` is its UUIDv7 column (``Thing.id``); the statement must not order."""
    if page.after is not None:
        statement = statement.where(key < page.after if newest_first else key > page.after)
    statement = statement.order_by(key.desc() if newest_first else key.asc()).limit(page.limit + 1)
    rows = list(await session.exec(statement))
    more = len(rows) > page.limit
    rows = rows[: page.limit]
    return Slice(rows, getattr(rows[-1], key.key) if more else None)


def link_next(request: Request, response: Response, next_cursor: str) -> None:
    """Add the ``Link: <…>; rel="next"`` header (RFC 8288) when there is a next page."""
    if next_cursor:
        query = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
        response.headers["Link"] = f'<{request.url.path}?{urlencode([*query, ("cursor", next_cursor)])}>; rel="next"'
