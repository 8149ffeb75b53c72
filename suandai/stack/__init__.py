"""The local stack: every real part suandai needs, started and kept by one supervisor on one machine.

Each part sits behind one module and is replaced in production by an address in the settings.
"""

from suandai.stack.component import Command, Component, StackError
from suandai.stack.layout import Layout, Ports
from suandai.stack.supervisor import Stack, down

__all__ = ["Command", "Component", "Layout", "Ports", "Stack", "StackError", "down"]
