"""The Rulebook: what a workflow's validators and timers need of policy and calendar, fetched once by an activity.

It is recorded in the history, so that what a validator decided by can be read there years later.
"""

from datetime import date, datetime, time, timedelta

from domain.calendar import BusinessCalendar, business_date, end_of_day
from domain.model import Message


class DutySeparation(Message):
    """Two duties of one case that one person must not discharge both."""

    rule_id: str
    first: str
    second: str
    name_zh: str
    name_en: str


class Rulebook(Message):
    policy_sha256: str
    separations: tuple[DutySeparation, ...]
    front_office_duties: tuple[str, ...] = ()
    """Duties whose holders have no vote in approval."""
    sla_business_days: dict[str, int]
    """Per task type; a type without an entry has no deadline."""
    offer_validity_days: int
    approval_validity_days: int
    owner_confirmation_hours: int
    committee_quorum: int = 3
    committee_size: int = 5
    cut_off: time
    calendar: BusinessCalendar

    def today(self, now: datetime) -> date:
        """The business date at an instant."""
        return business_date(now, self.cut_off, self.calendar)

    def due(self, task_type: str, now: datetime) -> datetime | None:
        """When a task opened now is due: the end of the n-th following business day."""
        days = self.sla_business_days.get(task_type)
        if days is None:
            return None
        return end_of_day(self.calendar.add_business_days(self.today(now), days), self.cut_off)

    def days_from(self, now: datetime, calendar_days: int) -> datetime:
        """The end of the day that lies a number of calendar days ahead, as contracts and statutes count."""
        return end_of_day(self.today(now) + timedelta(days=calendar_days), self.cut_off)

    def conflict(self, duty: str, held: frozenset[str]) -> DutySeparation | None:
        """The separation rule that a person holding these duties would break by taking on another."""
        for rule in self.separations:
            if (rule.first == duty and rule.second in held) or (rule.second == duty and rule.first in held):
                return rule
        return None
