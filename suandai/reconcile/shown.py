"""A reconciliation as a person reads it: the differences in a table, and under it what to do about each kind."""

from typing import Literal

from rich.console import Console
from rich.table import Table

from suandai.reconcile.report import Difference, Reconciliation

Language = Literal["zh", "en"]
_HEADINGS = {
    "zh": ("案件", "差异", "对象", "账簿", "流程", "核心系统"),
    "en": ("case", "difference", "where", "books", "process", "core banking"),
}


def show_reconciliation(console: Console, found: Reconciliation, language: Language) -> None:
    """Print it."""
    if found.differences:
        console.print(_table(found, language))
        for code in dict.fromkeys(item.code for item in found.differences):
            _remedies(console, [item for item in found.differences if item.code is code], language)
    compared = f"{found.cases} cases, {found.processes} processes, {found.payments} payments compared"
    verdict = "they agree" if found.agrees else f"{len(found.differences)} differences"
    if language == "zh":
        compared = f"已核对 {found.cases} 件案件、{found.processes} 个流程、{found.payments} 笔付款"
        verdict = "一致" if found.agrees else f"差异 {len(found.differences)} 项"
    console.print(f"{compared}: {verdict}", soft_wrap=True)


def _table(found: Reconciliation, language: Language) -> Table:
    table = Table(box=None, padding=(0, 2), header_style="dim")
    for heading in _HEADINGS[language]:
        table.add_column(heading, overflow="fold")
    for item in found.differences:
        table.add_row(item.case_number, item.code.value, item.object, item.books, item.process, item.core_banking)
    return table


def _remedies(console: Console, items: list[Difference], language: Language) -> None:
    first = items[0]
    title, remedy = (first.title_zh, first.remedy_zh) if language == "zh" else (first.title_en, first.remedy_en)
    console.print(f"{first.code.value} · {title}", style="bold", soft_wrap=True)
    console.print(f"  {remedy}", soft_wrap=True)
    for command in dict.fromkeys(item.command for item in items if item.command):
        console.print(f"  {command}", soft_wrap=True, markup=False)
