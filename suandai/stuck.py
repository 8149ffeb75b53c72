"""``suandai stuck``: processes that stand still, why, and what mends them."""

import asyncio
from typing import Any

import httpx
import typer

from suandai.stack import Layout, Ports, StackError
from suandai.stack.assembly import Assembly
from suandai.stack.layout import DEFAULT_PORT_BASE
from suandai.terminal import DEFAULT_DIRECTORY, DirectoryOption, PortBaseOption, out, told_in_one_line
from suandai.walkthrough.person import Bank, Refused

_OPERATOR = "operator.ho"


def stuck(directory: DirectoryOption = DEFAULT_DIRECTORY, port_base: PortBaseOption = DEFAULT_PORT_BASE) -> None:
    """List the processes that stand still, each with its cause and the command that mends it. Exits 3 when there are any."""
    with told_in_one_line(directory):
        assembly = Assembly(Layout(directory.absolute()), Ports.from_base(port_base))
        try:
            items = asyncio.run(_listed(assembly))
        except (Refused, httpx.HTTPError) as error:
            raise StackError(f"origination does not tell: {error}") from None
    for item in items:
        for line in _lines(item):
            out.print(line, soft_wrap=True)
    if items:
        raise typer.Exit(3)
    out.print("no process stands still")


async def _listed(assembly: Assembly) -> list[dict[str, Any]]:
    bank = Bank(assembly.settings("origination")["SUANDAI_ORIGINATION_URL"], assembly.token)
    try:
        return await bank.person(_OPERATOR).page("/v1/operations/stuck-processes")
    finally:
        await bank.aclose()


def _lines(item: dict[str, Any]) -> list[str]:
    where = f"{item['process']} at {item['step']}" if item["step"] else str(item["process"])
    told = ", ".join(filter(None, (item["cause"], item["failure_type"], f"attempt {item['attempts']}")))
    return [
        f"[bold]{item['case_number']}[/]  {where}, since {item['since']}",
        f"  {told}: {item['message_en']}",
        f"  {item['message_zh']}",
        f"  [green]{item['mend']}[/]",
    ]
