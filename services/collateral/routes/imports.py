"""Imports of inventories: ``POST /v1/assets/{id}/import`` answers 202 with the job to follow."""

from collections.abc import AsyncIterator
from typing import Annotated, Final
from uuid import UUID

from fastapi import File, Query, Request, Response, UploadFile
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.collateral import RegisteredKind
from domain.inventory_import import ImportJob
from services.collateral.dependencies import CUSTODIANS, READERS, DatabaseDep, DocumentsDep, ImportsDep
from services.collateral.inventory import FILE_LIMIT
from services.collateral.store import imports
from services.collateral.store.scope import within_sight
from services.collateral.tables import Asset, ImportRow
from services.kit.auth import allow, record_refusal
from services.kit.idempotency import IdempotentCall, Reply, idempotent
from services.kit.paging import Page, PageRequest, fetch_page, link_next, paged
from services.kit.principal import Principal
from services.kit.problems import Problem
from services.kit.router import Router, problem_response
from services.kit.tabular import table_name

router = Router(tags=["imports"])

_BLOCK: Final = 1 << 18
_FORM: Final = 65_536
"""What a multipart form adds to its file, at most."""


@router.post(
    "/v1/assets/{asset_id}/import",
    status_code=202,
    response_model=ImportJob,
    max_body_size=FILE_LIMIT + _FORM,
    responses={409: problem_response(409), 413: problem_response(413), 415: problem_response(415)},
)
async def begin(
    request: Request,
    asset_id: UUID,
    file: Annotated[UploadFile, File(description="xlsx or csv; the first row names the columns, one row a server")],
    who: Annotated[Principal, allow(*CUSTODIANS, scope="branch")],
    call: Annotated[IdempotentCall, idempotent()],
    database: DatabaseDep,
    documents: DocumentsDep,
    desk: ImportsDep,
) -> Response:
    """Begin an import: the list, of up to 100,000 servers, becomes the asset's servers, whole or not at all."""
    async with database.session() as session:
        asset = await session.get(Asset, asset_id)
    if asset is None or not who.sees_branch(asset.branch):
        await record_refusal(request, "not_found", principal=who, reason="scope")
        raise Problem("not_found")
    name = table_name("inventory", file.filename)
    document = await documents.put(_blocks(file), name, max_bytes=FILE_LIMIT)
    call.fingerprint(document.sha256)

    async def effect(session: AsyncSession) -> Reply:
        # Not locked: an import under way holds the row. Of two that begin at once, the index on unfinished jobs admits one.
        asset = await session.get(Asset, asset_id)
        assert asset is not None
        if asset.kind != RegisteredKind.GPU_SERVER:
            raise Problem("not_servers")
        if asset.released_at is not None:
            raise Problem("asset_released")
        if (other := await imports.unfinished(session, asset_id)) is not None:
            raise Problem("import_in_progress", import_id=other.id)
        job = await imports.open_job(session, asset, document, who.subject)
        return Reply(202, imports.view(job), {"Location": f"/v1/imports/{job.id}"})

    answer = await call.atomic(database, effect)
    desk.wake()
    return answer


@router.get("/v1/imports", response_model=Page[ImportJob])
async def listing(
    request: Request,
    response: Response,
    who: Annotated[Principal, allow(*READERS, scope="branch")],
    page: Annotated[PageRequest, paged()],
    database: DatabaseDep,
    asset_id: Annotated[UUID | None, Query(description="imports of this asset")] = None,
) -> Page[ImportJob]:
    """Imports, newest first."""
    statement = within_sight(select(ImportRow), who, col(ImportRow.branch))
    if asset_id is not None:
        statement = statement.where(ImportRow.asset_id == asset_id)
    async with database.session() as session:
        found = await fetch_page(session, statement, col(ImportRow.id), page)
    link_next(request, response, found.next_cursor)
    return Page(items=[imports.view(row) for row in found.rows], next_cursor=found.next_cursor)


@router.get("/v1/imports/{import_id}", response_model=ImportJob)
async def one(
    import_id: UUID,
    request: Request,
    response: Response,
    who: Annotated[Principal, allow(*READERS, scope="branch")],
    database: DatabaseDep,
) -> ImportJob:
    """How far an import is, and everything that is wrong with its list."""
    async with database.session() as session:
        row = await session.get(ImportRow, import_id)
    if row is None or not who.sees_branch(row.branch):
        await record_refusal(request, "not_found", principal=who, reason="scope")
        raise Problem("not_found")
    if row.state in imports.UNFINISHED:
        response.headers["Retry-After"] = "1"
    return imports.view(row)


async def _blocks(file: UploadFile) -> AsyncIterator[bytes]:
    while block := await file.read(_BLOCK):
        yield block
