"""Utilisation and Facility: reservation, gate, owner's confirmation, payment, post-delivery conditions, and time."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from domain.calendar import end_of_day
from domain.facility import SignedTransferCommand, TransferCommand, TransferDecision, TransferState
from domain.money import yuan
from domain.process import (
    DECIDE_TRANSFER,
    FACILITY_WORKFLOW,
    UTILISATION_WORKFLOW,
    CommandResult,
    DrawingRecord,
    FacilityStart,
    UtilisationEnd,
    UtilisationStart,
    facility_workflow_id,
)
from domain.roles import Role
from domain.tasks import HumanTask, TaskOutcome, TaskType, Verb
from tests.fixtures.deployment import make_current, versioned
from tests.fixtures.temporal import TemporalUnderTest
from tests.workflows.books import RULEBOOK, Books, today
from tests.workflows.conftest import Bench
from tests.workflows.people import Desk, mandate, utilisation_start
from tests.workflows.test_application import begin
from workflows.definitions import WORKFLOWS, runner


async def draw(bench: Bench) -> tuple[Desk, UtilisationStart]:
    """A utilisation under an open facility."""
    books = bench.books
    facility = await books.do_open_facility(None)  # type: ignore[arg-type]
    start = utilisation_start(books.facility_id)
    await bench.client.start_workflow(
        FACILITY_WORKFLOW,
        FacilityStart(
            facility=facility, case_id=start.case_id, case_number="SD-1", branch="YC", policy_sha256="0" * 64
        ),
        id=facility_workflow_id(books.facility_id),
        task_queue=bench.queue,
    )
    workflow_id = f"utilisation-{start.utilisation_id}"
    await bench.client.start_workflow(UTILISATION_WORKFLOW, start, id=workflow_id, task_queue=bench.queue)
    return Desk(bench.client, workflow_id), start


async def transfer_of(bench: Bench) -> Any:
    """The transfer the owner is asked about, as reported to the books."""
    for report in reversed(bench.books.asked("report_progress")):
        if report.transfers:
            return report.transfers[0]
    raise AssertionError("no transfer was reported")


async def decide(
    desk: Desk, transfer: Any, decision: TransferDecision, *, sha: str | None = None, role: Role = Role.BORROWER_OWNER
) -> CommandResult:
    command = TransferCommand(
        transfer_id=transfer.transfer_id,
        decision=decision,
        instruction_sha256=sha or transfer.instruction_sha256,
        subject="owner",
        roles=(role.value,),
    )
    return await desk.handle.execute_update(
        DECIDE_TRANSFER, SignedTransferCommand(command=command, assertion=""), result_type=CommandResult
    )


async def reviewed(bench: Bench) -> tuple[Desk, UtilisationStart, Any]:
    """A utilisation that waits for the owner."""
    desk, start = await draw(bench)
    [task] = await desk.awaited(TaskType.DISBURSEMENT_REVIEW)
    await desk.do(task)
    while (await desk.position()).stage != "awaiting_owner":
        pass
    while not any(report.transfers for report in bench.books.asked("report_progress")):
        await desk.position()
    return desk, start, await transfer_of(bench)


async def end_of(desk: Desk) -> UtilisationEnd:
    return UtilisationEnd.model_validate(await desk.handle.result())


async def test_from_request_to_secured(bench: Bench) -> None:
    desk, start, transfer = await reviewed(bench)
    await decide(desk, transfer, TransferDecision.CONFIRM)
    [task] = await desk.awaited(TaskType.CONDITION_SUBSEQUENT)
    assert task.utilisation_id == start.utilisation_id
    await desk.do(task)
    end = await end_of(desk)
    assert end.stage == "secured"
    assert bench.books.conditions_reported() == [("registration", "satisfied")]
    assert len(bench.books.asked("send_transfer")) == 1
    facility = Desk(bench.client, facility_workflow_id(start.facility_id))
    [inspection] = await facility.awaited(TaskType.FIRST_INSPECTION)
    assert inspection.due_at == end_of_day(bench.books.paid_on + timedelta(days=15), RULEBOOK.cut_off)


async def test_the_reservation_comes_before_the_gate_and_a_refused_gate_gives_it_back(bench: Bench) -> None:
    bench.books.allowed = False
    desk, _ = await draw(bench)
    end = await end_of(desk)
    assert (end.stage, [reason.code for reason in end.reasons]) == ("refused", ["CAPITAL_SHORT"])
    order = [
        name
        for name, _ in bench.books.log
        if name in ("reserve_commitment", "valuation", "run_gate", "release_commitment")
    ]
    assert order == ["reserve_commitment", "valuation", "run_gate", "release_commitment"]


async def test_without_commitment_nothing_else_is_tried(bench: Bench) -> None:
    bench.books.reserved = False
    desk, _ = await draw(bench)
    end = await end_of(desk)
    assert (end.stage, [reason.code for reason in end.reasons]) == ("refused", ["COMMITMENT_SHORT"])
    assert not bench.books.asked("run_gate")
    assert not bench.books.asked("release_commitment")


async def test_an_unknown_payment_is_inquired_after_and_never_sent_again(bench: Bench) -> None:
    bench.books.transfer_fates = [TransferState.UNKNOWN, TransferState.UNKNOWN, TransferState.CONFIRMED]
    desk, _, transfer = await reviewed(bench)
    await decide(desk, transfer, TransferDecision.CONFIRM)
    await desk.awaited(TaskType.CONDITION_SUBSEQUENT)
    assert len(bench.books.asked("send_transfer")) == 1
    assert len(bench.books.asked("inquire_transfer")) == 2


async def test_a_failed_payment_gives_the_commitment_back(bench: Bench) -> None:
    bench.books.transfer_fates = [TransferState.FAILED]
    desk, _, transfer = await reviewed(bench)
    await decide(desk, transfer, TransferDecision.CONFIRM)
    end = await end_of(desk)
    assert end.stage == "failed"
    assert not bench.books.asked("commit_drawing")
    assert len(bench.books.asked("release_commitment")) == 1


async def test_the_owner_may_reject_and_nothing_is_paid(bench: Bench) -> None:
    desk, _, transfer = await reviewed(bench)
    await decide(desk, transfer, TransferDecision.REJECT)
    assert (await end_of(desk)).stage == "cancelled"
    assert not bench.books.asked("send_transfer")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"sha": "9" * 64}, "transfer_changed"),
        ({"role": Role.BORROWER_FINANCE}, "role_missing"),
    ],
)
async def test_a_confirmation_is_bound_to_the_instruction_and_the_owner(
    bench: Bench, change: dict[str, Any], code: str
) -> None:
    desk, _, transfer = await reviewed(bench)
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await decide(desk, transfer, TransferDecision.CONFIRM, **change)
    assert isinstance(refused.value.cause, ApplicationError)
    assert refused.value.cause.type == code
    await decide(desk, transfer, TransferDecision.CONFIRM)
    with pytest.raises(WorkflowUpdateFailedError) as again:
        await decide(desk, transfer, TransferDecision.REJECT)
    assert isinstance(again.value.cause, ApplicationError)
    assert again.value.cause.type == "transfer_state"


async def test_who_approved_the_case_does_not_release_its_payment(bench: Bench) -> None:
    desk, _ = await draw(bench)
    [task] = await desk.awaited(TaskType.DISBURSEMENT_REVIEW)
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await desk.act(task, Verb.CLAIM, "boss", Role.DISBURSEMENT_OFFICER)
    assert isinstance(refused.value.cause, ApplicationError)
    assert refused.value.cause.type == "duties_separate"


# --- under skipped time -----------------------------------------------------------------------------------------------


@pytest_asyncio.fixture
async def swift(temporal: TemporalUnderTest, books: Books) -> AsyncIterator[Bench]:
    """A bench whose workflows skip time whenever nothing else is to be done."""
    client = temporal.environment.client
    config = client.config() | {"data_converter": pydantic_data_converter}
    skipping = Client(**config)
    queue = f"swift-{uuid4()}"
    async with Worker(
        skipping,
        task_queue=queue,
        workflows=WORKFLOWS,
        activities=books.activities(),
        workflow_runner=runner(),
        deployment_config=versioned(queue),
    ):
        await make_current(skipping, queue)
        yield Bench(skipping, queue, books)


async def test_an_owner_who_stays_silent_lets_the_drawing_lapse(swift: Bench) -> None:
    start = utilisation_start(uuid4())
    workflow_id = f"utilisation-{start.utilisation_id}"
    await swift.client.start_workflow(UTILISATION_WORKFLOW, start, id=workflow_id, task_queue=swift.queue)
    desk = Desk(swift.client, workflow_id)
    [task] = await desk.awaited(TaskType.DISBURSEMENT_REVIEW)
    await desk.do(task)
    end = await end_of(desk)
    assert (end.stage, [reason.code for reason in end.reasons]) == ("cancelled", ["OWNER_CONFIRMATION_EXPIRED"])


async def test_a_missed_registration_is_reported_as_breached_and_stays_open(swift: Bench) -> None:
    facility = await swift.books.do_open_facility(None)  # type: ignore[arg-type]
    start = utilisation_start(swift.books.facility_id).model_copy(update={"delivery_date": swift.books.paid_on})
    await swift.client.start_workflow(
        FACILITY_WORKFLOW,
        FacilityStart(
            facility=facility, case_id=start.case_id, case_number="SD-1", branch="YC", policy_sha256="0" * 64
        ),
        id=facility_workflow_id(swift.books.facility_id),
        task_queue=swift.queue,
    )
    workflow_id = f"utilisation-{start.utilisation_id}"
    await swift.client.start_workflow(UTILISATION_WORKFLOW, start, id=workflow_id, task_queue=swift.queue)
    desk = Desk(swift.client, workflow_id)
    [task] = await desk.awaited(TaskType.DISBURSEMENT_REVIEW)
    await desk.do(task)
    while not any(report.transfers for report in swift.books.asked("report_progress")):
        await desk.position()
    await decide(desk, await transfer_of(swift), TransferDecision.CONFIRM)
    while ("registration", "breached") not in swift.books.conditions_reported():
        await desk.position()
    [late] = await desk.awaited(TaskType.CONDITION_SUBSEQUENT)
    await desk.do(late)
    assert (await end_of(desk)).stage == "secured"
    assert swift.books.conditions_reported() == [("registration", "breached"), ("registration", "satisfied")]


async def test_a_drawing_for_a_later_day_is_gated_on_that_day(swift: Bench) -> None:
    later = today() + timedelta(days=20)
    start = utilisation_start(uuid4()).model_copy(update={"value_date": later})
    workflow_id = f"utilisation-{start.utilisation_id}"
    await swift.client.start_workflow(UTILISATION_WORKFLOW, start, id=workflow_id, task_queue=swift.queue)
    await Desk(swift.client, workflow_id).awaited(TaskType.DISBURSEMENT_REVIEW)
    [gate] = swift.books.asked("run_gate")
    assert gate.as_of >= later


async def test_an_overdue_task_rises_and_its_deadline_is_renewed(swift: Bench) -> None:
    desk = await begin(swift)
    [lead, second] = await desk.awaited(TaskType.LEAD_INVESTIGATION, TaskType.CO_INVESTIGATION)
    first_due = lead.due_at or second.due_at
    risen: HumanTask | None = None
    while risen is None or risen.escalation_level < 3:
        [risen] = await desk.tasks(TaskType.LEAD_INVESTIGATION)
    assert first_due is not None
    assert risen.due_at is not None
    assert risen.due_at > first_due
    assert risen.priority > 50
    assert risen.assignee is None


async def test_an_undrawn_facility_is_cancelled_when_its_availability_ends(swift: Bench) -> None:
    facility = (await swift.books.do_open_facility(None)).model_copy(  # type: ignore[arg-type]
        update={"availability_end": today() + timedelta(days=200)}
    )
    handle = await swift.client.start_workflow(
        FACILITY_WORKFLOW,
        FacilityStart(facility=facility, case_id=uuid4(), case_number="SD-1", branch="YC", policy_sha256="0" * 64),
        id=facility_workflow_id(facility.facility_id),
        task_queue=swift.queue,
    )
    assert await handle.result() == "cancelled"


async def test_a_drawn_facility_lives_to_its_settlement(swift: Bench) -> None:
    facility = await swift.books.do_open_facility(None)  # type: ignore[arg-type]
    handle = await swift.client.start_workflow(
        FACILITY_WORKFLOW,
        FacilityStart(facility=facility, case_id=uuid4(), case_number="SD-1", branch="YC", policy_sha256="0" * 64),
        id=facility_workflow_id(facility.facility_id),
        task_queue=swift.queue,
    )
    await handle.signal(
        "record_drawing",
        DrawingRecord(utilisation_id=uuid4(), amount=yuan(1), paid_on=today()),
    )
    desk = Desk(swift.client, handle.id)
    [inspection] = await desk.awaited(TaskType.FIRST_INSPECTION)
    await desk.do(inspection)
    [settlement] = await desk.awaited(TaskType.SETTLEMENT)
    await desk.do(settlement, TaskOutcome.ACKNOWLEDGE, mandate=mandate("monitor"))
    assert await handle.result() == "repaid"
