"""The keys of an installation, by purpose and key id, with older keys kept for what was written under them.

A key directory (0700) holds one JWK file a key (0600), named by its key id; the newest of a purpose is current. Beside
them lie the public halves of the signing keys (``actor.public.jwks``), so that a worker or an auditor can check
signatures without being able to make any. A directory or file that others may read is refused: a key that may have been
copied proves nothing.
"""

import base64
import hmac
import json
import os
import secrets
import stat
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal, get_args

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from joserfc.errors import JoseError
from joserfc.jwk import OctKey, OKPKey

GENERATED_KEYS_MARKER: Final = "GENERATED"
"""File that a key directory carries when its keys were made on the spot instead of by the bank's key custodian."""

EncryptionPurpose = Literal["payload", "seal"]
SigningPurpose = Literal["actor", "heads"]
Purpose = EncryptionPurpose | SigningPurpose

ENCRYPTION: Final = frozenset[str](get_args(EncryptionPurpose))
SIGNING: Final = frozenset[str](get_args(SigningPurpose))
ALL: Final = ENCRYPTION | SIGNING
"""``payload``: what the engine stores. ``seal``: personal fields in events. ``actor``: who sent a command. ``heads``:
the heads of the event chains."""

_NONCE_BYTES = 12


class KeysRefused(ValueError):
    """The key directory is incomplete, readable by others, or damaged."""


class UnknownKey(ValueError):
    """Something was written under a key this ring does not hold."""


class Undecipherable(ValueError):
    """A ciphertext was changed, cut, or written for another purpose."""


@dataclass(frozen=True)
class Ciphertext:
    """AES-256-GCM: the nonce and the ciphertext with its tag, and the key they need."""

    key_id: str
    data: bytes


@dataclass(frozen=True)
class Signature:
    """An Ed25519 signature in base64url, and the key it was made with."""

    key_id: str
    signature: str


class Keyring:
    """The keys one process may use. Make it with ``create`` or ``load``."""

    def __init__(
        self,
        encryption: Mapping[str, Mapping[str, AESGCM]],
        signing: Mapping[str, Mapping[str, OKPKey]],
        public: Mapping[str, Mapping[str, OKPKey]],
        digest_key: bytes = b"",
    ) -> None:
        self._encryption = encryption
        self._signing = signing
        self._public = public
        self._digest_key = digest_key

    @classmethod
    def create(cls, directory: Path) -> "Keyring":
        """Make one key for each purpose in a directory that is new or empty.

        The directory is marked as generated, which production settings refuse. Raises ``KeysRefused`` when it already
        holds something: keys are never replaced, what was written under them would be lost.
        """
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        if any(directory.iterdir()):
            raise KeysRefused("the key directory is not empty")
        os.chmod(directory, 0o700)
        _write(directory / GENERATED_KEYS_MARKER, b"made at first start; not for production\n")
        for purpose in sorted(ALL):
            _add_key(directory, purpose)
        return cls.load(directory)

    @classmethod
    def rotate(cls, directory: Path, purpose: Purpose) -> str:
        """Add a new current key for a purpose and return its id; processes use it when they load the ring again."""
        _check_mode(directory)
        return _add_key(directory, purpose)

    @classmethod
    def load(cls, directory: Path, purposes: Collection[Purpose] = ("payload", "seal", "actor", "heads")) -> "Keyring":
        """The secret keys of these purposes and the public halves of whatever signing keys there are.

        Raises ``KeysRefused`` when a purpose has no key, or anything is readable by others or damaged.
        """
        if not directory.is_dir():
            raise KeysRefused("the key directory does not exist")
        _check_mode(directory)
        encryption: dict[str, dict[str, AESGCM]] = {}
        signing: dict[str, dict[str, OKPKey]] = {}
        public: dict[str, dict[str, OKPKey]] = {purpose: _public_keys(directory, purpose) for purpose in SIGNING}
        digest_key = b""
        for purpose in purposes:
            files = sorted(directory.glob(f"{purpose}-*.jwk"))
            if not files:
                raise KeysRefused(f"there is no {purpose} key")
            for file in files:
                _check_mode(file)
                key_id = file.stem
                if purpose in ENCRYPTION:
                    encryption.setdefault(purpose, {})[key_id] = AESGCM(_oct(file))
                    if purpose == "seal" and not digest_key:
                        digest_key = hmac.digest(_oct(file), b"suandai personal digest", "sha256")
                else:
                    key = _okp(file)
                    signing.setdefault(purpose, {})[key_id] = key
                    public[purpose][key_id] = OKPKey.import_key(key.as_dict(private=False))
        return cls(encryption, signing, public, digest_key)

    def encrypt(self, purpose: EncryptionPurpose, plain: bytes) -> Ciphertext:
        """Encrypt under the current key, with a fresh random nonce. Purpose and key id are authenticated with the
        data."""
        keys = self._encryption.get(purpose) or {}
        if not keys:
            raise UnknownKey(purpose)
        key_id = max(keys)
        nonce = os.urandom(_NONCE_BYTES)
        return Ciphertext(key_id, nonce + keys[key_id].encrypt(nonce, plain, _bound(purpose, key_id)))

    def decrypt(self, purpose: EncryptionPurpose, key_id: str, data: bytes) -> bytes:
        """The plain bytes. Raises ``UnknownKey`` and ``Undecipherable``."""
        key = (self._encryption.get(purpose) or {}).get(key_id)
        if key is None:
            raise UnknownKey(f"{purpose} key {key_id[:60]} is not in this ring")
        try:
            return key.decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], _bound(purpose, key_id))
        except (InvalidTag, ValueError):
            raise Undecipherable(purpose) from None

    def digest(self, text: str) -> str:
        """A digest by which personal data are compared and not read: HMAC-SHA-256 under the oldest sealing key of the ring, so
        that it stays the same when keys rotate. Destroying that key makes every digest meaningless. Raises ``UnknownKey`` for
        a ring without sealing keys."""
        if not self._digest_key:
            raise UnknownKey("seal")
        return hmac.new(self._digest_key, text.encode(), "sha256").hexdigest()

    def sign(self, purpose: SigningPurpose, message: bytes) -> Signature:
        """Sign with the current key. Raises ``UnknownKey`` when this process may only verify."""
        key_id, key = self.signing_key(purpose)
        private = key.get_op_key("sign")
        return Signature(key_id, _b64(private.sign(message)))  # type: ignore[union-attr]

    def verify(self, purpose: SigningPurpose, key_id: str, message: bytes, signature: str) -> bool:
        """Whether the signature is ours. An unknown key or an unreadable signature is simply no proof."""
        key = self._public.get(purpose, {}).get(key_id)
        if key is None:
            return False
        native = key.get_op_key("verify")
        assert isinstance(native, Ed25519PublicKey)
        try:
            native.verify(_unb64(signature), message)
        except (InvalidSignature, ValueError):
            return False
        return True

    def signing_key(self, purpose: SigningPurpose) -> tuple[str, OKPKey]:
        """The current signing key with its id. Raises ``UnknownKey`` when this process may only verify."""
        keys = self._signing.get(purpose) or {}
        if not keys:
            raise UnknownKey(purpose)
        key_id = max(keys)
        return key_id, keys[key_id]

    def public_key(self, purpose: SigningPurpose, key_id: str) -> OKPKey | None:
        """The public half of a signing key; ``None`` when unknown."""
        return self._public.get(purpose, {}).get(key_id)


def _bound(purpose: str, key_id: str) -> bytes:
    return f"suandai/{purpose}/1/{key_id}".encode()


def _add_key(directory: Path, purpose: str) -> str:
    # The id sorts by time, to the microsecond, so that the newest key is the current one without a list to keep.
    key_id = f"{purpose}-{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{secrets.token_hex(3)}"
    if purpose in ENCRYPTION:
        content = OctKey.generate_key(256, {"kid": key_id}, private=True).as_dict(private=True)
    else:
        key = OKPKey.generate_key("Ed25519", {"kid": key_id, "use": "sig"}, private=True)
        content = key.as_dict(private=True)
    _write(directory / f"{key_id}.jwk", json.dumps(content).encode())
    if purpose in SIGNING:
        keys = [*_public_keys(directory, purpose).values(), key]
        document = {"keys": [entry.as_dict(private=False) for entry in keys]}
        _replace(directory / f"{purpose}.public.jwks", json.dumps(document, indent=1).encode())
    return key_id


def _public_keys(directory: Path, purpose: str) -> dict[str, OKPKey]:
    file = directory / f"{purpose}.public.jwks"
    if not file.exists():
        return {}
    try:
        entries = [OKPKey.import_key(entry) for entry in json.loads(file.read_bytes())["keys"]]
    except (JoseError, KeyError, TypeError, ValueError):
        raise KeysRefused(f"{file.name} is damaged") from None
    if any(entry.is_private for entry in entries):
        raise KeysRefused(f"{file.name} holds a private key")
    return {str(entry.kid): entry for entry in entries}


def _oct(file: Path) -> bytes:
    try:
        key = OctKey.import_key(json.loads(file.read_bytes()))
        raw = key.raw_value
    except (JoseError, TypeError, ValueError):
        raise KeysRefused(f"{file.name} is damaged") from None
    if key.kid != file.stem or len(raw) != 32:
        raise KeysRefused(f"{file.name} is damaged")
    return raw


def _okp(file: Path) -> OKPKey:
    try:
        key = OKPKey.import_key(json.loads(file.read_bytes()))
    except (JoseError, TypeError, ValueError):
        raise KeysRefused(f"{file.name} is damaged") from None
    if key.kid != file.stem or not key.is_private or key.curve_name != "Ed25519":
        raise KeysRefused(f"{file.name} is damaged")
    return key


def _check_mode(path: Path) -> None:
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise KeysRefused(f"{path.name} may be read by others; its mode must be {'0700' if path.is_dir() else '0600'}")


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _replace(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    _write(temporary, content)
    os.rename(temporary, path)


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
