"""A process as the stack starts one: telemetry configured from settings, one service calling another. Run by a test."""

import asyncio
import socket
from datetime import UTC, datetime

import httpx
import structlog
import uvicorn
from fastapi import FastAPI

from services.kit.http import ServiceClient
from services.kit.problems import ProblemBody
from services.kit.settings import ServiceSettings
from services.kit.telemetry import configure


async def main() -> None:
    telemetry = configure("specimen", ServiceSettings())
    inner = FastAPI(telemetry={"operation_spans": False, "logs": False})
    log = structlog.get_logger("specimen")

    @inner.get("/v1/inner")
    async def answer(name: str) -> ProblemBody:
        try:
            raise ValueError(f"a text about {name}")
        except ValueError:
            log.error("work_failed", at=datetime.now(UTC).year, exc_info=True)
        return ProblemBody(type="t", title="t", status=200, code="c")

    outer = FastAPI(telemetry={"operation_spans": False, "logs": False})
    listener = socket.create_server(("127.0.0.1", 0))
    neighbour = ServiceClient(f"http://127.0.0.1:{listener.getsockname()[1]}", None)

    @outer.get("/v1/outer")
    async def call() -> None:
        await neighbour.call("GET", "/v1/inner", ProblemBody, params={"name": "ZhangSan"})

    server = uvicorn.Server(uvicorn.Config(inner, log_config=None))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=outer), base_url="http://outer") as client:
        answered = await client.get("/v1/outer")
        assert answered.status_code == 200
    await neighbour.aclose()
    server.should_exit = True
    await serving
    telemetry.shutdown()


if __name__ == "__main__":
    asyncio.run(main())
