"""The Temporal server for one machine: one process with its web pages, its state in one SQLite file.

The options make up for defaults that suit a demonstration and not a bank's processes: a write-ahead log instead of a
rollback journal (p99 of a workflow 3.1 s against 0.53 s at 20 at once), task queues polled 200 instead of 20 times a
second (one activity 100 ms against 30 ms), and histories kept for ten years instead of a day.
"""

import json
import socket
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from domain.process import NAMESPACE, SEARCH_ATTRIBUTES
from suandai.stack.component import Command, Component, StackError, inherited_environment, program

RETENTION_DAYS = 3650

DYNAMIC_CONFIGURATION = {
    "history.transferProcessorMaxPollRPS": "200",
    "history.timerProcessorMaxPollRPS": "200",
    "history.visibilityProcessorMaxPollRPS": "100",
    "matching.numTaskqueueReadPartitions": "1",
    "matching.numTaskqueueWritePartitions": "1",
    # A build counts as drained at most so long after its last case has ended; the defaults are three minutes each.
    "matching.wv.VersionDrainageStatusVisibilityGracePeriod": '"5s"',
    "matching.wv.VersionDrainageStatusRefreshInterval": '"15s"',
    # A process whose code fails is reported after the second failure instead of the fifth, which is a minute later.
    "system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute": "2",
}
_PRAGMAS = {"journal_mode": "WAL", "synchronous": "NORMAL", "busy_timeout": "10000"}


def configuration_arguments(values: Mapping[str, str]) -> list[str]:
    """Dynamic configuration as the server's command line wants it."""
    return [argument for name, value in values.items() for argument in ("--dynamic-config-value", f"{name}={value}")]


def search_attribute_arguments() -> list[str]:
    """The search attributes to register; a workflow that sets an unregistered one would retry for ever."""
    return [
        argument for name, kind in SEARCH_ATTRIBUTES.items() for argument in ("--search-attribute", f"{name}={kind}")
    ]


class TemporalServer(Component):
    """The server, its web pages and the namespace of our processes."""

    name = "temporal"

    def __init__(self, directory: Path, port: int, ui_port: int) -> None:
        self.directory = directory
        self.port = port
        self.ui_port = ui_port
        self.address = f"127.0.0.1:{port}"

    def prepare(self) -> None:
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    def command(self) -> Command:
        arguments = [str(program("temporal")), "server", "start-dev", "--ip", "127.0.0.1", "--port", str(self.port)]
        arguments += ["--ui-port", str(self.ui_port), "--ui-disable-news-fetch", "--namespace", NAMESPACE]
        arguments += ["--db-filename", str(self.directory / "temporal.db")]
        arguments += ["--log-format", "json", "--log-level", "warn"]
        for name, value in _PRAGMAS.items():
            arguments += ["--sqlite-pragma", f"{name}={value}"]
        arguments += configuration_arguments(DYNAMIC_CONFIGURATION) + search_attribute_arguments()
        return Command(tuple(arguments), self._own_environment(), grace_seconds=10)

    def is_ready(self) -> bool:
        """Whether the frontend answers; asked by the tool only once the port is open, as the tool costs more."""
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", self.port)) != 0:
                return False
        return self.tool("operator", "namespace", "describe", "--namespace", NAMESPACE).returncode == 0

    def complete(self) -> None:
        """Keep histories for ten years: the server's own default deletes a closed case after a day."""
        kept = self.tool(
            "operator", "namespace", "update", "--namespace", NAMESPACE, "--retention", f"{RETENTION_DAYS * 24}h"
        )
        if kept.returncode != 0:
            raise StackError(f"temporal refused a retention of {RETENTION_DAYS} days: {kept.stderr.strip()}")

    def ports(self) -> Mapping[str, int]:
        return {"gRPC": self.port, "web pages": self.ui_port}

    def addresses(self) -> Mapping[str, str]:
        return {"gRPC": self.address, "web pages": f"http://127.0.0.1:{self.ui_port}/namespaces/{NAMESPACE}"}

    def tool(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run Temporal's command-line tool against this server."""
        return subprocess.run(
            [str(program("temporal")), *arguments, "--address", self.address],
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
            env=inherited_environment() | dict(self._own_environment()),
        )

    def pollers(self, task_queue: str) -> list[str]:
        """Who has polled a task queue in the last minutes, as ``<pid>@<host>``."""
        # The other mode shows no pollers of a queue whose workers name their build.
        described = self.tool(
            *("task-queue", "describe", "--task-queue", task_queue, "--namespace", NAMESPACE),
            *("--legacy-mode", "--output", "json"),
        )
        if described.returncode != 0:
            return []
        return [poller["identity"] for poller in json.loads(described.stdout)["pollers"] or ()]

    def set_current_version(self, deployment: str, build_id: str) -> bool:
        """Send new cases to a build. ``False`` while no worker of that build has polled yet."""
        version: Sequence[str] = ("--deployment-name", deployment, "--build-id", build_id, "--namespace", NAMESPACE)
        return self.tool("worker", "deployment", "set-current-version", *version, "--yes").returncode == 0

    def versions(self, deployment: str) -> dict[str, str]:
        """Every build the server knows of and how it stands: ``current``, ``draining``, ``drained``, or ``unused`` when no
        case was ever sent to it. Raises ``StackError`` while the server does not answer."""
        known = self._read("worker", "deployment", "list")
        if deployment not in {entry["name"] for entry in known or ()}:
            return {}
        described = self._read("worker", "deployment", "describe", "--name", deployment)
        current = described["routingConfig"]["currentVersionBuildID"]
        stands = {entry["BuildID"]: entry["drainageStatus"] for entry in described["versionSummaries"] or ()}
        return {
            build: "current" if build == current else status if status in ("draining", "drained") else "unused"
            for build, status in stands.items()
        }

    def count(self, query: str) -> int:
        """How many processes a query finds. Raises ``StackError`` while the server does not answer."""
        # The tool leaves out what is nought.
        return int(self._read("workflow", "count", "--query", query).get("count", 0))

    def move(self, workflow_id: str, deployment: str, build: str) -> None:
        """Have an open process go on at another build. Raises ``StackError`` when the server refuses."""
        self._move("--workflow-id", workflow_id, deployment=deployment, build=build)

    def move_all(self, query: str, deployment: str, build: str) -> None:
        """Have every open process that a query finds go on at another build; the server takes them one after the other."""
        self._move("--query", query, "--yes", "--reason", "moved to another build", deployment=deployment, build=build)

    def _move(self, *which: str, deployment: str, build: str) -> None:
        version = ("--versioning-override-deployment-name", deployment, "--versioning-override-build-id", build)
        arguments = (*which, "--versioning-override-behavior", "pinned", *version, "--namespace", NAMESPACE)
        told = self.tool("workflow", "update-options", *arguments)
        if told.returncode != 0:
            raise StackError(f"temporal refused the move: {told.stderr.strip()}")

    def _read(self, *arguments: str) -> Any:
        told = self.tool(*arguments, "--namespace", NAMESPACE, "--output", "json")
        if told.returncode != 0:
            raise StackError(f"temporal does not tell: {told.stderr.strip()}")
        return json.loads(told.stdout)

    def _own_environment(self) -> dict[str, str]:
        # The tool reads and writes a configuration under the home directory, which is another program's business.
        return {"HOME": str(self.directory), "XDG_CONFIG_HOME": str(self.directory)}
