"""``POST /v1/limits``: five caps and the one that binds."""

from fastapi import Request, Response

from domain.finding import Finding
from domain.limit import Limit, LimitRequest
from services.kit.router import Router
from services.pricing.calc.limit import limit
from services.pricing.routes.deciding import Call, answer, deciders, sources, tried

router = Router(tags=["limits"])


@router.post(
    "/v1/limits",
    status_code=201,
    response_model=Finding[Limit],
    responses=tried(Finding[Limit]),
    dependencies=[deciders()],
)
async def create(request: Request, body: LimitRequest, call: Call) -> Response:
    """Form the limit of a line."""
    books = sources(request)
    bundle = await books.policy(body.policy_sha256)
    lender, lpr = await books.lender(body), await books.lpr(body)
    return await answer(request, body, call, Finding[Limit], lambda: limit(body, bundle, lender, lpr))
