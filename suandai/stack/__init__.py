"""The local stack: every real part suandai needs, started and kept by one supervisor on one machine.

Each part sits behind one module and is replaced in production by an address in the settings.
"""

from typing import TYPE_CHECKING, Any

from suandai.stack.component import Command, Component, StackError
from suandai.stack.layout import Layout, Ports

if TYPE_CHECKING:
    from suandai.stack.supervisor import Stack, down

__all__ = ["Command", "Component", "Layout", "Ports", "Stack", "StackError", "down"]


def __getattr__(name: str) -> Any:
    """The supervisor knows every part of the stack and so the engine's and the database's clients: it is read when it is
    asked for, not by everybody who wants to know where the stack lies."""
    if name in ("Stack", "down"):
        from suandai.stack import supervisor

        return getattr(supervisor, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
