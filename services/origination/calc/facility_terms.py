"""The dates of a facility: from when it may be drawn, until when, and when it is to be repaid."""

import calendar
from datetime import date, timedelta

from domain.model import Value


class FacilityDates(Value):
    effective_on: date
    availability_end: date
    termination_date: date


def facility_dates(effective_on: date, *, availability_days: int, tenor_months: int) -> FacilityDates:
    """The tenor runs from the day the facility takes effect; nothing is drawn after its end."""
    termination = months_later(effective_on, tenor_months)
    return FacilityDates(
        effective_on=effective_on,
        availability_end=min(effective_on + timedelta(days=availability_days), termination),
        termination_date=termination,
    )


def months_later(day: date, months: int) -> date:
    """The same day of a later month, or that month's last day where it has none (31 January + 1 = 28 or 29 February)."""
    year, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + year, month + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))
