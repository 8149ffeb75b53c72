"""Recorded histories replay strictly: each on the code of its build, the newest and every facility on the code of today.

Decision 0015 says when a build is recorded, and why a changed comment is no reason.
"""

import hashlib
import zipfile
from pathlib import Path

import pytest

from audit.replay.builds import PACKAGES, pack, replay_in_process, unpacked
from audit.replay.strict import Replay
from tests.histories.archive import RECORD, ROOM, RecordedBuild, digest, recorded_builds
from tests.histories.cases import ALL_CASES

BUILDS = recorded_builds()
SEEDS = (1, 2, 3)
each_build = pytest.mark.parametrize("build", BUILDS, ids=lambda build: build.build)
CHANGED = (
    f"\n\nThe processes of today no longer say what build {{build}} said. If that is meant, record the present build with"
    f" `{RECORD}` and commit tests/histories; a Facility must take its change under workflow.patched besides.\n"
)


def told(replays: list[Replay], *, handling: bool = True) -> str:
    """Every difference, a line each; empty when there is none. Those of handling only where they are asked for."""
    return "\n".join(
        f"{found.workflow_id}: {line}"
        for found in replays
        if found.verdict != "same"
        for line in (found.reason, *(d for d in found.differences[:20] if handling or not d.is_handling))
        if line
    )


def newest() -> RecordedBuild:
    assert BUILDS, f"no build is recorded yet: `{RECORD}`"
    return BUILDS[-1]


def test_what_was_recorded_is_as_it_was() -> None:
    assert {name: digest(ROOM / name) for build in BUILDS for name in build.files} == {
        name: sha256 for build in BUILDS for name, sha256 in build.files.items()
    }
    kept = {path.relative_to(ROOM).as_posix() for path in ROOM.rglob("*") if path.suffix in (".json", ".whl")}
    assert kept - {"builds.json"} == {name for build in BUILDS for name in build.files}


def test_the_newest_record_has_every_case() -> None:
    missing = ALL_CASES - newest().histories().keys()
    assert not missing, f"not recorded: {', '.join(sorted(missing))}; `{RECORD}` records them"


@each_build
def test_histories_replay_on_the_code_of_their_build(build: RecordedBuild) -> None:
    replays = replay_in_process(build.histories().values(), build.wheel, hash_seed=SEEDS[0])
    assert told(replays) == ""
    assert {found.build for found in replays} == {build.build}
    assert sum(found.compared for found in replays) > 500


@pytest.mark.parametrize("seed", SEEDS)
def test_the_newest_histories_replay_on_the_code_of_today(seed: int) -> None:
    replays = replay_in_process(newest().histories().values(), hash_seed=seed)
    assert told(replays) == "", CHANGED.format(build=newest().build)


def test_every_facility_replays_on_the_code_of_today() -> None:
    """A facility lives for years: whatever build in service it began on, the code of today takes it over.

    How long and how often its effects are tried may have changed since.
    """
    served = [build for build in BUILDS if build.in_service_from or build is newest()]
    histories = [path for build in served for path in build.histories("facility").values()]
    replays = replay_in_process(histories, hash_seed=SEEDS[0])
    assert told(replays, handling=False) == "", CHANGED.format(build=" or ".join(build.build for build in served))


@each_build
def test_a_wheel_holds_the_code_its_build_is_named_after(build: RecordedBuild) -> None:
    with zipfile.ZipFile(build.wheel) as wheel:
        names = wheel.namelist()
        assert {name.partition("/")[0] for name in names} == {*PACKAGES, f"suandai_build-0+{build.build}.dist-info"}
        record = wheel.read(f"suandai_build-0+{build.build}.dist-info/RECORD").decode()
        assert {line.partition(",")[0] for line in record.splitlines()} == set(names)


# --- faults planted in the real processes -----------------------------------------------------------------------------

LATER = """

_due = Rulebook.due


def _a_minute_later(self, task_type, now):
    due = _due(self, task_type, now)
    return due and due + timedelta(minutes=1)


Rulebook.due = _a_minute_later
"""
SILENT = """

_completed = TaskBoard.act


def _act(self, command, now):
    return _completed(self, command, now).model_copy(update={"completed_by": None})


TaskBoard.act = _act
"""


@pytest.mark.parametrize(
    ("file", "planted", "kinds", "place"),
    [
        ("domain/rulebook.py", LATER, {"activity", "timer", "update_result"}, "/due_at"),
        ("workflows/human/board.py", SILENT, {"update_result"}, "/completed_by"),
    ],
)
def test_a_fault_in_the_real_processes_is_named_and_the_engine_misses_it(
    tmp_path: Path, file: str, planted: str, kinds: set[str], place: str
) -> None:
    with unpacked(newest().wheel) as code:
        for package in PACKAGES:
            (code / package).rename(tmp_path / package)
    with (tmp_path / file).open("a", encoding="utf-8") as source:
        source.write(planted)
    [found] = replay_in_process([newest().histories()["application/declined"]], tmp_path)
    assert found.engine == "", "kinds and ids are those of the record"
    assert found.verdict == "different"
    assert {difference.kind for difference in found.differences} == kinds
    assert any(difference.path.endswith(place) for difference in found.differences)


def test_a_wheel_is_the_same_whenever_it_is_packed(tmp_path: Path) -> None:
    sources = Path(__file__).parents[2]
    first = pack(sources, "0" * 16, tmp_path / "one.whl")
    second = pack(sources, "0" * 16, tmp_path / "two.whl")
    assert hashlib.sha256(first.read_bytes()).digest() == hashlib.sha256(second.read_bytes()).digest()
