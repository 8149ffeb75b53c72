"""The door of the command ``suandai``."""

import sys


def main() -> None:
    """Run the command line. Asking for a token takes a short way, which reads none of the other commands."""
    if sys.argv[1:2] == ["token"]:
        from suandai.sign_in import token_app as app
    else:
        from suandai.cli import app
    app(prog_name="suandai")
