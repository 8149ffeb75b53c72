"""``POST /v1/schedules``: the repayment schedule of a drawing."""

from fastapi import Request, Response

from domain.finding import Finding
from domain.pricing import Schedule, ScheduleRequest
from policy.engine import PolicyNotInForce
from services.kit.problems import Fault, Problem
from services.kit.router import Router
from services.pricing.calc.schedule import repayment_plan
from services.pricing.routes.deciding import Call, answer, deciders, sources

router = Router(tags=["schedules"])


@router.post("/v1/schedules", status_code=201, response_model=Finding[Schedule], dependencies=[deciders()])
async def create(request: Request, body: ScheduleRequest, call: Call) -> Response:
    """Lay out the repayment of a drawing."""
    books = sources(request)
    bundle = await books.policy(body.policy_sha256)
    try:
        days = await books.calendar(body, bundle)
    except PolicyNotInForce:
        fault = Fault(
            "/as_of",
            "policy_not_in_force",
            "该政策包在该日无可用版本",
            "the policy has no version in force on that day",
        )
        raise Problem("invalid_request", errors=[fault], count=1) from None
    return await answer(request, body, call, Finding[Schedule], lambda: repayment_plan(body, bundle, days))
