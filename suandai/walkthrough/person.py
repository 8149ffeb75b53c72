"""A person at the API: a token of their own, idempotency keys, and refusals as exceptions that can be read."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

import httpx

Token = Callable[[str], str]
"""An access token of a standing account, by its name."""


_TOKEN_KEPT = 240.0
"""Seconds a token is used before a new one is asked for; the providers' tokens live longer."""


class Refused(Exception):
    """The API answered with a problem."""

    def __init__(self, status: int, problem: Mapping[str, Any], request: str) -> None:
        faults = "; ".join(f"{fault.get('pointer')}: {fault.get('message')}" for fault in problem.get("errors", []))
        super().__init__(f"{request}: {status} {problem.get('code')}: {problem.get('detail', '')} {faults}".strip())
        self.status = status
        self.code = str(problem.get("code", ""))
        self.problem = problem


class Person:
    """One account's view of one service."""

    def __init__(self, name: str, token: Token, http: httpx.AsyncClient, *, language: str = "zh-CN") -> None:
        self.name = name
        self._token = token
        self._http = http
        self._language = language
        self._kept = ("", 0.0)

    async def get(self, path: str, **params: str | int) -> Any:
        return (await self._send("GET", path, params=params or None)).json()

    async def page(self, path: str, **params: str | int) -> list[dict[str, Any]]:
        """Every item of a paged list."""
        items: list[dict[str, Any]] = []
        cursor = ""
        while True:
            more: dict[str, str | int] = {"cursor": cursor} if cursor else {}
            page = await self.get(path, **params, **more)
            items += page["items"]
            cursor = page.get("next_cursor") or ""
            if not cursor:
                return items

    async def post(self, path: str, body: Any = None, *, key: str = "", **headers: str) -> Any:
        response = await self.answer("POST", path, body, key=key, **headers)
        return response.json() if response.content else None

    async def answer(
        self, method: str, path: str, body: Any = None, *, key: str = "", **headers: str
    ) -> httpx.Response:
        """The whole response, for those who want its status and headers too."""
        sent = {
            "Idempotency-Key": key or str(uuid4()),
            **{name.replace("_", "-"): text for name, text in headers.items()},
        }
        content: dict[str, Any] = {"json": body} if body is not None else {}
        return await self._send(method, path, headers=sent, **content)

    async def upload(self, path: str, file: tuple[str, bytes, str], **fields: str) -> Any:
        response = await self._send(
            "POST", path, headers={"Idempotency-Key": str(uuid4())}, files={"file": file}, data=fields
        )
        return response.json()

    async def _access_token(self) -> str:
        token, until = self._kept
        if time.monotonic() >= until:
            token = await asyncio.to_thread(self._token, self.name)
            self._kept = (token, time.monotonic() + _TOKEN_KEPT)
        return token

    async def _send(self, method: str, path: str, **terms: Any) -> httpx.Response:
        token = await self._access_token()
        headers = {"Authorization": f"Bearer {token}", "Accept-Language": self._language, **terms.pop("headers", {})}
        response = await self._http.request(method, path, headers=headers, **terms)
        if response.is_error:
            try:
                problem = response.json()
            except ValueError:
                problem = {"code": f"http_{response.status_code}"}
            raise Refused(response.status_code, problem, f"{self.name} {method} {path}")
        return response


class Bank:
    """Everybody who can sign in, at one origination service."""

    def __init__(self, origination_url: str, token: Token) -> None:
        self._http = httpx.AsyncClient(base_url=origination_url, timeout=60, trust_env=False)
        self._token = token
        self._people: dict[str, Person] = {}

    def person(self, name: str) -> Person:
        if name not in self._people:
            self._people[name] = Person(name, self._token, self._http)
        return self._people[name]

    async def aclose(self) -> None:
        await self._http.aclose()
