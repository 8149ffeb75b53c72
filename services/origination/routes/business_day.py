"""``/v1/business-day``: the bank's present business date."""

from typing import Annotated

from fastapi import Request

from domain.books import BusinessDayView
from services.kit.auth import allow
from services.kit.database import Database, now
from services.kit.principal import Principal
from services.kit.router import Router, problem_response
from services.origination.routes.roles import READERS
from services.origination.store import business_day

router = Router(prefix="/v1/business-day", tags=["policy"])


@router.get("", response_model=BusinessDayView, responses={409: problem_response(409)})
async def present(request: Request, who: Annotated[Principal, allow(*READERS)]) -> BusinessDayView:
    """The business date on which something asked for now is done: after the cut-off, or on a closed day, the next one."""
    database: Database = request.app.state.database
    at = now()
    today = await business_day.business_day(database, request.app.state.policies, at)
    return BusinessDayView(
        at=at,
        business_date=today.day,
        cut_off=today.bundle.business_day(today.day).cut_off,
        calendar=today.calendar.id,
        vintage=today.calendar.vintage,
        provisional=today.calendar.is_provisional(today.day),
    )
