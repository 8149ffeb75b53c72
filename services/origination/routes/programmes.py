"""``/v1/programmes``: support programmes, lenders' own programmes, the tags they count by, and how far they have come."""

from datetime import date
from typing import Annotated

from fastapi import Path, Query, Request, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.calendar import BANK_ZONE
from domain.model import Value
from domain.programmes import ProgrammeFigureBody, ProgrammeFigureView, ProgrammeStanding, StrategicFlagReport
from domain.roles import Role
from policy.engine import Bundle, Initiative, PolicyNotInForce, SupportProgramme, TagList
from services.kit.auth import allow
from services.kit.database import Database, now
from services.kit.idempotency import IdempotentCall, Reply, idempotent
from services.kit.paging import Page, PageRequest, link_next, paged
from services.kit.principal import Principal
from services.kit.problems import Fault, Problem
from services.kit.router import Router, problem_response
from services.origination.calc.programmes import families_of, programme_standing, strategic_flag_report
from services.origination.routes.roles import STAFF
from services.origination.store import programmes
from services.origination.store.policies import PolicyShelf

router = Router(tags=["programmes"])

REPORTERS = (str(Role.POLICY_ADMIN), str(Role.OPERATOR))
ProgrammeId = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$", description="id in the policy book")]
AsOf = Annotated[date | None, Query(description="a day; today in the bank's zone where left out")]


class ProgrammesView(Value):
    """What is in force on a day."""

    policy_sha256: str
    support: tuple[SupportProgramme, ...]
    initiatives: tuple[Initiative, ...]
    tag_lists: tuple[TagList, ...]


@router.get("/v1/programmes", response_model=ProgrammesView, responses={409: problem_response(409)})
async def listing(request: Request, who: Annotated[Principal, allow(*STAFF)], as_of: AsOf = None) -> ProgrammesView:
    """Programmes of the policy in force on a day, and the closed lists of tags."""
    day, bundle = await _policy(request, as_of)
    return ProgrammesView(
        policy_sha256=bundle.sha256,
        support=bundle.programmes(day),
        initiatives=bundle.initiatives(day),
        tag_lists=tuple(bundle.tag_lists(day).values()),
    )


@router.get(
    "/v1/programmes/{programme_id}/standing", response_model=ProgrammeStanding, responses={409: problem_response(409)}
)
async def standing(
    request: Request, programme_id: ProgrammeId, who: Annotated[Principal, allow(*STAFF)], as_of: AsOf = None
) -> ProgrammeStanding:
    """What counts under a lender's programme on a day, by instrument, against its floors. Sums of the whole bank."""
    day, bundle = await _policy(request, as_of)
    initiative = _initiative(bundle, programme_id, day)
    family_of = families_of(bundle)
    products = [product for product, family in family_of.items() if family in initiative.families]
    database: Database = request.app.state.database
    async with database.reading() as session:
        booked = await programmes.booked(session, day, products)
        reported = await programmes.reported(session, initiative.id)
        intended = await programmes.intended(session, initiative.id)
    return programme_standing(initiative, day, booked, reported, intended, family_of)


@router.post(
    "/v1/programmes/{programme_id}/figures",
    response_model=ProgrammeFigureView,
    status_code=201,
    responses={409: problem_response(409)},
)
async def report(
    request: Request,
    programme_id: ProgrammeId,
    body: ProgrammeFigureBody,
    who: Annotated[Principal, allow(*REPORTERS)],
    call: Annotated[IdempotentCall, idempotent()],
) -> Response:
    """Enter what another book holds under the programme, cumulated up to a day. One figure a book, instrument and day."""
    day, bundle = await _policy(request, None)
    initiative = _initiative(bundle, programme_id, day)
    database: Database = request.app.state.database

    async def effect(session: AsyncSession) -> Reply:
        if body.as_of > day:
            fault = Fault("/as_of", "in_the_future", "不得晚于今日", "must not lie in the future")
            raise Problem("invalid_request", errors=[fault], count=1)
        row = await programmes.add_figure(session, who, initiative.id, body)
        return Reply(201, programmes.figure_view(row))

    return await call.atomic(database, effect)


@router.get("/v1/programmes/{programme_id}/figures", response_model=Page[ProgrammeFigureView])
async def figures(
    request: Request,
    response: Response,
    programme_id: ProgrammeId,
    who: Annotated[Principal, allow(*STAFF)],
    page: Annotated[PageRequest, paged()],
) -> Page[ProgrammeFigureView]:
    """Figures that other books reported, newest first."""
    database: Database = request.app.state.database
    async with database.session() as session:
        found = await programmes.figures(session, programme_id, page)
    link_next(request, response, found.next_cursor)
    return Page(items=[programmes.figure_view(row) for row in found.rows], next_cursor=found.next_cursor)


@router.get("/v1/reports/strategic-flags", response_model=StrategicFlagReport, responses={409: problem_response(409)})
async def strategic_flags(
    request: Request, who: Annotated[Principal, allow(*STAFF)], as_of: AsOf = None
) -> StrategicFlagReport:
    """Σ granted by strategic flag; in the total a loan with several flags counts once. Sums of the whole bank."""
    day, bundle = await _policy(request, as_of)
    database: Database = request.app.state.database
    async with database.reading() as session:
        booked = await programmes.booked(session, day)
    return strategic_flag_report(bundle.tag_lists(day).values(), booked, day)


async def _policy(request: Request, as_of: date | None) -> tuple[date, Bundle]:
    shelf: PolicyShelf = request.app.state.policies
    day = as_of or now().astimezone(BANK_ZONE).date()
    return day, await shelf.in_force(day)


def _initiative(bundle: Bundle, name: str, day: date) -> Initiative:
    try:
        return bundle.initiative(name, day)
    except PolicyNotInForce:
        raise Problem("not_found") from None
