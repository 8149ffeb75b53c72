"""What an agreement asks for within days of its effect: tasks of the facility, with timers, and an end with it."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

from temporalio.client import WorkflowHandle

from domain.facility import ApprovalCondition, ConditionKind, approval_terms
from domain.process import FACILITY_WORKFLOW, FacilityStart, facility_workflow_id
from domain.tasks import TaskOutcome, TaskState, TaskType
from tests.workflows.books import today
from tests.workflows.conftest import Bench
from tests.workflows.people import Desk
from tests.workflows.test_utilisation import swift

__all__ = ["swift"]

DUE = ApprovalCondition(text="办妥电力增容", kind=ConditionKind.SUBSEQUENT, counts_from="effective", due_days=30)


async def effective(bench: Bench, availability_days: int = 365) -> WorkflowHandle[Any, Any]:
    bench.books.agreed = approval_terms((DUE,))
    facility = (await bench.books.do_open_facility(None)).model_copy(  # type: ignore[arg-type]
        update={"availability_end": today() + timedelta(days=availability_days)}
    )
    return await bench.client.start_workflow(
        FACILITY_WORKFLOW,
        FacilityStart(facility=facility, case_id=uuid4(), case_number="SD-1", branch="YC", policy_sha256="0" * 64),
        id=facility_workflow_id(facility.facility_id),
        task_queue=bench.queue,
    )


async def reported(bench: Bench, condition: tuple[str, str]) -> None:
    """Wait until the books have been told of a condition."""
    async with asyncio.timeout(60):
        while condition not in bench.books.conditions_reported():
            await asyncio.sleep(0.02)


async def test_what_is_due_from_effect_is_asked_for_once_and_reported(bench: Bench) -> None:
    desk = Desk(bench.client, (await effective(bench)).id)
    [task] = await desk.awaited(TaskType.CONDITION_SUBSEQUENT)
    assert "办妥电力增容" in task.title_zh
    assert task.facility_id == bench.books.facility_id
    assert task.utilisation_id is None
    await desk.do(task)
    await reported(bench, ("APPROVAL_1", "satisfied"))
    [report] = bench.books.asked("report_condition")
    assert (report.code, report.state, report.utilisation_id) == ("APPROVAL_1", "satisfied", None)


async def test_one_that_is_missed_is_in_breach_and_can_still_be_met(swift: Bench) -> None:
    desk = Desk(swift.client, (await effective(swift)).id)
    await reported(swift, ("APPROVAL_1", "breached"))
    [late] = await desk.awaited(TaskType.CONDITION_SUBSEQUENT)
    await desk.do(late)
    await reported(swift, ("APPROVAL_1", "satisfied"))


async def test_a_facility_that_ends_asks_for_nothing_more(swift: Bench) -> None:
    handle = await effective(swift, availability_days=5)
    assert await handle.result() == "cancelled"
    [last] = [task for report in swift.books.asked("report_progress")[-1:] for task in report.tasks]
    assert (last.type, last.state, last.outcome) == (TaskType.CONDITION_SUBSEQUENT, TaskState.OBSOLETE, None)
    assert TaskOutcome.ACKNOWLEDGE not in {
        task.outcome for task in await Desk(swift.client, handle.id).tasks(last.type)
    }
