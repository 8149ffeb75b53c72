"""``POST /v1/margin-resets``: the margin a contract's clauses give on a day, with every reset before it."""

from fastapi import Request, Response

from domain.finding import Finding
from domain.margin_ratchet import MarginResetRequest, MarginStanding
from services.kit.router import Router
from services.pricing.calc.ratchet import margin_standing
from services.pricing.routes.deciding import Call, answer, deciders, sources, tried

router = Router(tags=["margin resets"])


@router.post(
    "/v1/margin-resets",
    status_code=201,
    response_model=Finding[MarginStanding],
    responses=tried(Finding[MarginStanding]),
    dependencies=[deciders()],
)
async def create(request: Request, body: MarginResetRequest, call: Call) -> Response:
    """Reset a margin by its ESG, compute-efficiency and covenant clauses."""
    books = sources(request)
    bundle = await books.policy(body.policy_sha256)
    lpr = await books.lpr_fixed_on(body.base.fixed_on, "/base/fixed_on")
    return await answer(request, body, call, Finding[MarginStanding], lambda: margin_standing(body, bundle, lpr))
