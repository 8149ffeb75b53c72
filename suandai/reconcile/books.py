"""The books' side: what origination's tables say of a case, read in one snapshot that can write nothing."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.process import application_workflow_id, facility_workflow_id, utilisation_workflow_id
from domain.stages import ENDED, FacilityStage, UtilisationStage
from services.kit.database import Database
from services.origination.store import events, limits
from services.origination.tables.cases import CASE_NUMBERS, Application
from services.origination.tables.events import StartRequest
from services.origination.tables.facilities import Commitment, CommitmentEntry, Facility, Transfer, Utilisation
from services.origination.tables.limits import LimitReservation
from services.origination.tables.tasks import Command, Task

UTILISATION_ENDED = frozenset(
    {UtilisationStage.SECURED, UtilisationStage.REFUSED, UtilisationStage.CANCELLED, UtilisationStage.FAILED}
)
FACILITY_ENDED = frozenset({FacilityStage.REPAID, FacilityStage.CANCELLED})


@dataclass(frozen=True)
class BookedProcess:
    """A process that the books say there is."""

    workflow_id: str
    stage: str
    ended: bool
    started: bool
    """Whether its start was made; before that the engine need not know it."""
    start_error: str = ""


@dataclass(frozen=True)
class CaseBooks:
    """One case as the books have it."""

    case_id: UUID
    case_number: str
    processes: tuple[BookedProcess, ...]
    tasks: tuple[Task, ...]
    facility: Facility | None
    commitment: Commitment | None
    entries: tuple[CommitmentEntry, ...]
    reservation: LimitReservation | None
    """What the case holds of its customer's and group's limits; None where it holds nothing."""
    utilisations: tuple[Utilisation, ...]
    transfers: tuple[Transfer, ...]
    chain_faults: tuple[str, ...]
    steps: frozenset[tuple[str, str]]
    """``(workflow id, step)`` of every event that a process's step made."""
    commands: frozenset[str]
    """Update ids of the commands that became events."""
    command_workflows: Mapping[str, str]
    """Update id → workflow id, for the commands the books have as applied."""
    doubled: tuple[str, ...]

    @property
    def reserved(self) -> Decimal:
        """What the entries add up to as reserved."""
        return _sum(self.entries, "reserve") - _sum(self.entries, "release") - _sum(self.entries, "draw")

    @property
    def drawn(self) -> Decimal:
        """What the entries add up to as drawn."""
        return _sum(self.entries, "draw")


def _sum(entries: Sequence[CommitmentEntry], kind: str) -> Decimal:
    return sum((entry.amount for entry in entries if entry.kind == kind), Decimal(0))


@asynccontextmanager
async def snapshot(database: Database) -> AsyncIterator[AsyncSession]:
    """One moment of the books; the database itself refuses any write."""
    async with database.session() as session:
        await session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        yield session


async def submitted_cases(database: Database) -> list[UUID]:
    """Every case that has a process, oldest first."""
    async with snapshot(database) as session:
        found = await session.exec(
            select(Application.case_id)
            .where(col(Application.submitted_at).is_not(None))
            .order_by(col(Application.case_id))
        )
        return list(found)


async def case_of_number(database: Database, number: str) -> UUID | None:
    """The case of a case number."""
    async with snapshot(database) as session:
        found = await session.exec(select(Application.case_id).where(Application.case_number == number))
        return found.one_or_none()


async def last_case_number(database: Database) -> int:
    """The running number given out last; 0 before the first."""
    async with snapshot(database) as session:
        found = await session.execute(
            text("SELECT last_value FROM pg_sequences WHERE schemaname = :schema AND sequencename = :name"),
            {"schema": CASE_NUMBERS.metadata.schema if CASE_NUMBERS.metadata else None, "name": CASE_NUMBERS.name},
        )
        return int(found.scalar_one() or 0)


def running_number(case_number: str) -> int:
    """The running part of ``SD2026-YC-000123``: one sequence over all years and branches. 0 where there is none."""
    tail = case_number.rpartition("-")[2]
    return int(tail) if tail.isascii() and tail.isdigit() else 0


@dataclass(frozen=True)
class BookedPayment:
    """Whom a transfer pays, and how much."""

    account: str
    amount: Decimal


async def booked_payments(database: Database) -> dict[str, BookedPayment]:
    """Every transfer by its end-to-end id."""
    async with snapshot(database) as session:
        rows = await session.execute(
            select(col(Transfer.end_to_end_id), col(Transfer.payee_account), col(Transfer.amount))
        )
        return {end_to_end_id: BookedPayment(account, amount) for end_to_end_id, account, amount in rows}


async def read_case(database: Database, case_id: UUID) -> CaseBooks | None:
    """A case whole, in one snapshot; ``None`` where the books do not have it."""
    async with snapshot(database) as session:
        application = await session.get(Application, case_id)
        if application is None:
            return None
        facility = (await session.exec(select(Facility).where(Facility.case_id == case_id))).one_or_none()
        utilisations = tuple(
            await session.exec(
                select(Utilisation).where(Utilisation.case_id == case_id).order_by(col(Utilisation.number))
            )
        )
        chain = await events.verify(session, case_id)
        recorded = await events.events_of(session, case_id)
        commands = tuple(await session.exec(select(Command).where(Command.of_case == case_id)))
        facts = [(event.kind, event.payload.get("facts") or {}) for event in recorded]
        steps = [
            (str(fact["workflow_id"]), str(fact["step"]), kind)
            for kind, fact in facts
            if "workflow_id" in fact and "step" in fact
        ]
        updates = [str(fact["update_id"]) for _, fact in facts if "update_id" in fact]
        return CaseBooks(
            case_id=case_id,
            case_number=application.case_number,
            processes=await _processes(session, application, facility, utilisations),
            tasks=tuple(await session.exec(select(Task).where(Task.case_id == case_id))),
            facility=facility,
            commitment=await session.get(Commitment, facility.id) if facility else None,
            entries=tuple(await session.exec(select(CommitmentEntry).where(CommitmentEntry.case_id == case_id))),
            reservation=await limits.standing(session, case_id),
            utilisations=utilisations,
            transfers=tuple(await session.exec(select(Transfer).where(Transfer.case_id == case_id))),
            chain_faults=chain.faults,
            steps=frozenset((workflow, step) for workflow, step, _ in steps),
            commands=frozenset(updates),
            command_workflows={row.update_id: row.workflow_id for row in commands if row.state == "applied"},
            doubled=_repeated([" ".join(step) for step in steps]) + _repeated(updates),
        )


def _repeated(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(name for name, count in Counter(names).items() if count > 1))


async def _processes(
    session: AsyncSession, application: Application, facility: Facility | None, utilisations: Sequence[Utilisation]
) -> tuple[BookedProcess, ...]:
    stages: dict[str, tuple[str, bool]] = {}
    if application.submitted_at is not None:
        stages[application_workflow_id(application.case_id)] = (
            application.stage,
            application.stage in {stage.value for stage in ENDED},
        )
    if facility is not None:
        stages[facility_workflow_id(facility.id)] = (facility.stage, facility.stage in FACILITY_ENDED)
    for utilisation in utilisations:
        stages[utilisation_workflow_id(utilisation.id)] = (utilisation.stage, utilisation.stage in UTILISATION_ENDED)
    found = await session.exec(select(StartRequest).where(col(StartRequest.workflow_id).in_(stages)))
    requests = {request.workflow_id: request for request in found}
    return tuple(
        BookedProcess(
            workflow_id=workflow_id,
            stage=stage,
            ended=ended,
            started=(request := requests.get(workflow_id)) is None or request.started_at is not None,
            start_error=request.error_code if request is not None else "",
        )
        for workflow_id, (stage, ended) in stages.items()
    )
