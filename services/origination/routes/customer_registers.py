"""``/v1/customers/{id}/referrals`` and ``/innovation-projects``: what a customer is offered and has won beside credit."""

from typing import Annotated
from uuid import UUID

from fastapi import Request, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.customer_registers import InnovationProjectBody, InnovationProjectView, ReferralBody, ReferralView
from services.kit.auth import allow
from services.kit.database import Database, now
from services.kit.idempotency import IdempotentCall, Reply, idempotent
from services.kit.paging import Page, PageRequest, link_next, paged
from services.kit.principal import Principal
from services.kit.router import Router, problem_response
from services.origination.routes.roles import BOOKKEEPERS, STAFF
from services.origination.routes.sight import recorded
from services.origination.store import customer_registers
from services.origination.store.business_day import BusinessDay, business_day
from services.origination.store.policies import PolicyShelf

router = Router(prefix="/v1/customers", tags=["customers"], dependencies=[recorded()])


@router.post(
    "/{customer_id}/referrals", response_model=ReferralView, status_code=201, responses={409: problem_response(409)}
)
async def refer(
    request: Request,
    customer_id: UUID,
    body: ReferralBody,
    who: Annotated[Principal, allow(*BOOKKEEPERS, scope="branch")],
    call: Annotated[IdempotentCall, idempotent()],
) -> Response:
    """Refer a customer to a service of a programme. Its limits stay as they are."""
    today = await _today(request)

    async def effect(session: AsyncSession) -> Reply:
        row = await customer_registers.refer(session, who, customer_id, body, today.bundle, today.day)
        return Reply(201, customer_registers.referral_view(row))

    return await call.atomic(request.app.state.database, effect)


@router.get("/{customer_id}/referrals", response_model=Page[ReferralView])
async def referrals(
    request: Request,
    response: Response,
    customer_id: UUID,
    who: Annotated[Principal, allow(*STAFF, scope="branch")],
    page: Annotated[PageRequest, paged()],
) -> Page[ReferralView]:
    """A customer's referrals, newest first."""
    database: Database = request.app.state.database
    async with database.session() as session:
        found = await customer_registers.referrals(session, who, customer_id, page)
    link_next(request, response, found.next_cursor)
    return Page(items=[customer_registers.referral_view(row) for row in found.rows], next_cursor=found.next_cursor)


@router.post(
    "/{customer_id}/innovation-projects",
    response_model=InnovationProjectView,
    status_code=201,
    responses={409: problem_response(409)},
)
async def enter_project(
    request: Request,
    customer_id: UUID,
    body: InnovationProjectBody,
    who: Annotated[Principal, allow(*BOOKKEEPERS, scope="branch")],
    call: Annotated[IdempotentCall, idempotent()],
) -> Response:
    """Enter a project the customer has won. Only one with a certificate can be named in an application and scored."""
    today = await _today(request)

    async def effect(session: AsyncSession) -> Reply:
        row = await customer_registers.enter_project(session, who, customer_id, body, today.bundle, today.day)
        return Reply(201, customer_registers.project_view(row))

    return await call.atomic(request.app.state.database, effect)


@router.get("/{customer_id}/innovation-projects", response_model=Page[InnovationProjectView])
async def projects(
    request: Request,
    response: Response,
    customer_id: UUID,
    who: Annotated[Principal, allow(*STAFF, scope="branch")],
    page: Annotated[PageRequest, paged()],
) -> Page[InnovationProjectView]:
    """Projects a customer has won, newest first."""
    database: Database = request.app.state.database
    async with database.session() as session:
        found = await customer_registers.projects(session, who, customer_id, page)
    link_next(request, response, found.next_cursor)
    return Page(items=[customer_registers.project_view(row) for row in found.rows], next_cursor=found.next_cursor)


async def _today(request: Request) -> BusinessDay:
    database: Database = request.app.state.database
    shelf: PolicyShelf = request.app.state.policies
    return await business_day(database, shelf, now())
