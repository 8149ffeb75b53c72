"""Calls of one service to another: retried only where that is safe, refusals as exceptions, answers checked."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from domain.model import Value
from services.kit.http import RemoteProblem, RemoteUnavailable, RemoteUnusable, ServiceClient
from services.kit.service_token import ClientCredentials, FixedToken

Answer = Callable[[httpx.Request], httpx.Response]


class Quote(Value):
    rate: str


class Neighbour:
    """A neighbour that gives the answers it was told to, in order, the last one for ever."""

    def __init__(self, *answers: Answer | httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else answer(request)

    def client(self, tokens: Any = None) -> ServiceClient:
        wire = httpx.AsyncClient(transport=httpx.MockTransport(self))
        return ServiceClient("http://pricing/", tokens or FixedToken("t"), client=wire, pause=0.001)


def problem(status: int, code: str, **members: Any) -> httpx.Response:
    body = {"type": f"/problems/{code}", "title": code, "status": status, "code": code, **members}
    return httpx.Response(status, content=json.dumps(body), headers={"Content-Type": "application/problem+json"})


OK = httpx.Response(200, json={"rate": "0.0385"})


async def test_an_answer_is_a_typed_value() -> None:
    neighbour = Neighbour(OK)
    quote = await neighbour.client().call(
        "POST", "/v1/quotes", Quote, body=Quote(rate="0.03"), idempotency_key="case-1:quote", params={"dry_run": "true"}
    )
    (sent,) = neighbour.requests
    assert quote == Quote(rate="0.0385")
    assert (str(sent.url), sent.headers["idempotency-key"]) == (
        "http://pricing/v1/quotes?dry_run=true",
        "case-1:quote",
    )
    assert (sent.headers["authorization"], json.loads(sent.content)) == ("Bearer t", {"rate": "0.03"})


async def test_a_refusal_carries_its_code_and_faults() -> None:
    fault = {"pointer": "/rate", "code": "missing", "message": "this is required"}
    neighbour = Neighbour(problem(422, "invalid_request", errors=[fault], unknown_member=1))
    with pytest.raises(RemoteProblem) as refused:
        await neighbour.client().call("POST", "/v1/quotes", Quote, idempotency_key="k")
    assert (refused.value.status, refused.value.code, refused.value.errors[0].pointer) == (
        422,
        "invalid_request",
        "/rate",
    )
    assert len(neighbour.requests) == 1


async def test_an_answer_against_the_contract_is_no_answer() -> None:
    for answer in (httpx.Response(200, json={"rates": []}), httpx.Response(200, content=b"<html>")):
        with pytest.raises(RemoteUnusable):
            await Neighbour(answer).client().call("GET", "/v1/x", Quote)
    with pytest.raises(RemoteProblem) as refused:
        await Neighbour(httpx.Response(418, content=b"<html>")).client().call("GET", "/v1/x", Quote)
    assert refused.value.code == "http_418"


@pytest.mark.parametrize(
    "trouble",
    [
        httpx.ConnectError("down"),
        httpx.ReadTimeout("slow"),
        problem(503, "unavailable"),
        httpx.Response(502, content=b"<html>"),
        problem(409, "request_in_progress"),
    ],
)
async def test_what_may_be_repeated_is_repeated_with_the_same_key(trouble: Any) -> None:
    neighbour = Neighbour(trouble, trouble, OK)
    assert await neighbour.client().call("POST", "/v1/x", Quote, idempotency_key="k") == Quote(rate="0.0385")
    assert {request.headers["idempotency-key"] for request in neighbour.requests} == {"k"}
    read = Neighbour(trouble, OK)
    assert await read.client().call("GET", "/v1/x", Quote) == Quote(rate="0.0385")
    asked_by_body = Neighbour(trouble, OK)
    assert await asked_by_body.client().call("POST", "/v1/x", Quote, reads=True) == Quote(rate="0.0385")


async def test_what_has_no_key_is_never_repeated() -> None:
    neighbour = Neighbour(httpx.ReadTimeout("slow"))
    with pytest.raises(RemoteUnavailable):
        await neighbour.client().call("POST", "/v1/x", Quote)
    assert len(neighbour.requests) == 1


async def test_repeating_ends() -> None:
    neighbour = Neighbour(httpx.ConnectError("down"))
    with pytest.raises(RemoteUnavailable):
        await neighbour.client().call("GET", "/v1/x", Quote)
    assert len(neighbour.requests) == 3
    busy = Neighbour(problem(409, "request_in_progress"))
    with pytest.raises(RemoteProblem):
        await busy.client().call("POST", "/v1/x", Quote, idempotency_key="k")
    assert len(busy.requests) == 3


class Provider:
    """An identity provider that counts the tokens it gives."""

    def __init__(self, lifetime: int = 300) -> None:
        self.given = 0
        self.lifetime = lifetime
        self.forms: list[bytes] = []
        self.broken = False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.broken:
            return httpx.Response(500)
        if request.url.path.endswith("openid-configuration"):
            return httpx.Response(200, json={"token_endpoint": "http://issuer/token"})
        self.given += 1
        self.forms.append(request.content)
        return httpx.Response(200, json={"access_token": f"t{self.given}", "expires_in": self.lifetime})

    def tokens(self) -> ClientCredentials:
        wire = httpx.AsyncClient(transport=httpx.MockTransport(self))
        return ClientCredentials("http://issuer", "c", SecretStr("s"), "urn:suandai:pricing", client=wire)


async def test_a_token_is_kept_until_it_is_refused() -> None:
    provider = Provider()
    tokens = provider.tokens()
    neighbour = Neighbour(OK, problem(401, "unauthenticated"), OK)
    client = neighbour.client(tokens)
    for _ in range(2):
        await client.call("GET", "/v1/x", Quote)
    assert [r.headers["authorization"] for r in neighbour.requests] == ["Bearer t1", "Bearer t1", "Bearer t2"]
    assert b"resource=urn%3Asuandai%3Apricing" in provider.forms[0]


async def test_a_neighbour_that_accepts_no_token_is_asked_twice_and_no_more() -> None:
    provider = Provider()
    neighbour = Neighbour(problem(401, "unauthenticated"))
    with pytest.raises(RemoteProblem) as refused:
        await neighbour.client(provider.tokens()).call("POST", "/v1/x", Quote)
    assert (refused.value.status, len(neighbour.requests), provider.given) == (401, 2, 2)


async def test_an_old_token_is_renewed_in_time() -> None:
    provider = Provider(lifetime=0)
    tokens = provider.tokens()
    assert [await tokens.token(), await tokens.token()] == ["t1", "t2"]


async def test_without_a_token_no_call_goes_out() -> None:
    provider = Provider()
    provider.broken = True
    neighbour = Neighbour(OK)
    with pytest.raises(RemoteUnavailable):
        await neighbour.client(provider.tokens()).call("GET", "/v1/x", Quote)
    assert neighbour.requests == []


async def test_a_real_service_account_is_known_to_the_service(app: Any, issuers: Any, tokens: Any) -> None:
    """The development issuer's own client credentials open a route of ours, through our own client."""
    token = await tokens.service("worker", audience="origination")
    wire = httpx.AsyncClient(transport=httpx.ASGITransport(app=app))
    client = ServiceClient("http://specimen", FixedToken(token), client=wire)
    with pytest.raises(RemoteProblem) as refused:
        await client.call("GET", "/v1/pledges", Quote)
    assert (refused.value.status, refused.value.code) == (403, "forbidden")
