"""``POST /v1/rating-overrides``: a person's grade in place of the model's, held to the rule."""

from fastapi import Request, Response

from domain.finding import Finding
from domain.rating_override import RatingOverride, RatingOverrideRequest
from services.kit.router import Router
from services.pricing.calc.override import override
from services.pricing.routes.deciding import Call, answer, deciders, sources, tried

router = Router(tags=["ratings"])


@router.post(
    "/v1/rating-overrides",
    status_code=201,
    response_model=Finding[RatingOverride],
    responses=tried(Finding[RatingOverride]),
    dependencies=[deciders()],
)
async def create(request: Request, body: RatingOverrideRequest, call: Call) -> Response:
    """Hold an override of a rating to the scale's rule: distance, second person, reason, validity."""
    bundle = await sources(request).policy(body.policy_sha256)
    return await answer(request, body, call, Finding[RatingOverride], lambda: override(body, bundle))
