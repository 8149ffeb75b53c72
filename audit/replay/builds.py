"""The code of a build: archived as a wheel, and run in a process of its own.

A wheel of a build holds the packages its workflows are made of and names the versions of the libraries it was recorded with. It
is the same bytes whenever it is packed from the same sources.
"""

import base64
import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

from audit.replay.report import from_json
from audit.replay.strict import Replay

PACKAGES = ("domain", "workflows")
"""What a workflow's course can depend on of ours. A build has ``workflows.definitions`` with ``WORKFLOWS`` and ``runner()``."""
_LIBRARIES = ("temporalio", "pydantic", "pydantic-core")
_ROOM = Path(__file__).parents[2]
_EPOCH = (2020, 1, 1, 0, 0, 0)


class ReplayFailed(RuntimeError):
    """The process that was to replay came to no report; the message is the last it said."""


def pack(sources: Path, build: str, target: Path) -> Path:
    """Archive the code of a build as a wheel at ``target``: complete or absent. Returns ``target``."""
    info = f"suandai_build-0+{build}.dist-info"
    files = {
        path.relative_to(sources).as_posix(): path.read_bytes()
        for package in PACKAGES
        for path in sorted((sources / package).rglob("*.py"))
    }
    requires = "".join(f"Requires-Dist: {name}=={metadata.version(name)}\n" for name in _LIBRARIES)
    files[f"{info}/METADATA"] = (
        f"Metadata-Version: 2.1\nName: suandai-build\nVersion: 0+{build}\n"
        f"Summary: The workflow code of one build, kept so that its histories can be replayed\n{requires}"
    ).encode()
    files[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: suandai\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files[f"{info}/RECORD"] = _record(files, f"{info}/RECORD").encode()
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(".unfinished")
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as wheel:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            wheel.writestr(entry, content)
    return unfinished.replace(target)


def _record(files: dict[str, bytes], own: str) -> str:
    """The list of a wheel's files with their hashes (binary distribution format, PEP 427)."""
    lines = []
    for name, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(content)}\n")
    return "".join([*lines, f"{own},,\n"])


@contextmanager
def unpacked(code: Path) -> Iterator[Path]:
    """A directory with the code: that of a wheel unpacked for the while, any other as it is."""
    if code.is_dir():
        yield code
        return
    with tempfile.TemporaryDirectory(prefix="suandai-build-") as directory, zipfile.ZipFile(code) as wheel:
        for name in wheel.namelist():
            if Path(name).is_absolute() or ".." in Path(name).parts:
                raise ReplayFailed(f"{code}: not a wheel of a build")
        wheel.extractall(directory)
        yield Path(directory)


def replay_in_process(
    histories: Iterable[Path],
    code: Path | None = None,
    *,
    hash_seed: int | None = None,
    definitions: str = "workflows.definitions",
    within_seconds: float = 600.0,
) -> list[Replay]:
    """Replay files of histories in a fresh process on the code of a wheel or directory (``None``: the code installed here).

    ``hash_seed`` fixes the order in which that process iterates sets. Raises ``ReplayFailed``.
    """
    files = [str(path.absolute()) for path in histories]
    if code is None:
        return _report([str(_ROOM)], files, hash_seed, definitions, within_seconds)
    with unpacked(code.absolute()) as directory:
        return _report([str(directory), str(_ROOM)], files, hash_seed, definitions, within_seconds)


def _report(
    path: Sequence[str], files: Sequence[str], hash_seed: int | None, definitions: str, within_seconds: float
) -> list[Replay]:
    environment = dict(os.environ) | {"PYTHONPATH": os.pathsep.join(path), "PYTHONDONTWRITEBYTECODE": "1"}
    if hash_seed is not None:
        environment["PYTHONHASHSEED"] = str(hash_seed)
    with tempfile.TemporaryDirectory(prefix="suandai-replay-") as directory:
        report = Path(directory) / "report.json"
        # Without -P the directory in which somebody stands would come before the build's own code.
        command = [sys.executable, "-P", "-m", "audit.replay", "--definitions", definitions, "--report", str(report)]
        try:
            done = subprocess.run(
                [*command, *files],
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                timeout=within_seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise ReplayFailed(f"no report within {within_seconds:.0f} seconds") from None
        # The report decides, not the exit: the engine's library can crash an interpreter that has done all its work.
        if not report.exists():
            said = done.stderr.strip().splitlines()
            raise ReplayFailed(said[-1] if said else f"the process ended with {done.returncode}")
        return from_json(report.read_text("utf-8"))
