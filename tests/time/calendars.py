"""The published calendar, moved by whole weeks so that its holidays lie ahead: the engine's clock runs forward only."""

from datetime import date, timedelta
from pathlib import Path

import yaml
from temporalio import activity

from domain.calendar import BusinessCalendar
from domain.process import CaseOpening, CaseStep, UtilisationOpening, UtilisationStep
from domain.rulebook import Rulebook
from tests.workflows.books import RULEBOOK, Books, today

PUBLISHED = Path(__file__).parents[2] / "examples" / "reference-data" / "calendar-cn-2026.yaml"
LEAD_DAYS = 20
"""How far ahead the first holiday has to lie, so that a case can be brought before it."""


def published_calendar() -> BusinessCalendar:
    """The State Council's notices for 2024 to 2026, as the bank's reference data has them."""
    [entry] = yaml.safe_load(PUBLISHED.read_text("utf-8"))
    return BusinessCalendar.model_validate(entry["body"])


def weeks_ahead(day: date) -> timedelta:
    """Whole weeks, weekdays being part of a calendar, by which a day must be moved to lie ahead."""
    weeks = -(-(today() + timedelta(days=LEAD_DAYS) - day).days // 7)
    return timedelta(weeks=max(weeks, 0))


def moved(calendar: BusinessCalendar, by: timedelta) -> BusinessCalendar:
    return calendar.model_copy(
        update={
            "vintage": f"{calendar.vintage}, {by.days // 7} weeks later",
            "holidays": tuple(day + by for day in calendar.holidays),
            "working_weekends": tuple(day + by for day in calendar.working_weekends),
            "published_from": calendar.published_from + by,
            "published_through": calendar.published_through + by,
        }
    )


class BooksByCalendar(Books):
    """Books whose rulebook has a calendar."""

    def __init__(self, calendar: BusinessCalendar) -> None:
        super().__init__()
        self.rulebook: Rulebook = RULEBOOK.model_copy(update={"calendar": calendar})

    @activity.defn(name="open_case")
    async def do_open_case(self, step: CaseStep) -> CaseOpening:
        return (await super().do_open_case(step)).model_copy(update={"rulebook": self.rulebook})

    @activity.defn(name="open_utilisation")
    async def do_open_utilisation(self, step: UtilisationStep) -> UtilisationOpening:
        return (await super().do_open_utilisation(step)).model_copy(update={"rulebook": self.rulebook})
