"""Reference data: vintages that are only added, and looked up as of a day."""

from datetime import date
from typing import Any

from pydantic import ValidationError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.application import ApplicationContent, PartyRole
from domain.calendar import BusinessCalendar
from domain.canonical import sha256_of
from domain.casefile import ReferenceBody
from domain.finding import ReferenceDataRef
from domain.model import Value
from domain.reference import FtpCurve, LenderBooks, Lpr, NamedList, ReferenceVintage
from services.kit.error_handling import invalid_document
from services.kit.paging import PageRequest, Slice, fetch_page
from services.kit.problems import Fault, Problem
from services.origination.tables.books import ReferenceData

_TYPES: dict[str, type[Value]] = {
    "lpr": Lpr,
    "ftp": FtpCurve,
    "calendar": BusinessCalendar,
    "lender": LenderBooks,
    "list": NamedList,
}
"""What a series holds follows from the first part of its id."""

BLACKLIST = "list.blacklist"
"""Those no business is done with."""
DOMESTIC_ACCELERATORS = "list.domestic_accelerators"
"""Types of domestic accelerators (国产智算芯片), as inventories name them."""
FRAUD = "list.fraud"
"""Those who deceived a lender before."""


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


async def as_of(session: AsyncSession, series: str, day: date) -> ReferenceVintage:
    """The vintage of a series that stands on a day: the latest to take effect, among equals the latest recorded.

    Raises ``no_reference_data``.
    """
    found = await session.exec(
        select(ReferenceData)
        .where(ReferenceData.series == series, ReferenceData.effective_from <= day)
        .order_by(col(ReferenceData.effective_from).desc(), col(ReferenceData.id).desc())
        .limit(1)
    )
    row = found.one_or_none()
    if row is None:
        raise Problem("no_reference_data", series=series, as_of=day.isoformat())
    return vintage_of(row)


async def vintages(session: AsyncSession, series: str | None, page: PageRequest) -> Slice[ReferenceData]:
    """A page of vintages, newest first."""
    statement = select(ReferenceData)
    if series is not None:
        statement = statement.where(ReferenceData.series == series)
    return await fetch_page(session, statement, ReferenceData.id, page)


async def lender(session: AsyncSession, lender_id: str, day: date) -> tuple[LenderBooks, ReferenceDataRef]:
    """The lender's own figures on a day. Raises ``no_reference_data``."""
    vintage = await as_of(session, f"lender.{lender_id}", day)
    return LenderBooks.model_validate(vintage.body), reference_ref(vintage)


async def knows_lender(session: AsyncSession, lender_id: str) -> bool:
    """Whether the books hold a lender of this id, on whatever day."""
    found = await session.exec(select(ReferenceData.id).where(ReferenceData.series == f"lender.{lender_id}").limit(1))
    return found.first() is not None


async def calendar(session: AsyncSession, series: str, day: date) -> tuple[BusinessCalendar, ReferenceDataRef]:
    """The business calendar as known on a day. Raises ``no_reference_data``."""
    vintage = await as_of(session, series, day)
    return BusinessCalendar.model_validate(vintage.body), reference_ref(vintage)


async def named_list(session: AsyncSession, series: str, day: date) -> tuple[frozenset[str], ReferenceDataRef] | None:
    """A list of codes on a day; ``None`` where the lender keeps none, which a caller must not read as an empty one."""
    try:
        vintage = await as_of(session, series, day)
    except Problem:
        return None
    return frozenset(NamedList.model_validate(vintage.body).entries), reference_ref(vintage)


async def listed(
    session: AsyncSession, series: str, content: ApplicationContent, day: date
) -> tuple[bool | None, ReferenceDataRef | None]:
    """Whether borrower or a guarantor is on a list; ``None`` where the lender keeps no such list."""
    found = await named_list(session, series, day)
    if found is None:
        return None, None
    entries, ref = found
    parties = {party.uscc for party in content.parties if party.role in (PartyRole.BORROWER, PartyRole.GUARANTOR)}
    return bool(parties & entries), ref


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
