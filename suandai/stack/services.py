"""The three services and the simulated core-banking system, each an ASGI application under uvicorn."""

import sys
from collections.abc import Mapping

import httpx

from suandai.stack.component import Command, Component


class AsgiService(Component):
    """One application, ready when ``/readyz`` says that it and what it depends on can work."""

    def __init__(self, name: str, factory: str, port: int, settings: Mapping[str, str]) -> None:
        """``factory`` is ``module:function``; ``settings`` are the variables the process reads its settings from."""
        self.name = name
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self._factory = factory
        self._settings = settings

    def command(self) -> Command:
        arguments = [sys.executable, "-m", "uvicorn", "--factory", self._factory]
        arguments += ["--host", "127.0.0.1", "--port", str(self.port)]
        arguments += ["--no-access-log", "--no-server-header", "--timeout-graceful-shutdown", "8"]
        return Command(tuple(arguments), self._settings, grace_seconds=12)

    def is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz", timeout=3, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    def ports(self) -> Mapping[str, int]:
        return {"HTTP": self.port}

    def addresses(self) -> Mapping[str, str]:
        return {"HTTP": self.url}
