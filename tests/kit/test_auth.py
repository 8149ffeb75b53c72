"""Tokens and roles: real tokens of real issuers, and forgeries of every kind."""

import base64
import hmac
import json
import time
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import RSAKey

from services.kit.app import UndeclaredRoute, build_app
from services.kit.auth import Refusal, allow, public
from services.kit.principal import Principal
from services.kit.router import Router
from services.kit.settings import ServiceSettings
from services.kit.tokens import Issuer, IssuerUnreachable, TokenRefused, TokenVerifier
from tests.kit.conftest import AUDIENCE


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def who(app: FastAPI, token: str) -> Principal:
    verifier: TokenVerifier = app.state.token_verifier
    return await verifier.principal(token)


async def test_the_caller_is_what_the_issuer_says(app: FastAPI, tokens: Any) -> None:
    staff = await who(app, await tokens.staff("zhang.wei", roles=["relationship_manager"], branch="640100"))
    assert (staff.kind, staff.subject, staff.roles, staff.branch, staff.uscc) == (
        "staff",
        "zhang.wei",
        ("relationship_manager",),
        "640100",
        "",
    )
    assert staff.sees_branch("640100")
    assert not staff.sees_branch("640200")
    borrower = await who(app, await tokens.borrower("owner", roles=["borrower_owner"], uscc="91640500MA00000000"))
    assert (borrower.kind, borrower.roles, borrower.uscc, borrower.branch) == (
        "borrower",
        ("borrower_owner",),
        "91640500MA00000000",
        "",
    )
    assert not borrower.sees_branch("")
    service = await who(app, await tokens.service("worker", audience="origination"))
    assert (service.kind, service.roles) == ("service", ("service:worker",))
    assert len({staff.key, borrower.key, service.key}) == 3


async def test_head_office_sees_every_branch(app: FastAPI, tokens: Any) -> None:
    auditor = await who(app, await tokens.staff("sun", roles=["auditor"], branch="HO"))
    assert auditor.sees_branch("640100")


async def test_neither_issuer_can_grant_the_others_roles(app: FastAPI, tokens: Any) -> None:
    climber = await who(app, await tokens.borrower("climber", roles=["approver", "borrower_owner"], uscc="9" * 18))
    assert climber.roles == ("borrower_owner",)
    intruder = await who(app, await tokens.staff("intruder", roles=["service:worker", "borrower_owner", "reviewer"]))
    assert (intruder.kind, intruder.roles) == ("staff", ("reviewer",))


async def test_refusals_are_recorded_with_who_and_what(app: FastAPI, anonymous: httpx.AsyncClient, tokens: Any) -> None:
    token = await tokens.staff("sun", roles=["auditor"], branch="HO")
    response = await anonymous.post("/v1/pledges", content=b"not even json", headers=bearer(token))
    assert (response.status_code, response.json()["code"]) == (403, "forbidden")
    response = await anonymous.get("/v1/pledges")
    assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")
    refusals: list[Refusal] = app.state.refusals
    assert [(r.code, r.method, r.route, r.principal.subject if r.principal else "") for r in refusals] == [
        ("forbidden", "POST", "/v1/pledges", "sun"),
        ("unauthenticated", "GET", "/v1/pledges", ""),
    ]


async def test_a_recorder_that_fails_lets_nobody_in(app: FastAPI, anonymous: httpx.AsyncClient) -> None:
    async def broken(_: Refusal) -> None:
        raise OSError

    app.state.refusal_recorder = broken
    assert (await anonymous.get("/v1/pledges")).status_code == 401


def _parts(token: str) -> tuple[dict[str, Any], dict[str, Any], str]:
    header, claims, signature = token.split(".")
    return _read(header), _read(claims), signature


def _read(part: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return value


def _put(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def _hmac(header: dict[str, Any], claims: dict[str, Any], secret: bytes) -> str:
    signed = f"{_put(header)}.{_put(claims)}"
    digest = hmac.new(secret, signed.encode(), "sha256").digest()
    return f"{signed}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


async def test_forged_tokens_open_nothing(app: FastAPI, anonymous: httpx.AsyncClient, tokens: Any) -> None:
    genuine = await tokens.staff("zhang.wei", roles=["relationship_manager"], branch="640100")
    assert (await anonymous.get("/v1/pledges", headers=bearer(genuine))).status_code == 200
    header, claims, signature = _parts(genuine)
    stranger = RSAKey.generate_key(2048, {"kid": header["kid"]})
    public = (await anonymous_jwks(app, header["kid"])).as_pem(private=False)
    forgeries = {
        "changed claims": ".".join([_put(header), _put({**claims, "roles": ["approver"]}), signature]),
        "no algorithm": f"{_put({'alg': 'none'})}.{_put(claims)}.",
        "own key": jwt.encode(header, claims, stranger),
        "public key as secret": _hmac({"alg": "HS256", "kid": header["kid"]}, claims, public),
        "unknown issuer": ".".join([_put(header), _put({**claims, "iss": "https://elsewhere"}), signature]),
        "no claims": ".".join([_put(header), "e30", signature]),
        "not base64": "a.b.c",
        "one part": "abc",
        "enormous": "a" * 10_000 + ".b.c",
        "list": ".".join(["W10", "W10", signature]),
        "wrong key id type": ".".join([_put({**header, "kid": [1]}), _put(claims), signature]),
        "other signature": ".".join([_put(header), _put(claims), "AAAA"]),
    }
    for name, token in forgeries.items():
        response = await anonymous.get("/v1/pledges", headers=bearer(token))
        assert (response.status_code, response.json()["code"]) == (401, "unauthenticated"), name
    for value in ("", "Bearer", "Bearer  ", "Basic YTpi", genuine):
        assert (await anonymous.get("/v1/pledges", headers={"Authorization": value})).status_code == 401


async def anonymous_jwks(app: FastAPI, key_id: str) -> RSAKey:
    issuer: Issuer = app.state.token_verifier.issuers[0]
    key = (await issuer.keys(key_id)).get_by_kid(key_id)
    assert isinstance(key, RSAKey)
    return key


class FakeIssuer:
    """An issuer of our own, to sign claims the development issuer would never sign."""

    def __init__(self) -> None:
        self.url = "https://bank.example"
        self.key = RSAKey.generate_key(2048, {"kid": "one"})
        self.served = [self.key]
        self.asked = 0
        self.down = False

    def answer(self, request: httpx.Request) -> httpx.Response:
        if self.down:
            raise httpx.ConnectError("down")
        if request.url.path.endswith("openid-configuration"):
            return httpx.Response(200, json={"issuer": self.url, "jwks_uri": f"{self.url}/jwks"})
        self.asked += 1
        return httpx.Response(200, json={"keys": [key.as_dict(private=False) for key in self.served]})

    def token(self, key: RSAKey | None = None, **claims: Any) -> str:
        key = key or self.key
        base = {"iss": self.url, "sub": "li", "aud": AUDIENCE, "exp": int(time.time()) + 60, "roles": ["reviewer"]}
        given = {name: value for name, value in {**base, **claims}.items() if value is not None}
        return jwt.encode({"alg": "RS256", "kid": str(key.kid)}, given, key)

    def verifier(self, pause: float = 0.0) -> TokenVerifier:
        client = httpx.AsyncClient(transport=httpx.MockTransport(self.answer))
        staff = Issuer(self.url, client, pause=pause)
        return TokenVerifier(staff, Issuer("https://borrowers.example", client), AUDIENCE)


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": None},
        {"exp": 1},
        {"exp": "tomorrow"},
        {"aud": None},
        {"aud": "urn:suandai:pricing"},
        {"aud": []},
        {"sub": None},
        {"sub": 5},
        {"sub": "x" * 300},
        {"sub": "li\nforged log line"},
        {"nbf": int(time.time()) + 3600},
        {"token_use": "id"},
        {"typ": "Refresh"},
        {"jti": {"a": 1}},
    ],
)
async def test_signed_claims_that_prove_nothing(claims: dict[str, Any]) -> None:
    issuer = FakeIssuer()
    with pytest.raises(TokenRefused):
        await issuer.verifier().principal(issuer.token(**claims))


async def test_claims_at_the_top_level_cannot_name_a_branch() -> None:
    issuer = FakeIssuer()
    who = await issuer.verifier().principal(
        issuer.token(branch="640100", uscc="9" * 18, attributes="x", roles="reviewer")
    )
    assert (who.branch, who.uscc, who.roles) == ("", "", ())


async def test_a_person_named_like_a_component_is_no_component() -> None:
    issuer = FakeIssuer()
    token = issuer.token(
        sub="suandai-worker", client_id="suandai-cli", scope="service:worker", roles=["service:worker"]
    )
    who = await issuer.verifier().principal(token)
    assert (who.kind, who.roles) == ("staff", ())


async def test_a_rotated_key_is_found_and_forged_key_ids_do_not_flood_the_issuer() -> None:
    issuer = FakeIssuer()
    verifier = issuer.verifier(pause=3600.0)
    await verifier.principal(issuer.token())
    assert issuer.asked == 1
    stranger = RSAKey.generate_key(2048, {"kid": "forged"})
    for _ in range(20):
        with pytest.raises(TokenRefused):
            await verifier.principal(issuer.token(stranger))
    assert issuer.asked == 1
    patient = issuer.verifier(pause=0.0)
    await patient.principal(issuer.token())
    new = RSAKey.generate_key(2048, {"kid": "two"})
    issuer.served = [issuer.key, new]
    assert (await patient.principal(issuer.token(new))).subject == "li"


async def test_keys_in_hand_outlive_an_outage_of_the_issuer() -> None:
    issuer = FakeIssuer()
    verifier = issuer.verifier()
    issuer.down = True
    with pytest.raises(IssuerUnreachable):
        await verifier.principal(issuer.token())
    issuer.down = False
    await verifier.principal(issuer.token())
    issuer.down = True
    assert (await verifier.principal(issuer.token())).subject == "li"


async def test_without_the_issuer_nobody_is_told_that_the_token_is_bad(settings: ServiceSettings) -> None:
    router = Router()

    @router.get("/v1/x", dependencies=[allow("reviewer")])
    async def read() -> None: ...

    closed = settings.model_copy(
        update={"staff_issuer": "http://127.0.0.1:9", "borrower_issuer": "http://127.0.0.1:9/b"}
    )
    app = build_app(title="x", settings=closed, routers=[router])
    claims = _put({"iss": "http://127.0.0.1:9"})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://x") as client:
        response = await client.get("/v1/x", headers=bearer(f"{_put({'alg': 'RS256'})}.{claims}.AAAA"))
        assert (response.status_code, response.json()["code"]) == (503, "unavailable")
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()) == (503, {"ready": False, "checks": {"issuers": False}})


def test_an_app_with_an_undeclared_route_does_not_start(settings: ServiceSettings) -> None:
    router = Router()

    @router.get("/v1/open-by-mistake")
    async def read() -> None: ...

    @router.get("/v1/open-on-purpose", dependencies=[public()])
    async def open_read() -> None: ...

    with pytest.raises(UndeclaredRoute, match=r"/v1/open-by-mistake$"):
        build_app(title="x", settings=settings, routers=[router])


def test_a_route_allowed_to_nobody_is_a_mistake() -> None:
    with pytest.raises(ValueError):
        allow()
