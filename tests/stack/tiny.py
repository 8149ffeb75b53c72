"""The smallest application that the supervisor can run: alive, ready, and able to show its settings' names."""

import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


def create_app() -> Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]:
    """An ASGI application that answers 200 with its own pid."""

    async def app(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise NotImplementedError
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": str(os.getpid()).encode()})

    return app


def create_unready_app() -> Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]:
    """An ASGI application whose database never answers."""

    async def app(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise NotImplementedError
        body = b'{"ready": false, "checks": {"issuers": true, "database": false}}'
        await send({"type": "http.response.start", "status": 503, "headers": []})
        await send({"type": "http.response.body", "body": body})

    return app


def create_app_on_full_disk() -> None:
    """A factory that finds no room for what it has to write."""
    with open("/dev/full", "w", encoding="utf-8") as file:
        file.write("a line that finds no room")


def create_broken_app() -> None:
    """A factory that cannot make its application."""
    raise RuntimeError("the settings are wrong")
