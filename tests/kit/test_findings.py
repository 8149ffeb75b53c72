"""Findings with their inputs, content-addressed: what was concluded can be read back to the byte."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import func, select, update

from domain.canonical import canonical, sha256_of
from domain.finding import Finding, FindingValue, ModelRef, Outcome, PolicyRef, TraceStep
from domain.money import Money, yuan
from services.kit.database import Database, new_id
from services.kit.findings import FindingDamaged
from services.kit.settings import ServiceSettings
from tests.kit.specimen import findings


class Cap(FindingValue):
    limit: Money

    def headline(self) -> str:
        return str(self.limit)


INPUTS = {"contract": "350000000.00", "advance_rate": "0.80000000"}


def cap(**changes: Any) -> Finding[Cap]:
    base = {
        "id": new_id(),
        "kind": "limit",
        "outcome": Outcome.PASS,
        "value": Cap(limit=yuan("280000000")),
        "trace": (TraceStep(step="limit/contract", rule="0.8 × contract", inputs=INPUTS, result="280000000.00"),),
        "inputs_sha256": sha256_of(INPUTS),
        "policy": PolicyRef(id="p", version="1", sha256="ab"),
        "model": ModelRef(id="limit", version="1"),
        "as_of": date(2026, 3, 2),
        "made_at": datetime(2026, 3, 2, 1, 2, 3, 456789, tzinfo=UTC),
    }
    return Finding[Cap].model_validate({**base, **changes})


@pytest.fixture
def database(settings: ServiceSettings) -> Database:
    return Database(settings.database_url, pool_size=2)


async def test_a_finding_reads_back_as_it_was_drawn(database: Database) -> None:
    finding = cap()
    async with database.session() as session:
        ref = await findings.put(session, finding, INPUTS, subject="case-1")
        assert ref == finding.ref()
    async with database.session() as session:
        read = await findings.get(session, finding.id, Finding[Cap])
        inputs = await findings.inputs(session, finding.inputs_sha256)
        assert await findings.get(session, new_id(), Finding[Cap]) is None
        assert await findings.inputs(session, "0" * 64) is None
    assert read == finding
    assert read is not None
    assert read.sha256() == ref.sha256
    assert inputs is not None
    assert canonical(inputs) == canonical(INPUTS)
    await database.dispose()


async def test_equal_content_is_kept_once_and_filing_twice_is_no_error(database: Database) -> None:
    first, second = cap(), cap()
    async with database.session() as session:
        for finding in (first, first, second):
            await findings.put(session, finding, INPUTS)
        connection = await session.connection()
        counts = [
            (await connection.execute(select(func.count()).select_from(table))).scalar_one()
            for table in (findings.content, findings.finding)
        ]
    assert counts == [2, 2]
    await database.dispose()


async def test_inputs_that_are_not_the_findings_are_refused(database: Database) -> None:
    with pytest.raises(ValueError, match="not the inputs"):
        async with database.session() as session:
            await findings.put(session, cap(), {**INPUTS, "advance_rate": "0.90000000"})
    await database.dispose()


async def test_changed_content_is_noticed(database: Database) -> None:
    finding = cap()
    async with database.session() as session:
        ref = await findings.put(session, finding, INPUTS)
        forged = update(findings.content).where(findings.content.c.sha256 == ref.sha256).values(body=b"{}")
        await (await session.connection()).execute(forged)
    async with database.session() as session:
        with pytest.raises(FindingDamaged):
            await findings.get(session, finding.id, Finding[Cap])
    await database.dispose()
