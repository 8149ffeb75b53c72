"""``POST /v1/ratings``: a borrower's facts to a class, a probability of default and a grade."""

from fastapi import Request, Response

from domain.finding import Finding
from domain.rating import Rating, RatingRequest
from services.kit.router import Router
from services.pricing.calc.rating import rate
from services.pricing.routes.deciding import Call, answer, deciders, sources, tried

router = Router(tags=["ratings"])


@router.post(
    "/v1/ratings",
    status_code=201,
    response_model=Finding[Rating],
    responses=tried(Finding[Rating]),
    dependencies=[deciders()],
)
async def create(request: Request, body: RatingRequest, call: Call) -> Response:
    """Rate a borrower by its product's scorecard."""
    bundle = await sources(request).policy(body.policy_sha256)
    return await answer(request, body, call, Finding[Rating], lambda: rate(body, bundle))
