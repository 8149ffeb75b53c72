"""``/v1/applications/{id}/documents``: the file's documents, stored once under the hash of their content."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import File, Form, Path, Request, Response, UploadFile
from fastapi.responses import StreamingResponse

from domain.casefile import DocumentView
from services.kit.auth import allow
from services.kit.database import Database, now
from services.kit.documents import MEDIA_TYPES, DocumentStore
from services.kit.idempotency import IdempotentCall, Reply, idempotent
from services.kit.json_body import storable
from services.kit.principal import Principal
from services.kit.problems import Fault, Problem
from services.kit.router import Router, problem_response
from services.origination.calc.known_names import known_document_kinds
from services.origination.routes.roles import EVIDENCE, READERS
from services.origination.routes.sight import recorded
from services.origination.store import applications
from services.origination.store.business_day import business_day
from services.origination.store.policies import PolicyShelf

router = Router(prefix="/v1/applications", tags=["documents"], dependencies=[recorded()])

DOCUMENT_LIMIT = 32_000_000
"""Bytes of one document."""
_BLOCK = 1 << 18


@router.post(
    "/{case_id}/documents",
    response_model=DocumentView,
    status_code=201,
    max_body_size=DOCUMENT_LIMIT + 65_536,
    responses={415: problem_response(415), 413: problem_response(413), 409: problem_response(409)},
)
async def upload(
    request: Request,
    case_id: UUID,
    file: Annotated[UploadFile, File(description="pdf, xlsx, csv, json, png, jpeg or plain text; at most 32 MB")],
    kind: Annotated[str, Form(max_length=64, description="a kind of the product's checklist or conditions")],
    who: Annotated[Principal, allow(*EVIDENCE, scope="case")],
    call: Annotated[IdempotentCall, idempotent()],
    as_of: Annotated[date | None, Form(description="the date the document speaks of")] = None,
    expires: Annotated[date | None, Form()] = None,
) -> Response:
    """Add a document to a file. The kind must be one that the checklists know, so that nothing is filed where nobody looks."""
    database: Database = request.app.state.database
    store: DocumentStore = request.app.state.documents
    async with database.session() as session:
        row = await applications.visible_case(session, who, case_id)
    await _check_kind(request, row.product, kind)
    name = _name(file)
    stored = await store.put(blocks(file), name, max_bytes=DOCUMENT_LIMIT)
    call.fingerprint(stored.sha256, kind, name, str(as_of), str(expires))

    async def effect(session: Any) -> Reply:
        current = await applications.case(session, case_id, lock=True)
        document = await applications.add_document(
            session, who, current, stored, kind=kind, name=name, as_of=as_of, expires=expires
        )
        headers = {"Location": f"/v1/applications/{case_id}/documents/{stored.sha256}"}
        return Reply(201, applications.document_view(document), headers)

    return await call.atomic(database, effect)


@router.get("/{case_id}/documents", response_model=list[DocumentView])
async def listing(
    request: Request, case_id: UUID, who: Annotated[Principal, allow(*READERS, scope="case")]
) -> list[DocumentView]:
    """The documents of a file in the order of their arrival."""
    database: Database = request.app.state.database
    async with database.session() as session:
        await applications.visible_case(session, who, case_id)
        rows = await applications.documents(session, case_id)
    return [applications.document_view(row) for row in rows]


@router.get(
    "/{case_id}/documents/{sha256}",
    response_class=StreamingResponse,
    responses={
        200: {
            "content": {media_type: {} for media_type in sorted(MEDIA_TYPES.values())},
            "description": "The document as it was uploaded",
        }
    },
)
async def content(
    request: Request,
    case_id: UUID,
    sha256: Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")],
    who: Annotated[Principal, allow(*READERS, scope="case")],
) -> Response:
    """A document as it was uploaded; its hash is checked before the first byte is sent."""
    database: Database = request.app.state.database
    store: DocumentStore = request.app.state.documents
    async with database.session() as session:
        await applications.visible_case(session, who, case_id)
        row = await applications.document_of(session, case_id, sha256)
    store.path(sha256)
    # Sent as an attachment: a browser must not run what somebody uploaded.
    headers = {"Content-Disposition": f'attachment; filename="{sha256[:12]}"', "Cache-Control": "private, immutable"}
    return StreamingResponse(store.stream(sha256), media_type=row.media_type, headers=headers)


async def blocks(file: UploadFile) -> AsyncIterator[bytes]:
    """An upload in blocks."""
    while block := await file.read(_BLOCK):
        yield block


async def _check_kind(request: Request, product: str | None, kind: str) -> None:
    shelf: PolicyShelf = request.app.state.policies
    database: Database = request.app.state.database
    today = await business_day(database, shelf, now())
    bundle, on = today.bundle, today.day
    known = known_document_kinds(bundle, on, product)
    if kind not in known:
        listed = ", ".join(sorted(known))
        fault = Fault("/kind", "unknown_document_kind", f"须为：{listed}", f"must be one of: {listed}")
        raise Problem("invalid_request", errors=[fault], count=1)


def _name(file: UploadFile) -> str:
    """The file's name as given, without a path, bounded and printable."""
    name = (file.filename or "").replace("\\", "/").rsplit("/", 1)[-1].strip()
    if not name or len(name) > 200 or not storable(name) or not name.isprintable():
        fault = Fault("/file", "file_name", "文件名无效", "the file needs a plain name of at most 200 characters")
        raise Problem("invalid_request", errors=[fault], count=1)
    return name
