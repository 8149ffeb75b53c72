"""``/v1/market-records``: deals and figures as reported. Reference only: nothing is decided on them."""

from datetime import date
from typing import Annotated

from fastapi import Query, Request

from domain.calendar import BANK_ZONE
from domain.model import Value
from policy.engine import Deal, DealSum, Glossary, MarketFigure, MarketStatement, deal_sums
from services.kit.auth import allow
from services.kit.database import now
from services.kit.principal import Principal
from services.kit.router import Router, problem_response
from services.origination.routes.roles import STAFF
from services.origination.store.policies import PolicyShelf

router = Router(prefix="/v1/market-records", tags=["policy"])


class MarketRecordsView(Value):
    """The records in force on a day."""

    policy_sha256: str
    deals: tuple[Deal, ...]
    deals_disclosed: tuple[DealSum, ...]
    """Σ of the deals with one exact amount by what they stand for, and which are left out of it."""
    figures: tuple[MarketFigure, ...]
    statements: tuple[MarketStatement, ...]
    glossaries: tuple[Glossary, ...]


@router.get("", response_model=MarketRecordsView, responses={409: problem_response(409)})
async def listing(
    request: Request,
    who: Annotated[Principal, allow(*STAFF)],
    as_of: Annotated[date | None, Query(description="a day; today in the bank's zone where left out")] = None,
) -> MarketRecordsView:
    """Deals, figures with unit, basis, day and source, statements, and the glossary with its refused wordings."""
    shelf: PolicyShelf = request.app.state.policies
    day = as_of or now().astimezone(BANK_ZONE).date()
    bundle = await shelf.in_force(day)
    files = bundle.market_records(day)
    deals = tuple(deal for file in files for deal in file.deals)
    return MarketRecordsView(
        policy_sha256=bundle.sha256,
        deals=deals,
        deals_disclosed=deal_sums(deals),
        figures=tuple(figure for file in files for figure in file.figures),
        statements=tuple(statement for file in files for statement in file.statements),
        glossaries=bundle.glossaries(day),
    )
