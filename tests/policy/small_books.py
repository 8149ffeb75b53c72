"""Small books for tests: written as an author would write them, loaded from a directory like any other."""

from pathlib import Path
from textwrap import dedent

from policy.engine import Bundle, load_book, read_book

VOCABULARY = """
    kind: vocabulary
    id: facts
    version: 1
    effective_from: 2024-01-01
    title_zh: 事实
    title_en: Facts
    source: [Test]
    facts:
      loan.amount: {type: money, minimum: 0, title_zh: 金额, title_en: Amount}
      loan.months: {type: integer, minimum: 1, title_zh: 期限, title_en: Months}
      plant.pue: {type: number, minimum: 1, maximum: 10, title_zh: 能效, title_en: PUE}
      firm.size: {type: code, values: [small, large], title_zh: 规模, title_en: Size}
      firm.region: {type: code, title_zh: 地区, title_en: Region}
      firm.listed: {type: boolean, title_zh: 上市, title_en: Listed}
      firm.founded: {type: date, title_zh: 成立, title_en: Founded}
      bank.capital: {type: money, minimum: 0, title_zh: 资本, title_en: Capital}
"""

HEAD = """
    version: 1
    effective_from: 2024-01-01
    title_zh: 标题
    title_en: Title
    source: [Test]
"""


def write(directory: Path, **files: str) -> Path:
    """Write files named ``<key>.yaml``; texts may be indented as a whole."""
    for name, text in files.items():
        (directory / f"{name}.yaml").write_text(dedent(text), encoding="utf-8")
    return directory


def table(rows: str, *, inputs: str, hit: str = "unique", outputs: str = "{name: result, type: code}") -> str:
    """A decision table file ``sample`` from its inputs, one output column and rows, each a line of flow YAML."""
    lines = "\n".join(f"    - {row.strip()}" for row in rows.strip().splitlines())
    return (
        f"kind: decision_table\nid: sample\n{dedent(HEAD)}"
        f"table:\n  inputs: [{inputs}]\n  hit: {hit}\n  outputs:\n    - {outputs}\n  rows:\n{lines}\n"
    )


def book(directory: Path, **files: str) -> Bundle:
    return load_book(write(directory, vocabulary=VOCABULARY, **files))


def faults(directory: Path, **files: str) -> list[str]:
    """Every fault of a book as text, ``file:line: reason``."""
    return [str(fault) for fault in read_book(write(directory, vocabulary=VOCABULARY, **files))[1]]
