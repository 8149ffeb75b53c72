"""What a filed valuation is looked at by: its value path as a picture and against simulated rents, and the inputs it was
concluded from.
"""

import asyncio
from functools import partial
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Query, Request, Response
from pydantic import Field

from domain.collateral import Valuation, ValuationRequest
from domain.finding import Finding, PolicyRef
from domain.gpu_valuation import CrossCheck
from domain.money import Amount
from policy.engine import CollateralPolicy
from services.collateral.calc.gpu_server.chart import MOST_BALANCES, Language, chart
from services.collateral.calc.gpu_server.cross_check import cross_check
from services.collateral.dependencies import READERS, DatabaseDep, PoliciesDep
from services.collateral.sources import PolicyShelf
from services.collateral.tables import ValuationRow, findings
from services.kit.auth import allow, record_refusal
from services.kit.database import Database
from services.kit.principal import Principal
from services.kit.problems import Problem
from services.kit.router import Router, problem_response

router = Router(tags=["valuations"])

SVG = "image/svg+xml"
SVG_HEADERS = {"Content-Security-Policy": "default-src 'none'", "Cache-Control": "private"}
MOST_PATHS_ASKED: Final = 500_000
"""A run of the service's own processor: what needs more is done with the code."""
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
    covenants = (await _policy_of(policy, policies)).covenants
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


@router.get(
    "/v1/valuations/{valuation_id}/cross-check", response_model=CrossCheck, responses={409: problem_response(409)}
)
async def checked(
    valuation_id: UUID,
    request: Request,
    who: Annotated[Principal, allow(*READERS, scope="branch")],
    database: DatabaseDep,
    policies: PoliciesDep,
    month: Annotated[int, Query(ge=0, le=600, description="month from the valuation")] = 24,
    seed: Annotated[int, Query(ge=0, le=2**32 - 1, description="seed of the simulated rents")] = 20260101,
    paths: Annotated[int, Query(ge=1_000, le=MOST_PATHS_ASKED, description="simulated rents")] = 100_000,
) -> CrossCheck:
    """The value path against simulated rents. The same seed repeats the run; nothing is stored or decided by it."""
    found = await recorded(valuation_id, request, who, database)
    if found.value is None or found.value.path is None or found.policy is None:
        raise Problem("no_value_path")
    terms = (await _policy_of(found.policy, policies)).gpu
    async with database.session() as session:
        asked = ValuationRequest.model_validate(await findings.inputs(session, found.inputs_sha256))
    # A fraction of a second of arithmetic: other requests are served meanwhile.
    run = partial(cross_check, asked, terms, month, seed=seed, paths=paths)
    checked_against = await asyncio.to_thread(run)
    if checked_against is None:
        raise Problem("no_value_path")
    return checked_against


async def _policy_of(ref: PolicyRef, policies: PolicyShelf) -> CollateralPolicy:
    """The policy that a valuation stands on, though a later version may be in force."""
    bundle = await policies.bundle(ref.sha256)
    return next(
        file
        for file in bundle.files()
        if isinstance(file, CollateralPolicy) and (file.id, file.version) == (ref.id, ref.version)
    )


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
