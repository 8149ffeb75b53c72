"""Who may call a route, declared on the route itself.

``who: Annotated[Principal, allow("reviewer")]`` or ``dependencies=[allow("reviewer")]``. The declaration is checked
before the body is read, published as ``x-suandai-roles`` in the OpenAPI document, and required: an app with a route
that says nothing does not start.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from fastapi import Depends, Request

from services.kit.database import now
from services.kit.principal import Principal
from services.kit.problems import Problem
from services.kit.telemetry import trace_of
from services.kit.tokens import IssuerUnreachable, TokenRefused, TokenVerifier

ANYONE = "*"
"""Any verified caller, whatever the role."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Refusal:
    """An access that was refused, for the record: who (as far as known), what, and by which code."""

    principal: Principal | None
    method: str
    route: str
    """The route's template, ``/v1/tasks/{task_id}/{verb}``; the object asked for is in ``path``."""
    path: str
    code: str
    reason: str
    trace_id: str
    at: datetime


RefusalRecorder = Callable[[Refusal], Awaitable[None]]


class Allowed:
    """The dependency behind ``allow``: verifies the token once per request and checks the role."""

    def __init__(self, roles: frozenset[str], scope: str) -> None:
        self.roles = roles
        self.scope = scope

    async def __call__(self, request: Request) -> Principal:
        who = await authenticated(request)
        if ANYONE not in self.roles and not who.has(*self.roles):
            await record_refusal(request, "forbidden", principal=who, reason="role")
            raise Problem("forbidden")
        return who


class Public:
    """Marks a route that needs no caller: health, readiness, problem descriptions."""

    async def __call__(self) -> None:
        return None


def allow(*roles: str, scope: str = "none") -> Any:
    """Declare the roles that may call a route.

    ``scope`` says by what the objects behind it are limited (``none``, ``branch``, ``case``, ``borrower`` …); the
    route's store applies it, the declaration lets a test walk every route with a foreign object.
    """
    if not roles:
        raise ValueError("a route allowed to nobody is a mistake; use public() for one that is open to all")
    return Depends(Allowed(frozenset(roles), scope))


def public() -> Any:
    """Declare that a route needs no token."""
    return Depends(Public())


async def authenticated(request: Request) -> Principal:
    """The verified caller of this request. Raises the problems ``unauthenticated`` (401) and ``unavailable`` (503)."""
    known = getattr(request.state, "principal", None)
    if isinstance(known, Principal):
        return known
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    verifier: TokenVerifier = request.app.state.token_verifier
    try:
        if scheme.lower() != "bearer" or not token.strip():
            raise TokenRefused("no bearer token")
        who = await verifier.principal(token.strip())
    except TokenRefused as refused:
        await record_refusal(request, "unauthenticated", principal=None, reason=str(refused))
        # RFC 6750 §3.1: a request without credentials learns only the scheme.
        challenge = 'Bearer error="invalid_token"' if token else "Bearer"
        raise Problem("unauthenticated", headers={"WWW-Authenticate": challenge}) from None
    except IssuerUnreachable:
        raise Problem("unavailable", headers={"Retry-After": "5"}) from None
    request.state.principal = who
    return who


async def record_refusal(request: Request, code: str, *, principal: Principal | None, reason: str = "") -> None:
    """Hand a refusal to the service's recorder. Services call it too, for refusals only they can see (a foreign object,
    duties that must be apart). A recorder that fails is logged; the refusal stands."""
    route = request.scope.get("route")
    refusal = Refusal(
        principal=principal,
        method=request.method,
        route=str(getattr(route, "path", "")),
        path=request.url.path[:300],
        code=code,
        reason=reason,
        trace_id=trace_of(request),
        at=now(),
    )
    recorder: RefusalRecorder | None = getattr(request.app.state, "refusal_recorder", None)
    _log.info("access_refused", route=refusal.route, method=refusal.method, code=code, reason=reason)
    if recorder is not None:
        try:
            await recorder(refusal)
        except Exception as error:
            _log.error("refusal_not_recorded", error=type(error).__name__)
