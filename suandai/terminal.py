"""What all commands have in common at the terminal: where they print, which options they share, and how they fail."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from suandai.stack.component import StackError

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

DEFAULT_DIRECTORY = Path(".suandai")
DirectoryOption = Annotated[
    Path,
    typer.Option("--directory", "-d", envvar="SUANDAI_DIRECTORY", help="Where the stack keeps its data."),
]
PortBaseOption = Annotated[
    int,
    typer.Option(
        "--port-base",
        envvar="SUANDAI_PORT_BASE",
        help=(
            "Where the ports begin: origination +1, pricing +2, collateral +3, core banking +4, staff sign-in +5,"
            " borrower sign-in +6, Temporal's pages +7, and Temporal itself at the base less 999."
        ),
    ),
]


@contextmanager
def told_in_one_line(directory: Path) -> Iterator[None]:
    """A stack that cannot do as asked says so in one line; only a fault of ours shows a traceback."""
    try:
        yield
    except (StackError, OSError) as error:
        told = _explained(error, directory) if isinstance(error, OSError) else error
        err.print(f"[red]suandai:[/] {told}", soft_wrap=True)
        raise typer.Exit(1) from None


def _explained(error: OSError, directory: Path) -> StackError:
    # Read only when something is wrong: most commands need nothing of the supervisor.
    from suandai.stack.supervisor import explained

    return explained(error, directory)
