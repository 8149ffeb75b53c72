"""The actor assertion: forged, replayed, moved and expired ones prove nothing."""

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from joserfc import jws

from services.kit.actor_assertion import LIFETIME, TYPE, AssertionRefused, sign, verify
from services.kit.keyring import Keyring
from services.kit.principal import Principal

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
FOR: dict[str, Any] = {"workflow_id": "application-1", "update_id": "u-1", "command_sha256": "ab" * 32}
WHO = Principal(subject="zhao.min", kind="staff", roles=("approver", "reviewer"), token_id="t-1", issuer="https://i")


@pytest.fixture
def ring(tmp_path: Path) -> Keyring:
    return Keyring.create(tmp_path / "keys")


def refusal(token: str, ring: Keyring, **changes: Any) -> str:
    with pytest.raises(AssertionRefused) as refused:
        verify(token, ring, **{**FOR, "at": AT, **changes})
    return refused.value.reason


def test_the_claims_are_who_and_what(ring: Keyring) -> None:
    claims = verify(sign(ring, WHO, **FOR, at=AT), ring, **FOR, at=AT + timedelta(minutes=1))
    assert (claims.subject, claims.roles, claims.token_id) == ("zhao.min", ("approver", "reviewer"), "t-1")
    assert claims.key_id.startswith("actor-")
    assert claims.expires_at == AT + LIFETIME


def test_it_holds_for_one_update_with_one_content(ring: Keyring) -> None:
    token = sign(ring, WHO, **FOR, at=AT)
    assert refusal(token, ring, workflow_id="application-2") == "moved"
    assert refusal(token, ring, update_id="u-2") == "moved"
    assert refusal(token, ring, command_sha256="cd" * 32) == "other_command"
    assert refusal(token, ring, at=AT + LIFETIME + timedelta(seconds=1)) == "expired"
    assert refusal(token, ring, at=AT - timedelta(minutes=2)) == "not_yet_valid"


def _b64(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def test_forgeries(ring: Keyring, tmp_path: Path) -> None:
    token = sign(ring, WHO, **FOR, at=AT)
    header, payload, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    stranger = Keyring.create(tmp_path / "other")
    kid, _ = ring.signing_key("actor")
    head = {"alg": "Ed25519", "kid": kid, "typ": TYPE}
    risen = _b64({**claims, "subject": "somebody.else"})
    registry = jws.JWSRegistry(algorithms=["Ed25519"])
    with_strangers_key = jws.serialize_compact(
        head, json.dumps(claims), stranger.signing_key("actor")[1], registry=registry
    )
    heads_key = ring.signing_key("heads")
    other_purpose = jws.serialize_compact(
        {**head, "kid": heads_key[0]}, json.dumps(claims), heads_key[1], registry=registry
    )
    assert refusal(f"{header}.{risen}.{signature}", ring) == "signature"
    assert refusal(with_strangers_key, ring) == "signature"
    assert refusal(sign(stranger, WHO, **FOR, at=AT), ring) == "unknown_key"
    assert refusal(other_purpose, ring) == "unknown_key"
    assert refusal(f"{_b64({**head, 'alg': 'none'})}.{payload}.", ring) == "malformed"
    assert refusal(f"{_b64({**head, 'alg': 'HS256'})}.{payload}.{signature}", ring) == "malformed"
    assert refusal(f"{_b64({**head, 'typ': 'JWT'})}.{payload}.{signature}", ring) == "malformed"
    for foul in ("", ".", "a.b.c", "..", token + ".x", "é.é.é", "x" * 9000, f"{_b64([])}.{payload}.{signature}"):
        assert refusal(foul, ring) == "malformed"


def test_a_signed_text_that_is_no_claim_is_refused(ring: Keyring) -> None:
    kid, key = ring.signing_key("actor")
    head = {"alg": "Ed25519", "kid": kid, "typ": TYPE}
    registry = jws.JWSRegistry(algorithms=["Ed25519"])
    for text in ("", "[]", "null", '{"subject": 1}', "not json"):
        assert refusal(jws.serialize_compact(head, text, key, registry=registry), ring) == "malformed"


def test_an_auditor_checks_at_the_moment_recorded(ring: Keyring, tmp_path: Path) -> None:
    token = sign(ring, WHO, **FOR, at=AT)
    Keyring.rotate(tmp_path / "keys", "actor")
    years_later = Keyring.load(tmp_path / "keys")
    assert verify(token, years_later, **FOR, at=AT).subject == "zhao.min"
