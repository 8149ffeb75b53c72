"""Keys: readable by nobody else, found by id, and never replaced."""

import os
import stat
from pathlib import Path

import pytest

from services.kit.keyring import GENERATED_KEYS_MARKER, Keyring, KeysRefused, Undecipherable, UnknownKey


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "keys"


def test_created_keys_are_for_us_alone(directory: Path) -> None:
    Keyring.create(directory)
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in directory.iterdir()} == {0o600}
    assert (directory / GENERATED_KEYS_MARKER).exists()
    for file in directory.glob("*.public.jwks"):
        assert '"d"' not in file.read_text()


def test_keys_are_never_replaced(directory: Path) -> None:
    Keyring.create(directory)
    with pytest.raises(KeysRefused):
        Keyring.create(directory)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_key_others_may_read_is_refused(directory: Path, mode: int) -> None:
    Keyring.create(directory)
    os.chmod(next(directory.glob("payload-*.jwk")), mode)
    with pytest.raises(KeysRefused, match="0600"):
        Keyring.load(directory)


def test_a_directory_others_may_enter_is_refused(directory: Path) -> None:
    Keyring.create(directory)
    os.chmod(directory, 0o750)
    with pytest.raises(KeysRefused, match="0700"):
        Keyring.load(directory)


def test_incomplete_and_damaged_directories_are_refused(directory: Path) -> None:
    with pytest.raises(KeysRefused):
        Keyring.load(directory)
    Keyring.create(directory)
    actor = next(directory.glob("actor-*.jwk"))
    content = actor.read_bytes()
    for damaged in (b"", b"{}", b"[]", content[:40], next(directory.glob("heads-*.jwk")).read_bytes()):
        actor.write_bytes(damaged)
        with pytest.raises(KeysRefused):
            Keyring.load(directory)
    actor.unlink()
    with pytest.raises(KeysRefused):
        Keyring.load(directory)


def test_encryption_is_fresh_each_time_and_bound_to_its_purpose(directory: Path) -> None:
    ring = Keyring.create(directory)
    one, two = ring.encrypt("payload", b"secret"), ring.encrypt("payload", b"secret")
    assert one.data != two.data
    assert ring.decrypt("payload", one.key_id, one.data) == b"secret"
    changed = bytes([*one.data[:-1], one.data[-1] ^ 1])
    for data in (changed, one.data[:-1], one.data[:5], b""):
        with pytest.raises(Undecipherable):
            ring.decrypt("payload", one.key_id, data)
    with pytest.raises(UnknownKey):
        ring.decrypt("seal", one.key_id, one.data)
    with pytest.raises(UnknownKey):
        ring.decrypt("payload", "payload-none", one.data)


def test_after_a_rotation_new_things_use_the_new_key_and_old_ones_stay_readable(directory: Path) -> None:
    before = Keyring.create(directory)
    sealed, signed = before.encrypt("payload", b"old"), before.sign("heads", b"head")
    new_payload, new_heads = Keyring.rotate(directory, "payload"), Keyring.rotate(directory, "heads")
    after = Keyring.load(directory)
    assert after.encrypt("payload", b"new").key_id == new_payload != sealed.key_id
    assert after.sign("heads", b"head").key_id == new_heads != signed.key_id
    assert after.decrypt("payload", sealed.key_id, sealed.data) == b"old"
    assert after.verify("heads", signed.key_id, b"head", signed.signature)


def test_a_signature_proves_one_message_of_one_key(directory: Path, tmp_path: Path) -> None:
    ring, stranger = Keyring.create(directory), Keyring.create(tmp_path / "other")
    signed = ring.sign("heads", b"head")
    assert ring.verify("heads", signed.key_id, b"head", signed.signature)
    assert not ring.verify("heads", signed.key_id, b"another", signed.signature)
    assert not ring.verify("actor", signed.key_id, b"head", signed.signature)
    assert not ring.verify("heads", signed.key_id, b"head", stranger.sign("heads", b"head").signature)
    assert not stranger.verify("heads", signed.key_id, b"head", signed.signature)
    for foul in ("", "a", "%%%", "é", signed.signature[:-4]):
        assert not ring.verify("heads", signed.key_id, b"head", foul)


def test_a_worker_can_check_signatures_it_cannot_make(directory: Path) -> None:
    signed = Keyring.create(directory).sign("actor", b"command")
    for file in (*directory.glob("actor-*.jwk"), *directory.glob("heads-*.jwk"), *directory.glob("seal-*.jwk")):
        file.unlink()
    worker = Keyring.load(directory, purposes=["payload"])
    assert worker.verify("actor", signed.key_id, b"command", signed.signature)
    with pytest.raises(UnknownKey):
        worker.sign("actor", b"command")
    with pytest.raises(UnknownKey):
        worker.encrypt("seal", b"x")


def test_a_private_key_among_the_public_ones_is_refused(directory: Path) -> None:
    Keyring.create(directory)
    private = next(directory.glob("actor-*.jwk")).read_text()
    (directory / "actor.public.jwks").write_text(f'{{"keys": [{private}]}}')
    with pytest.raises(KeysRefused, match="private"):
        Keyring.load(directory)
