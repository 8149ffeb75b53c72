"""Restores: books and processes of different moments. Reconciliation names each difference, and nothing is paid twice."""

import asyncio
import shlex
import shutil
import sqlite3
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest_asyncio

from suandai.reconcile import Reconciliation, reconcile
from suandai.reconcile.catalogue import CATALOGUE, Code
from tests.faults.backups import DECIDED_ONLY, Backup, restart_with
from tests.faults.people import PatientBank, PatientPlay
from tests.fixtures.stack import BankStack, running_bank


@dataclass
class Restorable:
    """A bank with a backup from before three cases went on, and one from after."""

    bank: BankStack
    people: PatientBank
    older: Backup
    newer: Backup
    core_banking: Path
    drawn: PatientPlay
    """Its owner had not confirmed the payment at the older backup; it was paid after it."""
    open: PatientPlay
    """Under investigation at the older backup, assessed after it."""
    late: PatientPlay
    """Submitted after the older backup."""

    async def restored(self, *, books: Backup, engine: Backup, whole: bool = False) -> Reconciliation:
        """What differs after a restore of these; core banking is another company's and keeps what it has paid."""
        await self.bank.stack.stop()
        shutil.rmtree(self.bank.layout.core_banking)
        shutil.copytree(self.core_banking, self.bank.layout.core_banking)
        components = None if whole else DECIDED_ONLY
        await restart_with(self.bank, books=books, engine=engine, components=components)
        return await self.compared(patience=3)

    async def compared(self, patience: float) -> Reconciliation:
        return await reconcile(self.bank.settings_of_origination(), patience=patience)

    def payments(self) -> dict[str, tuple[str, int]]:
        """What core banking paid, and how often it was told to."""
        with closing(sqlite3.connect(self.bank.layout.core_banking / "payments.sqlite3", timeout=30)) as ledger:
            rows = ledger.execute("SELECT end_to_end_id, status, heard FROM payment").fetchall()
        return {key: (status, heard) for key, status, heard in rows}

    def paid_once(self) -> None:
        assert self.payments() == {f"{self.drawn.utilisation['number']}-01": ("ACSC", 1)}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def restorable() -> AsyncIterator[Restorable]:
    backups = Path(tempfile.mkdtemp(prefix="sd-"))
    try:
        async with running_bank() as bank:
            people = PatientBank(bank.urls["origination"], bank.token)
            drawn, open_, late = (PatientPlay(people) for _ in range(3))
            await drawn.submitted()
            await drawn.carry_to("effective")
            await drawn.find_facility()
            await drawn.ask_for_drawing()
            await drawn.see_drawing_to("awaiting_owner")
            await open_.submitted()
            await open_.task("co_investigation")
            older = await asyncio.to_thread(Backup.online, bank, backups / "older")
            await drawn.see_drawing_to("paid")
            await open_.carry_to("assessment")
            await open_.task("rating_confirmation")
            await late.submitted()
            await late.task("co_investigation")
            assert (await reconcile(bank.settings_of_origination(), patience=60)).agrees
            await bank.stack.stop()
            newer = Backup.cold(bank, backups / "newer")
            core_banking = backups / "core-banking"
            shutil.copytree(bank.layout.core_banking, core_banking)
            yield Restorable(bank, people, older, newer, core_banking, drawn, open_, late)
            await people.aclose()
    finally:
        shutil.rmtree(backups, ignore_errors=True)


def codes_of(found: Reconciliation) -> dict[str, set[Code]]:
    """The codes of the differences by case number; those of no case under the empty one."""
    codes: dict[str, set[Code]] = defaultdict(set)
    for difference in found.differences:
        codes[difference.case_number].add(difference.code)
    return codes


def number_of(play: PatientPlay) -> str:
    return str(play.application["case_number"])


async def test_an_engine_older_than_the_books_is_named_and_pays_nothing(restorable: Restorable) -> None:
    found = await restorable.restored(books=restorable.newer, engine=restorable.older)
    codes = codes_of(found)
    assert codes[number_of(restorable.drawn)] >= {
        Code.STAGE_DIFFERS,
        Code.STEP_MISSING_IN_PROCESS,
        Code.COMMAND_MISSING_IN_PROCESS,
        Code.TRANSFER_STATE_DIFFERS,
        Code.DRAWING_MISSING_IN_FACILITY,
    }
    assert codes[number_of(restorable.open)] >= {
        Code.STAGE_DIFFERS,
        Code.STEP_MISSING_IN_PROCESS,
        Code.COMMAND_MISSING_IN_PROCESS,
        Code.TASK_CLOSED_IN_INBOX,
        Code.TASK_OPEN_IN_INBOX_ONLY,
    }
    assert codes[number_of(restorable.late)] == {Code.PROCESS_MISSING}
    assert all(CATALOGUE[difference.code].remedy_zh and difference.remedy_en for difference in found.differences)
    restorable.paid_once()


async def test_books_and_engine_of_one_moment_go_on_and_find_what_was_paid(restorable: Restorable) -> None:
    found = await restorable.restored(books=restorable.older, engine=restorable.older)
    # Of the case that came later nothing is left on either side; the payment is at core banking alone.
    assert {(item.case_number, item.code) for item in found.differences} == {
        (number_of(restorable.drawn), Code.PAID_NOT_BOOKED)
    }
    await restorable.drawn.see_drawing_to("paid")
    restorable.paid_once()
    again = await restorable.compared(patience=60)
    assert again.agrees, again.model_dump_json(indent=1)


async def test_books_older_than_the_engine_are_named_and_mended_by_the_commands_told(restorable: Restorable) -> None:
    bank = restorable.bank
    found = await restorable.restored(books=restorable.older, engine=restorable.newer, whole=True)
    codes = codes_of(found)
    assert codes[number_of(restorable.drawn)] >= {
        Code.STAGE_DIFFERS,
        Code.STEP_MISSING_IN_BOOKS,
        Code.COMMAND_MISSING_IN_BOOKS,
        Code.TRANSFER_STATE_DIFFERS,
        Code.DRAWING_MISSING_IN_BOOKS,
        Code.PAID_NOT_BOOKED,
        Code.TASK_MISSING_IN_INBOX,
    }
    assert codes[number_of(restorable.open)] >= {
        Code.STAGE_DIFFERS,
        Code.STEP_MISSING_IN_BOOKS,
        Code.COMMAND_MISSING_IN_BOOKS,
        Code.TASK_MISSING_IN_INBOX,
        Code.TASK_OPEN_IN_INBOX_ONLY,
    }
    assert codes[number_of(restorable.late)] == {Code.BOOKS_MISSING}
    assert codes[""] == {Code.CASE_NUMBERS_BEHIND}
    restorable.paid_once()

    for command in dict.fromkeys(item.command for item in found.differences if item.command):
        await _carried_out(bank, command)
    # The owner confirms the payment once more, and the investigators give their opinions once more.
    await restorable.drawn.see_drawing_to("paid")
    await restorable.open.carry_to("assessment")
    restorable.paid_once()
    again = await restorable.compared(patience=60)
    assert again.agrees, again.model_dump_json(indent=1)


async def _carried_out(bank: BankStack, command: str) -> None:
    """A remedy, as an operator would type it."""
    if command.startswith("SELECT"):
        with psycopg.connect(bank.assembly.postgres.conninfo("suandai"), autocommit=True) as connection:
            connection.execute(command)  # type: ignore[call-overload]
        return
    program, *arguments = shlex.split(command)
    assert program == "temporal"
    told = await asyncio.to_thread(bank.assembly.temporal.tool, *arguments)
    assert told.returncode == 0, (command, told.stderr)
