"""The code of every build that has run here, kept under the build's name for as long as its cases may need it.

A case stays on the build it started on, so an upgrade must not take that build's code away. What is kept of a build is what
its worker imports of ours; third-party libraries are those installed today, whose promise it is to replay older histories.
"""

import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from suandai.stack.component import StackError
from suandai.stack.files import write_private

# What a workflow's course can depend on: its own code, the messages it carries, and the versions of what it imports.
_WORKFLOW_CODE = ("workflows", "domain")
_LOCK_FILE = "uv.lock"
# What the worker's process imports beyond that: the clients of the services.
_KEPT_CODE = (*_WORKFLOW_CODE, "services")
_LABEL = "build.json"
_BUILD_ID, _CONTENT = re.compile(r"[0-9a-f]{16}"), re.compile(r"[0-9a-f]{64}")


def build_id(root: Path) -> str:
    """The build's name: 16 hex digits of a SHA-256 over the workflow-relevant sources and the lock file."""
    return _digest(root, _WORKFLOW_CODE)[:16]


class BuildStore:
    """Kept builds: ``<build>/<content>/`` with the code and ``<build>/build.json``, which names the content that counts.

    The label is written last and in one step, so a build is there whole or not at all.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def keep(self, sources: Path, build: str) -> None:
        """Keep the code under ``sources`` as this build.

        Code beside the processes' own, such as a client of a service, may change within a build: then the newest counts.
        Raises ``StackError`` when the sources are not this build.
        """
        if build_id(sources) != build:
            raise StackError(f"the code in {sources} is not, or no longer, build {build}; start again")
        content = _digest(sources, _KEPT_CODE)
        if self._content(build) == content:
            return
        place = self._place(build)
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = place / "draft"
        shutil.rmtree(draft, ignore_errors=True)
        for file in _sources(sources, _KEPT_CODE):
            target = draft / file.relative_to(sources)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
        # The copy is what is checked: a file that was saved while it was being copied is found out.
        if _digest(draft, _KEPT_CODE) != content:
            shutil.rmtree(draft)
            raise StackError(f"the code in {sources} changed while it was being kept; start again")
        shutil.rmtree(place / content, ignore_errors=True)
        draft.replace(place / content)
        write_private(place / _LABEL, json.dumps({"build": build, "content": content}))
        for outdated in place.iterdir():
            if outdated.is_dir() and outdated.name != content:
                shutil.rmtree(outdated, ignore_errors=True)

    def code(self, build: str) -> Path | None:
        """The directory with a build's code; ``None`` where it is absent or is not what was kept."""
        content = self._content(build)
        return None if content is None else self._place(build) / content

    def remove(self, build: str) -> None:
        """Forget a build. It is for the caller to know that no case ever ran on it."""
        shutil.rmtree(self._place(build), ignore_errors=True)

    def _place(self, build: str) -> Path:
        if not _BUILD_ID.fullmatch(build):
            raise StackError(f"{build!r} is not the name of a build, which has 16 hexadecimal digits")
        return self.directory / build

    def _content(self, build: str) -> str | None:
        try:
            place = self._place(build)
            content = str(json.loads((place / _LABEL).read_text("utf-8"))["content"])
            whole = _CONTENT.fullmatch(content) and build_id(place / content) == build
            return content if whole and _digest(place / content, _KEPT_CODE) == content else None
        except (StackError, OSError, ValueError, KeyError, TypeError):
            return None


def _sources(root: Path, packages: tuple[str, ...]) -> Iterator[Path]:
    """The files of the packages and the lock file in the order in which they are hashed."""
    found = [path for package in packages for path in (root / package).rglob("*.py")]
    yield from sorted([*found, *root.glob(_LOCK_FILE)])


def _digest(root: Path, packages: tuple[str, ...]) -> str:
    digest = hashlib.sha256()
    for path in _sources(root, packages):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
