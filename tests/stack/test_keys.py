from pathlib import Path

import pytest

from services.kit.keyring import Keyring, UnknownKey
from suandai.stack import StackError
from suandai.stack.keys import ensure_keys


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    ensure_keys(tmp_path / "keys", tmp_path / "worker")
    return tmp_path


def _contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_keys_are_made_once(directory: Path) -> None:
    before = _contents(directory / "keys")
    ensure_keys(directory / "keys", directory / "worker")
    assert _contents(directory / "keys") == before


def test_a_worker_can_check_signatures_and_make_none(directory: Path) -> None:
    signature = Keyring.load(directory / "keys").sign("actor", b"approved")
    worker = Keyring.load(directory / "worker", {"payload"})
    assert worker.verify("actor", signature.key_id, b"approved", signature.signature)
    with pytest.raises(UnknownKey):
        worker.sign("actor", b"approved")
    assert not list((directory / "worker").glob("actor-*.jwk"))


def test_a_worker_reads_what_a_service_wrote_before_and_after_a_rotation(directory: Path) -> None:
    first = Keyring.load(directory / "keys").encrypt("payload", b"before")
    Keyring.rotate(directory / "keys", "payload")
    ensure_keys(directory / "keys", directory / "worker")
    second = Keyring.load(directory / "keys").encrypt("payload", b"after")
    worker = Keyring.load(directory / "worker", {"payload"})
    assert worker.decrypt("payload", first.key_id, first.data) == b"before"
    assert worker.decrypt("payload", second.key_id, second.data) == b"after"


def test_lost_keys_are_not_replaced(directory: Path) -> None:
    for file in (directory / "keys").glob("payload-*.jwk"):
        file.unlink()
    with pytest.raises(StackError, match="restore them from their copy"):
        ensure_keys(directory / "keys", directory / "worker")
