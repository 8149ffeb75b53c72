"""Which builds still have cases, and so need a worker beside the installed build's."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from domain.process import DEPLOYMENT
from suandai.stack.builds import BuildStore
from suandai.stack.temporal_server import TemporalServer
from suandai.stack.workers import WORKER, BuildWorker


@dataclass(frozen=True, slots=True)
class BuildView:
    """A build as the server and the disk know it.

    ``status`` is ``current``, ``draining``, ``drained`` or ``unused``; ``open_cases`` counts the open processes that stay on
    this build to their end (a facility does not: it moves on by itself); ``code_kept`` is whether its code is here whole.
    """

    build: str
    status: str
    open_cases: int
    code_kept: bool

    @property
    def needs_worker(self) -> bool:
        """Whether a case may still call for this build. Both are asked: the server looks for open cases only every few
        seconds, and a case may have been moved back to a build that was drained."""
        return self.status in ("current", "draining") or self.open_cases > 0

    @property
    def lost(self) -> bool:
        """Whether cases wait for code that is gone."""
        return self.open_cases > 0 and not self.code_kept


def lost_build(view: BuildView, directory: Path) -> str:
    """What to do about a build whose code is gone, for a person."""
    return (
        f"build {view.build}: its code is not whole in {directory}, and {view.open_cases} open case(s) wait for it. Put"
        f" {directory / view.build} back from a copy, or check the build's revision out and run `suandai builds keep`"
        f" there; or move its cases to the current build: `suandai builds move --from {view.build}`"
    )


class Fleet:
    """The builds of one installation."""

    def __init__(
        self, current: str, builds: BuildStore, temporal: TemporalServer, settings: Callable[[str], Mapping[str, str]]
    ) -> None:
        """``current`` is the installed build; ``settings`` gives the variables of a worker by its component's name."""
        self.current = current
        self._builds = builds
        self._temporal = temporal
        self._settings = settings

    def survey(self) -> list[BuildView]:
        """All builds the server knows of. Raises ``StackError`` while it does not answer."""
        return survey(self._temporal, self._builds)

    def earlier(self, views: Sequence[BuildView]) -> list[BuildWorker]:
        """The workers that are needed beside the installed build's."""
        return [
            BuildWorker(
                name := f"{WORKER}-{view.build}", view.build, self._builds, self._temporal, self._settings(name)
            )
            for view in views
            if view.build != self.current and view.needs_worker
        ]

    def retire(self, build: str) -> bool:
        """Let go of the code of a build that needs no worker; ``True`` when it was removed.

        Code that ever moved a process stays for as long as histories do: they can be replayed on nothing else.
        """
        if self._temporal.count(f"TemporalUsedWorkerDeploymentVersions = '{DEPLOYMENT}:{build}'") > 0:
            return False
        self._builds.remove(build)
        return True


def survey(temporal: TemporalServer, builds: BuildStore) -> list[BuildView]:
    """All builds the server knows of, the current one first. Raises ``StackError`` while it does not answer."""
    views = [
        BuildView(build, status, temporal.count(pinned_to(build)), builds.code(build) is not None)
        for build, status in temporal.versions(DEPLOYMENT).items()
    ]
    return sorted(views, key=lambda view: (view.status != "current", -view.open_cases, view.build))


def pinned_to(build: str) -> str:
    """The query for the open processes that stay on a build."""
    return (
        f"TemporalWorkerDeploymentVersion = '{DEPLOYMENT}:{build}' AND ExecutionStatus = 'Running'"
        " AND TemporalWorkflowVersioningBehavior = 'Pinned'"
    )
