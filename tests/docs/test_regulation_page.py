"""The page of the rules on loans says what the book has: every rule of its files, with moments, severity and days."""

import re
from datetime import date, timedelta
from pathlib import Path

import pytest

from policy.engine.rules import RegulationFile
from tests.shipped import shipped_book

PAGE = (Path(__file__).parents[2] / "docs" / "regulation" / "loans.md").read_text("utf-8")
_FILE = re.compile(r"^`([a-z_0-9]+)` ([0-9.]+), .*, in force (\S+)(?: to (\S+)| on):$", re.MULTILINE)
_ROW = re.compile(r"^\| `([A-Z_0-9]+)` \| ([a-z, ]+) \| ([A-Z]+) \| (.+) \|$", re.MULTILINE)


def sections() -> dict[tuple[str, str], tuple[str, str | None, str]]:
    """What the page says of each version of a file: first day, last day, and its rows as text."""
    heads = list(_FILE.finditer(PAGE))
    ends = [head.start() for head in heads[1:]] + [len(PAGE)]
    return {
        (head.group(1), head.group(2)): (head.group(3), head.group(4), PAGE[head.end() : end])
        for head, end in zip(heads, ends, strict=True)
    }


def versions(name: str) -> list[RegulationFile]:
    files = [file for file in shipped_book().files() if isinstance(file, RegulationFile) and file.id == name]
    return sorted(files, key=lambda file: file.effective_from)


@pytest.mark.parametrize("name", sorted({name for name, _ in sections()}))
def test_the_page_tells_every_version_and_rule_of_a_file(name: str) -> None:
    files = versions(name)
    told = {version: section for (of, version), section in sections().items() if of == name}
    assert set(told) == {file.version for file in files}
    following: list[date | None] = [*(file.effective_from for file in files[1:]), None]
    for file, after in zip(files, following, strict=True):
        first, last, rows = told[file.version]
        assert first == file.effective_from.isoformat()
        assert last == (None if after is None else (after - timedelta(days=1)).isoformat())
        assert [(rule, moments, severity) for rule, moments, severity, _ in _ROW.findall(rows)] == [
            (rule.id, ", ".join(moment.value for moment in rule.applies), rule.severity.value) for rule in file.rules
        ]
        for rule, (_, _, _, text) in zip(file.rules, _ROW.findall(rows), strict=True):
            assert text.startswith(rule.article)
            assert (rule.effective_to is None) or rule.effective_to.isoformat() in text


def test_the_page_is_read() -> None:
    assert len(sections()) >= 20
