"""Reference data: vintages that are only added, and looked up as of a day."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from cachetools import LRUCache
from pydantic import ValidationError
from sqlalchemy import bindparam
from sqlalchemy import select as core_select
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.application import ApplicationContent, PartyRole
from domain.calendar import BusinessCalendar
from domain.canonical import sha256_of
from domain.casefile import ReferenceBody
from domain.finding import ReferenceDataRef
from domain.model import Value
from domain.reference import FtpCurve, KnownNames, LenderBooks, Lpr, NamedList, PriceProcess, ReferenceVintage
from services.kit.error_handling import invalid_document
from services.kit.paging import PageRequest, Slice, fetch_page
from services.kit.problems import Fault, Problem
from services.origination.store.case_rows import table_of
from services.origination.tables.books import ReferenceData

_TYPES: dict[str, type[Value]] = {
    "lpr": Lpr,
    "ftp": FtpCurve,
    "calendar": BusinessCalendar,
    "lender": LenderBooks,
    "list": NamedList,
    "price_process": PriceProcess,
    "names": KnownNames,
}
"""What a series holds follows from the first part of its id."""

BLACKLIST = "list.blacklist"
"""Those no business is done with."""
DOMESTIC_ACCELERATORS = "list.domestic_accelerators"
"""Types of domestic accelerators (国产智算芯片), as inventories name them."""
FRAUD = "list.fraud"
"""Those who deceived a lender before."""


KNOWN_NAMES = "names.known"
"""Entities whose names others borrow."""


def checked(body: ReferenceBody) -> dict[str, Any]:
    """The body of a vintage in the form it is kept and hashed in. Raises ``invalid_request`` with every fault."""
    model = _TYPES.get(body.id.split(".", 1)[0])
    if model is None:
        names = ", ".join(sorted(_TYPES))
        fault = Fault("/id", "unknown_series", f"须以下列之一开头：{names}", f"must begin with one of {names}")
        raise Problem("invalid_request", errors=[fault], count=1)
    try:
        return model.model_validate(body.body).model_dump(mode="json")
    except ValidationError as error:
        wrong = invalid_document(error, body.body)
        faults = [Fault(f"/body{item.pointer}", item.code, item.message_zh, item.message_en) for item in wrong.errors]
        raise Problem("invalid_request", errors=faults, count=len(faults)) from None


async def add(session: AsyncSession, body: ReferenceBody, *, recorded_by: str) -> ReferenceVintage:
    """Add a vintage. The same vintage with the same content is the one there was; with another content it is refused
    (``vintage_exists``)."""
    content = checked(body)
    vintage = ReferenceVintage(
        id=body.id,
        vintage=body.vintage,
        effective_from=body.effective_from,
        source=body.source,
        illustrative=body.illustrative,
        body=content,
    )
    sha256 = sha256_of(vintage.model_dump(mode="json", exclude={"sha256"}))
    found = await session.exec(
        select(ReferenceData).where(ReferenceData.series == body.id, ReferenceData.vintage == body.vintage)
    )
    row = found.one_or_none()
    if row is None:
        row = ReferenceData(
            series=body.id,
            vintage=body.vintage,
            effective_from=body.effective_from,
            source=body.source,
            illustrative=body.illustrative,
            body=content,
            sha256=sha256,
            recorded_by=recorded_by,
        )
        session.add(row)
        await session.flush()
    elif row.sha256 != sha256:
        raise Problem("vintage_exists")
    return vintage_of(row)


@dataclass(frozen=True)
class Standing:
    """What stands on a day of the series that were asked for."""

    day: date
    _kept: Mapping[str, "_Kept"]

    def vintage(self, series: str) -> ReferenceVintage:
        """The vintage of a series. Raises ``no_reference_data``."""
        return self._of(series).vintage

    def lender(self, lender_id: str) -> tuple[LenderBooks, ReferenceDataRef]:
        """The lender's own figures. Raises ``no_reference_data``."""
        kept = self._of(lender_series(lender_id))
        assert isinstance(kept.content, LenderBooks)
        return kept.content, kept.ref

    def calendar(self, series: str) -> tuple[BusinessCalendar, ReferenceDataRef]:
        """The business calendar as known on the day. Raises ``no_reference_data``."""
        kept = self._of(series)
        assert isinstance(kept.content, BusinessCalendar)
        return kept.content, kept.ref

    def named_list(self, series: str) -> tuple[frozenset[str], ReferenceDataRef] | None:
        """A list of codes; ``None`` where the lender keeps none, which a caller must not read as an empty one."""
        kept = self._kept.get(series)
        if kept is None:
            return None
        assert isinstance(kept.content, NamedList)
        return frozenset(kept.content.entries), kept.ref

    def known_names(self) -> tuple[KnownNames, ReferenceDataRef] | None:
        """The entities whose names others borrow; ``None`` where the lender keeps no such list."""
        kept = self._kept.get(KNOWN_NAMES)
        if kept is None:
            return None
        assert isinstance(kept.content, KnownNames)
        return kept.content, kept.ref

    def listed(self, series: str, content: ApplicationContent) -> tuple[bool | None, ReferenceDataRef | None]:
        """Whether borrower or a guarantor is on a list; ``None`` where the lender keeps no such list."""
        found = self.named_list(series)
        if found is None:
            return None, None
        entries, ref = found
        parties = {party.uscc for party in content.parties if party.role in (PartyRole.BORROWER, PartyRole.GUARANTOR)}
        return bool(parties & entries), ref

    def _of(self, series: str) -> "_Kept":
        kept = self._kept.get(series)
        if kept is None:
            raise Problem("no_reference_data", series=series, as_of=self.day.isoformat())
        return kept


@dataclass(frozen=True)
class _Kept:
    vintage: ReferenceVintage
    content: Value
    """Its body, typed."""

    @property
    def ref(self) -> ReferenceDataRef:
        return reference_ref(self.vintage)


_kept_vintages: LRUCache[UUID, _Kept] = LRUCache(maxsize=256)
"""Vintages by the id of their row. They are added and never changed, so each is read from the books and typed once; which of
them stands on a day is asked every time."""
_vintages = table_of(ReferenceData)
_STANDING = (
    core_select(_vintages.c.series, _vintages.c.id)
    .where(
        _vintages.c.series.in_(bindparam("wanted", expanding=True)),
        _vintages.c.effective_from <= bindparam("day"),
    )
    .distinct(_vintages.c.series)
    .order_by(_vintages.c.series, _vintages.c.effective_from.desc(), _vintages.c.id.desc())
)


async def standing(session: AsyncSession, wanted: Iterable[str], day: date) -> Standing:
    """What stands on a day: of each series the vintage that took effect last, among equals the one recorded last. Series
    without one are left out."""
    connection = await session.connection()
    found = (await connection.execute(_STANDING, {"wanted": sorted(set(wanted)), "day": day})).all()
    kept = {row.id: _kept_vintages[row.id] for row in found if row.id in _kept_vintages}
    if unread := [row.id for row in found if row.id not in kept]:
        for vintage in await session.exec(select(ReferenceData).where(col(ReferenceData.id).in_(unread))):
            kept[vintage.id] = _kept_vintages[vintage.id] = _Kept(vintage_of(vintage), _typed(vintage))
    return Standing(day, {row.series: kept[row.id] for row in found})


def _typed(row: ReferenceData) -> Value:
    return _TYPES[row.series.split(".", 1)[0]].model_validate(row.body)


async def as_of(session: AsyncSession, series: str, day: date) -> ReferenceVintage:
    """The vintage of a series that stands on a day. Raises ``no_reference_data``."""
    return (await standing(session, [series], day)).vintage(series)


async def vintages(session: AsyncSession, series: str | None, page: PageRequest) -> Slice[ReferenceData]:
    """A page of vintages, newest first."""
    statement = select(ReferenceData)
    if series is not None:
        statement = statement.where(ReferenceData.series == series)
    return await fetch_page(session, statement, ReferenceData.id, page)


def lender_series(lender_id: str) -> str:
    """The series of a lender's own figures."""
    return f"lender.{lender_id}"


async def knows_lender(session: AsyncSession, lender_id: str) -> bool:
    """Whether the books hold a lender of this id, on whatever day."""
    found = await session.exec(
        select(ReferenceData.id).where(ReferenceData.series == lender_series(lender_id)).limit(1)
    )
    return found.first() is not None


async def calendar(session: AsyncSession, series: str, day: date) -> tuple[BusinessCalendar, ReferenceDataRef]:
    """The business calendar as known on a day. Raises ``no_reference_data``."""
    return (await standing(session, [series], day)).calendar(series)


def reference_ref(vintage: ReferenceVintage) -> ReferenceDataRef:
    return ReferenceDataRef(id=vintage.id, vintage=vintage.vintage, sha256=vintage.sha256)


def vintage_of(row: ReferenceData) -> ReferenceVintage:
    return ReferenceVintage(
        id=row.series,
        vintage=row.vintage,
        effective_from=row.effective_from,
        source=row.source,
        illustrative=row.illustrative,
        body=row.body,
        sha256=row.sha256,
    )
