"""Callers of any kind at the session's bank, and the routes as the services publish them."""

import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from domain.roles import BORROWER_ROLES, HEAD_OFFICE, SERVICE_ROLES, Role
from suandai.stack.accounts import audience
from suandai.stack.identity_provider import PUBLIC_CLIENT, IdentityProvider
from tests.fixtures.stack import BankStack

SERVICES = ("origination", "pricing", "collateral", "core-banking")
each_service = pytest.mark.parametrize("service", SERVICES)


@dataclass(frozen=True)
class Operation:
    """A route with its method, as the service's own OpenAPI document has it."""

    service: str
    method: str
    path: str
    document: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def roles(self) -> frozenset[str]:
        return frozenset(self.document.get("x-suandai-roles", ()))

    @property
    def is_public(self) -> bool:
        return "x-suandai-roles" not in self.document

    @property
    def scope(self) -> str:
        return str(self.document.get("x-suandai-scope", "none"))

    def required(self, place: str) -> list[str]:
        """Names of required parameters of the query, the headers or the path."""
        parameters = self.document.get("parameters", [])
        return [entry["name"] for entry in parameters if entry["in"] == place and entry["required"]]


@dataclass(frozen=True)
class Caller:
    """Somebody with a role, and where they belong."""

    role: Role
    branch: str = ""
    uscc: str = ""
    subject: str = ""

    @property
    def name(self) -> str:
        return self.subject or f"{self.role}.{self.branch or self.uscc}"


class Tokens:
    """Access tokens as the two issuers make them, signed with the issuers' own keys: a walk over all routes needs callers of
    every role, branch, borrower and audience, and tokens that an issuer would not give away any more."""

    def __init__(self, bank_stack: BankStack) -> None:
        self._stack = bank_stack
        self._keys: dict[str, RSAKey] = {}
        self._strange_key = RSAKey.generate_key(2048)

    def of(self, caller: Caller, service: str, **claims: Any) -> str:
        provider = self._issuer(caller)
        now = int(time.time())
        is_service = caller.role in SERVICE_ROLES
        own = f"suandai-{caller.role.value.removeprefix('service:')}" if is_service else PUBLIC_CLIENT
        content: dict[str, Any] = {
            "iss": provider.issuer,
            "sub": own if is_service else caller.name,
            "client_id": own,
            "aud": audience(service),
            "iat": now,
            "exp": now + 1800,
            "jti": str(uuid4()),
            "token_use": "access",
        }
        if is_service:
            content["scope"] = caller.role.value
        else:
            place = {"uscc": caller.uscc} if caller.role in BORROWER_ROLES else {"branch": caller.branch}
            content |= {"roles": [caller.role.value], "attributes": place}
        return self._signed(provider, content | claims)

    def forged(self, caller: Caller, service: str) -> str:
        """The same claims under a key of the caller's own making."""
        token = self.of(caller, service)
        claims = jwt.decode(token, self._key(self._issuer(caller))).claims
        return jwt.encode({"alg": "RS256", "kid": self._kid(self._issuer(caller))}, claims, self._strange_key)

    def _issuer(self, caller: Caller) -> IdentityProvider:
        assembly = self._stack.assembly
        return assembly.borrowers if caller.role in BORROWER_ROLES else assembly.staff

    def _signed(self, provider: IdentityProvider, claims: dict[str, Any]) -> str:
        return jwt.encode({"alg": "RS256", "kid": self._kid(provider)}, claims, self._key(provider))

    def _key(self, provider: IdentityProvider) -> RSAKey:
        if provider.name not in self._keys:
            pem = (provider.directory / "keys" / "rsa_private.pem").read_text()
            self._keys[provider.name] = RSAKey.import_key(pem)
        return self._keys[provider.name]

    @staticmethod
    def _kid(provider: IdentityProvider) -> str:
        return (provider.directory / "keys" / "kid.txt").read_text().strip()


@pytest.fixture(scope="session")
def minted(bank_stack: BankStack) -> Tokens:
    """Tokens of anybody."""
    return Tokens(bank_stack)


@pytest.fixture(scope="session")
def operations(bank_stack: BankStack) -> dict[str, list[Operation]]:
    """Every operation of every service, from the documents the running services serve."""
    return {service: list(_operations(bank_stack.urls[service], service)) for service in SERVICES}


def _operations(url: str, service: str) -> Iterator[Operation]:
    document = httpx.get(f"{url}/openapi.json", timeout=30, trust_env=False).json()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield Operation(service, method.upper(), path, operation)


def caller_of(role: Role, branch: str, uscc: str) -> Caller:
    """A caller of a role where such callers belong."""
    if role in BORROWER_ROLES:
        return Caller(role, uscc=uscc)
    return Caller(role) if role in SERVICE_ROLES else Caller(role, branch=branch)


def at_head_office(role: Role) -> Caller:
    return Caller(role, branch=HEAD_OFFICE)


def some_key() -> str:
    return secrets.token_hex(16)
