"""``/v1/classifications`` and ``/v1/early-warnings``: what policy says of claims and facilities after payment.

Both answer for the figures they are given and store nothing: the class and the watch list themselves are decided by people.
"""

from typing import Annotated

from fastapi import Request

from domain.classification import Classification, ClassificationRequest, EarlyWarningReadings, EarlyWarnings
from domain.finding import Finding
from policy.engine import PolicyNotInForce
from services.kit.auth import allow
from services.kit.database import new_id, now
from services.kit.principal import Principal
from services.kit.problems import Problem
from services.kit.router import Router, problem_response
from services.origination.calc.classification import classification
from services.origination.calc.early_warnings import early_warnings
from services.origination.routes.roles import STAFF
from services.origination.store.policies import PolicyShelf

router = Router(prefix="/v1", tags=["monitoring"])


@router.post("/classifications", response_model=Finding[Classification], responses={409: problem_response(409)})
async def classify(
    request: Request, who: Annotated[Principal, allow(*STAFF)], body: ClassificationRequest
) -> Finding[Classification]:
    """The class that each claim on a debtor has at best on a day, with every floor that was met; nothing is stored."""
    shelf: PolicyShelf = request.app.state.policies
    bundle = await shelf.in_force(body.as_of)
    try:
        return classification(body, bundle, finding_id=new_id(), made_at=now())
    except PolicyNotInForce:
        raise Problem("no_policy_in_force") from None


@router.post("/early-warnings", response_model=Finding[EarlyWarnings], responses={409: problem_response(409)})
async def warn(
    request: Request, who: Annotated[Principal, allow(*STAFF)], body: EarlyWarningReadings
) -> Finding[EarlyWarnings]:
    """Every indicator's light on a day, and whether the customer goes on the watch list; nothing is stored."""
    shelf: PolicyShelf = request.app.state.policies
    bundle = await shelf.in_force(body.as_of)
    try:
        return early_warnings(body, bundle, finding_id=new_id(), made_at=now())
    except PolicyNotInForce:
        raise Problem("no_policy_in_force") from None
