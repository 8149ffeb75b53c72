"""Versions named on every change, and listings that stay stable while rows are added."""

from typing import Any

import httpx
import pytest

URL = "/v1/pledges"


async def create(client: httpx.AsyncClient, name: str) -> httpx.Response:
    response = await client.post(
        URL, json={"name": name, "amount": {"amount": "1.00"}}, headers={"Idempotency-Key": f"create-{name}"}
    )
    assert response.status_code == 201
    return response


async def test_a_change_names_the_version_it_was_made_on(manager: httpx.AsyncClient) -> None:
    made = await create(manager, "a")
    url, tag = made.headers["location"], made.headers["etag"]
    changed = await manager.patch(url, json={"name": "b"}, headers={"If-Match": tag})
    assert (changed.status_code, changed.json()["version"], changed.headers["etag"]) == (200, 2, '"2"')
    late = await manager.patch(url, json={"name": "c"}, headers={"If-Match": tag})
    assert (late.status_code, late.json()["code"], late.headers["etag"]) == (412, "version_mismatch", '"2"')
    either = await manager.patch(url, json={"name": "c"}, headers={"If-Match": '"7", "2"'})
    assert either.status_code == 200


@pytest.mark.parametrize(
    ("tag", "status", "code"),
    [
        ("", 428, "if_match_required"),
        ("*", 400, "malformed_if_match"),
        ('W/"1"', 400, "malformed_if_match"),
        ("1", 400, "malformed_if_match"),
        ('"1', 400, "malformed_if_match"),
        ('"nothing of ours"', 400, "malformed_if_match"),
        ('"none-of-ours"', 412, "version_mismatch"),
        ('"' + "1" * 600 + '"', 422, "invalid_request"),
    ],
)
async def test_other_ways_to_name_a_version_are_refused(
    manager: httpx.AsyncClient, tag: str, status: int, code: str
) -> None:
    url = (await create(manager, "a")).headers["location"]
    response = await manager.patch(url, json={"name": "b"}, headers={"If-Match": tag} if tag else {})
    assert (response.status_code, response.json()["code"]) == (status, code)


async def test_pages_follow_one_another_without_gap_or_repetition(manager: httpx.AsyncClient) -> None:
    for number in range(7):
        await create(manager, f"n{number}")
    seen: list[str] = []
    url = f"{URL}?limit=3"
    pages = 0
    while url:
        response = await manager.get(url)
        seen += [item["name"] for item in response.json()["items"]]
        pages += 1
        await create(manager, f"late{pages}")
        link = response.headers.get("link", "")
        url = link[1 : link.index(">")] if link else ""
        assert bool(url) == bool(response.json()["next_cursor"])
    assert (seen, pages) == ([f"n{number}" for number in reversed(range(7))], 3)


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("limit=0", "query/limit"),
        ("limit=201", "query/limit"),
        ("limit=x", "query/limit"),
        ("cursor=abc", "query/cursor"),
    ],
)
async def test_a_page_that_cannot_be(manager: httpx.AsyncClient, query: str, pointer: str) -> None:
    response = await manager.get(f"{URL}?{query}")
    assert response.status_code == 422
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]


async def test_another_branch_sees_nothing(manager: httpx.AsyncClient, tokens: Any) -> None:
    url = (await create(manager, "a")).headers["location"]
    other = await tokens.staff("ma.li", roles=["relationship_manager"], branch="640200")
    headers = {"Authorization": f"Bearer {other}"}
    assert (await manager.get(url, headers=headers)).status_code == 404
    assert (await manager.get(URL, headers=headers)).json()["items"] == []
    missing = await manager.get(f"{URL}/01a200e1-3b94-74f4-93f4-a50ca4f5192f", headers=headers)
    foreign = await manager.get(url, headers=headers)
    same = {"title", "detail", "code", "errors", "status", "type", "retryable"}
    assert {k: v for k, v in missing.json().items() if k in same} == {
        k: v for k, v in foreign.json().items() if k in same
    }
