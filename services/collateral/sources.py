"""What the service reads from origination: published policy by its hash, and reference data by its day."""

import asyncio
from datetime import date
from typing import Any, Final, Protocol

from cachetools import LRUCache
from pydantic import TypeAdapter, ValidationError

from domain.calendar import BusinessCalendar
from domain.reference import ReferenceVintage
from policy.engine import Bundle, PolicyFaults
from services.kit.http import RemoteProblem, RemoteUnusable, ServiceClient
from services.kit.problems import Fault, Problem

_KEPT: Final = 16
_CALENDAR: Final = "calendar.cn"


class PublishedBooks(Protocol):
    """Origination, as far as this service asks it."""

    async def policy(self, sha: str) -> dict[str, Any]:
        """The canonical bundle under a SHA-256."""
        ...

    async def reference(self, series: str, as_of: date) -> ReferenceVintage:
        """The vintage of a series in force on a day."""
        ...


class OriginationBooks(ServiceClient):
    """Origination over HTTP."""

    async def policy(self, sha: str) -> dict[str, Any]:
        """``GET /v1/policies/{sha}``."""
        return await self.call("GET", f"/v1/policies/{sha}", TypeAdapter(dict[str, Any]))

    async def reference(self, series: str, as_of: date) -> ReferenceVintage:
        """``GET /v1/reference-data/{id}``."""
        params = {"as_of": as_of.isoformat()}
        return await self.call("GET", f"/v1/reference-data/{series}", ReferenceVintage, params=params)


class PolicyShelf:
    """Bundles by their hash. A bundle never changes, so one that was read and checked once is kept."""

    def __init__(self, books: PublishedBooks) -> None:
        self._books = books
        self._bundles: LRUCache[str, Bundle] = LRUCache(maxsize=_KEPT)

    async def bundle(self, sha256: str) -> Bundle:
        """The bundle under a hash, checked against it.

        Raises ``invalid_request`` (422) for one that was never published and ``RemoteUnusable`` for one that is damaged.
        """
        if sha256 in self._bundles:
            return self._bundles[sha256]
        try:
            data = await self._books.policy(sha256)
        except RemoteProblem as problem:
            if problem.status != 404:
                raise
            raise Problem("invalid_request", errors=[_UNPUBLISHED], count=1) from None
        try:
            bundle = await asyncio.to_thread(Bundle.from_canonical, data)
        except PolicyFaults:
            raise RemoteUnusable("policy: the bundle does not pass its own checks") from None
        if bundle.sha256 != sha256:
            raise RemoteUnusable("policy: the bundle is not the one that was asked for")
        self._bundles[sha256] = bundle
        return bundle


async def calendar(books: PublishedBooks, as_of: date) -> BusinessCalendar:
    """The bank's business calendar as published on a day.

    Raises ``invalid_request`` (422) where none was published by then.
    """
    try:
        return BusinessCalendar.model_validate((await books.reference(_CALENDAR, as_of)).body)
    except RemoteProblem as problem:
        if problem.code != "no_reference_data":
            raise
        raise Problem("invalid_request", errors=[_NO_CALENDAR], count=1) from None
    except ValidationError:
        raise RemoteUnusable("calendar: the vintage is not a calendar") from None


_NO_CALENDAR = Fault(
    "query/as_of",
    "reference_data_missing",
    "该日无营业日历",
    "no business calendar was published by that day",
)
_UNPUBLISHED = Fault(
    "/policy_sha256",
    "policy_not_published",
    "没有以此哈希发布的政策",
    "no policy was published under this hash",
)
