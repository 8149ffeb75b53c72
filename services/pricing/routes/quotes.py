"""``POST /v1/quotes``: the price of a loan as a build-up and as LPR + bp."""

from fastapi import Request, Response

from domain.finding import Finding
from domain.pricing import Quote, QuoteRequest
from services.kit.router import Router
from services.pricing.calc.price import quote
from services.pricing.routes.deciding import Call, answer, deciders, sources, tried

router = Router(tags=["quotes"])


@router.post(
    "/v1/quotes",
    status_code=201,
    response_model=Finding[Quote],
    responses=tried(Finding[Quote]),
    dependencies=[deciders()],
)
async def create(request: Request, body: QuoteRequest, call: Call) -> Response:
    """Price a loan."""
    books = sources(request)
    bundle = await books.policy(body.policy_sha256)
    lender, lpr, ftp = await books.lender(body), await books.lpr(body), await books.ftp(body)
    return await answer(request, body, call, Finding[Quote], lambda: quote(body, bundle, lender, lpr, ftp))
