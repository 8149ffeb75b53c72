"""A reconciliation from end to end: every case, every process, every payment; what differs is read again before it counts."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError
from temporalio.client import Client, RPCError

from services.kit.database import Database, now
from services.kit.http import RemoteProblem, RemoteUnavailable
from services.kit.keyring import Keyring
from services.kit.temporal import connect
from services.origination.core_banking.adapter import CoreBanking, connected
from services.origination.core_banking.messages import PaymentStatus, StatementEntry, TransactionStatus
from services.origination.settings import OriginationSettings
from services.origination.store.events import bind_keys
from suandai.reconcile import books
from suandai.reconcile.catalogue import Code
from suandai.reconcile.compare import differences
from suandai.reconcile.processes import Listed, Process, is_foreign, listed, object_of, read_process
from suandai.reconcile.report import Difference, Reconciliation

AT_ONCE = 4
"""Cases read side by side: a reconciliation runs beside a working bank and must not slow it down."""
_ENDED_BY_AN_OPERATOR = frozenset({"terminated", "canceled"})
_PAUSES = (1.0, 2.0, 4.0, 8.0)

A = TypeVar("A")
B = TypeVar("B")


class Unreachable(Exception):
    """One of the three sides could not be read, so nothing can be said."""


@dataclass(frozen=True)
class Sides:
    """The three sides, connected."""

    database: Database
    engine: Client
    core_banking: CoreBanking


@asynccontextmanager
async def connected_sides(settings: OriginationSettings) -> AsyncIterator[Sides]:
    """Books, engine and core banking as origination reaches them. Raises ``Unreachable`` and ``SettingsRefused``."""
    settings.required("database_url", "keys_dir", "service_client_id")
    assert settings.keys_dir is not None
    keyring = Keyring.load(settings.keys_dir)
    database = Database(settings.database_url, pool_size=AT_ONCE)
    bind_keys(database, keyring)
    core_banking = connected(settings)
    try:
        try:
            engine = await connect(settings, keyring)
        except RuntimeError:
            raise Unreachable("the workflow engine does not answer") from None
        yield Sides(database, engine, core_banking)
    except SQLAlchemyError as error:
        raise Unreachable(f"the books cannot be read ({type(error).__name__})") from error
    except RPCError as error:
        raise Unreachable(f"the workflow engine does not answer ({error.status.name})") from error
    except (RemoteProblem, RemoteUnavailable) as error:
        raise Unreachable(f"core banking cannot be asked ({error})") from error
    finally:
        await core_banking.aclose()
        await database.dispose()


async def reconcile(
    settings: OriginationSettings, *, numbers: Sequence[str] = (), patience: float = 20.0
) -> Reconciliation:
    """Compare all cases, or those with these case numbers, in which case what no case is known of is left out.

    A difference counts only when it is still there after ``patience`` seconds, at every reading in between: on a working
    bank something is always in motion. Raises ``Unreachable`` when a side cannot be read, ``LookupError`` for a case
    number that is in no books.
    """
    async with connected_sides(settings) as sides:
        return await _Run(sides, patience).of(numbers)


@dataclass
class _Run:
    sides: Sides
    patience: float
    processes: int = 0
    payments: int = 0
    seen: set[str] = field(default_factory=set)
    """Workflow ids that the books know of."""
    asked: set[str] = field(default_factory=set)
    """End-to-end ids that core banking was asked about."""

    async def of(self, numbers: Sequence[str]) -> Reconciliation:
        if numbers:
            case_ids = [await self._case(number) for number in numbers]
            whole = False
        else:
            case_ids = []
            whole = True
        found, case_ids = await self._first_reading(case_ids, whole=whole)
        standing, rechecked = await self._read_again(found)
        return Reconciliation(
            finished_at=now(),
            cases=len(case_ids),
            processes=self.processes,
            payments=self.payments,
            rechecked=rechecked,
            differences=tuple(sorted(standing, key=lambda item: (item.case_number, item.object, item.code))),
        )

    async def _case(self, number: str) -> UUID:
        case_id = await books.case_of_number(self.sides.database, number)
        if case_id is None:
            raise LookupError(f"no case has the number {number}")
        return case_id

    async def _first_reading(
        self, case_ids: list[UUID], *, whole: bool
    ) -> tuple[dict[str, list[Difference]], list[UUID]]:
        """Differences by what has to be read again to see whether they stand."""
        running = await listed(self.sides.engine) if whole else []
        if whole:
            case_ids = await books.submitted_cases(self.sides.database)
        read = await _side_by_side(case_ids, self._examined)
        found = {f"case {case_id}": items for case_id, items in zip(case_ids, read, strict=True) if items}
        if whole:
            orphans = [process for process in running if process.workflow_id not in self.seen]
            for process in orphans:
                if items := await self._orphan(process):
                    found[f"process {process.workflow_id} {process.workflow_type}"] = items
            if items := await self._statement():
                found["statement"] = items
            if items := await self._numbers(running):
                found["numbers"] = items
            self.processes = len(running)
        else:
            self.processes, self.payments = len(self.seen), len(self.asked)
        return found, case_ids

    async def _read_again(self, found: dict[str, list[Difference]]) -> tuple[list[Difference], int]:
        rechecked = len(found)
        deadline = time.monotonic() + self.patience
        pauses = iter(_PAUSES)
        pause = _PAUSES[0]
        while found and (left := deadline - time.monotonic()) > 0:
            pause = next(pauses, pause)
            await asyncio.sleep(min(pause, left))
            places = list(found)
            again = dict(zip(places, await _side_by_side(places, self._at), strict=True))
            standing = {
                place: [item for item in again[place] if item.key in {known.key for known in found[place]}]
                for place in places
            }
            found = {place: items for place, items in standing.items() if items}
        return [item for items in found.values() for item in items], rechecked

    async def _at(self, place: str) -> list[Difference]:
        kind, _, rest = place.partition(" ")
        match kind:
            case "case":
                return await self._examined(UUID(rest))
            case "process":
                workflow_id, _, workflow_type = rest.partition(" ")
                process = Listed(workflow_id, workflow_type, "", "")
                return await self._orphan(process)
            case "statement":
                return await self._statement()
            case _:
                return await self._numbers(await listed(self.sides.engine))

    async def _examined(self, case_id: UUID) -> list[Difference]:
        case = await books.read_case(self.sides.database, case_id)
        if case is None:
            return []
        processes: dict[str, Process | None] = {}
        for booked in case.processes:
            processes[booked.workflow_id] = await read_process(self.sides.engine, booked.workflow_id)
        self.seen.update(processes)
        ids = {row.end_to_end_id for row in case.transfers}
        ids |= {ref.end_to_end_id for process in processes.values() if process for ref in process.transfers}
        self.asked |= ids
        payments: dict[str, PaymentStatus | None] = {}
        for end_to_end_id in sorted(ids):
            payments[end_to_end_id] = await self.sides.core_banking.inquire(end_to_end_id)
        return differences(case, processes, payments)

    async def _orphan(self, process: Listed) -> list[Difference]:
        """A process that no case of the books asked for: of an unknown kind, or of a case that was lost."""
        details = {"workflow_id": process.workflow_id}
        if object_of(process.workflow_id, process.workflow_type) is None:
            if process.task_queue and not is_foreign(process):
                return []  # another component's process, on its own queue
            return [
                Difference(
                    code=Code.PROCESS_UNKNOWN,
                    object=process.workflow_id,
                    process=process.workflow_type,
                    details=details,
                )
            ]
        found = await read_process(self.sides.engine, process.workflow_id)
        if found is None or found.status in _ENDED_BY_AN_OPERATOR:
            return []
        if found.case_id is not None:
            case = await books.read_case(self.sides.database, found.case_id)
            if case is not None and any(item.workflow_id == process.workflow_id for item in case.processes):
                return await self._examined(found.case_id)  # asked for after the list of cases was read
        known = {}
        for ref in found.transfers:
            known[ref.end_to_end_id] = await self.sides.core_banking.inquire(ref.end_to_end_id)
        paid = [key for key, payment in known.items() if payment and payment.status is TransactionStatus.SETTLED]
        return [
            Difference(
                code=Code.BOOKS_MISSING,
                case_id=found.case_id,
                case_number=found.case_number,
                object=process.workflow_id,
                process=f"{found.status}: {found.stage}",
                core_banking=f"paid: {', '.join(paid)}" if paid else "",
                details=details,
            )
        ]

    async def _statement(self) -> list[Difference]:
        """Payments that core banking executed and the books have never heard of."""
        entries = [entry async for entry in self.sides.core_banking.statement()]
        # A transfer is in the books before it is sent, so these are read after the statement.
        booked = await books.booked_payments(self.sides.database)
        self.payments = len(entries)
        return [unknown_payment(entry, booked) for entry in entries if is_strange(entry, booked)]

    async def _numbers(self, running: Iterable[Listed]) -> list[Difference]:
        """Case numbers that were given out and are not in the books any more would be given out again."""
        last = await books.last_case_number(self.sides.database)
        used = max((process.case_number for process in running), key=books.running_number, default="")
        if books.running_number(used) <= last:
            return []
        return [
            Difference(
                code=Code.CASE_NUMBERS_BEHIND,
                object="case numbers",
                books=str(last),
                process=used,
                details={"last_number": str(books.running_number(used))},
            )
        ]


def is_strange(entry: StatementEntry, booked: Mapping[str, books.BookedPayment]) -> bool:
    """Whether money went out under an id that is in no books."""
    return entry.payment.status is TransactionStatus.SETTLED and entry.end_to_end_id not in booked


def unknown_payment(entry: StatementEntry, booked: Mapping[str, books.BookedPayment]) -> Difference:
    """A strange payment; to a payee that the same facility has paid the same amount it may be the second one."""
    facility = entry.end_to_end_id.rpartition("-U")[0]
    same = [
        key
        for key, payment in booked.items()
        if key.startswith(f"{facility}-U")
        and (payment.account, payment.amount) == (entry.creditor_account, entry.amount.amount)
    ]
    return Difference(
        code=Code.PAID_TWICE if facility and same else Code.PAYMENT_UNKNOWN_TO_BOOKS,
        case_number=f"SD{facility.removeprefix('FA')}" if facility.startswith("FA") else "",
        object=entry.end_to_end_id,
        books=", ".join(same),
        core_banking=f"{entry.payment.status.value} {entry.amount} {entry.payment.bank_reference}",
    )


async def _side_by_side(items: Sequence[A], work: Callable[[A], Awaitable[B]]) -> list[B]:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(item: A) -> B:
        async with gate:
            return await work(item)

    return list(await asyncio.gather(*(one(item) for item in items)))
