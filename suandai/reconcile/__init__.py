"""Processes, books and core banking compared: what differs, which side says what, and what to do about it.

After a restore the three may be of different moments. Nothing here changes anything.
"""

from suandai.reconcile.report import Reconciliation
from suandai.reconcile.run import Unreachable, reconcile

__all__ = ["Reconciliation", "Unreachable", "reconcile"]
