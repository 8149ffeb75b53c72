"""The recorded histories: where they lie, of which builds, and that nobody changed them since.

``builds.json`` lists the builds in the order in which they were recorded, with the SHA-256 of every file that belongs to them.
"""

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path

ROOM = Path(__file__).parent
INDEX = ROOM / "builds.json"
RECORD = "make histories"
"""The command that records the present build."""


@dataclass(frozen=True)
class RecordedBuild:
    """One build: the day it was recorded (bank's date), and its files by path below the room, with their SHA-256.

    ``in_service_from`` is the day a bank began to work with it; empty as long as nobody did. From then on facilities may be
    open on it, and every later build has to take them over.
    """

    build: str
    recorded_on: str
    files: dict[str, str]
    in_service_from: str = ""

    @property
    def wheel(self) -> Path:
        return ROOM / "builds" / f"{self.build}.whl"

    def histories(self, process: str = "") -> dict[str, Path]:
        """Paths by ``process/case``; of one process only when it is named."""
        return {
            f"{path.parent.parent.name}/{path.stem}": path
            for path in (ROOM / name for name in sorted(self.files))
            if path.suffix == ".json" and process in ("", path.parent.parent.name)
        }


def recorded_builds() -> list[RecordedBuild]:
    """Oldest first."""
    if not INDEX.exists():
        return []
    return [RecordedBuild(**entry) for entry in json.loads(INDEX.read_text("utf-8"))]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def enter(build: str, recorded_on: str, files: list[Path]) -> None:
    """Add a build to the index. Raises ``FileExistsError`` for one that is in it: what was recorded is never replaced."""
    builds = recorded_builds()
    if any(known.build == build for known in builds):
        raise FileExistsError(f"build {build} is recorded already")
    digests = {path.relative_to(ROOM).as_posix(): digest(path) for path in sorted(files)}
    _write([*builds, RecordedBuild(build, recorded_on, digests)])


def put_in_service(build: str, day: str) -> None:
    """Note that a bank works with a recorded build. Raises ``LookupError`` for one that is not recorded."""
    builds = recorded_builds()
    if all(known.build != build for known in builds):
        raise LookupError(f"build {build} is not recorded")
    _write(
        [
            replace(known, in_service_from=day) if known.build == build and not known.in_service_from else known
            for known in builds
        ]
    )


def _write(builds: list[RecordedBuild]) -> None:
    INDEX.write_text(json.dumps([vars(known) for known in builds], indent=1) + "\n", "utf-8")
