"""Signatures of sites: Ed25519 (RFC 8032) in base64url."""

import base64
import binascii
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_LOW_ORDER: Final = frozenset(
    bytes.fromhex(point)
    for point in (
        "00" * 32,
        "00" * 31 + "80",
        "01" + "00" * 31,
        "01" + "00" * 30 + "80",
        "ec" + "ff" * 30 + "7f",
        "ec" + "ff" * 31,
        "ed" + "ff" * 30 + "7f",
        "ed" + "ff" * 31,
        "ee" + "ff" * 30 + "7f",
        "ee" + "ff" * 31,
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    )
)
"""Points of small order: under such a key a signature can be made that fits any statement."""


def is_usable(public_key: str) -> bool:
    """Whether the text is a public key that binds a statement to its signer, in its one spelling."""
    raw = _decoded(public_key)
    return raw is not None and len(raw) == 32 and raw not in _LOW_ORDER


def is_signed(public_key: str, signature: str, content: bytes) -> bool:
    """Whether the signature over the content was made with the key's private half."""
    key, signed = _decoded(public_key), _decoded(signature)
    if key is None or signed is None:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signed, content)
    except (InvalidSignature, ValueError):
        return False
    return True


def _decoded(text: str) -> bytes | None:
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return None
    # Spare bits of the last character would give one key several spellings.
    return raw if base64.urlsafe_b64encode(raw).rstrip(b"=").decode() == text else None
