"""What counts as a difference between processes, books and core banking."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from domain.facility import TransferState
from domain.process import Position
from domain.tasks import TaskState
from services.origination.core_banking.messages import TransactionStatus
from suandai.reconcile.catalogue import CATALOGUE, Code
from suandai.reconcile.report import Difference
from tests.reconcile import sides
from tests.reconcile.sides import books, compared, payment, process, processes, utilisation_process


def test_sides_that_agree_have_no_difference() -> None:
    assert compared() == []


def _utilisation(**change: Any) -> list[Difference]:
    return compared(running=processes(utilisation=utilisation_process(**change)))


def _position(**change: Any) -> list[Difference]:
    told: dict[str, Any] = {"stage": "paid", "tasks": (sides.human_task(),), "transfers": (sides.transfer_ref(),)}
    return _utilisation(position=Position(**(told | change)))


def _utilisation_booked(**change: Any) -> list[Difference]:
    booked = books().processes
    running = processes(utilisation=change.pop("process", None))
    return compared(books(processes=(*booked[:2], replace(booked[2], **change))), running)


def _orphaned() -> list[Difference]:
    commitment = books().commitment
    assert commitment is not None
    commitment.reserved, commitment.drawn = Decimal("200000.00"), Decimal(0)
    ended = process(sides.UTILISATION_PROCESS, "failed", running=False)
    return compared(books(commitment=commitment, entries=(sides.entry("reserve"),)), processes(utilisation=ended))


def _facility_over() -> list[Difference]:
    ended = [
        replace(item, stage="repaid", ended=True) if item.workflow_id == sides.FACILITY_PROCESS else item
        for item in books().processes
    ]
    over = process(sides.FACILITY_PROCESS, "repaid", running=False)
    return compared(books(processes=tuple(ended)), processes(facility=over))


DIFFERING: dict[Code, Callable[[], list[Difference]]] = {
    Code.PROCESS_MISSING: lambda: compared(running=processes(facility=None)),
    Code.PROCESS_NOT_STARTED: lambda: _utilisation_booked(started=False, start_error="RPCError"),
    Code.PROCESS_NOT_ASKED: lambda: _utilisation(position=None, not_asked="TimeoutError"),
    Code.PROCESS_BROKEN_OFF: lambda: _utilisation(running=False, status="terminated", position=None),
    Code.PROCESS_ENDED_BOOKS_OPEN: lambda: _utilisation(running=False, status="completed", position=None),
    Code.BOOKS_ENDED_PROCESS_OPEN: lambda: _utilisation_booked(
        stage="secured", ended=True, process=utilisation_process()
    ),
    Code.STAGE_DIFFERS: lambda: compared(
        running=processes(utilisation=process(sides.UTILISATION_PROCESS, "awaiting_owner"))
    ),
    Code.TASK_MISSING_IN_INBOX: lambda: compared(books(tasks=())),
    Code.TASK_CLOSED_IN_INBOX: lambda: compared(books(tasks=(sides.task_row(state="completed", version=3),))),
    Code.TASK_OPEN_IN_INBOX_ONLY: lambda: _position(tasks=(sides.human_task(state=TaskState.COMPLETED, version=3),)),
    Code.TASK_VERSION_DIFFERS: lambda: compared(books(tasks=(sides.task_row(version=2),))),
    Code.CHAIN_BROKEN: lambda: compared(books(chain_faults=("hash:4",))),
    Code.EVENT_DOUBLED: lambda: compared(books(doubled=("utilisation drawing-1 commitment.drawn",))),
    Code.STEP_MISSING_IN_BOOKS: lambda: compared(books(steps=frozenset({(sides.UTILISATION_PROCESS, "reserve-1")}))),
    Code.STEP_MISSING_IN_PROCESS: lambda: _utilisation(taken={"reserve-1": 4}, begun={"reserve-1"}),
    Code.COMMAND_MISSING_IN_BOOKS: lambda: _utilisation(updates={"update-1": 20, "update-2": 30}),
    Code.COMMAND_MISSING_IN_PROCESS: lambda: _utilisation(updates={}),
    Code.DRAWING_MISSING_IN_FACILITY: lambda: compared(
        running=processes(
            facility=process(
                sides.FACILITY_PROCESS, "effective", position=Position(stage="effective", tasks=(), drawings=())
            )
        )
    ),
    Code.DRAWING_MISSING_IN_BOOKS: lambda: compared(books(utilisations=())),
    Code.COMMITMENT_DIFFERS: lambda: compared(books(entries=(sides.entry("reserve"),))),
    Code.COMMITMENT_ORPHANED: _orphaned,
    Code.LIMIT_ORPHANED: _facility_over,
    Code.LIMIT_DIFFERS: lambda: compared(books(reservation=sides.reservation(Decimal(0)))),
    Code.TRANSFER_MISSING_IN_BOOKS: lambda: compared(books(transfers=())),
    Code.TRANSFER_STATE_DIFFERS: lambda: _position(transfers=(sides.transfer_ref(TransferState.SENDING),)),
    Code.PAID_NOT_BOOKED: lambda: compared(books(transfers=(sides.transfer_row(state="unknown"),))),
    Code.BOOKED_NOT_PAID: lambda: compared(paid={sides.END_TO_END: None}),
    Code.PAYMENT_OF_ANOTHER_INSTRUCTION: lambda: compared(
        paid={sides.END_TO_END: payment(instruction_sha256="b" * 64)}
    ),
    Code.PAID_TWICE: lambda: compared(
        books(
            transfers=(
                sides.transfer_row(),
                sides.transfer_row(id=sides.another_id(), end_to_end_id="FA2026-NJ-000007-U01-02"),
            )
        ),
        paid={sides.END_TO_END: payment(), "FA2026-NJ-000007-U01-02": payment()},
    ),
}
_FOUND_BY_THE_RUN = {
    Code.PROCESS_UNKNOWN,
    Code.BOOKS_MISSING,
    Code.PAYMENT_UNKNOWN_TO_BOOKS,
    Code.CASE_NUMBERS_BEHIND,
}


@pytest.mark.parametrize("code", DIFFERING)
def test_each_difference_is_named(code: Code) -> None:
    found = DIFFERING[code]()
    assert code in {difference.code for difference in found}
    [difference] = [item for item in found if item.code is code]
    assert difference.case_number == sides.NUMBER
    assert difference.books or difference.process or difference.core_banking


def test_every_code_is_tried() -> None:
    assert set(DIFFERING) | _FOUND_BY_THE_RUN == set(Code)


@pytest.mark.parametrize("code", Code)
def test_every_code_says_what_it_is_and_what_to_do_in_both_languages(code: Code) -> None:
    entry = CATALOGUE[code]
    assert all((entry.title_zh, entry.title_en, entry.remedy_zh, entry.remedy_en))
    details = {"workflow_id": "facility-1", "event_id": "7", "last_number": "9"}
    assert "{" not in entry.command.format(**details)


def test_a_reset_goes_to_the_first_step_that_the_books_lack() -> None:
    found = compared(books(steps=frozenset()))
    [lost] = [item for item in found if item.code is Code.STEP_MISSING_IN_BOOKS]
    assert lost.process == "reserve-1, drawing-1"
    assert f"--workflow-id {sides.UTILISATION_PROCESS} --event-id 4 " in lost.command


def test_a_reset_leaves_out_what_people_did_and_the_books_have_lost() -> None:
    found = compared(books(steps=frozenset({(sides.UTILISATION_PROCESS, "reserve-1")}), commands=frozenset()))
    commands = {
        item.command for item in found if item.code in (Code.STEP_MISSING_IN_BOOKS, Code.COMMAND_MISSING_IN_BOOKS)
    }
    [command] = commands
    assert "--event-id 20 " in command


def test_a_command_without_what_it_needs_is_not_printed() -> None:
    [broken] = [item for item in DIFFERING[Code.PROCESS_BROKEN_OFF]() if item.code is Code.PROCESS_BROKEN_OFF]
    assert broken.command == ""


def test_a_process_that_was_not_asked_is_not_held_to_agree_on_tasks() -> None:
    found = _utilisation(position=None, not_asked="TimeoutError")
    assert {difference.code for difference in found} == {Code.PROCESS_NOT_ASKED}


def test_money_that_core_banking_still_holds_is_no_difference_while_its_fate_is_open() -> None:
    pending = payment(status=TransactionStatus.PENDING, settled_on=None)
    found = compared(books(transfers=(sides.transfer_row(state="unknown"),)), paid={sides.END_TO_END: pending})
    assert Code.PAID_NOT_BOOKED not in {difference.code for difference in found}
