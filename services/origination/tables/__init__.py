"""The tables of origination. Importing this package makes ``metadata`` whole."""

from services.origination.tables import books, cases, events, facilities, limits, operations, programmes, tasks, traces
from services.origination.tables.base import metadata

__all__ = [
    "books",
    "cases",
    "events",
    "facilities",
    "limits",
    "metadata",
    "operations",
    "programmes",
    "tasks",
    "traces",
]
