"""``/v1/price-indices``: observed rents and sales of GPU servers, added by vintage and looked up as of a day."""

from datetime import date
from typing import Annotated

from fastapi import Path, Query, Request, Response
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.gpu_valuation import RentReading
from domain.price_index import IndexComparison, PriceIndexBody, PriceIndexReading, PriceIndexVintage, RentIndex
from services.collateral.calc import price_index
from services.collateral.dependencies import INDEX_KEEPERS, READERS, DatabaseDep
from services.collateral.store import price_indices
from services.collateral.tables import PriceIndexRow
from services.kit.auth import allow
from services.kit.database import now
from services.kit.idempotency import IdempotentCall, Reply, idempotent
from services.kit.paging import Page, PageRequest, fetch_page, link_next, paged
from services.kit.principal import Principal
from services.kit.problems import Fault, Problem
from services.kit.router import Router, problem_response

router = Router(prefix="/v1/price-indices", tags=["price-indices"])

Series = Annotated[str, Path(max_length=64, description="a series, e.g. rent.h100.on_demand")]
OnDay = Annotated[date, Query(description="the business date of the use")]


@router.post("", status_code=201, response_model=PriceIndexVintage, responses={409: problem_response(409)})
async def add(
    body: PriceIndexBody,
    who: Annotated[Principal, allow(*INDEX_KEEPERS)],
    call: Annotated[IdempotentCall, idempotent()],
    database: DatabaseDep,
) -> Response:
    """Add a vintage of an index. What it says of days that were already known becomes a restatement, and is named."""
    wrong = price_index.faults(body, now().date())
    if wrong:
        told = [Fault(item.pointer, item.code, item.chinese, item.english) for item in wrong]
        raise Problem("invalid_request", errors=told[:100], count=len(told))

    async def effect(session: AsyncSession) -> Reply:
        added = await price_indices.add(session, body, recorded_by=who.subject, recorded_at=now())
        return Reply(201, added, {"Location": f"/v1/price-indices/{body.id}"})

    return await call.atomic(database, effect)


@router.get("", response_model=Page[PriceIndexVintage])
async def listing(
    request: Request,
    response: Response,
    who: Annotated[Principal, allow(*READERS, *INDEX_KEEPERS)],
    page: Annotated[PageRequest, paged()],
    database: DatabaseDep,
    series: Annotated[str | None, Query(alias="id", max_length=64, description="a series")] = None,
    gpu_type: Annotated[str | None, Query(max_length=64, description="series of this GPU")] = None,
) -> Page[PriceIndexVintage]:
    """Vintages, newest first."""
    statement = select(PriceIndexRow)
    if series is not None:
        statement = statement.where(PriceIndexRow.series == series)
    if gpu_type is not None:
        statement = statement.where(PriceIndexRow.gpu_type == gpu_type.upper())
    async with database.session() as session:
        found = await fetch_page(session, statement, col(PriceIndexRow.id), page)
    link_next(request, response, found.next_cursor)
    return Page(items=[price_indices.view(row) for row in found.rows], next_cursor=found.next_cursor)


@router.get("/{series}", response_model=PriceIndexReading)
async def one(
    series: Series,
    as_of: OnDay,
    who: Annotated[Principal, allow(*READERS, *INDEX_KEEPERS)],
    database: DatabaseDep,
) -> PriceIndexReading:
    """The vintage that stands on a day, what it says of that day, and how far rents have moved since its first."""
    found = await _standing(database, series, as_of)
    body = found.body
    return PriceIndexReading(
        vintage=price_indices.view(found.row),
        reading=found.reading(as_of),
        change_since_first=price_index.change_since_first(body, as_of) if isinstance(body, RentIndex) else None,
    )


@router.get("/{series}/comparison", response_model=IndexComparison, responses={409: problem_response(409)})
async def comparison(
    series: Series,
    other: Annotated[str, Query(alias="with", max_length=64, description="the series beside it")],
    as_of: OnDay,
    who: Annotated[Principal, allow(*READERS, *INDEX_KEEPERS)],
    database: DatabaseDep,
) -> IndexComparison:
    """Two indices beside each other. Rents of another GPU or on another basis are another price and are refused."""
    first, of_first = await _rent(database, series, as_of)
    second, of_second = await _rent(database, other, as_of)
    try:
        ratio = price_index.ratio(first, second, of_first, of_second)
    except price_index.BasesDiffer as differ:
        raise Problem("bases_differ", fields=", ".join(differ.fields)) from None
    return IndexComparison(first=of_first, second=of_second, second_over_first=ratio)


async def _standing(database: DatabaseDep, series: str, as_of: date) -> price_indices.Standing:
    async with database.session() as session:
        found = await price_indices.standing(session, series, as_of)
    if found is None:
        raise Problem("not_found")
    return found


async def _rent(database: DatabaseDep, series: str, as_of: date) -> tuple[RentIndex, RentReading]:
    found = await _standing(database, series, as_of)
    seen = found.reading(as_of)
    if not isinstance(found.body, RentIndex) or seen is None:
        raise Problem("no_observation")
    return found.body, seen
