"""A very small service on the kit: what its tests stand on, and the shape every service of ours has."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, FastAPI, File, Form, Query, Request, Response, UploadFile
from pydantic import Field
from sqlalchemy.orm import registry
from sqlmodel import Field as ColumnField
from sqlmodel import SQLModel, col, select

from domain.facts import Fact
from domain.model import Value
from domain.money import Money, Rate
from services.kit.app import build_app
from services.kit.auth import Refusal, allow, record_refusal
from services.kit.database import MONEY, Database, UtcDateTime, new_id, now, service_metadata
from services.kit.documents import DocumentStore, StoredDocument
from services.kit.etags import IfMatch, etag_of, if_match
from services.kit.findings import FindingStore
from services.kit.idempotency import IdempotentCall, Reply, idempotency_table, idempotent
from services.kit.paging import Page, PageRequest, fetch_page, link_next, paged
from services.kit.principal import Principal
from services.kit.problems import Problem, ProblemType, register
from services.kit.router import Router
from services.kit.settings import ServiceSettings

metadata = service_metadata("pricing")
idempotency = idempotency_table(metadata)
findings = FindingStore(metadata)

register(
    ProblemType("pledge_closed", 409, "质押已关闭", "The pledge is closed", "状态：{state}。", "Its state is {state}.")
)


class SpecimenTable(SQLModel, registry=registry(metadata=metadata)):
    """Base of the specimen's tables."""


class Pledge(SpecimenTable, table=True):
    __tablename__ = "pledge"

    id: UUID = ColumnField(primary_key=True)
    name: str
    amount: Decimal = ColumnField(sa_type=MONEY)
    branch: str
    closed: bool = False
    version: int = 1
    created_at: datetime = ColumnField(sa_type=UtcDateTime)


class NewPledge(Value):
    name: Annotated[str, Field(min_length=1, max_length=40)]
    amount: Money
    haircut: Fact[Rate] | None = None
    notes: tuple[Annotated[str, Field(max_length=10)], ...] = Field(default=(), max_length=3)


class PledgeView(Value):
    id: UUID
    name: str
    amount: Money
    version: int


def view(row: Pledge) -> PledgeView:
    return PledgeView(id=row.id, name=row.name, amount=Money(amount=row.amount), version=row.version)


router = Router(tags=["pledges"])


def _database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


DatabaseDep = Annotated[Database, Depends(_database)]


@router.post("/v1/pledges", status_code=201, response_model=PledgeView)
async def create(
    body: NewPledge,
    who: Annotated[Principal, allow("relationship_manager", scope="branch")],
    call: Annotated[IdempotentCall, idempotent()],
    database: DatabaseDep,
    note: Annotated[str, Query(max_length=10)] = "",
) -> Response:
    async def effect(session: Any) -> Reply:
        row = Pledge(id=new_id(), name=body.name, amount=body.amount.amount, branch=who.branch, created_at=now())
        session.add(row)
        await session.flush()
        if body.name == "closed":
            raise Problem("pledge_closed", state="closed")
        return Reply(201, view(row), {"ETag": etag_of(row.version), "Location": f"/v1/pledges/{row.id}"})

    return await call.atomic(database, effect)


@router.get("/v1/pledges", response_model=Page[PledgeView])
async def listing(
    request: Request,
    response: Response,
    who: Annotated[Principal, allow("relationship_manager", "auditor", scope="branch")],
    page: Annotated[PageRequest, paged()],
    database: DatabaseDep,
) -> Page[PledgeView]:
    async with database.session() as session:
        found = await fetch_page(session, select(Pledge).where(col(Pledge.branch) == who.branch), Pledge.id, page)
    link_next(request, response, found.next_cursor)
    return Page(items=[view(row) for row in found.rows], next_cursor=found.next_cursor)


@router.get("/v1/pledges/{pledge_id}", response_model=PledgeView)
async def read(
    request: Request,
    response: Response,
    pledge_id: UUID,
    who: Annotated[Principal, allow("relationship_manager", scope="branch")],
    database: DatabaseDep,
) -> PledgeView:
    async with database.session() as session:
        row = await session.get(Pledge, pledge_id)
    if row is None or not who.sees_branch(row.branch):
        if row is not None:
            await record_refusal(request, "not_found", principal=who, reason="branch")
        raise Problem("not_found")
    response.headers["ETag"] = etag_of(row.version)
    return view(row)


class Rename(Value):
    name: Annotated[str, Field(min_length=1, max_length=40)]


@router.patch("/v1/pledges/{pledge_id}", response_model=PledgeView)
async def rename(
    pledge_id: UUID,
    body: Rename,
    response: Response,
    who: Annotated[Principal, allow("relationship_manager", scope="branch")],
    base: Annotated[IfMatch, if_match()],
    database: DatabaseDep,
) -> PledgeView:
    async with database.session() as session:
        row = await session.get(Pledge, pledge_id, with_for_update=True)
        if row is None or not who.sees_branch(row.branch):
            raise Problem("not_found")
        base.check(row.version)
        row.name, row.version = body.name, row.version + 1
    response.headers["ETag"] = etag_of(row.version)
    return view(row)


@router.post("/v1/pledges/{pledge_id}/release", response_model=PledgeView)
async def release(
    request: Request,
    pledge_id: UUID,
    who: Annotated[Principal, allow("relationship_manager", scope="branch")],
    call: Annotated[IdempotentCall, idempotent()],
    database: DatabaseDep,
) -> Response:
    """The two-step way: the work between the transactions is whatever the test hangs in."""
    reservation = await call.reserve(database)
    if reservation.replayed is not None:
        return reservation.replayed
    try:
        await request.app.state.work(pledge_id)
    except Problem as problem:
        return await call.refuse(database, reservation, problem)
    except TimeoutError:
        await call.suspend(database, reservation)
        return Response(status_code=202)

    async def effect(session: Any) -> Reply:
        row = await session.get(Pledge, pledge_id, with_for_update=True)
        if row is None or not who.sees_branch(row.branch):
            raise Problem("not_found")
        row.closed, row.version = True, row.version + 1
        return Reply(200, view(row))

    return await call.finish(database, reservation, effect)


@router.post("/v1/deeds", status_code=201, response_model=StoredDocument, max_body_size=20_000)
async def upload(
    request: Request,
    file: Annotated[UploadFile, File()],
    title: Annotated[str, Form(max_length=20)],
    who: Annotated[Principal, allow("relationship_manager")],
    call: Annotated[IdempotentCall, idempotent()],
    database: DatabaseDep,
) -> Response:
    stored = await request.app.state.documents.put_bytes(await file.read(), file.filename or "")
    call.fingerprint(stored.sha256, title)

    async def effect(session: Any) -> Reply:
        return Reply(201, stored)

    return await call.atomic(database, effect)


@router.get("/v1/faults/{kind}", dependencies=[allow("operator")])
async def fail(kind: str) -> None:
    raise RuntimeError("secret text about 张三 that must stay inside")


def create_app(settings: ServiceSettings) -> FastAPI:
    database = Database(settings.database_url, pool_size=settings.database_pool_size)
    refusals: list[Refusal] = []

    async def record(refusal: Refusal) -> None:
        refusals.append(refusal)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        await database.dispose()

    app = build_app(
        title="specimen",
        settings=settings,
        routers=[router],
        idempotency=idempotency,
        readiness={"database": database.ping},
        lifespan=lifespan,
        refusal_recorder=record,
    )
    app.state.database = database
    app.state.refusals = refusals
    if settings.document_dir is not None:
        app.state.documents = DocumentStore(settings.document_dir)
    return app
