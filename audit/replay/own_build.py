"""Each history on the code it belongs to: that of its own build, or for a process that moves on, today's."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from audit.replay.builds import ReplayFailed, replay_in_process
from audit.replay.history import RecordedHistory, is_encrypted, write_history
from audit.replay.strict import Replay

Lookup = Callable[[str], Path | None]
"""The wheel or directory with the code of a build by its name; ``None`` where it is not kept."""


@dataclass(frozen=True)
class KeptCode:
    """Where the code of builds is: the one installed here, and what else is kept, looked through in turn."""

    installed: str
    lookups: Sequence[Lookup] = ()

    def of(self, build: str) -> Path | None:
        return next((found for lookup in self.lookups if (found := lookup(build)) is not None), None)


def wheels_in(directory: Path) -> Lookup:
    """A directory of archived builds, ``<build>.whl``."""

    def found(build: str) -> Path | None:
        wheel = directory / f"{build}.whl"
        return wheel if build.isalnum() and wheel.is_file() else None

    return found


def replay_on_own_builds(
    histories: Mapping[str, RecordedHistory], kept: KeptCode, *, code: Path | None = None, hash_seed: int | None = None
) -> list[Replay]:
    """Replay each history in a fresh process on the code of its build; on ``code``, a wheel or directory, where it is given.

    A history that cannot be replayed, because its code is not kept or its payloads are encrypted, is ``not_run`` with the reason.
    """
    results: dict[str, Replay] = {}
    wanted: dict[Path | None, list[str]] = {}
    for name, history in histories.items():
        if is_encrypted(history):
            results[name] = _not_run(history, "its payloads are encrypted: name the keys they were encrypted with")
        elif code is not None:
            wanted.setdefault(code, []).append(name)
        elif history.build in ("", kept.installed) or history.moves_on:
            wanted.setdefault(None, []).append(name)
        elif (found := kept.of(history.build)) is not None:
            wanted.setdefault(found, []).append(name)
        else:
            results[name] = _not_run(history, f"the code of its build {history.build} is not kept here")
    for place, names in wanted.items():
        results |= zip(names, _replayed([histories[name] for name in names], place, hash_seed), strict=True)
    return [results[name] for name in histories]


def _replayed(histories: Sequence[RecordedHistory], code: Path | None, hash_seed: int | None) -> list[Replay]:
    with tempfile.TemporaryDirectory(prefix="suandai-audit-") as directory:
        files = []
        for number, history in enumerate(histories):
            file = Path(directory) / f"{number}.json"
            file.write_text(write_history(history), "utf-8")
            files.append(file)
        try:
            return replay_in_process(files, code, hash_seed=hash_seed)
        except ReplayFailed as failure:
            return [_not_run(history, str(failure)) for history in histories]


def _not_run(history: RecordedHistory, reason: str) -> Replay:
    return Replay(history.workflow_id, history.workflow, history.build, verdict="not_run", reason=reason)
