"""What a filed valuation is looked at by: its value path as a picture, and the inputs it was concluded from."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response
from pydantic import Field

from domain.collateral import Valuation
from domain.finding import Finding
from domain.money import Amount
from policy.engine import CollateralPolicy
from services.collateral.calc.gpu_server.chart import MOST_BALANCES, Language, chart
from services.collateral.dependencies import READERS, DatabaseDep, PoliciesDep
from services.collateral.tables import ValuationRow, findings
from services.kit.auth import allow, record_refusal
from services.kit.database import Database
from services.kit.principal import Principal
from services.kit.problems import Problem
from services.kit.router import Router, problem_response

router = Router(tags=["valuations"])

SVG = "image/svg+xml"
SVG_HEADERS = {"Content-Security-Policy": "default-src 'none'", "Cache-Control": "private"}
Balance = Annotated[Amount, Field(ge=0)]


class SvgResponse(Response):
    """A chart. It is opened by itself as well as inside a page: nothing in it may fetch or run."""

    media_type = SVG


@router.get(
    "/v1/valuations/{valuation_id}/chart.svg",
    response_class=SvgResponse,
    responses={200: {"content": {SVG: {}}, "description": "The chart"}, 409: problem_response(409)},
)
async def drawn(
    valuation_id: UUID,
    request: Request,
    who: Annotated[Principal, allow(*READERS, scope="branch")],
    database: DatabaseDep,
    policies: PoliciesDep,
    lang: Annotated[Language, Query(description="language of the labels")] = "zh",
    balance: Annotated[
        tuple[Balance, ...],
        Query(max_length=MOST_BALANCES, description="CNY owed on the day of the valuation and each month after it"),
    ] = (),
) -> Response:
    """The value path of a valuation with its covenants' limits, and the balance of a loan against it."""
    found = await recorded(valuation_id, request, who, database)
    value, policy = found.value, found.policy
    if value is None or value.path is None or policy is None:
        raise Problem("no_value_path")
    bundle = await policies.bundle(policy.sha256)
    # The covenants of the policy that the value stands on, though a later version may be in force.
    covenants = next(
        file.covenants
        for file in bundle.files()
        if isinstance(file, CollateralPolicy) and (file.id, file.version) == (policy.id, policy.version)
    )
    picture = chart(value, value.path, covenants, found.as_of, lang, balance)
    return SvgResponse(picture, headers=SVG_HEADERS)


@router.get("/v1/valuations/{valuation_id}/inputs", response_model=dict[str, Any])
async def inputs(
    valuation_id: UUID,
    request: Request,
    who: Annotated[Principal, allow(*READERS, scope="branch")],
    database: DatabaseDep,
) -> dict[str, Any]:
    """The request a valuation answers, with the market evidence it was pinned to: whoever recomputes it starts here."""
    found = await recorded(valuation_id, request, who, database)
    async with database.session() as session:
        kept = await findings.inputs(session, found.inputs_sha256)
    if kept is None:
        raise Problem("not_found")
    return kept


async def recorded(valuation_id: UUID, request: Request, who: Principal, database: Database) -> Finding[Valuation]:
    """A filed valuation within the caller's sight; to everybody else there is none."""
    async with database.session() as session:
        row = await session.get(ValuationRow, valuation_id)
        if row is not None and who.sees_branch(row.branch):
            found = await findings.get(session, valuation_id, Finding[Valuation])
            if found is not None:
                return found
    await record_refusal(request, "not_found", principal=who, reason="scope")
    raise Problem("not_found")
