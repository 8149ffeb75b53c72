"""``POST /v1/borrowing-costs``: 综合融资成本 of a loan, with the support that stands beside it."""

from fastapi import Request, Response

from domain.borrowing_cost import BorrowingCost, BorrowingCostRequest
from domain.finding import Finding
from services.kit.router import Router
from services.pricing.calc.borrowing_cost import borrowing_cost
from services.pricing.routes.deciding import Call, answer, deciders, sources, tried

router = Router(tags=["borrowing costs"])


@router.post(
    "/v1/borrowing-costs",
    status_code=201,
    response_model=Finding[BorrowingCost],
    responses=tried(Finding[BorrowingCost]),
    dependencies=[deciders()],
)
async def create(request: Request, body: BorrowingCostRequest, call: Call) -> Response:
    """Work out what a loan costs its borrower, all in."""
    bundle = await sources(request).policy(body.policy_sha256)
    return await answer(request, body, call, Finding[BorrowingCost], lambda: borrowing_cost(body, bundle))
