"""Timers of business days over Spring Festival and National Day, as the engine fires them.

The holidays are those of 2026 as published (国办发明电〔2025〕7号): Spring Festival 15 to 23 February with work on Saturdays 14 and
28; National Day 1 to 7 October with work on Sunday 20 September and Saturday 10 October.
"""

from datetime import date, datetime, time, timedelta

import pytest

from domain.calendar import BANK_ZONE, end_of_day
from domain.tasks import TaskType
from tests.fixtures.temporal import TemporalUnderTest
from tests.time.calendars import BooksByCalendar, moved, published_calendar, weeks_ahead
from tests.workflows.books import RULEBOOK
from tests.workflows.people import Desk
from tests.workflows.stage import Stage, stage_on

BUILD = "holidays"


def morning(day: date) -> datetime:
    return datetime.combine(day, time(10, 0), tzinfo=BANK_ZONE)


def close_of(day: date) -> datetime:
    return end_of_day(day, RULEBOOK.cut_off)


async def fired(desk: Desk) -> list[datetime]:
    """The instants, in the process's own time, at which its timers fired."""
    events = (await desk.handle.fetch_history()).events
    return [
        event.event_time.ToDatetime(tzinfo=BANK_ZONE)
        for event in events
        if event.HasField("timer_fired_event_attributes")
    ]


def assert_at_close(instants: list[datetime], days: list[date]) -> None:
    """Each instant is the close of its day: never before it, and no later than an engine at work needs."""
    late = [instant - close_of(day) for instant, day in zip(instants, days, strict=True)]
    assert all(timedelta(0) <= lateness < timedelta(minutes=10) for lateness in late), late


async def reviewed_from(stage: Stage, day: date) -> Desk:
    """A case whose review, three business days, is asked for in the morning of a day."""
    case = await stage.application()
    [rating] = await case.carry_to(TaskType.RATING_CONFIRMATION)
    await stage.pass_until(case, morning(day))
    await case.do(rating)
    await case.awaited(TaskType.REVIEW, TaskType.COMPLIANCE_OPINION)
    return case


@pytest.mark.parametrize(
    ("asked_for", "dues"),
    [
        # Thursday before the festival: Friday, the worked Saturday 14th, then not before Tuesday 24th. It rises at that day's
        # close, so the next counts from the 25th: 26th, 27th and the worked Saturday 28th. Then Tuesday 3rd to Thursday 5th.
        (date(2026, 2, 12), (date(2026, 2, 24), date(2026, 2, 28), date(2026, 3, 5))),
        # Tuesday before National Day: Wednesday 30th, then 8th and 9th October; from the worked Saturday 10th on 12th to 14th;
        # from the 15th on 16th, 19th and 20th.
        (date(2026, 9, 29), (date(2026, 10, 9), date(2026, 10, 14), date(2026, 10, 20))),
    ],
    ids=["spring-festival", "national-day"],
)
async def test_a_review_asked_for_before_the_holidays_is_due_and_rises_on_business_days(
    temporal: TemporalUnderTest, asked_for: date, dues: tuple[date, ...]
) -> None:
    by = weeks_ahead(asked_for)
    books = BooksByCalendar(moved(published_calendar(), by))
    async with stage_on(temporal, BUILD, books=books) as stage:
        case = await reviewed_from(stage, asked_for + by)
        [review] = await case.tasks(TaskType.REVIEW)
        assert review.due_at == close_of(dues[0] + by)
        await stage.pass_until(case, morning(dues[-1] + by) + timedelta(days=30))
        [risen] = await case.tasks(TaskType.REVIEW)
        assert risen.escalation_level == 3
        assert_at_close(await fired(case), [due + by for due in dues])


async def test_a_registration_whose_tenth_day_is_a_holiday_is_worked_towards_before_it(
    temporal: TemporalUnderTest,
) -> None:
    """Servers delivered on 24 September: the tenth day is 4 October, in the holidays; the alert is on 30 September."""
    delivered = date(2026, 9, 24)
    by = weeks_ahead(delivered)
    books = BooksByCalendar(moved(published_calendar(), by))
    books.paid_on = delivered + by
    async with stage_on(temporal, BUILD, books=books) as stage:
        await stage.facility()
        drawing = await stage.utilisation(delivery_date=delivered + by)
        [review] = await drawing.awaited(TaskType.DISBURSEMENT_REVIEW)
        await stage.pass_until(drawing, morning(delivered + by))
        await drawing.do(review)
        await stage.confirmed_by_owner(drawing)
        [registration] = await drawing.awaited(TaskType.CONDITION_SUBSEQUENT)
        assert registration.due_at == close_of(date(2026, 9, 30) + by)
        await stage.pass_until(drawing, close_of(date(2026, 10, 4) + by) - timedelta(hours=1))
        assert ("registration", "breached") not in books.conditions_reported()
        await stage.pass_until(drawing, close_of(date(2026, 10, 4) + by) + timedelta(hours=1))
        [breach] = books.asked("report_condition")
        assert breach.state == "breached"
        assert_at_close([breach.at], [date(2026, 10, 4) + by])
        await drawing.do(registration)


@pytest.mark.parametrize(
    ("drawn", "paid", "waited"),
    [
        (date(2026, 2, 12), date(2026, 2, 12), 0),
        (date(2026, 2, 12), date(2026, 2, 13), 1),
        # Saturday 14 is worked, 15 to 23 are closed, Saturday 28 is worked.
        (date(2026, 2, 12), date(2026, 2, 24), 3),
        (date(2026, 2, 12), date(2026, 2, 26), 5),
        (date(2026, 2, 12), date(2026, 2, 28), 7),
        (date(2026, 9, 30), date(2026, 10, 8), 1),
        (date(2026, 9, 30), date(2026, 9, 29), 0),
    ],
)
def test_fa_pay_time_counts_no_day_on_which_the_bank_is_closed(drawn: date, paid: date, waited: int) -> None:
    assert published_calendar().business_days_between(drawn, paid) == waited
