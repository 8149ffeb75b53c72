"""Verification of access tokens against the issuers' published keys."""

import asyncio
import base64
import binascii
import hashlib
import json
import time
from dataclasses import dataclass
from typing import Any

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from domain.roles import BORROWER_ROLES, SERVICE_ROLES, STAFF_ROLES
from services.kit.principal import Principal, PrincipalKind

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "Ed25519", "EdDSA"]
"""Asymmetric signatures only: with a shared-secret algorithm the public key would do as the secret."""

_LONGEST_TOKEN = 8192
_LEEWAY = 30
_MOST_KEPT = 2000
"""Proven tokens that are remembered; the oldest goes first."""


class TokenRefused(Exception):
    """The token proves nothing. The reason is for our log; a caller learns only that the token was refused."""


class IssuerUnreachable(Exception):
    """The issuer's keys cannot be read, so no token of it can be judged."""


class Issuer:
    """One identity provider: its keys, found through its discovery document and refreshed when an unknown key appears.

    ``keep`` and ``pause`` are seconds: how long keys are trusted without asking again, and how soon an unknown key id
    may cause another look, so that forged key ids cannot be used to flood the provider.
    """

    def __init__(self, url: str, client: httpx.AsyncClient, *, keep: float = 600.0, pause: float = 5.0) -> None:
        self.url = url.rstrip("/")
        self._given = url
        self._client = client
        self._keep = keep
        self._pause = pause
        self._keys: KeySet | None = None
        self._key_ids: frozenset[str] = frozenset()
        self._loaded = 0.0
        self._lock = asyncio.Lock()

    async def keys(self, key_id: str) -> KeySet:
        """The current keys; asked for anew when they are old or do not hold ``key_id``. Raises
        ``IssuerUnreachable``."""
        async with self._lock:
            age = time.monotonic() - self._loaded
            stale = self._keys is None or age > self._keep or (key_id not in self._key_ids and age > self._pause)
            if stale:
                await self._load()
            assert self._keys is not None
            return self._keys

    async def check(self) -> None:
        """Raises ``IssuerUnreachable`` when no keys are held and none can be read; for ``/readyz``."""
        async with self._lock:
            if self._keys is None:
                await self._load()

    async def _load(self) -> None:
        try:
            discovery = await self._json(f"{self.url}/.well-known/openid-configuration")
            if str(discovery.get("issuer", "")).rstrip("/") != self.url:
                raise IssuerUnreachable("the discovery document names another issuer")
            document = await self._json(str(discovery["jwks_uri"]))
            # A symmetric key in a public key set would let anyone sign.
            usable = [key for key in document["keys"] if key.get("kty") != "oct" and key.get("use", "sig") == "sig"]
            keys = KeySet.import_key_set({"keys": usable})
        except (httpx.HTTPError, JoseError, KeyError, TypeError, ValueError) as error:
            if self._keys is not None:
                # Known keys outlive a short outage of the provider; they are asked for again at the next unknown key.
                self._loaded = time.monotonic()
                return
            raise IssuerUnreachable(type(error).__name__) from None
        self._keys = keys
        self._key_ids = frozenset(str(key.get("kid", "")) for key in usable)
        self._loaded = time.monotonic()

    async def _json(self, url: str) -> dict[str, Any]:
        answer = await self._client.get(url)
        answer.raise_for_status()
        document = answer.json()
        if not isinstance(document, dict):
            raise ValueError("not a JSON object")
        return document


@dataclass(frozen=True, slots=True)
class _Proven:
    """A token whose signature held under these keys, until it expires (seconds since 1970)."""

    principal: Principal
    issuer: Issuer
    key_id: str
    keys: KeySet
    expires: float


class TokenVerifier:
    """Turns a bearer token into a ``Principal``.

    Staff and service accounts come from the staff issuer, borrowers' users from their own; neither issuer can grant a
    role of the other's, whatever its tokens claim.
    """

    def __init__(self, staff: Issuer, borrower: Issuer, audience: str) -> None:
        if not audience:
            raise ValueError("a service without an audience would accept tokens made for others")
        self._issuers = {staff.url: staff, borrower.url: borrower}
        self._borrower = borrower.url
        self._audience = audience
        self._proven: dict[bytes, _Proven] = {}

    @property
    def issuers(self) -> tuple[Issuer, ...]:
        return tuple(self._issuers.values())

    async def principal(self, token: str) -> Principal:
        """The caller a token proves. Raises ``TokenRefused`` or ``IssuerUnreachable``.

        A signature is computed once for each token and set of keys: when the issuer's keys are read anew it is proven anew.
        Whether the token has expired is asked every time.
        """
        digest = hashlib.sha256(token.encode()).digest()
        known = self._proven.get(digest)
        issuer, key_id = (known.issuer, known.key_id) if known is not None else self._named(token)
        keys = await issuer.keys(key_id)
        if known is None or known.keys is not keys:
            known = self._prove(token, issuer, key_id, keys)
            self._keep(digest, known)
        if time.time() > known.expires + _LEEWAY:
            raise TokenRefused("ExpiredTokenError")
        return known.principal

    def _named(self, token: str) -> tuple[Issuer, str]:
        """The issuer and the key a token names."""
        header, claimed = _unverified(token)
        issuer = self._issuers.get(str(claimed.get("iss", "")).rstrip("/"))
        if issuer is None:
            raise TokenRefused("unknown issuer")
        return issuer, str(header.get("kid", ""))

    def _prove(self, token: str, issuer: Issuer, key_id: str, keys: KeySet) -> _Proven:
        try:
            claims = jwt.decode(token, keys, algorithms=ALGORITHMS).claims
            jwt.JWTClaimsRegistry(
                leeway=_LEEWAY,
                iss={"essential": True},
                aud={"essential": True, "value": self._audience},
                exp={"essential": True},
                sub={"essential": True},
            ).validate(claims)
        except (JoseError, ValueError) as error:
            raise TokenRefused(type(error).__name__) from None
        # Identity and refresh tokens are signed by the same keys; only access tokens may open anything.
        if claims.get("token_use", "access") != "access" or claims.get("typ", "Bearer") != "Bearer":
            raise TokenRefused("not an access token")
        return _Proven(self._principal(claims, issuer.url, token), issuer, key_id, keys, float(claims["exp"]))

    def _keep(self, digest: bytes, proven: _Proven) -> None:
        self._proven[digest] = proven
        if len(self._proven) > _MOST_KEPT:
            del self._proven[next(iter(self._proven))]

    def _principal(self, claims: dict[str, Any], issuer: str, token: str) -> Principal:
        kind = self._kind(claims, issuer)
        # Branch and borrower stand in the issuer's own ``attributes``. A claim of that name at the top level may have
        # been put there at the client's wish and is worth nothing.
        given = claims.get("attributes")
        attributes = given if isinstance(given, dict) else {}
        return Principal(
            subject=_text(claims["sub"], 200),
            kind=kind,
            roles=_roles(claims, kind),
            branch=_text(attributes.get("branch", ""), 40) if kind == "staff" else "",
            uscc=_text(attributes.get("uscc", ""), 18) if kind == "borrower" else "",
            token_id=_text(claims.get("jti", ""), 200) or hashlib.sha256(token.encode()).hexdigest(),
            issuer=issuer,
        )

    def _kind(self, claims: dict[str, Any], issuer: str) -> PrincipalKind:
        if issuer == self._borrower:
            return "borrower"
        own_account = claims["sub"] == claims.get("client_id") and bool(_granted_scopes(claims))
        return "service" if own_account else "staff"


def _granted_scopes(claims: dict[str, Any]) -> set[str]:
    """The ``service:*`` scopes of a client-credentials token: which component of ours it was issued to."""
    scopes = claims.get("scope", "")
    return {scope for scope in scopes.split() if scope in SERVICE_ROLES} if isinstance(scopes, str) else set()


def _roles(claims: dict[str, Any], kind: PrincipalKind) -> tuple[str, ...]:
    if kind == "service":
        return tuple(sorted(_granted_scopes(claims)))
    given = claims.get("roles", [])
    named = {role for role in given if isinstance(role, str)} if isinstance(given, list) else set()
    return tuple(sorted(named & (BORROWER_ROLES if kind == "borrower" else STAFF_ROLES)))


def _text(value: object, longest: int) -> str:
    if not isinstance(value, str) or len(value) > longest or not value.isprintable():
        raise TokenRefused("a claim is not a plain text")
    return value


def _unverified(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims as they stand, only to find the issuer and key to verify them with."""
    parts = token.split(".")
    if len(token) > _LONGEST_TOKEN or len(parts) != 3:
        raise TokenRefused("not a signed token")
    decoded = []
    for part in parts[:2]:
        try:
            value = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        except (binascii.Error, ValueError, RecursionError):
            raise TokenRefused("not a signed token") from None
        if not isinstance(value, dict):
            raise TokenRefused("not a signed token")
        decoded.append(value)
    return decoded[0], decoded[1]
