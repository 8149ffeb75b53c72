"""The handbook's pages as what they are to a reader: requests to type, one after the other, and answers to expect.

A block of shell commands marked ``<!-- run -->`` is run; the ``http``, ``json`` or ``text`` block that follows it is what
the page promises. Answers are printed shortened: members that are left out are not promised, ``…`` stands for anything,
and of ids, hashes, dates and instants only the form is promised.
"""

import json
import re
import subprocess
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

MORE = "…"
_FENCE = re.compile(r"^```(\w*)\s*$")
_MARK = re.compile(r"^<!-- (.+) -->$")
_FORMS = (
    (re.compile(r"\b[0-9a-f]{64}\b"), "‹sha256›"),
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "‹id›"),
    (re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "‹instant›"),
    (re.compile(r"\b\d{4}-\d\d-\d\d\b"), "‹date›"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "‹trace›"),
    (re.compile(r"\b(SD|FA|OF|CT)\d{4}-"), r"\1‹year›-"),
)


@dataclass(frozen=True)
class Block:
    """A fenced block with the mark above it, if it has one."""

    page: str
    line: int
    language: str
    mark: str
    text: str

    @property
    def place(self) -> str:
        return f"docs/{self.page}:{self.line}"


@dataclass(frozen=True)
class Step:
    """Commands of a page and the answer it prints for them."""

    commands: Block
    answer: Block | None


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page in order."""
    found: list[Block] = []
    mark, fence, language, started = "", False, "", 0
    lines: list[str] = []
    for number, line in enumerate(page.read_text("utf-8").splitlines(), 1):
        if match := _FENCE.match(line):
            if fence:
                found.append(Block(page.name, started, language, mark, "\n".join(lines)))
                mark = ""
            fence, language, started, lines = not fence, match[1], number, []
        elif fence:
            lines.append(line)
        elif match := _MARK.match(line):
            mark = match[1]
        elif line.strip():
            mark = ""
    return found


def steps(page: Path) -> Iterator[Step]:
    """What a page has run, with the answers it prints."""
    found = blocks(page)
    for index, block in enumerate(found):
        if block.language == "sh" and block.mark in ("run", "run later"):
            following = found[index + 1] if index + 1 < len(found) else None
            promised = following is not None and following.language in ("http", "json", "text") and not following.mark
            yield Step(block, following if promised else None)


class Shell:
    """One bash in which the blocks of several pages run, so that what one sets the next one has."""

    def __init__(self, directory: Path, environment: Mapping[str, str], *, patience: float = 180.0) -> None:
        self._patience = patience
        self._process = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=directory,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )
        self._send("set -uE -o pipefail; trap 'failed=1' ERR")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def run(self, commands: str) -> tuple[int, str]:
        """Whether any command failed (0 when none did) and what was said. Whoever outlasts the patience is ended."""
        assert self._process.stdout is not None
        end = "‹end of block›"
        self._send(f"failed=0\n{{\n{commands}\n}} </dev/null\nprintf '\\n{end} %s\\n' \"$failed\"")
        said: list[str] = []
        timer = threading.Timer(self._patience, self._process.kill)
        timer.start()
        try:
            for line in self._process.stdout:
                if line.startswith(end):
                    return int(line.removeprefix(end)), "".join(said).rstrip("\n")
                said.append(line)
        finally:
            timer.cancel()
        return -1, "".join(said)

    def _send(self, commands: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{commands}\n")
        self._process.stdin.flush()


def difference(promised: Block, said: str) -> str:
    """How an answer differs from what the page prints; empty when it keeps the promise."""
    if promised.language == "text":
        return _text_difference(promised.text, said)
    if promised.language == "json":
        return _json_difference(json.loads(promised.text), json.loads(said), "")
    head, _, body = promised.text.partition("\n\n")
    said = said.replace("\r\n", "\n")
    # What other commands of the block said stands before the answer.
    said_head, _, said_body = said[max(0, said.find("HTTP/1.1 ")) :].partition("\n\n")
    status, *headers = head.splitlines()
    said_status, *said_headers = said_head.splitlines()
    if status.split()[1] != said_status.split()[1]:
        return f"{said_status} instead of {status}"
    named = dict(line.split(": ", 1) for line in said_headers)
    for header in headers:
        name, value = header.split(": ", 1)
        if not _alike(value, named.get(name.lower(), "")):
            return f"header {name} is {named.get(name.lower())!r} instead of {value!r}"
    return _json_difference(json.loads(body), json.loads(said_body), "") if body.strip() else ""


def _text_difference(promised: str, said: str) -> str:
    lines = iter(said.splitlines())
    for line in promised.splitlines():
        wanted = " ".join(line.split())
        if wanted in ("", MORE):
            continue
        if not any(_alike(wanted, " ".join(other.split())) for other in lines):
            return f"no line (any more) that says: {wanted}"
    return ""


def _json_difference(promised: Any, said: Any, at: str) -> str:
    if promised == MORE:
        return ""
    if isinstance(promised, dict) and isinstance(said, dict):
        for name, value in promised.items():
            if name == MORE:
                continue
            if name not in said:
                return f"{at}/{name} is not there"
            if differs := _json_difference(value, said[name], f"{at}/{name}"):
                return differs
        return ""
    if isinstance(promised, list) and isinstance(said, list):
        return _list_difference(promised, said, at)
    if isinstance(promised, str) and isinstance(said, str):
        return "" if _alike(promised, said) else f"{at} is {said!r} instead of {promised!r}"
    return "" if promised == said and type(promised) is type(said) else f"{at} is {said!r} instead of {promised!r}"


def _list_difference(promised: list[Any], said: list[Any], at: str) -> str:
    if MORE not in promised:
        if len(promised) != len(said):
            return f"{at} has {len(said)} items instead of {len(promised)}"
        pairs = zip(promised, said, strict=True)
        return next((differs for one, other in pairs if (differs := _json_difference(one, other, at))), "")
    rest = iter(said)
    for one in promised:
        if one != MORE and not any(not _json_difference(one, other, at) for other in rest):
            return f"{at} has no item (any more) like {json.dumps(one, ensure_ascii=False)}"
    return ""


def _alike(promised: str, said: str) -> bool:
    for form, name in _FORMS:
        promised, said = form.sub(name, promised), form.sub(name, said)
    pattern = ".*".join(map(re.escape, promised.split(MORE)))
    return re.fullmatch(pattern, said, re.DOTALL) is not None
