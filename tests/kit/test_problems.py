"""Hostile and mistaken requests: each gets a problem that names every fault, and none gets a 500."""

import json
from typing import Any

import httpx
import pytest
from psycopg.errors import CheckViolation, NumericValueOutOfRange, UniqueViolation
from sqlalchemy.exc import DataError, IntegrityError, OperationalError

from services.kit.error_handling import problem_of
from services.kit.problems import Problem, ProblemType, catalogue, language_of, register

URL = "/v1/pledges"
KEY = {"Idempotency-Key": "k-1", "Content-Type": "application/json"}


async def send(client: httpx.AsyncClient, body: bytes, **headers: str) -> httpx.Response:
    return await client.post(URL, content=body, headers={**KEY, **headers})


def is_problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")
    body: dict[str, Any] = response.json()
    assert (body["status"], body["code"], body["type"]) == (status, code, f"/problems/{code}")
    return body


async def test_every_fault_of_a_request_is_named_at_once(manager: httpx.AsyncClient) -> None:
    body = {
        "name": "",
        "amount": {"amount": 5.1, "currency": "USD"},
        "haircut": {"state": "value", "value": "1.123456789"},
        "notes": ["fine", "far too long a note", 3],
        "colour": "red",
    }
    problem = is_problem(await manager.post(URL, json=body, headers=KEY), 422, "invalid_request")
    assert {(error["pointer"], error["code"]) for error in problem["errors"]} == {
        ("/name", "too_short"),
        ("/amount/amount", "decimal_text"),
        ("/amount/currency", "not_in_list"),
        ("/haircut/value", "decimal_scale"),
        ("/notes/1", "too_long"),
        ("/notes/2", "wrong_type"),
        ("/colour", "unknown_field"),
    }


@pytest.mark.parametrize(
    ("haircut", "pointer", "code"),
    [
        ({"state": "value"}, "/haircut/value", "missing"),
        ({"state": "perhaps"}, "/haircut/state", "not_in_list"),
        ({"state": "unknown", "value": "0.1"}, "/haircut/value", "unknown_field"),
        (7, "/haircut", "wrong_type"),
        ([], "/haircut", "wrong_type"),
    ],
)
async def test_pointers_never_name_a_branch_of_a_union(
    manager: httpx.AsyncClient, haircut: Any, pointer: str, code: str
) -> None:
    body = {"name": "a", "amount": {"amount": "1.00"}, "haircut": haircut}
    problem = is_problem(await manager.post(URL, json=body, headers=KEY), 422, "invalid_request")
    assert [(error["pointer"], error["code"]) for error in problem["errors"]] == [(pointer, code)]


GOOD = '{"name":"a","amount":{"amount":"1.00"}}'


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"",
        b"\xff\xfe{\x00}\x00",
        '{"name":"\xe9"}'.encode("latin-1"),
        b'{"name":"a","name":"b","amount":{"amount":"1.00"}}',
        b'{"name":"a","amount":{"amount":NaN}}',
        b'{"name":"a","amount":{"amount":-Infinity}}',
        b'{"name":"a","amount":{"amount":1e400}}',
        b'{"name":"a","amount":{"amount":9007199254740993}}',
        b'{"name":' + b"9" * 100_000 + b"}",
        b"[" * 100_000,
        b"[" * 49 + b"]" * 49,
        b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
        "\ufeff{}".encode(),
    ],
)
async def test_json_that_cannot_be_trusted_is_refused(manager: httpx.AsyncClient, body: bytes) -> None:
    response = await send(manager, body)
    if body:
        is_problem(response, 400, "malformed_json")
    else:
        assert is_problem(response, 422, "invalid_request")["errors"][0]["code"] == "missing"


async def test_nesting_up_to_the_bound_is_read(manager: httpx.AsyncClient) -> None:
    problem = is_problem(await send(manager, b"[" * 48 + b"]" * 48), 422, "invalid_request")
    assert problem["errors"][0]["code"] == "wrong_type"


@pytest.mark.parametrize("text", ["a\\u0000b", "\\ud800", "x\\udfffy"])
async def test_text_the_database_cannot_hold_is_named(manager: httpx.AsyncClient, text: str) -> None:
    body = f'{{"name":"{text}","amount":{{"amount":"1.00"}},"notes":["{text}"]}}'
    problem = is_problem(await send(manager, body.encode()), 422, "invalid_request")
    assert [(error["pointer"], error["code"]) for error in problem["errors"]] == [
        ("/name", "text_not_storable"),
        ("/notes/0", "text_not_storable"),
    ]


@pytest.mark.parametrize("path", ["/v1/pledges/%00", "/v1/pledges?cursor=%00"])
async def test_a_nul_in_the_address_is_refused(manager: httpx.AsyncClient, path: str) -> None:
    is_problem(await manager.get(path), 422, "invalid_request")


async def test_misspelt_parameters_are_named(manager: httpx.AsyncClient) -> None:
    problem = is_problem(await manager.get("/v1/pledges?dry_rum=true&limit=1&%3Cb%3E=1"), 422, "invalid_request")
    assert [(error["pointer"], error["code"]) for error in problem["errors"]] == [
        ("query/dry_rum", "unknown_parameter"),
        ("query", "unknown_parameter"),
    ]


async def test_an_address_is_never_redirected(manager: httpx.AsyncClient) -> None:
    is_problem(await manager.get("/v1/pledges/"), 404, "not_found")


async def test_what_was_sent_is_never_repeated(manager: httpx.AsyncClient) -> None:
    secret = "6222020000001234567"
    bodies = [
        {"name": secret * 5, "amount": {"amount": secret}},
        {"name": "a", "amount": {"amount": "1.00", "currency": secret}, secret[:5]: 1, "haircut": {"state": secret}},
    ]
    for body in bodies:
        assert secret not in (await manager.post(URL, json=body, headers=KEY)).text
    assert secret not in (await send(manager, f'{{"name": {secret}'.encode())).text


async def test_media_types(manager: httpx.AsyncClient) -> None:
    for media_type in ("text/plain", "application/xml", "multipart/form-data", "application/json; charset=gbk"):
        is_problem(await send(manager, GOOD.encode(), **{"Content-Type": media_type}), 415, "unsupported_media_type")
    accepted = await send(manager, GOOD.encode(), **{"Content-Type": "application/json; charset=UTF-8"})
    assert accepted.status_code == 201
    is_problem(await manager.get(URL, headers={"Accept": "text/csv"}), 406, "not_acceptable")
    is_problem(await manager.get(URL, headers={"Accept": "application/json;q=0"}), 406, "not_acceptable")
    for accept in ("*/*", "text/html, application/json;q=0.5", "application/problem+json, application/*"):
        assert (await manager.get(URL, headers={"Accept": accept})).status_code == 200


async def test_a_body_beyond_the_limit_is_cut_off(manager: httpx.AsyncClient) -> None:
    body = json.dumps({"name": "a" * 1_000_001, "amount": {"amount": "1.00"}}).encode()
    is_problem(await send(manager, body), 413, "body_too_large")

    async def endless() -> Any:
        for _ in range(40):
            yield b" " * 50_000

    response = await manager.post(URL, content=endless(), headers=KEY)
    is_problem(response, 413, "body_too_large")


async def test_unknown_routes_and_methods(manager: httpx.AsyncClient) -> None:
    is_problem(await manager.get("/v1/nothing"), 404, "not_found")
    response = await manager.delete(URL)
    is_problem(response, 405, "method_not_allowed")
    assert response.headers["allow"]


async def test_an_error_of_ours_tells_only_where_to_look(
    anonymous: httpx.AsyncClient, tokens: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    token = await tokens.staff("op", roles=["operator"])
    response = await anonymous.get("/v1/faults/x", headers={"Authorization": f"Bearer {token}"})
    problem = is_problem(response, 500, "internal_error")
    assert problem["trace_id"]
    assert "张三" not in response.text
    logged = capsys.readouterr()
    assert "张三" not in logged.out + logged.err
    assert "RuntimeError" in logged.out


def test_what_the_database_refuses_is_told_apart() -> None:
    problem = problem_of(DataError("", {}, NumericValueOutOfRange()))
    assert (problem.status, problem.errors[0].code) == (422, "value_not_storable")
    assert problem_of(IntegrityError("", {}, UniqueViolation())).code == "already_exists"
    assert problem_of(IntegrityError("", {}, CheckViolation())).status == 500
    assert problem_of(OperationalError("", {}, Exception())).status == 503


async def test_language_is_the_callers(manager: httpx.AsyncClient) -> None:
    chinese = await manager.get("/v1/nothing", headers={"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"})
    assert (chinese.json()["title"], chinese.headers["content-language"]) == ("未找到", "zh-CN")
    english = await manager.get("/v1/nothing", headers={"Accept-Language": "fr, en;q=0.5, zh;q=0.1"})
    assert english.json()["title"] == "Not found"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("zh", "zh"),
        ("ZH-hans", "zh"),
        ("en;q=x,zh;q=0.1", "zh"),
        ("zh;q=0", "en"),
        (";;,", "en"),
        ("de", "en"),
    ],
)
def test_language_of(header: str, language: str) -> None:
    assert language_of(header) == language


async def test_the_catalogue_describes_every_code(anonymous: httpx.AsyncClient) -> None:
    listed = (await anonymous.get("/problems")).json()
    assert {entry["code"] for entry in listed} == set(catalogue())
    one = (await anonymous.get("/problems/forbidden")).json()
    assert one["title_zh"] == "无权执行"
    is_problem(await anonymous.get("/problems/no_such_code"), 404, "not_found")


def test_a_code_has_one_meaning() -> None:
    with pytest.raises(ValueError):
        register(ProblemType("forbidden", 403, "别的", "Something else"))
    with pytest.raises(LookupError):
        Problem("never_registered")


async def test_the_request_id_comes_back_only_when_it_is_plain(anonymous: httpx.AsyncClient) -> None:
    given = await anonymous.get("/healthz", headers={"X-Request-Id": "abc-12345678"})
    assert given.headers["x-request-id"] == "abc-12345678"
    foul = await anonymous.get("/healthz", headers={"X-Request-Id": '{"level":"forged"}'})
    assert foul.headers["x-request-id"] != '{"level":"forged"}'


def test_a_single_fault_is_told_in_the_singular() -> None:
    told = {count: Problem("invalid_request", count=count).body("en").detail for count in (1, 2)}
    assert told == {1: "1 fault, listed in errors.", 2: "2 faults, listed in errors."}
    assert Problem("invalid_request", count=1).body("zh").detail == "共 1 处问题，见 errors。"
    assert Problem("invalid_request").body("en").detail == "… faults, listed in errors."
