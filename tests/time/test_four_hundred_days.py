"""Four hundred days of a case and its facility on the real server, its worker ended and started again on the way."""

from datetime import date, timedelta
from typing import Any

from temporalio.client import WorkflowHandle

from audit.replay.history import RecordedHistory, recorded
from audit.replay.strict import replay
from domain.calendar import BANK_ZONE, end_of_day
from domain.tasks import TaskType
from tests.fixtures.temporal import TemporalUnderTest
from tests.workflows.books import RULEBOOK, Books, today
from tests.workflows.people import Desk
from tests.workflows.stage import Stage, ended, stage_on
from workflows.definitions import WORKFLOWS, runner

BUILD = "four-hundred-days"


def days(count: int) -> timedelta:
    return timedelta(days=count)


async def history(handle: WorkflowHandle[Any, Any]) -> RecordedHistory:
    return recorded((await handle.fetch_history()).events)


async def age(stage: Stage, desk: Desk) -> int:
    """Days of the bank's calendar since the process began, by its own time."""
    begun = (await desk.handle.describe()).start_time
    return ((await stage.now(desk)).astimezone(BANK_ZONE).date() - begun.astimezone(BANK_ZONE).date()).days


async def until_day(stage: Stage, desk: Desk, first: date, day: int) -> None:
    await stage.pass_until(desk, end_of_day(first + days(day), RULEBOOK.cut_off) + timedelta(hours=1))


async def test_a_case_and_its_facility_live_through_four_hundred_days_and_two_restarts(
    temporal: TemporalUnderTest,
) -> None:
    first = today()
    books = Books()
    books.offer_valid_until = first + days(200)

    async with stage_on(temporal, BUILD, books=books) as stage:
        case = await stage.application()
        [lead] = [
            task
            for task in await case.awaited(TaskType.LEAD_INVESTIGATION, TaskType.CO_INVESTIGATION)
            if task.type is TaskType.LEAD_INVESTIGATION
        ]
        await until_day(stage, case, first, 40)
        [risen] = await case.tasks(TaskType.LEAD_INVESTIGATION)
        assert (lead.escalation_level, risen.escalation_level) == (0, 3), "it rises three times and then only waits"
        await case.carry_to(TaskType.OFFER_ACCEPTANCE)
        await until_day(stage, case, first, 150)
        [offer] = await case.tasks(TaskType.OFFER_ACCEPTANCE)
        assert offer.is_open, "the offer holds to its two hundredth day"
        queue = stage.queue

    # The worker is gone, and with it everything it remembered; the next one has the histories only.
    async with stage_on(temporal, BUILD, books=books, queue=queue) as stage:
        assert (await case.tasks(TaskType.OFFER_ACCEPTANCE)) == [offer]
        await case.carry_to()
        await ended(case, "effective")
        assert await age(stage, case) >= 150

        facility = await stage.facility()
        await until_day(stage, facility, first, 160)
        books.paid_on = first + days(160)
        drawing = await stage.utilisation(value_date=first + days(160), delivery_date=first + days(167))
        [review] = await passed_to(stage, drawing, first, 160, TaskType.DISBURSEMENT_REVIEW)
        await drawing.do(review)
        await stage.confirmed_by_owner(drawing)
        [registration] = await drawing.awaited(TaskType.CONDITION_SUBSEQUENT)
        await until_day(stage, drawing, first, 170)
        await drawing.do(registration)
        await ended(drawing, "secured")

        [inspection] = await facility.awaited(TaskType.FIRST_INSPECTION)
        assert inspection.due_at == end_of_day(first + days(175), RULEBOOK.cut_off)
        await until_day(stage, facility, first, 200)
        [late] = await facility.tasks(TaskType.FIRST_INSPECTION)
        assert late.escalation_level == 1

    async with stage_on(temporal, BUILD, books=books, queue=queue) as stage:
        [late] = await facility.tasks(TaskType.FIRST_INSPECTION)
        await facility.do(late)
        await until_day(stage, facility, first, 400)
        assert await age(stage, facility) >= 400
        position = await facility.position()
        assert position.stage == "effective"
        assert not [task for task in position.tasks if task.is_open], "nothing is asked before the termination date"
        description = await facility.handle.describe()
        assert description.status is not None
        assert description.status.name == "RUNNING"

    histories = [await history(desk.handle) for desk in (case, drawing, facility)]
    replays = await replay(histories, WORKFLOWS, runner())
    assert [(found.workflow, found.verdict, found.differences) for found in replays] == [
        ("CreditApplication", "same", ()),
        ("Utilisation", "same", ()),
        ("Facility", "same", ()),
    ]


async def passed_to(stage: Stage, desk: Desk, first: date, day: int, wanted: TaskType) -> list[Any]:
    """Let a process's time pass to a day, on which it asks somebody."""
    await until_day(stage, desk, first, day - 1)
    return await desk.awaited(wanted)
