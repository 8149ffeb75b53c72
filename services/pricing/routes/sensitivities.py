"""``POST /v1/quotes/sensitivity``: price and RAROC over PD, LGD, tenor and collateral value, as a table and as a chart."""

import asyncio
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import Request, Response

from domain.finding import Finding
from domain.roles import SERVICE_ROLES, STAFF_ROLES
from domain.sensitivity import Sensitivity, SensitivityRequest
from services.kit.auth import allow
from services.kit.database import Database
from services.kit.principal import Principal
from services.kit.problems import Problem
from services.kit.router import Router
from services.pricing.calc.price import chart, sensitivity
from services.pricing.routes.deciding import Call, concluded, deciders, filed, sources, tried
from services.pricing.routes.findings import within_sight
from services.pricing.store import findings

router = Router(tags=["quotes"])

SVG = "image/svg+xml"


class SvgResponse(Response):
    """A chart. It is opened by itself as well as inside a page: nothing in it may fetch or run."""

    media_type = SVG


_HEADERS = {"Content-Security-Policy": "default-src 'none'", "Cache-Control": "private"}
_DRAWN: dict[int | str, dict[str, Any]] = {200: {"content": {SVG: {}}, "description": "The chart"}}


@router.post(
    "/v1/quotes/sensitivity",
    status_code=201,
    response_model=Finding[Sensitivity],
    responses=tried(Finding[Sensitivity]),
    dependencies=[deciders()],
)
async def create(request: Request, body: SensitivityRequest, call: Call) -> Response:
    """See a price over PD, LGD, tenor and collateral value. A stored one is drawn at its own ``chart.svg``."""
    return await filed(request, body, call, await _concluded(request, body))


@router.post(
    "/v1/quotes/sensitivity/chart.svg", response_class=SvgResponse, responses=_DRAWN, dependencies=[deciders()]
)
async def draw(request: Request, body: SensitivityRequest) -> Response:
    """The chart of a sensitivity that is not stored."""
    return _drawn(await _concluded(request, body))


@router.get("/v1/quotes/sensitivity/{sensitivity_id}/chart.svg", response_class=SvgResponse, responses=_DRAWN)
async def stored(
    request: Request,
    sensitivity_id: UUID,
    who: Annotated[Principal, allow(*STAFF_ROLES, *SERVICE_ROLES, scope="head_office")],
) -> Response:
    """The chart of a sensitivity as it was filed."""
    await within_sight(request, who)
    database: Database = request.app.state.database
    async with database.session() as session:
        finding = await findings.find(session, sensitivity_id)
    if finding is None or finding.kind != "sensitivity":
        raise Problem("not_found")
    return _drawn(finding)


async def _concluded(request: Request, body: SensitivityRequest) -> Finding[Sensitivity]:
    books = sources(request)
    bundle = await books.policy(body.policy_sha256)
    lender, lpr, ftp = await books.lender(body), await books.lpr(body), await books.ftp(body)
    # Some hundreds of prices: other requests are served meanwhile.
    return await asyncio.to_thread(
        concluded, body, Finding[Sensitivity], partial(sensitivity, body, bundle, lender, lpr, ftp)
    )


def _drawn(finding: Finding[Sensitivity]) -> Response:
    if finding.value is None:
        raise Problem("no_price")
    return SvgResponse(chart(finding.value), headers=_HEADERS)
