"""Encryption of everything the workflow engine stores: inputs, results, updates, failures, summaries.

The engine's database is run by other people than ours and kept for ten years; no borrower's name may ever lie in it
plain. A payload that does not carry our encryption is refused on the way back, so that whoever can write to the engine
still cannot make a case believe a forged result.

What is written for the people who watch the engine's pages stays readable: texts that are ``Shown``, and the details a
process gives of itself. Both hold codes and figures only.
"""

from collections.abc import Sequence

from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec

from services.kit.keyring import Keyring

ENCODING = b"binary/encrypted"
KEY_ID = "encryption-key-id"
SHOWN = "shown-to-watchers"
_DETAILS = b"temporal.api.sdk.v1.WorkflowMetadata"
"""The type of the answer to the engine's own question what a process is doing."""


class PlainPayload(ValueError):
    """A payload came back from the engine without our encryption."""


class EncryptedPayloads(PayloadCodec):
    """AES-256-GCM with the ring's current payload key; reads every key the ring holds."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Encrypt whole payloads, their metadata included; what is meant to be seen is left as it is."""
        return [payload if _is_seen(payload) else self._encrypted(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Decrypt. Raises ``PlainPayload``, ``UnknownKey`` or ``Undecipherable``."""
        return [self._decrypted(payload) for payload in payloads]

    def _encrypted(self, payload: Payload) -> Payload:
        sealed = self._keyring.encrypt("payload", payload.SerializeToString())
        return Payload(metadata={"encoding": ENCODING, KEY_ID: sealed.key_id.encode()}, data=sealed.data)

    def _decrypted(self, payload: Payload) -> Payload:
        if SHOWN in payload.metadata and payload.data[:1] == b'"':
            return payload  # a bare text: no message of a process is one
        if payload.metadata.get("encoding") != ENCODING:
            raise PlainPayload("a payload of the engine is not encrypted")
        key_id = payload.metadata.get(KEY_ID, b"").decode("ascii", "replace")
        return Payload.FromString(self._keyring.decrypt("payload", key_id, payload.data))


def _is_seen(payload: Payload) -> bool:
    return SHOWN in payload.metadata or payload.metadata.get("messageType") == _DETAILS
