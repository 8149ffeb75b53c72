"""The one place from which suandai calls other services over HTTP."""

import asyncio
import random
from collections.abc import Mapping
from typing import Any, Protocol, TypeVar

import httpx
from pydantic import BaseModel, TypeAdapter, ValidationError

from services.kit.database import in_transaction
from services.kit.problems import FaultBody, ProblemBody

M = TypeVar("M")

TIMEOUT = httpx.Timeout(30.0, connect=3.0, pool=5.0)

_RETRIED_STATUS = {502, 503, 504}
_LARGEST_ANSWER = 32_000_000


class RemoteProblem(Exception):
    """Another service refused: its problem, so that a caller can act on the code."""

    def __init__(
        self, status: int, code: str, errors: tuple[FaultBody, ...] = (), *, title: str = "", retryable: bool = False
    ) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code
        self.errors = errors
        self.title = title
        self.retryable = retryable


class RemoteUnavailable(Exception):
    """Another service gave no answer. Whether the request had an effect is unknown; the same key may be sent again."""


class RemoteUnusable(RemoteUnavailable):
    """Another service answered with something that is not what its contract says."""


class CallInsideTransaction(RuntimeError):
    """A network call was tried while a database transaction was open: a programming error."""


class TokenSource(Protocol):
    """Where the bearer token of outgoing calls comes from."""

    async def token(self) -> str:
        """A token valid for at least the next few seconds."""
        ...

    async def refused(self, token: str) -> None:
        """The other side did not accept this token; do not hand it out again."""
        ...


def http_client(**options: Any) -> httpx.AsyncClient:
    """A connection pool; one a process and neighbour, closed with ``aclose``."""
    if "transport" not in options:
        # The machine's proxy settings are meant for the outside world; a certificate authority set there is ours too.
        options["verify"] = httpx.create_ssl_context(trust_env=True)
    limits = httpx.Limits(max_connections=50, max_keepalive_connections=20, keepalive_expiry=30)
    given = {"timeout": TIMEOUT, "limits": limits, "follow_redirects": False, "trust_env": False, **options}
    return httpx.AsyncClient(**given)


class ServiceClient:
    """Base of the typed clients: token, Idempotency-Key, bounded retries, problems as exceptions, answers validated.

    Only calls that may safely be repeated are: reads (also those that ask by a body), and calls with an Idempotency-Key,
    which carry the same key again.
    """

    def __init__(
        self,
        base_url: str,
        tokens: TokenSource | None,
        *,
        client: httpx.AsyncClient | None = None,
        attempts: int = 3,
        pause: float = 0.2,
    ) -> None:
        self._base = base_url.rstrip("/")
        self._tokens = tokens
        self._client = client or http_client()
        self._attempts = attempts
        self._pause = pause

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def call(
        self,
        method: str,
        path: str,
        answer: type[M] | TypeAdapter[M],
        *,
        body: BaseModel | None = None,
        content: bytes | None = None,
        params: Mapping[str, str | int] | None = None,
        idempotency_key: str = "",
        headers: Mapping[str, str] | None = None,
        reads: bool = False,
    ) -> M:
        """Call a route and validate its answer as ``answer``. ``reads`` says of a POST that it changes nothing.

        Raises ``RemoteProblem`` for a refusal, ``RemoteUnavailable`` where there was no usable answer.
        """
        response = await self.send(
            method,
            path,
            body=body,
            content=content,
            params=params,
            idempotency_key=idempotency_key,
            headers=headers,
            reads=reads,
        )
        adapter = answer if isinstance(answer, TypeAdapter) else TypeAdapter(answer)
        try:
            return adapter.validate_json(response.content)
        except ValidationError as error:
            raise RemoteUnusable(f"{method} {path}: {error.error_count()} faults in the answer") from None

    async def send(
        self,
        method: str,
        path: str,
        *,
        body: BaseModel | None = None,
        content: bytes | None = None,
        params: Mapping[str, str | int] | None = None,
        idempotency_key: str = "",
        headers: Mapping[str, str] | None = None,
        reads: bool = False,
    ) -> httpx.Response:
        """Call a route and return the response, which is a success (2xx)."""
        if in_transaction():
            raise CallInsideTransaction(f"{method} {path}")
        outgoing = dict(headers or {})
        if idempotency_key:
            outgoing["Idempotency-Key"] = idempotency_key
        if body is not None:
            content = body.model_dump_json(by_alias=True).encode()
            outgoing["Content-Type"] = "application/json"
        repeatable = reads or method in ("GET", "HEAD") or bool(idempotency_key)
        attempts = self._attempts if repeatable else 1
        renewed = False
        attempt = 0
        while True:
            attempt += 1
            token = await self._tokens.token() if self._tokens is not None else ""
            if token:
                outgoing["Authorization"] = f"Bearer {token}"
            try:
                response = await self._client.request(
                    method, self._base + path, content=content, params=params, headers=outgoing
                )
            except httpx.TransportError as error:
                if attempt >= attempts:
                    raise RemoteUnavailable(f"{method} {path}: {type(error).__name__}") from None
                await self._wait(attempt)
                continue
            if response.status_code == 401 and self._tokens is not None and not renewed:
                # The issuer may have rotated its keys or revoked the token; one new token is tried, no more.
                renewed = True
                attempt -= 1
                await self._tokens.refused(token)
                continue
            if response.is_success:
                if len(response.content) > _LARGEST_ANSWER:
                    raise RemoteUnusable(f"{method} {path}: the answer is too large")
                return response
            problem = remote_problem(response)
            again = response.status_code in _RETRIED_STATUS or problem.code == "request_in_progress"
            if not again or attempt >= attempts:
                if response.status_code in _RETRIED_STATUS:
                    raise RemoteUnavailable(f"{method} {path}: {response.status_code} {problem.code}") from None
                raise problem
            await self._wait(attempt)

    async def _wait(self, attempt: int) -> None:
        # Jitter keeps callers that failed together from coming back together.
        await asyncio.sleep(self._pause * 2 ** (attempt - 1) * random.uniform(0.5, 1.5))  # noqa: S311 spreads retries, hides nothing


def remote_problem(response: httpx.Response) -> RemoteProblem:
    """The problem in an answer; an answer that is none becomes ``http_<status>``."""
    try:
        body = ProblemBody.model_validate_json(response.content)
    except ValidationError:
        return RemoteProblem(response.status_code, f"http_{response.status_code}")
    return RemoteProblem(
        response.status_code, body.code, tuple(body.errors), title=body.title, retryable=body.retryable
    )
