"""``POST /v1/buy-or-rent``: whether compute is better owned, rented, or some of each."""

from fastapi import Request, Response

from domain.buy_or_rent import BuyOrRent, BuyOrRentRequest
from domain.finding import Finding
from services.kit.router import Router
from services.pricing.calc.buy_or_rent import buy_or_rent
from services.pricing.routes.deciding import Call, answer, deciders, sources, tried

router = Router(tags=["buy or rent"])


@router.post(
    "/v1/buy-or-rent",
    status_code=201,
    response_model=Finding[BuyOrRent],
    responses=tried(Finding[BuyOrRent]),
    dependencies=[deciders()],
)
async def create(request: Request, body: BuyOrRentRequest, call: Call) -> Response:
    """Compare owning, renting and mixing them over a demand for compute."""
    bundle = await sources(request).policy(body.policy_sha256)
    return await answer(request, body, call, Finding[BuyOrRent], lambda: buy_or_rent(body, bundle))
