"""The workers of the credit processes, one process for each build that is needed.

A case stays on the build it started on, so a worker names its build, and new cases are sent to that build only once it
polls: with no poller there the server refuses, and a case sent to nobody would wait for ever.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

from domain.process import DEPLOYMENT, TASK_QUEUE
from suandai.stack.builds import BuildStore, build_id
from suandai.stack.component import Command, Component, Preload, StackError
from suandai.stack.services import LIBRARIES
from suandai.stack.temporal_server import TemporalServer

__all__ = ["WORKER", "BuildWorker", "CreditWorker", "build_id"]

WORKER = "worker"
"""The component of the installed build; an earlier build's is ``worker-<build>``."""


class BuildWorker(Component):
    """The worker process of one build, run from its kept code; ready when the server has seen it poll."""

    preload = Preload(LIBRARIES)

    def __init__(
        self, name: str, build: str, builds: BuildStore, temporal: TemporalServer, settings: Mapping[str, str]
    ) -> None:
        self.name = name
        self.build = build
        self._builds = builds
        self._temporal = temporal
        self._settings = settings
        self._code: Path | None = None

    def prepare(self) -> None:
        self._code = self._builds.code(self.build)
        if self._code is None:
            raise StackError(f"the code of build {self.build} is not whole in {self._builds.directory}")

    def command(self) -> Command:
        assert self._code is not None
        # Without -P the current directory, which may hold another build's sources, would come before the kept code.
        arguments = (sys.executable, "-P", "-m", "workflows.worker")
        environment = dict(self._settings) | {"PYTHONPATH": str(self._code), "SUANDAI_BUILD_ID": self.build}
        # Activities in flight are given time to end: one that is cut off is repeated by the next worker.
        return Command(arguments, environment, grace_seconds=40)

    def is_ready(self) -> bool:
        return any(poller.startswith(f"{self.pid}@") for poller in self._temporal.pollers(TASK_QUEUE))

    def addresses(self) -> Mapping[str, str]:
        return {"build": self.build}


class CreditWorker(BuildWorker):
    """The worker of the installed build, to which new cases are sent. It too runs from kept code: an edit of the sources
    changes no process that already runs."""

    def __init__(
        self, sources: Path, builds: BuildStore, temporal: TemporalServer, settings: Mapping[str, str]
    ) -> None:
        super().__init__(WORKER, build_id(sources), builds, temporal, settings)
        self._sources = sources
        self._kept = False

    def prepare(self) -> None:
        # When the worker is started again after a crash, the sources may be another build's.
        if not self._kept or self._builds.code(self.build) is None:
            self._builds.keep(self._sources, self.build)
            self._kept = True
        super().prepare()

    def is_ready(self) -> bool:
        return super().is_ready() and self._temporal.set_current_version(DEPLOYMENT, self.build)
