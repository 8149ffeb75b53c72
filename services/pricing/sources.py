"""Where policy and reference data come from: origination, which publishes both. What arrives is checked by its hash."""

import asyncio
import re
from datetime import date
from typing import Any, Protocol, TypeVar

from cachetools import LRUCache
from pydantic import ValidationError

from domain.calendar import BusinessCalendar
from domain.canonical import sha256_of
from domain.decision import DecisionInputs
from domain.finding import ReferenceDataRef
from domain.model import Value
from domain.reference import FtpCurve, LenderBooks, Lpr, ReferenceVintage
from policy.engine import Bundle, PolicyFaults
from services.kit.http import RemoteProblem, RemoteUnusable
from services.kit.problems import Fault, Problem
from services.pricing.calc.conclusion import Dated

V = TypeVar("V", bound=Value)

_ONE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_NO_SERIES = ("reference_data_missing", "该日无参考数据 {kind}", "there is no reference data of {kind} on that day")

BUNDLES_KEPT = 16
"""Policies kept in memory: cases of a year stand on a handful of bundles."""


class Origination(Protocol):
    """What pricing reads of origination (``services.origination.client.OriginationClient``)."""

    async def policy(self, sha: str) -> dict[str, Any]:
        """The canonical bundle of this SHA-256."""
        ...

    async def reference(self, series: str, as_of: date) -> ReferenceVintage:
        """The vintage of a series that stands on a day."""
        ...


class Sources:
    """Policy by hash and reference data by day, for one process. Bundles never change, so they are kept; vintages are
    looked up at every use.
    """

    def __init__(self, origination: Origination) -> None:
        self._origination = origination
        self._bundles: LRUCache[str, Bundle] = LRUCache(maxsize=BUNDLES_KEPT)
        self._loading = asyncio.Lock()

    async def policy(self, sha256: str) -> Bundle:
        """The bundle a case is pinned to.

        Raises ``invalid_request`` for one that was never published, ``RemoteUnusable`` (503) for content of another
        hash, ``RemoteUnavailable`` (503) when origination does not answer.
        """
        async with self._loading:
            if sha256 not in self._bundles:
                self._bundles[sha256] = await self._load(sha256)
            return self._bundles[sha256]

    async def _load(self, sha256: str) -> Bundle:
        try:
            data = await self._origination.policy(sha256)
        except RemoteProblem as problem:
            if problem.status != 404:
                raise
            raise _refused(
                "/policy_sha256", "policy_unknown", "未发布此政策包", "no such policy was published"
            ) from None
        if sha256_of(data) != sha256:
            raise RemoteUnusable("the policy bundle has another hash than its address")
        try:
            # Binding every table of a book takes long enough to hold up other requests.
            return await asyncio.to_thread(Bundle.from_canonical, data)
        except PolicyFaults as faults:
            raise RemoteUnusable(f"the policy bundle has {len(faults.faults)} faults") from None

    async def lender(self, request: DecisionInputs) -> Dated[LenderBooks]:
        """The lender's own figures on the request's business date."""
        if not _ONE_NAME.fullmatch(request.lender_id):
            # An id becomes part of an address; one with a path in it would lead elsewhere.
            raise _refused("/lender_id", *_NO_SERIES, "lender")
        return await self._series(f"lender.{request.lender_id}", request.as_of, LenderBooks, "/lender_id")

    async def lpr(self, request: DecisionInputs) -> Dated[Lpr]:
        return await self._series("lpr", request.as_of, Lpr, "/as_of")

    async def lpr_fixed_on(self, day: date, pointer: str) -> Dated[Lpr]:
        """The publication that stood on the day a contract fixed its base rate; ``pointer`` names where the day came from."""
        return await self._series("lpr", day, Lpr, pointer)

    async def ftp(self, request: DecisionInputs) -> Dated[FtpCurve]:
        return await self._series("ftp", request.as_of, FtpCurve, "/as_of")

    async def calendar(self, request: DecisionInputs, bundle: Bundle) -> Dated[BusinessCalendar]:
        """The calendar that the case's policy counts by, as known on the request's business date."""
        series = bundle.business_day(request.policy_on).calendar
        return await self._series(series, request.as_of, BusinessCalendar, "/as_of")

    async def _series(self, series: str, as_of: date, model: type[V], pointer: str) -> Dated[V]:
        try:
            vintage = await self._origination.reference(series, as_of)
        except RemoteProblem as problem:
            if problem.code != "no_reference_data":
                raise
            raise _refused(pointer, *_NO_SERIES, series.partition(".")[0]) from None
        if sha256_of(vintage.model_dump(mode="json", exclude={"sha256"})) != vintage.sha256:
            raise RemoteUnusable(f"the vintage of {series} has another hash than it states")
        try:
            value = model.model_validate(vintage.body)
        except ValidationError as error:
            raise RemoteUnusable(f"{series}: {error.error_count()} faults in the vintage") from None
        return Dated(value, ReferenceDataRef(id=vintage.id, vintage=vintage.vintage, sha256=vintage.sha256))


def _refused(pointer: str, code: str, zh: str, en: str, kind: str = "") -> Problem:
    fault = Fault(pointer, code, zh.format(kind=kind), en.format(kind=kind))
    return Problem("invalid_request", errors=[fault], count=1)
