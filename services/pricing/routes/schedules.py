"""``POST /v1/schedules``: the repayment schedule of a drawing."""

from fastapi import Request, Response

from domain.finding import Finding
from domain.pricing import Schedule, ScheduleRequest
from policy.engine import PolicyNotInForce
from services.kit.router import Router
from services.pricing.calc.schedule import repayment_plan
from services.pricing.routes.deciding import Call, answer, deciders, not_in_force, sources, tried

router = Router(tags=["schedules"])


@router.post(
    "/v1/schedules",
    status_code=201,
    response_model=Finding[Schedule],
    responses=tried(Finding[Schedule]),
    dependencies=[deciders()],
)
async def create(request: Request, body: ScheduleRequest, call: Call) -> Response:
    """Lay out the repayment of a loan: of one drawing or several, by tranche, with steps of the rate and prepayments."""
    books = sources(request)
    bundle = await books.policy(body.policy_sha256)
    try:
        days = await books.calendar(body, bundle)
    except PolicyNotInForce:
        raise not_in_force(body) from None
    return await answer(request, body, call, Finding[Schedule], lambda: repayment_plan(body, bundle, days))
