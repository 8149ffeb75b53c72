"""The three services and the simulated core-banking system, each an ASGI application under uvicorn."""

import sys
from collections.abc import Mapping

import httpx

from suandai.stack.component import Command, Component, Preload

LIBRARIES = (
    "uvicorn.main",
    # What uvicorn itself reads only once it runs.
    "uvicorn.loops.auto",
    "uvicorn.protocols.http.auto",
    "uvicorn.lifespan.on",
    "fastapi",
    "httpx",
    "joserfc.jwt",
    "opentelemetry.instrumentation.httpx",
    "opentelemetry.sdk.trace.export",
    "psycopg",
    "pydantic_settings",
    "rfc8785",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.ext.asyncio",
    "sqlmodel",
    "structlog",
    "temporalio.contrib.opentelemetry",
    "temporalio.contrib.pydantic",
    "temporalio.worker",
    "uuid_utils",
    "yaml",
)
"""What the services and the worker read of others' code."""


class AsgiService(Component):
    """One application, ready when ``/readyz`` says that it and what it depends on can work."""

    def __init__(self, name: str, factory: str, port: int, settings: Mapping[str, str]) -> None:
        """``factory`` is ``module:function``; ``settings`` are the variables the process reads its settings from."""
        self.name = name
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self._factory = factory
        self.preload = Preload(LIBRARIES, (factory.partition(":")[0],))
        self.settings = settings
        self._lacks = ""
        self._http = httpx.Client(timeout=3, trust_env=False)

    def command(self) -> Command:
        arguments = [sys.executable, "-m", "uvicorn", "--factory", self._factory]
        arguments += ["--host", "127.0.0.1", "--port", str(self.port)]
        arguments += ["--no-access-log", "--no-server-header", "--timeout-graceful-shutdown", "8"]
        return Command(tuple(arguments), self.settings, grace_seconds=12)

    def is_ready(self) -> bool:
        try:
            answer = self._http.get(f"{self.url}/readyz")
        except httpx.HTTPError:
            return False
        self._lacks = "" if answer.status_code == 200 else _failed_checks(answer)
        return answer.status_code == 200

    def lacks(self) -> str:
        return self._lacks

    def ports(self) -> Mapping[str, int]:
        return {"HTTP": self.port}

    def addresses(self) -> Mapping[str, str]:
        return {"HTTP": self.url}


def _failed_checks(answer: httpx.Response) -> str:
    try:
        checks = answer.json()["checks"]
        return ", ".join(name for name, passed in checks.items() if not passed)
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"HTTP {answer.status_code}"
