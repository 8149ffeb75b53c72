"""The bank's business date: from the instant, the cut-off of the policy in force and the calendar as published."""

from datetime import date, datetime

from domain.calendar import BANK_ZONE, business_date
from domain.finding import ReferenceDataRef
from policy.engine import Bundle
from services.kit.database import Database
from services.origination.store import reference
from services.origination.store.policies import PolicyShelf


async def policy_and_day(database: Database, shelf: PolicyShelf, at: datetime) -> tuple[Bundle, date, ReferenceDataRef]:
    """The bundle in force at an instant and the business date it then is.

    Raises ``no_policy_in_force`` and ``no_reference_data``.
    """
    local = at.astimezone(BANK_ZONE).date()
    bundle = await shelf.in_force(local)
    rule = bundle.business_day(local)
    async with database.session() as session:
        calendar, ref = await reference.calendar(session, rule.calendar, local)
    day = business_date(at, rule.cut_off, calendar)
    # A bundle may come into force between today and a business date that rolled over a weekend.
    return await shelf.in_force(day), day, ref
