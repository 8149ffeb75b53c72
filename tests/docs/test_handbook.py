"""Every request of the handbook works as printed: its pages are played as one case against a stack of their own.

A stack of its own, because the pages enter an example case whose servers may secure one case only.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from suandai.stack.layout import free_base
from tests.docs.handbook import Shell, Step, blocks, difference, steps

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = (
    "README.md",
    "rm.md",
    "approver.md",
    "collateral.md",
    "auditor.md",
    "policy.md",
    "operator.md",
    "programmes.md",
)
AFTER = ("collateral.md", "auditor.md", "policy.md", "operator.md", "programmes.md")


@pytest.fixture
def at_the_bank() -> Iterator[dict[str, str]]:
    """The environment of a person in front of a running stack, started and ended by the commands of the handbook."""
    directory = Path(tempfile.mkdtemp(prefix="sd-"))
    tools = directory / "bin"
    tools.mkdir()
    if shutil.which("curl") is None:
        curl = tools / "curl"
        curl.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{Path(__file__).with_name("curl.py")}" "$@"\n', "utf-8")
        curl.chmod(0o755)
    environment = os.environ | {
        "PATH": f"{tools}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "SUANDAI_DIRECTORY": str(directory / "stack"),
        "SUANDAI_PORT_BASE": str(free_base()),
        "LC_ALL": "C.UTF-8",
        "COLUMNS": "200",
        "NO_PROXY": "127.0.0.1",
        "TMPDIR": str(directory),
    }
    suandai = [sys.executable, "-m", "suandai"]
    try:
        subprocess.run([*suandai, "up", "--detach"], cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
        yield environment
    finally:
        subprocess.run([*suandai, "down"], cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
        shutil.rmtree(directory, ignore_errors=True)


def test_every_request_works_as_printed(at_the_bank: dict[str, str]) -> None:
    with Shell(ROOT, at_the_bank) as shell:
        for step in _in_order():
            failed, said = shell.run(step.commands.text)
            assert failed == 0, f"{step.commands.place} failed:\n{said}"
            if step.answer is not None:
                differs = difference(step.answer, said)
                assert not differs, f"{step.answer.place}: {differs}\n{said}"


@pytest.mark.parametrize("page", PAGES)
def test_whatever_looks_like_a_command_is_run_or_says_why_not(page: str) -> None:
    unmarked = [
        block.place
        for block in blocks(DOCS / page)
        if block.language == "sh" and not block.mark.startswith(("run", "not run: "))
    ]
    assert unmarked == []


def _in_order() -> list[Step]:
    """The relationship manager draws after the approvers have decided: that part of the page is marked ``run later``."""
    played = {page: list(steps(DOCS / page)) for page in PAGES}
    first = [step for step in played["rm.md"] if step.commands.mark == "run"]
    later = [step for step in played["rm.md"] if step.commands.mark == "run later"]
    after = [step for page in AFTER for step in played[page]]
    return [*played["README.md"], *first, *played["approver.md"], *later, *after]
