"""Assembly of a service's HTTP application."""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import structlog
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel
from sqlalchemy import Table
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.kit import error_handling
from services.kit.auth import RefusalRecorder, public
from services.kit.http import http_client
from services.kit.problems import Problem, ProblemBody, catalogue
from services.kit.router import KitRoute, Router
from services.kit.settings import ServiceSettings
from services.kit.telemetry import describe
from services.kit.tokens import Issuer, TokenVerifier

ReadinessCheck = Callable[[], Awaitable[None]]
"""Raises when what it stands for is not there."""

_log = structlog.get_logger(__name__)


class UndeclaredRoute(RuntimeError):
    """Routes that do not say who may call them. Such an app does not start."""


def build_app(
    *,
    title: str,
    settings: ServiceSettings,
    routers: Sequence[APIRouter],
    description: str = "",
    version: str = "1",
    idempotency: Table | None = None,
    readiness: dict[str, ReadinessCheck] | None = None,
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]] | None = None,
    refusal_recorder: RefusalRecorder | None = None,
) -> FastAPI:
    """The application of one service.

    ``readiness`` names what ``/readyz`` asks (the issuers are always asked); ``idempotency`` is the service's table of
    keys. Raises ``UndeclaredRoute`` when a route declares neither ``allow(…)`` nor ``public()``, and
    ``SettingsRefused`` without an audience.
    """
    settings.required("audience", "staff_issuer", "borrower_issuer")
    issuers = http_client(timeout=5.0)
    verifier = TokenVerifier(
        Issuer(settings.staff_issuer, issuers), Issuer(settings.borrower_issuer, issuers), settings.audience
    )

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        try:
            if lifespan is None:
                yield
            else:
                async with lifespan(app):
                    yield
        finally:
            await issuers.aclose()

    app = FastAPI(
        title=title,
        description=description,
        version=version,
        lifespan=life,
        # A redirect would be built from the Host header the caller sent.
        redirect_slashes=False,
        # The interactive pages would load scripts from outside; the document itself is at /openapi.json.
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        telemetry={"operation_spans": False, "logs": False, "exclude": _is_probe},
    )
    app.state.settings = settings
    app.state.token_verifier = verifier
    app.state.refusal_recorder = refusal_recorder
    app.state.idempotency_table = idempotency
    error_handling.install(app)
    checks = {**(readiness or {}), "issuers": _issuers_check(verifier)}
    for router in (*routers, _operations(checks)):
        app.include_router(router)
    _check_declarations(app)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    app.add_middleware(_Envelope)
    return app


class Health(BaseModel):
    """The process answers."""

    status: str


class Readiness(BaseModel):
    """What the service needs, and whether it is there."""

    ready: bool
    checks: dict[str, bool]


class ProblemDescription(BaseModel):
    """One kind of problem, as the catalogue has it."""

    code: str
    status: int
    title_zh: str
    title_en: str
    retryable: bool


def _operations(checks: dict[str, ReadinessCheck]) -> Router:
    router = Router(tags=["operations"])

    @router.get("/healthz", dependencies=[public()], response_model=Health)
    async def healthz() -> Health:
        """The process is alive."""
        return Health(status="ok")

    @router.get(
        "/readyz",
        dependencies=[public()],
        response_model=Readiness,
        responses={503: {"model": Readiness, "description": "Something needed is missing"}},
    )
    async def readyz(request: Request) -> Any:
        """The service can do its work: its database and the identity providers answer."""
        results: dict[str, bool] = {}
        for name, check in checks.items():
            try:
                await check()
                results[name] = True
            except Exception as error:
                _log.warning("not_ready", check=name, error=type(error).__name__)
                results[name] = False
        ready = all(results.values())
        return _json(Readiness(ready=ready, checks=results), 200 if ready else 503)

    @router.get("/problems", dependencies=[public()], response_model=list[ProblemDescription])
    async def problems() -> list[ProblemDescription]:
        """The catalogue of problems: every code a client may meet."""
        return [_describe(code) for code in catalogue()]

    @router.get("/problems/{code}", dependencies=[public()], response_model=ProblemDescription)
    async def problem(code: str) -> ProblemDescription:
        """One kind of problem; the ``type`` of every problem answer leads here."""
        if code not in catalogue():
            raise Problem("not_found")
        return _describe(code)

    @router.get("/openapi.json", dependencies=[public()], include_in_schema=False)
    async def openapi(request: Request) -> dict[str, Any]:
        document: dict[str, Any] = request.app.openapi()
        return document

    return router


def _describe(code: str) -> ProblemDescription:
    entry = catalogue()[code]
    return ProblemDescription(
        code=entry.code,
        status=entry.status,
        title_zh=entry.title_zh,
        title_en=entry.title_en,
        retryable=entry.retryable,
    )


def _json(model: BaseModel, status: int) -> Any:
    return Response(model.model_dump_json(), status, media_type="application/json")


def _issuers_check(verifier: TokenVerifier) -> ReadinessCheck:
    async def check() -> None:
        for issuer in verifier.issuers:
            await issuer.check()

    return check


def _is_probe(scope: Any) -> bool:
    return scope.get("path") in ("/healthz", "/readyz")


def _check_declarations(app: FastAPI) -> None:
    undeclared = []
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if not isinstance(route, KitRoute) or not (route.allowed or route.is_public):
            undeclared.append(str(getattr(context, "path", route)))
    if undeclared:
        raise UndeclaredRoute("routes that do not declare who may call them: " + ", ".join(sorted(undeclared)))


def _openapi(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema:
        return app.openapi_schema
    document = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes, openapi_version="3.1.0"
    )
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schema = ProblemBody.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(schema.pop("$defs", {}))
    schemas["ProblemBody"] = schema
    components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    for path in document["paths"].values():
        for operation in path.values():
            _finish_operation(operation)
    # The framework's own error shape is never sent.
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    app.openapi_schema = document
    return document


def _finish_operation(operation: dict[str, Any]) -> None:
    if "x-suandai-roles" in operation:
        operation["security"] = [{"bearer": []}]
    for parameter in operation.get("parameters", []):
        if parameter["name"] in ("Idempotency-Key", "If-Match"):
            parameter["required"] = True
            parameter["schema"] = {"type": "string", "minLength": 1, "maxLength": 255}


class _Envelope:
    """Outermost layer of the app: a request id both ways, and a 500 that says nothing but where to look."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        request_id = _request_id(request.headers.get("x-request-id", ""))
        request.state.request_id = request_id
        started = False

        async def send_with_id(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = [
                    *message.get("headers", []),
                    (b"x-request-id", request_id.encode()),
                    (b"x-content-type-options", b"nosniff"),
                ]
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self.app(scope, receive, send_with_id)
            except Exception as error:
                _log.error("request_failed", code="internal_error", failure=describe(error))
                if started:
                    raise
                answer = error_handling.render(request, Problem("internal_error"))
                await answer(scope, receive, send_with_id)


def _request_id(given: str) -> str:
    """The caller's id where it is a plain one; ids end up in logs, where other text has no business."""
    plain = given.replace("-", "").replace("_", "")
    return given if 8 <= len(given) <= 80 and plain.isascii() and plain.isalnum() else secrets.token_hex(16)
