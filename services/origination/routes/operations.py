"""``/v1/operations``: what needs an operator's hand."""

from typing import Annotated

from fastapi import Query, Request, Response

from domain.operations import StuckProcess
from domain.roles import Role
from services.kit.auth import allow
from services.kit.database import Database
from services.kit.paging import Page, PageRequest, link_next, paged
from services.kit.principal import Principal
from services.kit.router import Router
from services.origination.store import stuck

router = Router(tags=["operations"])


@router.get("/v1/operations/stuck-processes", response_model=Page[StuckProcess])
async def stuck_processes(
    request: Request,
    response: Response,
    who: Annotated[Principal, allow(Role.OPERATOR, scope="branch")],
    page: Annotated[PageRequest, paged()],
    closed: Annotated[bool, Query(description="also those that go on again")] = False,
) -> Page[StuckProcess]:
    """Processes that stand still, newest first, each with its cause and the command that mends it. An entry closes by itself
    when its process goes on."""
    database: Database = request.app.state.database
    async with database.session() as session:
        found = await stuck.stuck_processes(session, who, page, closed=closed)
    link_next(request, response, found.next_cursor)
    return Page(items=[stuck.view(row) for row in found.rows], next_cursor=found.next_cursor)
