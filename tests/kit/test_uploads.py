"""Files sent as multipart forms: bounded while they come in, and idempotent by their content."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

URL = "/v1/deeds"
PDF = b"%PDF-1.7\n" + b"x" * 1_000


def keyed(key: str = "k") -> dict[str, str]:
    return {"Idempotency-Key": key}


async def test_the_same_file_again_is_the_same_request(manager: httpx.AsyncClient) -> None:
    answers = [
        await manager.post(URL, files={"file": ("deed.pdf", PDF)}, data={"title": "deed"}, headers=keyed())
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].content == answers[1].content
    assert answers[1].headers["idempotency-replayed"] == "true"
    other = await manager.post(URL, files={"file": ("deed.pdf", PDF + b"y")}, data={"title": "deed"}, headers=keyed())
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_a_file_beyond_the_limit_is_cut_off(manager: httpx.AsyncClient) -> None:
    announced = await manager.post(URL, files={"file": ("a.pdf", PDF * 30)}, data={"title": "a"}, headers=keyed())
    assert (announced.status_code, announced.json()["code"]) == (413, "body_too_large")
    request = manager.build_request("POST", URL, files={"file": ("a.pdf", PDF * 30)}, data={"title": "a"})
    body = request.read()

    async def unannounced() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 1_000):
            yield body[start : start + 1_000]

    headers = {**keyed(), "Content-Type": request.headers["content-type"]}
    streamed = await manager.post(URL, content=unannounced(), headers=headers)
    assert (streamed.status_code, streamed.json()["code"]) == (413, "body_too_large")


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b"", "multipart/form-data; boundary=x", 422),
        (b"--x\r\ngarbage", "multipart/form-data; boundary=x", 422),
        (b"anything", "multipart/form-data", 400),
        (b"--x\r\nContent-Disposition: form-data\r\n\r\na\r\n--x--\r\n", "multipart/form-data; boundary=x", 400),
        (b"{}", "application/json", 422),
        (b"title=a&file=b", "application/x-www-form-urlencoded", 422),
    ],
)
async def test_broken_forms_are_the_callers_fault(
    manager: httpx.AsyncClient, content: bytes, content_type: str, status: int
) -> None:
    response = await manager.post(URL, content=content, headers={**keyed(), "Content-Type": content_type})
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")


async def test_missing_parts_are_named(manager: httpx.AsyncClient) -> None:
    response = await manager.post(URL, data={"titel": "a"}, files={"other": b"x"}, headers=keyed())
    assert {(e["pointer"], e["code"]) for e in response.json()["errors"]} == {
        ("/file", "missing"),
        ("/title", "missing"),
    }


async def test_a_program_is_no_document(app: FastAPI, manager: httpx.AsyncClient) -> None:
    response = await manager.post(URL, files={"file": ("a.pdf", b"\x7fELF")}, data={"title": "a"}, headers=keyed())
    assert (response.status_code, response.json()["code"]) == (415, "document_type_refused")
