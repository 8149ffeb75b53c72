"""Every kind of change that an engine's replayer lets through is planted, and found; what the engine says is noted beside it."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from audit.replay.builds import replay_in_process
from audit.replay.history import read_history
from audit.replay.strict import Replay, replay
from tests.audit.conftest import imported

SEEDS = (1, 2, 3)


def replayed_afresh(history: Path, code: Path, seed: int) -> Replay:
    [found] = replay_in_process([history], code, hash_seed=seed, definitions="loan.definitions")
    return found


async def replayed(history: Path, code: Path) -> Replay:
    with imported(code) as definitions:
        [found] = await replay([read_history(history)], definitions.WORKFLOWS, definitions.runner())
    return found


def plant(code: Path, file: str, sound: str, faulty: str) -> None:
    source = (code / "loan" / file).read_text("utf-8")
    assert source.count(sound) == 1, sound
    (code / "loan" / file).write_text(source.replace(sound, faulty), "utf-8")


@pytest.mark.parametrize("seed", SEEDS)
def test_sound_code_says_the_same_under_every_hash_seed(small_loan: Path, code: Path, seed: int) -> None:
    found = replayed_afresh(small_loan, code, seed)
    assert (found.verdict, found.differences, found.engine) == ("same", (), "")
    # attribute, six values, a timer, an update accepted and answered, a patch, a signal, the end
    assert found.compared == 13


@dataclass(frozen=True)
class Fault:
    name: str
    sound: str
    faulty: str
    kind: str
    path: str
    expected: object
    found: object
    file: str = "definitions.py"


UNSEEN_BY_THE_ENGINE = [
    Fault(
        "activity_input",
        "amount=amount, asked_at",
        "amount=amount[:-1] + '1', asked_at",
        "activity",
        "/input/0/amount",
        "80000000.00",
        "80000000.01",
    ),
    Fault("activity_timeout", "seconds=60", "seconds=61", "activity", "/start_to_close_timeout", "60", "61"),
    Fault("timer_duration", "timedelta(seconds=2)", "timedelta(seconds=3)", "timer", "/duration", "2", "3"),
    Fault("update_result", 'rate="0.0378"', 'rate="0.0379"', "update_result", "/result/rate", "0.0378", "0.0379"),
    Fault("workflow_result", 'stage="paid"', 'stage="secured"', "result", "/result/stage", "paid", "secured"),
    Fault(
        "search_attribute",
        'value_set("assessment")',
        'value_set("review")',
        "search_attributes",
        "/values/Stage",
        "assessment",
        "review",
    ),
    Fault("signal_input", '"drawn", amount)', '"drawn", "0.00")', "signal", "/input/0", "80000000.00", "0.00"),
]


@pytest.mark.parametrize("fault", UNSEEN_BY_THE_ENGINE, ids=lambda fault: fault.name)
async def test_a_planted_fault_is_named_with_its_place_and_the_engine_misses_it(
    small_loan: Path, code: Path, fault: Fault
) -> None:
    plant(code, fault.file, fault.sound, fault.faulty)
    found = await replayed(small_loan, code)
    assert found.engine == "", "the engine's own replayer sees nothing"
    assert found.verdict == "different"
    assert {(d.kind, d.path, d.expected, d.found) for d in found.differences} == {
        (fault.kind, fault.path, fault.expected, fault.found)
    }
    assert all(difference.event_id > 0 for difference in found.differences)


def test_a_set_that_drives_commands_is_found_under_another_hash_seed(small_loan: Path, code: Path) -> None:
    plant(code, "definitions.py", "for server in SERVERS:", "for server in set(SERVERS):")
    replays = [replayed_afresh(small_loan, code, seed) for seed in SEEDS]
    assert [found.engine for found in replays] == [""] * len(SEEDS), "kinds and ids are in the same order"
    for found in replays:
        assert found.verdict == "different"
        assert {(d.kind, d.path) for d in found.differences} == {("activity", "/input/0/server")}
    orders = {tuple(str(d.found) for d in found.differences) for found in replays}
    assert len(orders) > 1, "each process has an order of its own"


async def test_a_default_that_reads_the_clock_is_found(small_loan: Path, code: Path) -> None:
    plant(code, "messages.py", "from datetime import datetime\n", "from datetime import UTC, datetime\n")
    plant(code, "messages.py", "from pydantic import BaseModel", "from pydantic import BaseModel, Field")
    plant(
        code,
        "messages.py",
        "datetime\n\n\nclass Answer",
        "datetime = Field(default_factory=lambda: datetime.now(UTC))\n\n\nclass Answer",
    )
    plant(code, "definitions.py", ", asked_at=workflow.now()", "")
    found = await replayed(small_loan, code)
    assert found.engine == ""
    assert {(d.kind, d.path) for d in found.differences} == {("activity", "/input/0/asked_at")}
    assert len(found.differences) == 6


async def test_a_command_too_many_or_too_few_is_told_by_both(small_loan: Path, code: Path) -> None:
    plant(code, "definitions.py", "await workflow.sleep(timedelta(seconds=2))", "pass")
    found = await replayed(small_loan, code)
    assert "Nondeterminism" in found.engine or "nondeterminism" in found.engine
    assert "course" in {difference.kind for difference in found.differences}


async def test_code_that_breaks_is_a_difference_with_its_cause(small_loan: Path, code: Path) -> None:
    plant(code, "definitions.py", "await workflow.sleep(timedelta(seconds=2))", 'raise KeyError("no such stage")')
    found = await replayed(small_loan, code)
    [difference] = found.differences
    assert difference.kind == "course"
    assert "no such stage" in difference.found


async def test_code_without_the_process_is_not_a_pass(small_loan: Path, code: Path) -> None:
    plant(code, "definitions.py", '@workflow.defn(name="SmallLoan")', '@workflow.defn(name="LargeLoan")')
    found = await replayed(small_loan, code)
    assert (found.verdict, found.reason) == ("not_run", "the code has no definition of SmallLoan")
