"""``suandai token``: the access token of an account. Shells ask for it before every request, so it reads no more of suandai
than the accounts and the issuers."""

from typing import Annotated, Literal

import typer

from suandai.stack import identity_provider
from suandai.stack.accounts import BORROWERS, STAFF
from suandai.stack.layout import DEFAULT_PORT_BASE, Layout, Ports
from suandai.terminal import DEFAULT_DIRECTORY, DirectoryOption, PortBaseOption, told_in_one_line

token_app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
"""The command on its own, under its name."""


@token_app.callback()
def _suandai() -> None:
    """Keeps the command's name a part of the command line."""


@token_app.command()
def token(
    username: Annotated[str, typer.Argument(help="An account such as rm.yinchuan, auditor.ho or owner.xiyun.")],
    directory: DirectoryOption = DEFAULT_DIRECTORY,
    port_base: PortBaseOption = DEFAULT_PORT_BASE,
    service: Annotated[
        Literal["origination", "pricing", "collateral"],
        typer.Option(help="A token is good for one service; findings are read at the one that drew them."),
    ] = "origination",
) -> None:
    """Sign an account of the local stack in and print its access token."""
    with told_in_one_line(directory):
        layout, ports = Layout(directory.absolute()), Ports.from_base(port_base)
        if username in {account.username for account in BORROWERS}:
            issuer = identity_provider.borrowers(layout.borrower_identity, ports.borrower_identity, BORROWERS)
        else:
            issuer = identity_provider.staff(layout.staff_identity, ports.staff_identity, STAFF)
        print(issuer.token(username, service))
