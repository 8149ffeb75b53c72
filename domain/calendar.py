"""Business days and the business date: a versioned table of the State Council's notices, never a guess.

China's bank time has no daylight saving (since 1991), so the zone is a fixed offset and needs no zone database, which
workflow code could not read.
"""

from datetime import UTC, date, datetime, time, timedelta, timezone

from domain.model import Value

BANK_ZONE = timezone(timedelta(hours=8), "Asia/Shanghai")


class BusinessCalendar(Value):
    """One vintage of the calendar.

    ``holidays`` are weekdays on which banks are closed, ``working_weekends`` the make-up days on which they are open,
    ``published_through`` the last date the notices speak of: any later date is provisional.
    """

    id: str
    vintage: str
    source: str
    holidays: tuple[date, ...]
    working_weekends: tuple[date, ...]
    published_from: date
    published_through: date

    def is_business_day(self, day: date) -> bool:
        if day.weekday() >= 5:
            return day in self.working_weekends
        return day not in self.holidays

    def is_provisional(self, day: date) -> bool:
        """Whether the day lies outside the published years, so that what rests on it must be rolled again later."""
        return not self.published_from <= day <= self.published_through

    def following(self, day: date) -> date:
        """The day itself, or the next business day."""
        while not self.is_business_day(day):
            day += timedelta(days=1)
        return day

    def preceding(self, day: date) -> date:
        """The day itself, or the last business day before it."""
        while not self.is_business_day(day):
            day -= timedelta(days=1)
        return day

    def add_business_days(self, day: date, count: int) -> date:
        """The ``count``-th business day after ``day`` (``count`` ≥ 0; 0 rolls forward to a business day)."""
        day = self.following(day) if count == 0 else day
        for _ in range(count):
            day = self.following(day + timedelta(days=1))
        return day

    def business_days_between(self, day: date, later: date) -> int:
        """Business days after ``day`` up to and with ``later``; nought where ``later`` is not after it."""
        days = (later - day).days
        return sum(self.is_business_day(day + timedelta(days=number)) for number in range(1, days + 1))


def business_date(instant: datetime, cut_off: time, calendar: BusinessCalendar) -> date:
    """The bank's business date at an instant: after the cut-off, or on a closed day, it is the next business day."""
    local = instant.astimezone(BANK_ZONE)
    day = local.date() if local.time() < cut_off else local.date() + timedelta(days=1)
    return calendar.following(day)


def end_of_day(day: date, cut_off: time) -> datetime:
    """The instant (UTC) at which a business day ends."""
    return datetime.combine(day, cut_off, tzinfo=BANK_ZONE).astimezone(UTC)
