"""A stream of cases under blows: played, and judged when everything is quiet again."""

import asyncio
import sqlite3
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field

from suandai.reconcile import Reconciliation, reconcile
from tests.faults.blows import Record, Striker
from tests.faults.people import PatientBank, PatientPlay
from tests.faults.scripts import STORIES, Story, stories
from tests.fixtures.stack import BankStack

AT_ONCE = 16
"""Cases played side by side."""
_CHANCE = frozenset({"process.progress", "transfer.unknown"})
"""Reports of a process: how many changes one carries depends on how quickly people follow each other. A transfer whose fate
was open for a while: core banking, or who asked it, was killed in between."""


@dataclass
class Played:
    """One case, played to its end."""

    story: Story
    play: PatientPlay
    kinds: Counter[str] = field(default_factory=Counter)


@dataclass
class Outcome:
    """What became of a stream."""

    cases: list[Played]
    record: Record
    seconds: float
    faults: list[str]
    reconciliation: Reconciliation
    failed_drawings: int


async def run_stream(bank: BankStack, cases: int, seed: int) -> Outcome:
    """Play ``cases`` cases, the first of each story in peace, and judge them all. Faults are told and not raised."""
    began = time.monotonic()
    people = PatientBank(bank.urls["origination"], bank.token)
    try:
        told = stories(cases)
        references = await _side_by_side(people, told[: len(STORIES)])
        enough = asyncio.Event()
        striker = Striker(bank, seed)
        # Whichever of the two fails ends the other.
        async with asyncio.TaskGroup() as group:
            group.create_task(striker.rounds(enough))
            struck = await _side_by_side(people, told[len(STORIES) :])
            enough.set()
        played = references + struck
        await bank.until_ready()
        faults = await _judged(bank, people, played)
        found = await reconcile(bank.settings_of_origination(), patience=60)
        failed = sum(case.kinds["utilisation.requested"] - 1 for case in played if case.story.paid)
        return Outcome(played, striker.record, time.monotonic() - began, faults, found, failed)
    finally:
        await people.aclose()


async def _side_by_side(people: PatientBank, told: Sequence[Story]) -> list[Played]:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(story: Story) -> Played:
        async with gate:
            play = PatientPlay(people)
            await story.play(play)
            return Played(story, play)

    return list(await asyncio.gather(*(one(story) for story in told)))


async def _judged(bank: BankStack, people: PatientBank, played: Sequence[Played]) -> list[str]:
    faults = []
    references: dict[str, Counter[str]] = {}
    auditor = people.person("auditor.ho")
    for case in played:
        number = case.play.application["case_number"]
        stage = (await case.play.reread())["stage"]
        if stage != case.story.stage:
            faults.append(f"{number} ({case.story.name}) ended {stage}, not {case.story.stage}")
        events = await auditor.page(f"/v1/audit/cases/{case.play.case_id}/events", limit=200)
        if [event["seq"] for event in events] != list(range(1, len(events) + 1)):
            faults.append(f"{number}: the events are not numbered without a gap")
        case.kinds = Counter(event["kind"] for event in events if event["kind"] not in _CHANCE)
        expected = references.setdefault(case.story.name, case.kinds)
        drawings = case.kinds["utilisation.requested"]
        if case.kinds != expected and drawings <= 1:
            faults.append(f"{number} ({case.story.name}): lost {expected - case.kinds}, more {case.kinds - expected}")
        if drawings > 1 and (lost := expected - case.kinds):
            faults.append(f"{number} ({case.story.name}): lost {lost}")
    return faults + _paid_once(bank, played)


def _paid_once(bank: BankStack, played: Sequence[Played]) -> list[str]:
    """One payment for each case that was to be paid, heard once, and none besides."""
    with closing(sqlite3.connect(bank.layout.core_banking / "payments.sqlite3", timeout=30)) as ledger:
        rows = ledger.execute("SELECT end_to_end_id, status, heard FROM payment").fetchall()
    faults = [f"{key} was instructed {heard} times" for key, _, heard in rows if heard != 1]
    settled = Counter(key.rpartition("-U")[0] for key, status, _ in rows if status == "ACSC")
    expected = Counter(case.play.facility["number"] for case in played if case.story.paid)
    if settled != expected:
        faults.append(f"payments: missing {expected - settled}, beyond {settled - expected}")
    return faults
