"""``/v1/applications/{id}/assessment/sensitivity``: the price of a case over PD, LGD, tenor and collateral value.

The base case is the price as it was concluded: its own inputs are taken from the pricing service and varied, nothing is stored.
"""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response

from domain.finding import Finding
from domain.sensitivity import Axis, Sensitivity, SensitivityRequest
from services.kit.auth import allow
from services.kit.database import Database
from services.kit.principal import Principal
from services.kit.problems import Fault, Problem
from services.kit.router import Router, problem_response
from services.origination.routes.roles import STAFF
from services.origination.routes.sight import recorded
from services.origination.store import applications
from services.origination.store.casework import latest_findings, one_of
from services.pricing.client import PricingClient

router = Router(prefix="/v1/applications", tags=["applications"], dependencies=[recorded()])

SVG = "image/svg+xml"


class SvgResponse(Response):
    """A chart, opened by itself or inside a page: nothing in it may fetch or run."""

    media_type = SVG


_PROBLEMS: dict[int | str, dict[str, Any]] = {409: problem_response(409), 502: problem_response(502)}
"""There is no price yet; or the pricing service refused what it concluded itself."""
Reader = Annotated[Principal, allow(*STAFF, scope="case")]


@router.get("/{case_id}/assessment/sensitivity", response_model=Finding[Sensitivity], responses=_PROBLEMS)
async def table(
    request: Request,
    case_id: UUID,
    who: Reader,
    rows: Annotated[Axis | None, Query(description="with columns: a table over two axes at once")] = None,
    columns: Annotated[Axis | None, Query()] = None,
) -> Finding[Sensitivity]:
    """Price, floor and RAROC of the case over each axis, everything else held; over two at once where they are named."""
    _two_axes(rows, columns)
    pricing: PricingClient = request.app.state.pricing
    asked = await _as_priced(request, case_id, who)
    if rows is not None and columns is not None:
        asked = asked.model_copy(update={"cross": (rows, columns)})
    return await pricing.try_sensitivity(asked)


@router.get(
    "/{case_id}/assessment/sensitivity/chart.svg",
    response_class=SvgResponse,
    responses={200: {"content": {SVG: {}}, "description": "The chart"}, **_PROBLEMS},
)
async def chart(request: Request, case_id: UUID, who: Reader) -> Response:
    """The same drawn: price over floor, and the return of a loan agreed at the base case's price over the hurdle."""
    pricing: PricingClient = request.app.state.pricing
    drawn = await pricing.draw_sensitivity(await _as_priced(request, case_id, who))
    return SvgResponse(drawn, headers={"Content-Security-Policy": "default-src 'none'", "Cache-Control": "private"})


async def _as_priced(request: Request, case_id: UUID, who: Principal) -> SensitivityRequest:
    """The request that the newest price of the case answered. Raises ``step_not_possible`` while there is no price."""
    database: Database = request.app.state.database
    async with database.reading() as session:
        row = await applications.visible_case(session, who, case_id)
        quote = one_of(await latest_findings(session, row.case_id), "quote")
    if quote is None or not quote.value:
        raise Problem("step_not_possible", needs="quote")
    pricing: PricingClient = request.app.state.pricing
    inputs: dict[str, Any] = await pricing.inputs(quote.finding_id)
    return SensitivityRequest.model_validate(inputs)


def _two_axes(rows: Axis | None, columns: Axis | None) -> None:
    if (rows is None) == (columns is None) and (rows is None or rows is not columns):
        return
    lacking = "query/columns" if columns is None or columns is rows else "query/rows"
    fault = Fault(lacking, "cross_of_one_axis", "须指明两个不同的变量", "two different axes make a table")
    raise Problem("invalid_request", errors=[fault], count=1)
