"""The bank's business date: from the instant, the cut-off of the policy in force and the calendar as published."""

from dataclasses import dataclass
from datetime import date, datetime

from domain.calendar import BANK_ZONE, BusinessCalendar, business_date
from policy.engine import Bundle
from services.kit.database import Database
from services.origination.store import reference
from services.origination.store.policies import PolicyShelf


@dataclass(frozen=True)
class BusinessDay:
    """The business date of an instant, with the policy in force on it and the calendar it was counted by."""

    day: date
    bundle: Bundle
    calendar: BusinessCalendar


async def business_day(database: Database, shelf: PolicyShelf, at: datetime) -> BusinessDay:
    """The business date at an instant. Call it with no transaction open.

    Raises ``no_policy_in_force`` and ``no_reference_data``.
    """
    local = at.astimezone(BANK_ZONE).date()
    bundle = await shelf.in_force(local)
    rule = bundle.business_day(local)
    async with database.reading() as session:
        calendar, _ = await reference.calendar(session, rule.calendar, local)
    day = business_date(at, rule.cut_off, calendar)
    # A bundle may come into force between today and a business date that rolled over a weekend.
    return BusinessDay(day, await shelf.in_force(day), calendar)
