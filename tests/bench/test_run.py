"""A run at small sizes gives every figure, each with what it was measured beside."""

from typing import Any

import psycopg

from suandai.bench.run import MeasuredBank, Sizes, components_of, measure
from suandai.stack.record import StackRecord
from tests.fixtures.stack import running_bank

SIZES = Sizes(
    warm_up=1,
    rounds=1,
    cases=1,
    at_once=1,
    single=1,
    submissions=1,
    pages=3,
    few_tasks=200,
    many_tasks=3_000,
    inbox_rounds=2,
    imported=1_000,
)
BESIDE = {
    "applications_per_second",
    "application_seconds_p50",
    "application_seconds_p99",
    "cpu_ms_per_application",
    "hop_cpu_ms",
    "events_per_application",
    "history_bytes_per_application",
    "task_completion_ms_p50",
    "task_completion_ms_p99",
    "submit_ms_p50",
    "submit_ms_p99",
    "indicative_verdict_ms_p50",
    "indicative_verdict_ms_p95",
    "case_page_ms_p50",
    "case_page_ms_p99",
    "inbox_page_ms_3000_p50",
    "inbox_page_ms_3000_p99",
    "stack_memory_mb",
    "import_1k_s",
}
ALONE = {"engine_ratio", "inbox_page_ms_200_p50", "inbox_page_ms_200_p99", "cpu_ms_origination", "cpu_ms_postgres"}


async def test_every_figure_is_measured_beside_something() -> None:
    # A bank of its own: its inboxes are filled with rows that no process stands behind.
    async with running_bank() as bank:
        measured = MeasuredBank(bank.assembly, bank.bank, components_of(bank.directory))
        told: list[str] = []
        found = {entry.name: entry for entry in await measure(measured, SIZES, told.append)}
        open_tasks = _counted(measured.books, "completed_at IS NULL")
        every = _counted(measured.books, "true")
        record = StackRecord.read(bank.layout.record)
    assert set(found) >= BESIDE | ALONE
    assert all(entry.value > 0 for entry in found.values() if entry.name in BESIDE | ALONE)
    for name in BESIDE:
        entry = found[name]
        assert entry.beside is not None
        assert entry.ratio is not None
        assert abs(entry.ratio - entry.value / entry.beside) < 0.01 * entry.ratio
        assert entry.note
    # The course that a bare workflow takes is the measured case's own.
    assert 0.8 < (found["events_per_application"].ratio or 0) < 1.25
    assert every >= 3_000
    assert 0.15 < open_tasks / every < 0.25
    assert record is not None
    assert {part.name for part in record.components} <= set(measured.components)
    assert told


def _counted(conninfo: str, condition: str) -> int:
    with psycopg.connect(conninfo) as books:
        statement: Any = f"SELECT count(*) FROM origination.task WHERE {condition}"
        row = books.execute(statement).fetchone()
    assert row is not None
    return int(row[0])
