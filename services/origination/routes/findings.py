"""``GET /v1/findings/{id}``: a conclusion of this service with its whole trace, for whoever sees its case."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Request

from services.kit.auth import allow
from services.kit.database import Database
from services.kit.principal import Principal
from services.kit.problems import Problem
from services.kit.router import Router
from services.origination.routes.roles import STAFF
from services.origination.routes.sight import recorded
from services.origination.store import applications
from services.origination.tables.base import findings

router = Router(prefix="/v1/findings", tags=["findings"], dependencies=[recorded()])


@router.get("/{finding_id}", response_model=dict[str, Any])
async def one(
    request: Request, finding_id: UUID, who: Annotated[Principal, allow(*STAFF, scope="case")]
) -> dict[str, Any]:
    """A finding as it was drawn: outcome, reasons, every rule and row with the facts it looked at, policy and model."""
    database: Database = request.app.state.database
    async with database.session() as session:
        found = await findings.filed(session, finding_id)
        if found is None:
            raise Problem("not_found")
        case_id, finding = found
        await applications.visible_case(session, who, UUID(case_id))
    return finding
