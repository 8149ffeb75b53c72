"""``POST /v1/proceeds-divisions``: who gets what of the price of an asset that was sold to satisfy its creditors."""

from typing import Annotated

from domain.enforcement import ProceedsDivision, ProceedsRequest
from domain.finding import Finding
from domain.roles import Role
from services.collateral.calc.enforcement import divide
from services.kit.auth import allow
from services.kit.database import new_id, now
from services.kit.principal import Principal
from services.kit.router import Router

router = Router(tags=["enforcement"])

_ASKING = (
    Role.WORKOUT_OFFICER,
    Role.COLLATERAL_OFFICER,
    Role.MONITOR,
    Role.COMPLIANCE_OFFICER,
    Role.REVIEWER,
    Role.AUDITOR,
)


@router.post("/v1/proceeds-divisions", response_model=Finding[ProceedsDivision])
async def division(body: ProceedsRequest, who: Annotated[Principal, allow(*_ASKING)]) -> Finding[ProceedsDivision]:
    """Costs first, then the claims in order of rank, the surplus to the owner (民法典 §§410, 413); nothing is stored."""
    return divide(body, finding_id=new_id(), made_at=now())
