"""``GET /v1/findings/{id}``: a finding as it was drawn, and the inputs it was drawn from.

Findings are filed without their case's branch, so they are open to auditors, head office and components only; to
everybody else they do not exist.
"""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Request, Response

from domain.roles import HEAD_OFFICE, SERVICE_ROLES, STAFF_ROLES, Role
from services.kit.auth import allow, record_refusal
from services.kit.database import Database
from services.kit.principal import Principal
from services.kit.problems import Problem
from services.kit.router import Router
from services.pricing.store import findings
from services.pricing.store.findings import PricingFinding

router = Router(tags=["findings"])

Reader = Annotated[Principal, allow(*STAFF_ROLES, *SERVICE_ROLES, scope="head_office")]


@router.get("/v1/findings/{finding_id}", response_model=PricingFinding)
async def one(request: Request, finding_id: UUID, who: Reader) -> Response:
    """A finding with its whole trace."""
    await within_sight(request, who)
    database: Database = request.app.state.database
    async with database.session() as session:
        finding = await findings.find(session, finding_id)
    if finding is None:
        raise Problem("not_found")
    return Response(finding.model_dump_json(), media_type="application/json")


@router.get("/v1/findings/{finding_id}/inputs", response_model=dict[str, Any])
async def inputs(request: Request, finding_id: UUID, who: Reader) -> dict[str, Any]:
    """The request a finding answers: whoever recomputes it starts here."""
    await within_sight(request, who)
    database: Database = request.app.state.database
    async with database.session() as session:
        found = await findings.inputs(session, finding_id)
    if found is None:
        raise Problem("not_found")
    return found


async def within_sight(request: Request, who: Principal) -> None:
    """Refuse whoever sees no findings, as if there were none."""
    if who.kind != "service" and not who.has(Role.AUDITOR) and who.branch != HEAD_OFFICE:
        await record_refusal(request, "not_found", principal=who, reason="branch")
        raise Problem("not_found")
