"""The comparison itself: three sides of a case in, differences out. Nothing is read and nothing is written here."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from domain.facility import TransferState
from domain.process import application_workflow_id, facility_workflow_id
from domain.tasks import OPEN_STATES, HumanTask
from services.origination.core_banking.messages import PaymentStatus, TransactionStatus
from services.origination.tables.facilities import Transfer
from services.origination.tables.tasks import Task
from suandai.reconcile.books import BookedProcess, CaseBooks
from suandai.reconcile.catalogue import Code
from suandai.reconcile.processes import Process
from suandai.reconcile.report import Difference

_NAMED = 6
"""How many steps a line names before it only counts."""

Payments = Mapping[str, PaymentStatus | None]
"""What core banking says of each end-to-end id that it was asked about; ``None`` where it has never heard of it."""


def differences(books: CaseBooks, processes: Mapping[str, Process | None], payments: Payments) -> list[Difference]:
    """Everything in which the sides of a case differ."""
    comparison = _Comparison(books, processes, payments)
    return [
        *comparison.of_processes(),
        *comparison.of_tasks(),
        *comparison.of_events(),
        *comparison.of_limits(),
        *comparison.of_commitment(),
        *comparison.of_transfers(),
        *comparison.of_payments(),
    ]


class _Comparison:
    def __init__(self, books: CaseBooks, processes: Mapping[str, Process | None], payments: Payments) -> None:
        self._books = books
        self._processes = {workflow_id: process for workflow_id, process in processes.items() if process is not None}
        self._payments = payments

    # --- where a process stands --------------------------------------------------------------------------------------

    def of_processes(self) -> Iterator[Difference]:
        for booked in self._books.processes:
            process = self._processes.get(booked.workflow_id)
            code = _of_process(booked, process)
            if code is not None:
                said = _said(process)
                if code is Code.PROCESS_NOT_STARTED and booked.start_error:
                    said = booked.start_error
                yield self._difference(code, booked.workflow_id, books=booked.stage, process=said)

    def of_tasks(self) -> Iterator[Difference]:
        for booked in self._books.processes:
            process = self._processes.get(booked.workflow_id)
            if process is None or process.not_asked:
                continue
            rows = {task.id: task for task in self._books.tasks if task.workflow_id == booked.workflow_id}
            held = {task.task_id: task for task in process.position.tasks} if process.position else {}
            for task_id in sorted(rows.keys() | held.keys()):
                row, task = rows.get(task_id), held.get(task_id)
                code = _of_task(row, task, running=process.running)
                if code is not None:
                    yield self._difference(
                        code, str(task_id), booked.workflow_id, books=_row_said(row), process=_task_said(task)
                    )

    # --- what was done ------------------------------------------------------------------------------------------------

    def of_events(self) -> Iterator[Difference]:
        books = self._books
        if books.chain_faults:
            yield self._difference(Code.CHAIN_BROKEN, str(books.case_id), books=", ".join(books.chain_faults))
        if books.doubled:
            yield self._difference(Code.EVENT_DOUBLED, str(books.case_id), books=_listed(books.doubled))
        for workflow_id, process in self._processes.items():
            known = {step for workflow, step in books.steps if workflow == workflow_id}
            lost = [step for step in process.taken if step not in known]
            unknown = sorted(process.updates.keys() - books.commands)
            # One reset undoes both: to before the first step or command that the books lack.
            points = [process.taken[step] for step in lost] + [process.updates[update] for update in unknown]
            reset = str(min(points, default=0))
            if lost:
                yield self._difference(Code.STEP_MISSING_IN_BOOKS, workflow_id, process=_listed(lost), event_id=reset)
            if unknown:
                yield self._difference(
                    Code.COMMAND_MISSING_IN_BOOKS,
                    workflow_id,
                    process=f"{len(unknown)}: {unknown[0][:12]}…",
                    event_id=reset,
                )
            ahead = sorted(known - process.begun)
            if ahead:
                yield self._difference(Code.STEP_MISSING_IN_PROCESS, workflow_id, books=_listed(ahead))
            applied = {update for update, workflow in books.command_workflows.items() if workflow == workflow_id}
            unheard = sorted(applied - process.updates.keys())
            if unheard:
                yield self._difference(
                    Code.COMMAND_MISSING_IN_PROCESS, workflow_id, books=f"{len(unheard)}: {unheard[0][:12]}…"
                )

    # --- money --------------------------------------------------------------------------------------------------------

    def of_limits(self) -> Iterator[Difference]:
        """What the case holds of the limits: nothing once it has ended, and with a facility as much as that was granted."""
        books = self._books
        held = books.reservation
        if held is None:
            return
        facility = books.facility
        owner = application_workflow_id(books.case_id) if facility is None else facility_workflow_id(facility.id)
        process = self._processes.get(owner)
        ended = next((booked.ended for booked in books.processes if booked.workflow_id == owner), False)
        if ended or (process is not None and not process.running):
            yield self._difference(
                Code.LIMIT_ORPHANED,
                books.case_number,
                owner,
                books=f"reserved {held.reserved}, committed {held.committed}",
                process=_said(process),
            )
        elif facility is not None and not Decimal(0) < held.committed <= facility.limit_amount:
            yield self._difference(
                Code.LIMIT_DIFFERS,
                facility.number,
                owner,
                books=f"granted {facility.limit_amount}; reserved {held.reserved}, committed {held.committed}",
            )

    def of_commitment(self) -> Iterator[Difference]:
        books = self._books
        if books.facility is None or books.commitment is None:
            return
        kept = (books.commitment.reserved, books.commitment.drawn)
        counted = (books.reserved, books.drawn)
        if kept != counted:
            yield self._difference(
                Code.COMMITMENT_DIFFERS,
                books.facility.number,
                books=f"reserved {kept[0]}, drawn {kept[1]}; entries: reserved {counted[0]}, drawn {counted[1]}",
            )
        for utilisation in books.utilisations:
            kinds = {entry.kind for entry in books.entries if entry.utilisation_id == utilisation.id}
            process = self._processes.get(f"utilisation-{utilisation.id}")
            if kinds == {"reserve"} and process is not None and not process.running:
                yield self._difference(
                    Code.COMMITMENT_ORPHANED,
                    utilisation.number,
                    process.workflow_id,
                    books=f"reserved {utilisation.amount}",
                    process=_said(process),
                )
        yield from self._drawings()

    def _drawings(self) -> Iterator[Difference]:
        assert self._books.facility is not None
        process = self._processes.get(f"facility-{self._books.facility.id}")
        if process is None or process.position is None or process.position.drawings is None:
            return
        paid = {row.id: row.number for row in self._books.utilisations if row.paid_on is not None}
        told = {drawing.utilisation_id for drawing in process.position.drawings}
        for utilisation_id in sorted(paid.keys() - told):
            yield self._difference(
                Code.DRAWING_MISSING_IN_FACILITY, paid[utilisation_id], process.workflow_id, books="drawn"
            )
        for utilisation_id in sorted(told - paid.keys()):
            yield self._difference(
                Code.DRAWING_MISSING_IN_BOOKS, str(utilisation_id), process.workflow_id, process="drawn"
            )

    def of_transfers(self) -> Iterator[Difference]:
        rows = {row.id: row for row in self._books.transfers}
        for process in self._processes.values():
            for ref in process.transfers:
                if ref.transfer_id not in rows:
                    yield self._difference(
                        Code.TRANSFER_MISSING_IN_BOOKS,
                        ref.end_to_end_id,
                        process.workflow_id,
                        process=f"{ref.amount}",
                        core_banking=_payment_said(self._payments.get(ref.end_to_end_id)),
                    )
            for ref in (process.position.transfers if process.position else None) or ():
                row = rows.get(ref.transfer_id)
                if row is not None and row.state != ref.state:
                    yield self._difference(
                        Code.TRANSFER_STATE_DIFFERS,
                        ref.end_to_end_id,
                        process.workflow_id,
                        books=row.state,
                        process=ref.state.value,
                    )

    def of_payments(self) -> Iterator[Difference]:
        settled: dict[str, Decimal] = {}
        for row in self._books.transfers:
            if row.end_to_end_id not in self._payments:
                continue
            payment = self._payments[row.end_to_end_id]
            code = _of_payment(row, payment)
            if code is not None:
                yield self._difference(
                    code,
                    row.end_to_end_id,
                    f"utilisation-{row.utilisation_id}",
                    books=f"{row.state} {row.amount} {row.currency}",
                    core_banking=_payment_said(payment),
                )
            if payment is not None and payment.status is TransactionStatus.SETTLED:
                drawn = str(row.utilisation_id)
                settled[drawn] = settled.get(drawn, Decimal(0)) + row.amount
        for utilisation in self._books.utilisations:
            if settled.get(str(utilisation.id), Decimal(0)) > utilisation.amount:
                yield self._difference(
                    Code.PAID_TWICE,
                    utilisation.number,
                    f"utilisation-{utilisation.id}",
                    books=f"{utilisation.amount}",
                    core_banking=f"{settled[str(utilisation.id)]}",
                )

    def _difference(
        self,
        code: Code,
        where: str,
        workflow_id: str = "",
        *,
        books: str = "",
        process: str = "",
        core_banking: str = "",
        event_id: str = "",
    ) -> Difference:
        details = {"workflow_id": workflow_id or where}
        if event_id:
            details["event_id"] = event_id
        return Difference(
            code=code,
            case_id=self._books.case_id,
            case_number=self._books.case_number,
            object=where,
            books=books,
            process=process,
            core_banking=core_banking,
            details=details,
        )


def _of_process(booked: BookedProcess, process: Process | None) -> Code | None:
    if process is None:
        return Code.PROCESS_MISSING if booked.started else Code.PROCESS_NOT_STARTED
    if not process.running:
        if process.status != "completed":
            return None if booked.ended else Code.PROCESS_BROKEN_OFF
        return None if booked.ended and booked.stage == process.stage else Code.PROCESS_ENDED_BOOKS_OPEN
    if process.not_asked:
        return Code.PROCESS_NOT_ASKED
    if booked.ended:
        return Code.BOOKS_ENDED_PROCESS_OPEN
    return Code.STAGE_DIFFERS if booked.stage != process.stage else None


def _of_task(row: Task | None, task: HumanTask | None, *, running: bool) -> Code | None:
    in_inbox = row is not None and row.state in {state.value for state in OPEN_STATES}
    if not running or task is None:
        return Code.TASK_OPEN_IN_INBOX_ONLY if in_inbox else None
    if task.is_open and row is None:
        return Code.TASK_MISSING_IN_INBOX
    if task.is_open and not in_inbox:
        return Code.TASK_CLOSED_IN_INBOX
    if in_inbox and not task.is_open:
        return Code.TASK_OPEN_IN_INBOX_ONLY
    return Code.TASK_VERSION_DIFFERS if row is None or row.version != task.version else None


def _of_payment(row: Transfer, payment: PaymentStatus | None) -> Code | None:
    if payment is not None and payment.instruction_sha256 not in ("", row.instruction_sha256):
        return Code.PAYMENT_OF_ANOTHER_INSTRUCTION
    paid = payment is not None and payment.status is TransactionStatus.SETTLED
    booked = row.state == TransferState.CONFIRMED
    if paid and not booked:
        return Code.PAID_NOT_BOOKED
    return Code.BOOKED_NOT_PAID if booked and not paid else None


def _said(process: Process | None) -> str:
    if process is None:
        return ""
    if process.not_asked:
        return f"{process.status}, {process.not_asked}"
    return f"{process.status}: {process.stage}" if process.stage else process.status


def _row_said(row: Task | None) -> str:
    return "" if row is None else f"{row.type} {row.state} v{row.version}"


def _task_said(task: HumanTask | None) -> str:
    return "" if task is None else f"{task.type.value} {task.state.value} v{task.version}"


def _payment_said(payment: PaymentStatus | None) -> str:
    if payment is None:
        return "never heard of"
    return " ".join(filter(None, (payment.status.value, payment.reason_code, payment.bank_reference)))


def _listed(names: tuple[str, ...] | list[str]) -> str:
    rest = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" … and {rest} more" if rest > 0 else "")
