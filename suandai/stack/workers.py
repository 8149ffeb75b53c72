"""The worker of the credit processes.

A case stays on the build it started on, so a worker names its build, and new cases are sent to that build only once it
polls: with no poller there the server refuses, and a case sent to nobody would wait for ever.
"""

import hashlib
import sys
from collections.abc import Mapping
from pathlib import Path

from domain.process import DEPLOYMENT, TASK_QUEUE
from suandai.stack.component import Command, Component
from suandai.stack.temporal_server import TemporalServer

# What a workflow's course can depend on: its own code, the messages it carries, and the versions of what it imports.
_WORKFLOW_CODE = ("workflows", "domain")


def build_id(root: Path) -> str:
    """The build's name: 16 hex digits of a SHA-256 over the workflow-relevant sources and the lock file."""
    digest = hashlib.sha256()
    sources = [path for package in _WORKFLOW_CODE for path in (root / package).rglob("*.py")]
    for path in sorted([*sources, *root.glob("uv.lock")]):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


class CreditWorker(Component):
    """The worker process of one build. It is ready when the server has seen it poll and new cases are sent to it."""

    def __init__(self, build: str, temporal: TemporalServer, settings: Mapping[str, str]) -> None:
        self.name = "worker"
        self.build = build
        self._temporal = temporal
        self._settings = settings

    def command(self) -> Command:
        # Activities in flight are given time to end: one that is cut off is repeated by the next worker.
        arguments = (sys.executable, "-m", "workflows.worker")
        return Command(arguments, dict(self._settings) | {"SUANDAI_BUILD_ID": self.build}, grace_seconds=40)

    def is_ready(self) -> bool:
        if not any(poller.startswith(f"{self.pid}@") for poller in self._temporal.pollers(TASK_QUEUE)):
            return False
        return self._temporal.set_current_version(DEPLOYMENT, self.build)

    def addresses(self) -> Mapping[str, str]:
        return {"build": self.build}
