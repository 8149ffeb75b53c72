"""``POST /v1/applications/{id}/assets/import``: the servers of an application from a spreadsheet or a CSV, all or nothing."""

import asyncio
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from fastapi import File, Form, Request, Response, UploadFile

from domain.application import ApplicationContent, AssetKind, ServerItem
from domain.application.serials import serial_identity
from domain.casefile import ImportReport
from domain.money import Money
from services.kit.auth import allow
from services.kit.database import Database
from services.kit.documents import DocumentStore
from services.kit.etags import etag_of
from services.kit.idempotency import IdempotentCall, Reply, idempotent
from services.kit.principal import Principal
from services.kit.problems import Fault, Problem
from services.kit.router import Router, problem_response
from services.kit.tabular import table_name, table_rows
from services.origination.inventory import MOST_FAULTS, Inventory
from services.origination.pledges import other_holders, still_holding
from services.origination.routes.documents import blocks
from services.origination.routes.roles import FRONT_OFFICE
from services.origination.routes.sight import recorded
from services.origination.store import applications, drafting
from services.origination.tables.cases import Application

router = Router(prefix="/v1/applications", tags=["documents"], dependencies=[recorded()])

INVENTORY_LIMIT = 64_000_000
"""Bytes of an inventory file."""
INVENTORY_KIND = "server_inventory"


@router.post(
    "/{case_id}/assets/import",
    response_model=ImportReport,
    max_body_size=INVENTORY_LIMIT + 65_536,
    responses={413: problem_response(413), 415: problem_response(415), 409: problem_response(409)},
)
async def import_servers(
    request: Request,
    case_id: UUID,
    file: Annotated[UploadFile, File(description="xlsx or csv; the first row names the columns, one row a server")],
    asset_key: Annotated[str, Form(max_length=40, description="the GPU asset of the draft the servers belong to")],
    who: Annotated[Principal, allow(*FRONT_OFFICE, scope="case")],
    call: Annotated[IdempotentCall, idempotent()],
) -> Response:
    """Take in an inventory. It replaces the servers of the asset; one bad cell and nothing is written, and every bad cell of
    the sheet is reported with its row and column."""
    database: Database = request.app.state.database
    documents: DocumentStore = request.app.state.documents
    async with database.session() as session:
        row = await applications.visible_case(session, who, case_id)
    name = table_name("servers", file.filename)
    stored = await documents.put(blocks(file), name, max_bytes=INVENTORY_LIMIT)
    call.fingerprint(stored.sha256, asset_key)
    path = documents.path(stored.sha256)
    inventory = await asyncio.to_thread(lambda: Inventory(list(table_rows(path, stored.media_type))))
    found, faults = inventory.servers, inventory.faults
    if not faults:
        _asset_index(applications.content_of(row), asset_key)
        faults = (*_elsewhere(row, asset_key, inventory), *await _pledged(request, row, inventory))
    if faults:
        raise Problem("inventory_refused", errors=faults[:MOST_FAULTS], count=len(faults))

    async def effect(session: Any) -> Reply:
        current = await drafting.changeable(session, who, case_id)
        content = _with_servers(applications.content_of(current), asset_key, found)
        current = await drafting.change_content(
            session,
            who,
            current,
            content,
            "assets.imported",
            asset_key=asset_key,
            servers=len(found),
            sha256=stored.sha256,
        )
        await applications.add_document(session, who, current, stored, kind=INVENTORY_KIND, name=name)
        report = ImportReport(
            asset_key=asset_key,
            servers=len(found),
            gpus=sum(server.gpu_count for server in found),
            price_ex_vat=Money(amount=sum((server.price_ex_vat.amount for server in found), Decimal(0))),
            document_sha256=stored.sha256,
            version=current.version,
        )
        return Reply(200, report, {"ETag": etag_of(current.version)})

    return await call.atomic(database, effect)


def _asset_index(content: ApplicationContent, key: str) -> int:
    for index, asset in enumerate(content.assets):
        if asset.key == key and asset.kind is AssetKind.GPU_SERVER:
            return index
    fault = Fault("/asset_key", "unknown_asset", "草稿中没有该 GPU 资产", "the draft has no GPU asset of this key")
    raise Problem("invalid_request", errors=[fault], count=1)


def _with_servers(content: ApplicationContent, key: str, found: tuple[ServerItem, ...]) -> ApplicationContent:
    index = _asset_index(content, key)
    assets = list(content.assets)
    assets[index] = assets[index].model_copy(update={"servers": found})
    return content.model_copy(update={"assets": tuple(assets)})


def _elsewhere(row: Application, key: str, inventory: Inventory) -> list[Fault]:
    """Serials that another asset of the same application lists already."""
    content = applications.content_of(row)
    others = {
        serial_identity(server.serial): asset.key
        for asset in content.assets
        if asset.key != key
        for server in asset.servers
    }
    return [
        Fault(
            f"/rows/{inventory.row_of(server.serial)}/serial",
            "duplicate_serial",
            f"序列号已列于资产 {others[serial_identity(server.serial)]}",
            f"the serial number is listed under the asset {others[serial_identity(server.serial)]} already",
        )
        for server in inventory.servers
        if serial_identity(server.serial) in others
    ]


async def _pledged(request: Request, row: Application, inventory: Inventory) -> list[Fault]:
    """Serials that secure another case by the register of collateral."""
    serials = [server.serial for server in inventory.servers]
    held = await other_holders(request.app.state, row.case_id, serials)
    living = await still_holding(request.app.state, set().union(*held.values()))
    # Which case it is stays with the register: it may belong to a branch the caller must not see.
    return [
        Fault(
            f"/rows/{inventory.row_of(serial)}/serial",
            "serial_pledged",
            "序列号已在其他业务中设定担保",
            "the server secures another case already",
        )
        for serial in serials
        if held.get(serial, frozenset()) & living
    ]
