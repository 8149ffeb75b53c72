"""An auditor takes the histories of a real case out of the running bank, decrypts them and has them run again."""

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner

from domain.process import application_workflow_id, facility_workflow_id, utilisation_workflow_id
from suandai.cli import app
from tests.fixtures.cases import SecuredCases
from tests.fixtures.stack import BankStack
from tests.journeys.conftest import ORDER


async def audit(*arguments: object) -> tuple[int, str]:
    result = await asyncio.to_thread(CliRunner().invoke, app, ["audit", *map(str, arguments)])
    return result.exit_code, result.output


async def test_what_the_bank_did_can_be_repeated_from_its_engine(
    bank_stack: BankStack, secured: SecuredCases, tmp_path: Path
) -> None:
    play = await secured(ORDER)
    reached = ("--address", bank_stack.assembly.temporal.address, "--keys", bank_stack.layout.worker_keys)
    files = []
    for workflow_id in (
        application_workflow_id(play.application["application_id"]),
        utilisation_workflow_id(play.utilisation["utilisation_id"]),
        facility_workflow_id(play.facility["facility_id"]),
    ):
        file = tmp_path / f"{workflow_id}.json"
        code, said = await audit("history", workflow_id, file, *reached)
        assert code == 0, said
        assert file.stat().st_mode & 0o077 == 0, "decrypted, it is for the auditor only"
        files.append(file)
    code, said = await audit("replay", *files)
    assert code == 0, said
    assert [line.split()[:2] for line in said.splitlines()] == [
        ["same", "CreditApplication"],
        ["same", "Utilisation"],
        ["same", "Facility"],
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"workflow_id": "application-of-nobody"}, "has no such process"),
        ({"address": "127.0.0.1:1"}, "no engine answers at 127.0.0.1:1"),
        ({"keys": "nowhere"}, "the key directory does not exist"),
    ],
)
async def test_what_cannot_be_fetched_is_told_in_a_line(
    bank_stack: BankStack, tmp_path: Path, change: dict[str, str], said: str
) -> None:
    code, told = await audit(
        *("history", change.get("workflow_id", "facility-1"), tmp_path / "history.json"),
        *("--address", change.get("address", bank_stack.assembly.temporal.address)),
        *("--keys", change.get("keys", bank_stack.layout.worker_keys)),
    )
    assert code == 3
    assert said in told
    assert told.count("\n") == 1
    assert not (tmp_path / "history.json").exists()
