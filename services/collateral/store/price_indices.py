"""Vintages of price indices: only added, and looked up as of a day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from pydantic import TypeAdapter
from sqlalchemy import func
from sqlalchemy import select as core_select
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.canonical import sha256_of
from domain.gpu_valuation import Comparable, EvidenceVintage, Generation, MarketEvidence, RentReading
from domain.price_index import (
    GenerationIndex,
    PriceIndex,
    PriceIndexBody,
    PriceIndexVintage,
    RentIndex,
    SaleIndex,
)
from services.collateral.calc import price_index
from services.collateral.tables import PriceIndexRow
from services.kit.database import new_id
from services.kit.problems import Problem

_BODY: TypeAdapter[PriceIndex] = TypeAdapter(PriceIndexBody)
_MOST_SERIES = 20
"""Series of one GPU that a valuation reads: more of them is a matter of choosing sources, not of reading all."""


@dataclass(frozen=True)
class Standing:
    """The vintage of a series that stands on a day, and the one that stood before it."""

    row: PriceIndexRow
    body: PriceIndex
    before: PriceIndex | None

    def reading(self, on: date) -> RentReading | None:
        """What an index of rents says on a day; None for any other."""
        if not isinstance(self.body, RentIndex):
            return None
        before = self.before if isinstance(self.before, RentIndex) else None
        return price_index.reading(self.body, before, on)


async def add(session: AsyncSession, body: PriceIndex, *, recorded_by: str, recorded_at: datetime) -> PriceIndexVintage:
    """Add a vintage. The same vintage with the same content is the one there was.

    Raises ``index_vintage_exists`` for another content under its name, ``series_differs`` where the series is of another
    price, and ``index_out_of_order`` for one published before the last: what was looked up must stay what stood then.
    """
    sha256 = sha256_of(body)
    # Two vintages of one series are entered one after the other, so that each is held against the last.
    await (await session.connection()).execute(
        core_select(func.pg_advisory_xact_lock(func.hashtextextended(body.id, 0)))
    )
    of_series = select(PriceIndexRow).where(PriceIndexRow.series == body.id)
    same = (await session.exec(of_series.where(PriceIndexRow.vintage == body.vintage))).one_or_none()
    if same is not None:
        if same.sha256 != sha256:
            raise Problem("index_vintage_exists")
        return view(same)
    newest_first = col(PriceIndexRow.published_on).desc(), col(PriceIndexRow.id).desc()
    standing_row = (await session.exec(of_series.order_by(*newest_first).limit(1))).one_or_none()
    restated: tuple[date, ...] = ()
    if standing_row is not None:
        last = body_of(standing_row)
        if measure(last) != measure(body):
            raise Problem("series_differs")
        if body.published_on < last.published_on:
            raise Problem("index_out_of_order", last=last.published_on.isoformat())
        if isinstance(body, RentIndex) and isinstance(last, RentIndex):
            restated = price_index.restated(body, last)
    row = PriceIndexRow(
        id=new_id(),
        series=body.id,
        vintage=body.vintage,
        gpu_type=body.gpu_type.upper(),
        published_on=body.published_on,
        body=body.model_dump(mode="json"),
        restated=[day.isoformat() for day in restated],
        sha256=sha256,
        recorded_by=recorded_by,
        recorded_at=recorded_at,
    )
    session.add(row)
    await session.flush()
    return view(row)


def measure(body: PriceIndex) -> tuple[str, ...]:
    """What a series measures; it stays the same from vintage to vintage."""
    if isinstance(body, RentIndex):
        return (body.kind, body.gpu_type.upper(), body.basis, body.currency)
    return (body.kind, body.gpu_type.upper())


async def standing(session: AsyncSession, series: str, on: date) -> Standing | None:
    """The vintage of a series that stands on a day."""
    found = _standing(await _last_two(session, PriceIndexRow.series == series, on))
    return found[0] if found else None


async def evidence(session: AsyncSession, gpu_type: str, on: date) -> MarketEvidence:
    """All that the indices say of a GPU on a day, pinned to the vintages that say it."""
    found = _standing(await _last_two(session, PriceIndexRow.gpu_type == gpu_type.upper(), on))[:_MOST_SERIES]
    rents: list[RentReading] = []
    sales: list[Comparable] = []
    generations: list[Generation] = []
    vintages: list[EvidenceVintage] = []
    for item in found:
        seen = item.reading(on)
        if seen is not None:
            rents.append(seen)
        if isinstance(item.body, SaleIndex):
            sales.extend(item.body.sales)
        if isinstance(item.body, GenerationIndex):
            generations.append(_generation(item.body))
        vintages.append(EvidenceVintage(id=item.row.series, vintage=item.row.vintage, sha256=item.row.sha256))
    return MarketEvidence(
        rents=tuple(rents),
        comparables=tuple(_latest(sales, on)),
        generations=tuple(generations),
        vintages=tuple(vintages),
    )


def view(row: PriceIndexRow) -> PriceIndexVintage:
    """A vintage as readers see it."""
    return PriceIndexVintage(
        body=body_of(row),
        sha256=row.sha256,
        restated=tuple(date.fromisoformat(day) for day in row.restated),
        recorded_by=row.recorded_by,
        recorded_at=row.recorded_at,
    )


def body_of(row: PriceIndexRow) -> PriceIndex:
    """The vintage itself."""
    return _BODY.validate_python(row.body)


async def _last_two(session: AsyncSession, which: object, on: date) -> Sequence[PriceIndexRow]:
    ranked = (
        core_select(
            col(PriceIndexRow.id).label("id"),
            func.row_number()
            .over(
                partition_by=col(PriceIndexRow.series),
                order_by=(col(PriceIndexRow.published_on).desc(), col(PriceIndexRow.id).desc()),
            )
            .label("turn"),
        )
        .where(which, col(PriceIndexRow.published_on) <= on)  # type: ignore[arg-type]
        .subquery()
    )
    statement = (
        select(PriceIndexRow)
        .join(ranked, ranked.c.id == col(PriceIndexRow.id))
        .where(ranked.c.turn <= 2)
        .order_by(col(PriceIndexRow.series), ranked.c.turn)
    )
    return list(await session.exec(statement))


def _standing(rows: Sequence[PriceIndexRow]) -> list[Standing]:
    found: dict[str, list[PriceIndexRow]] = {}
    for row in rows:
        found.setdefault(row.series, []).append(row)
    return [Standing(of[0], body_of(of[0]), body_of(of[1]) if len(of) > 1 else None) for _, of in sorted(found.items())]


def _latest(sales: Sequence[Comparable], on: date) -> list[Comparable]:
    """The hundred latest up to a day; older ones would weigh next to nothing beside them."""
    known = sorted((item for item in sales if item.sold_on <= on), key=lambda item: (item.sold_on, item.reference))
    return known[-100:]


def _generation(body: GenerationIndex) -> Generation:
    return Generation(
        index_id=body.id,
        seen_on=body.published_on,
        gpus_per_server=body.gpus_per_server,
        price_ex_vat=body.price_ex_vat,
        inference_ratio=body.inference_ratio,
        training_ratio=body.training_ratio,
        server_kw=body.server_kw,
    )
