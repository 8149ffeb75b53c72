"""``/v1/applications/{id}/integrity``: every fraud and consistency check of a case, with what it saw."""

from typing import Annotated
from uuid import UUID

from fastapi import Request

from domain.integrity import IntegrityView
from services.kit.auth import allow
from services.kit.database import Database
from services.kit.principal import Principal
from services.kit.router import Router
from services.origination.routes.roles import STAFF
from services.origination.routes.sight import recorded
from services.origination.store import applications
from services.origination.store.integrity_view import integrity_view
from services.origination.store.policies import PolicyShelf

router = Router(prefix="/v1/applications", tags=["applications"], dependencies=[recorded()])


@router.get("/{case_id}/integrity", response_model=IntegrityView)
async def integrity(
    request: Request, case_id: UUID, who: Annotated[Principal, allow(*STAFF, scope="case")]
) -> IntegrityView:
    """The newest conclusion of each check: outcome, reasons, evidence, and what was not run because its source is not
    connected or gave no answer."""
    database: Database = request.app.state.database
    shelf: PolicyShelf = request.app.state.policies
    async with database.session() as session:
        row = await applications.visible_case(session, who, case_id)
        bundle = None if row.policy_sha256 is None else await shelf.bundle(row.policy_sha256)
        return await integrity_view(session, row, bundle)
