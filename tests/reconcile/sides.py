"""The three sides of a case as they agree, to be put apart by a test."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from domain.facility import TransferRef, TransferState
from domain.money import yuan
from domain.process import DrawingRecord, Position
from domain.roles import Role
from domain.tasks import HumanTask, TaskState, TaskType
from services.origination.core_banking.messages import PaymentStatus, TransactionStatus
from services.origination.tables.facilities import Commitment, CommitmentEntry, Facility, Transfer, Utilisation
from services.origination.tables.limits import LimitReservation
from services.origination.tables.tasks import Task
from suandai.reconcile.books import BookedProcess, CaseBooks
from suandai.reconcile.compare import differences
from suandai.reconcile.processes import Process
from suandai.reconcile.report import Difference

CASE, FACILITY, UTILISATION, TRANSFER, TASK = (UUID(int=number) for number in range(1, 6))
NUMBER = "SD2026-NJ-000007"
END_TO_END = "FA2026-NJ-000007-U01-01"
APPLICATION_PROCESS = f"application-{CASE}"
FACILITY_PROCESS = f"facility-{FACILITY}"
UTILISATION_PROCESS = f"utilisation-{UTILISATION}"
_AT = datetime(2026, 11, 20, 2, tzinfo=UTC)
_DAY = date(2026, 11, 20)
_AMOUNT = Decimal("200000.00")


def human_task(**change: Any) -> HumanTask:
    terms: dict[str, Any] = {
        "task_id": TASK,
        "type": TaskType.CONDITION_SUBSEQUENT,
        "case_id": CASE,
        "workflow_id": UTILISATION_PROCESS,
        "title_zh": "登记",
        "title_en": "Registration",
        "stage": "paid",
        "state": TaskState.READY,
        "role": Role.COLLATERAL_OFFICER,
        "created_at": _AT,
    }
    return HumanTask(**(terms | change))


def task_row(**change: Any) -> Task:
    terms: dict[str, Any] = {
        "id": TASK,
        "case_id": CASE,
        "workflow_id": UTILISATION_PROCESS,
        "type": "condition_subsequent",
        "stage": "paid",
        "state": "ready",
        "role": "collateral_officer",
        "branch": "NJ",
        "priority": 50,
        "created_at": _AT,
        "version": 1,
        "body": {},
    }
    return Task(**(terms | change))


def entry(kind: str, amount: Decimal = _AMOUNT) -> CommitmentEntry:
    return CommitmentEntry(
        case_id=CASE, facility_id=FACILITY, utilisation_id=UTILISATION, kind=kind, amount=amount, as_of=_DAY
    )


def transfer_row(**change: Any) -> Transfer:
    terms: dict[str, Any] = {
        "id": TRANSFER,
        "case_id": CASE,
        "facility_id": FACILITY,
        "utilisation_id": UTILISATION,
        "end_to_end_id": END_TO_END,
        "payee_key": "capacity",
        "payee_name": "南京示例算力资源有限公司",
        "payee_uscc": "91320100MA21CPCX1F",
        "payee_account": "6200000000000000201",
        "payee_bank": "示例银行",
        "amount": _AMOUNT,
        "currency": "CNY",
        "purpose": "order_financing",
        "instruction_sha256": "a" * 64,
        "made_on": _DAY,
        "state": "confirmed",
        "expires_at": _AT,
    }
    return Transfer(**(terms | change))


def transfer_ref(state: TransferState = TransferState.CONFIRMED) -> TransferRef:
    return TransferRef(
        transfer_id=TRANSFER,
        end_to_end_id=END_TO_END,
        payee_key="capacity",
        amount=yuan(_AMOUNT),
        state=state,
        instruction_sha256="a" * 64,
    )


def payment(**change: Any) -> PaymentStatus:
    terms: dict[str, Any] = {
        "end_to_end_id": END_TO_END,
        "status": TransactionStatus.SETTLED,
        "bank_reference": "CB0000000001",
        "settled_on": _DAY,
        "instruction_sha256": "a" * 64,
    }
    return PaymentStatus(**(terms | change))


def reservation(committed: Decimal = _AMOUNT) -> LimitReservation:
    return LimitReservation(
        case_id=CASE,
        step=f"{APPLICATION_PROCESS}:decision-1",
        lender_id="njb",
        customer_id=CASE,
        exposure_kind="loan",
        amount=_AMOUNT,
        reserved=_AMOUNT - committed,
        committed=committed,
        as_of=_DAY,
    )


def books(**change: Any) -> CaseBooks:
    """A case that is effective, with one paid drawing whose condition is still open."""
    facility: dict[str, Any] = {
        "id": FACILITY,
        "case_id": CASE,
        "number": "FA2026-NJ-000007",
        "stage": "effective",
        "limit_amount": _AMOUNT,
    }
    utilisation: dict[str, Any] = {
        "id": UTILISATION,
        "case_id": CASE,
        "facility_id": FACILITY,
        "number": "FA2026-NJ-000007-U01",
        "amount": _AMOUNT,
        "stage": "paid",
        "paid_on": _DAY,
    }
    agreed = CaseBooks(
        case_id=CASE,
        case_number=NUMBER,
        processes=(
            BookedProcess(APPLICATION_PROCESS, "effective", ended=True, started=True),
            BookedProcess(FACILITY_PROCESS, "effective", ended=False, started=True),
            BookedProcess(UTILISATION_PROCESS, "paid", ended=False, started=True),
        ),
        tasks=(task_row(),),
        facility=Facility(**facility),
        commitment=Commitment(facility_id=FACILITY, case_id=CASE, amount=_AMOUNT, reserved=Decimal(0), drawn=_AMOUNT),
        entries=(entry("reserve"), entry("draw")),
        reservation=reservation(),
        utilisations=(Utilisation(**utilisation),),
        transfers=(transfer_row(),),
        chain_faults=(),
        steps=frozenset({(UTILISATION_PROCESS, "reserve-1"), (UTILISATION_PROCESS, "drawing-1")}),
        commands=frozenset({"update-1"}),
        command_workflows={"update-1": UTILISATION_PROCESS},
        doubled=(),
    )
    return replace(agreed, **change)


def process(workflow_id: str, stage: str, **change: Any) -> Process:
    running = change.get("running", True)
    terms: dict[str, Any] = {
        "workflow_id": workflow_id,
        "workflow_type": "",
        "case_number": NUMBER,
        "running": running,
        "status": "running" if running else "completed",
        "stage": stage,
        "position": Position(stage=stage, tasks=()) if running else None,
    }
    return Process(**(terms | change))


def processes(**change: Process | None) -> dict[str, Process | None]:
    """The processes of the case; ``application``, ``facility`` and ``utilisation`` may be given instead."""
    drawing = DrawingRecord(utilisation_id=UTILISATION, amount=yuan(_AMOUNT), paid_on=_DAY)
    agreed: dict[str, Process | None] = {
        "application": process(APPLICATION_PROCESS, "effective", running=False),
        "facility": process(
            FACILITY_PROCESS, "effective", position=Position(stage="effective", tasks=(), drawings=(drawing,))
        ),
        "utilisation": utilisation_process(),
    }
    agreed |= change
    names = {"application": APPLICATION_PROCESS, "facility": FACILITY_PROCESS, "utilisation": UTILISATION_PROCESS}
    return {names[name]: found for name, found in agreed.items()}


def utilisation_process(**change: Any) -> Process:
    terms: dict[str, Any] = {
        "position": Position(stage="paid", tasks=(human_task(),), transfers=(transfer_ref(),)),
        "taken": {"reserve-1": 4, "drawing-1": 40},
        "begun": {"reserve-1", "drawing-1"},
        "updates": {"update-1": 20},
        "transfers": (transfer_ref(),),
    }
    return process(UTILISATION_PROCESS, "paid", **(terms | change))


def compared(
    case: CaseBooks | None = None,
    running: dict[str, Process | None] | None = None,
    paid: dict[str, PaymentStatus | None] | None = None,
) -> list[Difference]:
    return differences(
        case or books(),
        processes() if running is None else running,
        {END_TO_END: payment()} if paid is None else paid,
    )


def another_id() -> UUID:
    return uuid4()
