"""``/v1/classifications``, ``/v1/early-warnings``, ``/v1/possession-verdicts``: what policy says of claims, facilities and assets
taken for a debt after payment.

They answer for the figures they are given and store nothing: the class and the watch list themselves are decided by people.
"""

from typing import Annotated

from fastapi import Request

from domain.classification import Classification, ClassificationRequest, EarlyWarningReadings, EarlyWarnings
from domain.finding import Finding
from domain.foreclosure import ForeclosedAsset, PossessionVerdict
from policy.engine import PolicyNotInForce
from services.kit.auth import allow
from services.kit.database import Database, new_id, now
from services.kit.principal import Principal
from services.kit.problems import Problem
from services.kit.router import Router, problem_response
from services.origination.calc.classification import classification
from services.origination.calc.early_warnings import early_warnings
from services.origination.calc.possession import possession
from services.origination.routes.roles import STAFF
from services.origination.store import reference
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


@router.post("/possession-verdicts", response_model=PossessionVerdict, responses={409: problem_response(409)})
async def judge_possession(
    request: Request, who: Annotated[Principal, allow(*STAFF)], body: ForeclosedAsset
) -> PossessionVerdict:
    """Whether an asset taken for a debt may still be held on a day, by the rules for its lender; nothing is stored."""
    shelf: PolicyShelf = request.app.state.policies
    database: Database = request.app.state.database
    bundle = await shelf.in_force(body.as_of)
    async with database.reading() as session:
        standing = await reference.standing(session, (reference.lender_series(body.lender_id),), body.as_of)
    lender, _ = standing.lender(body.lender_id)
    return possession(body, lender.licence, bundle)
