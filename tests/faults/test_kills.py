"""A bank whose machines are killed all the time: every case ends where it would have, and every payment is made once."""

import os
from pathlib import Path

from tests.faults.blows import ALL, STARTING, TARGETS
from tests.faults.report import write_report
from tests.faults.stream import run_stream
from tests.fixtures.stack import running_bank

CASES = int(os.environ.get("SUANDAI_FAULT_CASES", "200"))
SEED = int(os.environ.get("SUANDAI_FAULT_SEED", "20261122"))
REPORT = os.environ.get("SUANDAI_FAULT_REPORT", "")

# An instruction that was lost on its way fails after twice this, and the relationship manager asks again.
SETTINGS = {"origination": {"SUANDAI_PAYMENT_INSTRUCTION_SECONDS": "10"}}


async def test_every_case_ends_where_it_would_have_whatever_is_killed() -> None:
    async with running_bank(SETTINGS) as bank:
        outcome = await run_stream(bank, CASES, SEED)
    if REPORT:
        write_report(Path(REPORT), outcome, SEED)
    assert not outcome.faults, "\n".join(outcome.faults)
    assert outcome.reconciliation.agrees, outcome.reconciliation.model_dump_json(indent=1)
    assert len(outcome.cases) == CASES
    assert set(outcome.record.blows) == {*TARGETS, ALL, STARTING}
