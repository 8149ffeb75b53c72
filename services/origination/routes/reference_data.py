"""``/v1/reference-data``: LPR, FTP, calendars, lenders' capital, lists. Vintages are added and looked up as of a day."""

from datetime import date
from typing import Annotated, Any

from fastapi import Path, Query, Request, Response

from domain.casefile import ReferenceBody
from domain.reference import ReferenceVintage
from domain.roles import Role
from services.kit.auth import allow
from services.kit.database import Database
from services.kit.idempotency import IdempotentCall, Reply, idempotent
from services.kit.paging import Page, PageRequest, link_next, paged
from services.kit.principal import Principal
from services.kit.router import Router, problem_response
from services.origination.routes.roles import COMPONENTS, POLICY, STAFF
from services.origination.store import reference

router = Router(prefix="/v1/reference-data", tags=["reference-data"])

SERIES_LIMIT = 4_000_000


@router.post("", response_model=ReferenceVintage, status_code=201, max_body_size=SERIES_LIMIT)
async def add(
    request: Request,
    body: ReferenceBody,
    who: Annotated[Principal, allow(*POLICY, str(Role.OPERATOR))],
    call: Annotated[IdempotentCall, idempotent()],
) -> Response:
    """Add a vintage of a series. A correction is a new vintage; what was used before stays readable."""
    database: Database = request.app.state.database

    async def effect(session: Any) -> Reply:
        vintage = await reference.add(session, body, recorded_by=who.subject)
        return Reply(201, vintage, {"Location": f"/v1/reference-data/{vintage.id}"})

    return await call.atomic(database, effect)


@router.get("", response_model=Page[ReferenceVintage])
async def listing(
    request: Request,
    response: Response,
    who: Annotated[Principal, allow(*STAFF)],
    page: Annotated[PageRequest, paged()],
    series: Annotated[str | None, Query(alias="id", max_length=64, description="a series, e.g. lpr")] = None,
) -> Page[ReferenceVintage]:
    """Vintages, newest first."""
    database: Database = request.app.state.database
    async with database.session() as session:
        found = await reference.vintages(session, series, page)
    link_next(request, response, found.next_cursor)
    return Page(items=[reference.vintage_of(row) for row in found.rows], next_cursor=found.next_cursor)


@router.get("/{series}", response_model=ReferenceVintage, responses={409: problem_response(409)})
async def one(
    request: Request,
    series: Annotated[str, Path(max_length=64)],
    who: Annotated[Principal, allow(*STAFF, *COMPONENTS)],
    as_of: Annotated[date, Query(description="the business date of the use")],
) -> ReferenceVintage:
    """The vintage of a series that stands on a day."""
    database: Database = request.app.state.database
    async with database.reading() as session:
        return await reference.as_of(session, series, as_of)
