"""Who acted, provably: origination's signature over person, command, workflow and update (compact JWS, RFC 7515,
Ed25519).

The worker checks it before a validator sees the command; an auditor checks it again years later. It holds for one
update of one workflow with one content, so that an assertion copied from a history proves nothing anywhere else.
"""

import json
from datetime import UTC, datetime, timedelta

from joserfc import jws
from joserfc.errors import JoseError
from pydantic import ValidationError

from domain.assertion import ActorClaims
from services.kit.keyring import Keyring
from services.kit.principal import Principal

TYPE = "suandai-actor+jws"
ALGORITHM = "Ed25519"
LIFETIME = timedelta(minutes=15)
"""Longer than a command waits for a busy worker, shorter than anyone could make use of a stolen one."""

_LONGEST = 8192
# The server's and the worker's clocks need not agree to the second.
_SKEW = timedelta(seconds=60)
_REGISTRY = jws.JWSRegistry(algorithms=[ALGORITHM])


class AssertionRefused(ValueError):
    """The assertion does not prove that this person sent this command. ``reason`` is a stable word for logs and
    tests."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def sign(
    keyring: Keyring,
    who: Principal,
    *,
    workflow_id: str,
    update_id: str,
    command_sha256: str,
    at: datetime | None = None,
    lifetime: timedelta = LIFETIME,
) -> str:
    """The assertion for one command of a verified caller. ``at`` is the present unless a test says otherwise."""
    key_id, key = keyring.signing_key("actor")
    issued = (at or datetime.now(UTC)).replace(microsecond=0)
    claims = ActorClaims(
        subject=who.subject,
        roles=who.roles,
        token_id=who.token_id,
        workflow_id=workflow_id,
        update_id=update_id,
        command_sha256=command_sha256,
        issued_at=issued,
        expires_at=issued + lifetime,
        key_id=key_id,
    )
    header = {"alg": ALGORITHM, "kid": key_id, "typ": TYPE}
    return jws.serialize_compact(header, claims.model_dump_json(), key, registry=_REGISTRY)


def verify(
    token: str, keyring: Keyring, *, workflow_id: str, update_id: str, command_sha256: str, at: datetime
) -> ActorClaims:
    """The claims of an assertion made for exactly this update. ``at`` is the worker's clock when the update
    reaches it; an auditor passes the moment recorded in the history.

    Raises ``AssertionRefused`` with ``malformed | unknown_key | signature | expired | not_yet_valid | moved |
    other_command``.
    """
    claims = verified_claims(token, keyring)
    if claims.workflow_id != workflow_id or claims.update_id != update_id:
        raise AssertionRefused("moved")
    if claims.command_sha256 != command_sha256:
        raise AssertionRefused("other_command")
    if at > claims.expires_at:
        raise AssertionRefused("expired")
    if at < claims.issued_at - _SKEW:
        raise AssertionRefused("not_yet_valid")
    return claims


def verified_claims(token: str, keyring: Keyring) -> ActorClaims:
    """The claims our key signed, whatever they were signed for. Raises ``AssertionRefused``."""
    if len(token) > _LONGEST:
        raise AssertionRefused("malformed")
    try:
        unverified = jws.extract_compact(token.encode("ascii"))
        header = unverified.headers()
    except (JoseError, ValueError):
        raise AssertionRefused("malformed") from None
    if header.get("typ") != TYPE or header.get("alg") != ALGORITHM:
        raise AssertionRefused("malformed")
    key = keyring.public_key("actor", str(header.get("kid", "")))
    if key is None:
        raise AssertionRefused("unknown_key")
    try:
        verified = jws.deserialize_compact(token, key, registry=_REGISTRY)
    except (JoseError, ValueError):
        raise AssertionRefused("signature") from None
    try:
        claims = ActorClaims.model_validate(json.loads(verified.payload or b""))
    except (ValidationError, ValueError):
        raise AssertionRefused("malformed") from None
    if claims.key_id != header["kid"]:
        raise AssertionRefused("malformed")
    return claims
