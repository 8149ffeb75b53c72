"""``/v1/utilisations``: a drawing as people see it, and the steps its process takes in the books."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Request, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.facility import TransferRef, UtilisationView
from domain.finding import Finding
from domain.pricing import Schedule
from domain.process import DrawingRecord, GateResult, ReservationResult, UtilisationOpening, UtilisationStep
from policy.engine import Bundle
from services.kit.auth import allow
from services.kit.database import Database
from services.kit.etags import etag_of
from services.kit.idempotency import IdempotentCall, Reply, idempotent
from services.kit.principal import Principal
from services.kit.problems import Fault, Problem
from services.kit.router import Router
from services.origination.routes.roles import READERS, WORKER
from services.origination.store import commitments, transfers, utilisations
from services.origination.store.applications import case
from services.origination.store.gate import run_gate
from services.origination.store.policies import PolicyShelf
from services.origination.store.refusals import foreign
from services.pricing.client import PricingClient

router = Router(tags=["utilisations"])

Worker = Annotated[Principal, allow(*WORKER)]
Call = Annotated[IdempotentCall, idempotent()]


@router.get("/v1/utilisations/{utilisation_id}", response_model=UtilisationView)
async def one(
    request: Request,
    response: Response,
    utilisation_id: UUID,
    who: Annotated[Principal, allow(*READERS, scope="branch")],
) -> UtilisationView:
    """One drawing, with its conditions and transfers."""
    database: Database = request.app.state.database
    async with database.session() as session:
        found = await utilisations.visible_utilisation(session, who, utilisation_id)
        view = None if found is None else await utilisations.view(session, found[0])
    if found is None or view is None:
        raise await foreign(request, who)
    response.headers["ETag"] = etag_of(found[0].version)
    return view


@router.get("/v1/utilisations/{utilisation_id}/plan", response_model=Finding[Schedule])
async def plan(
    request: Request,
    utilisation_id: UUID,
    who: Annotated[Principal, allow(*READERS, scope="branch")],
) -> Finding[Schedule]:
    """What falls due for one drawing and when: by the agreed terms, as drawn on its value date. Nothing is stored."""
    database: Database = request.app.state.database
    async with database.reading() as session:
        found = await utilisations.visible_utilisation(session, who, utilisation_id)
        asked = None if found is None else await utilisations.plan_request(session, *found)
    if asked is None:
        raise await foreign(request, who)
    pricing: PricingClient = request.app.state.pricing
    return await pricing.try_schedule(asked)


@router.post("/v1/utilisations/{utilisation_id}/opening", response_model=UtilisationOpening)
async def opening(request: Request, utilisation_id: UUID, body: UtilisationStep, who: Worker, call: Call) -> Response:
    """What the process of a drawing needs to know at its start."""
    pinned = await _pinned(request, utilisation_id, body)

    async def effect(session: AsyncSession) -> Reply:
        return Reply(200, await utilisations.opening(session, body, pinned))

    return await call.atomic(request.app.state.database, effect)


@router.post("/v1/utilisations/{utilisation_id}/reservation", response_model=ReservationResult)
async def reserve(request: Request, utilisation_id: UUID, body: UtilisationStep, who: Worker, call: Call) -> Response:
    """Reserve the commitment for the drawing, whole or not at all."""
    _of_this_utilisation(utilisation_id, body)

    async def effect(session: AsyncSession) -> Reply:
        return Reply(200, await commitments.reserve(session, who, body))

    return await call.atomic(request.app.state.database, effect)


@router.post("/v1/utilisations/{utilisation_id}/release", status_code=204)
async def release(request: Request, utilisation_id: UUID, body: UtilisationStep, who: Worker, call: Call) -> Response:
    """Give the reserved commitment back."""
    _of_this_utilisation(utilisation_id, body)

    async def effect(session: AsyncSession) -> Reply:
        await commitments.release(session, who, body)
        return Reply(204)

    return await call.atomic(request.app.state.database, effect)


@router.post("/v1/utilisations/{utilisation_id}/gate", response_model=GateResult)
async def gate(request: Request, utilisation_id: UUID, body: UtilisationStep, who: Worker, call: Call) -> Response:
    """Whether the drawing may be paid, how, and the most that might be drawn; every reason at once."""
    pinned = await _pinned(request, utilisation_id, body)
    policies: PolicyShelf = request.app.state.policies
    current = await policies.in_force(body.as_of)

    async def effect(session: AsyncSession) -> Reply:
        return Reply(200, await run_gate(session, who, body, pinned, current))

    return await call.atomic(request.app.state.database, effect)


@router.post("/v1/utilisations/{utilisation_id}/transfers", response_model=list[TransferRef])
async def prepare(request: Request, utilisation_id: UUID, body: UtilisationStep, who: Worker, call: Call) -> Response:
    """Make the drawing's transfers, one a payee, each once."""
    pinned = await _pinned(request, utilisation_id, body)

    async def effect(session: AsyncSession) -> Reply:
        made = await transfers.prepare(session, who, body, pinned)
        listed: Any = [ref.model_dump(mode="json") for ref in made]
        return Reply(200, listed)

    return await call.atomic(request.app.state.database, effect)


@router.post("/v1/utilisations/{utilisation_id}/drawing", response_model=DrawingRecord)
async def draw(request: Request, utilisation_id: UUID, body: UtilisationStep, who: Worker, call: Call) -> Response:
    """Turn what was paid from reserved into drawn."""
    _of_this_utilisation(utilisation_id, body)

    async def effect(session: AsyncSession) -> Reply:
        return Reply(200, await commitments.draw(session, who, body))

    return await call.atomic(request.app.state.database, effect)


async def _pinned(request: Request, utilisation_id: UUID, step: UtilisationStep) -> Bundle:
    """The policy the case of a step is pinned to."""
    _of_this_utilisation(utilisation_id, step)
    database: Database = request.app.state.database
    policies: PolicyShelf = request.app.state.policies
    async with database.session() as session:
        application = await case(session, step.case_id)
    if application.policy_sha256 is None:
        raise Problem("step_not_possible", needs="submission")
    return await policies.bundle(application.policy_sha256)


def _of_this_utilisation(utilisation_id: UUID, step: UtilisationStep) -> None:
    if step.utilisation_id != utilisation_id:
        fault = Fault("/utilisation_id", "other_utilisation", "与路径不一致", "is not the utilisation of the address")
        raise Problem("invalid_request", errors=[fault], count=1)
