"""``suandai audit replay`` as an auditor uses it: verdict, places and values, and what is not a pass."""

import asyncio
import json
from pathlib import Path

import pytest
from temporalio.api.common.v1 import Payload
from typer.testing import CliRunner

from audit.replay.history import (
    HistoryUnreadable,
    RecordedHistory,
    decoded,
    is_encrypted,
    parse_history,
    payloads_of,
    read_history,
    write_history,
)
from services.kit.keyring import Keyring
from services.kit.payload_codec import EncryptedPayloads
from suandai.cli import app
from tests.histories.archive import ROOM, recorded_builds

NEWEST = recorded_builds()[-1]
DECLINED = NEWEST.histories()["application/declined"]
REFUSED = NEWEST.histories()["utilisation/refused"]


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(
        app, ["audit", "replay", "--builds", str(ROOM / "builds"), *map(str, arguments)], env={"COLUMNS": "200"}
    )
    return result.exit_code, result.output


def forged(history: Path, sound: str, forgery: str, event: str, target: Path) -> Path:
    """A history in whose first event of a kind a text was put in the place of another."""
    lines = history.read_text("utf-8").splitlines()
    place = next(number for number, line in enumerate(lines) if event in line and sound in line)
    lines[place] = lines[place].replace(sound, forgery)
    target.write_text("\n".join(lines), "utf-8")
    return target


def test_sound_histories_are_said_to_be_the_same() -> None:
    code, said = run(DECLINED, REFUSED)
    assert code == 0, said
    assert [line.split()[0] for line in said.splitlines()] == ["same", "same"]


def test_a_forged_record_is_found_with_event_place_and_both_values(tmp_path: Path) -> None:
    result = "workflowExecutionUpdateCompletedEventAttributes"
    path = forged(DECLINED, '"outcome":"approve"', '"outcome":"reject"', result, tmp_path / "forged.json")
    code, said = run(path, "--json")
    assert code == 1
    [found] = json.loads(said)
    [difference] = found["differences"]
    assert (difference["kind"], difference["path"]) == ("update_result", "/result/tasks/0/outcome")
    assert (difference["expected"], difference["found"]) == ("reject", "approve")
    code, said = run(path)
    assert code == 1
    assert f"event {difference['event_id']}: update_result" in said
    assert "the engine's own replayer objects to none of this" in said


def test_a_history_whose_code_nobody_kept_is_not_a_pass(tmp_path: Path) -> None:
    text = DECLINED.read_text("utf-8").replace(NEWEST.build, "0123456789abcdef")
    (tmp_path / "other.json").write_text(text, "utf-8")
    code, said = run(tmp_path / "other.json")
    assert code == 3
    assert "not_run" in said
    assert "the code of its build 0123456789abcdef is not kept here" in said
    assert run(tmp_path / "other.json", "--code", NEWEST.wheel)[0] == 0, "unless the auditor names the code"


def test_every_unreadable_file_is_told_and_the_others_are_replayed(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text('{"events": [{"eventId": "x"}]}', "utf-8")
    (tmp_path / "other.json").write_text("[1]", "utf-8")
    code, said = run(tmp_path / "broken.json", tmp_path / "other.json", tmp_path / "none.json", REFUSED)
    assert code == 3
    assert all(name in said for name in ("broken.json", "other.json", "none.json"))
    assert "same" in said
    assert "Traceback" not in said


def test_an_encrypted_history_needs_its_keys(tmp_path: Path) -> None:
    codec = EncryptedPayloads(Keyring.create(tmp_path / "keys"))
    Keyring.create(tmp_path / "other-keys")
    plain = read_history(REFUSED)
    sealed = asyncio.run(encrypted(plain, codec))
    assert is_encrypted(sealed)
    assert write_history(asyncio.run(decoded(sealed, codec))) == write_history(plain)
    path = tmp_path / "sealed.json"
    path.write_text(write_history(sealed), "utf-8")
    code, said = run(path)
    assert (code, "its payloads are encrypted" in said) == (3, True)
    code, said = run(path, "--keys", tmp_path / "other-keys")
    assert (code, said.startswith("suandai: ")) == (3, True), said
    assert run(path, "--keys", tmp_path / "keys")[0] == 0


async def encrypted(history: RecordedHistory, codec: EncryptedPayloads) -> RecordedHistory:
    """The history as the engine stores it."""
    sealed = parse_history(write_history(history))
    for event in sealed.events:
        for payload in payloads_of(event):
            [cipher] = await codec.encode([Payload.FromString(payload.SerializeToString())])
            payload.CopyFrom(cipher)
    return sealed


@pytest.mark.parametrize(
    "text", ["", "{}", "null", '{"events": 1}', '{"events": []}', '{"events": [[]]}', '{"events": [{"eventId": "1"}]}']
)
def test_what_is_not_a_history_is_refused(text: str) -> None:
    with pytest.raises(HistoryUnreadable):
        parse_history(text)


def test_a_file_says_the_same_as_the_engine() -> None:
    history = read_history(DECLINED)
    assert parse_history(write_history(history)).events == history.events
    assert parse_history(history.for_engine().to_json()).events == history.events
