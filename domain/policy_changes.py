"""What differs between two books of policy: by policy, row and cell."""

from datetime import date
from typing import Literal

from domain.model import Value


class CellChange(Value):
    """One cell that differs. ``before`` is ``None`` for what is new, ``after`` for what is gone; text as its author wrote it."""

    where: str
    """The way to it, rows by their ids: ``admission/PURPOSE_MISMATCH/breached_when/0/loan.purpose``."""
    before: str | None = None
    after: str | None = None


class PolicyChange(Value):
    """One version of one policy that the later book has otherwise than the earlier one.

    ``new`` is the first version of a policy, ``version`` a further one, compared with the version before it; ``rewritten`` and
    ``gone`` change or take away what was there, which no published bundle may.
    """

    what: Literal["new", "version", "rewritten", "gone"]
    kind: str
    id: str
    version: str
    version_before: str | None = None
    effective_from: date | None
    """First day in force; ``None`` where the version is gone."""
    effective_to: date | None = None
    title_zh: str
    title_en: str
    cells: tuple[CellChange, ...] = ()


class PolicyChanges(Value):
    """Everything that differs between two bundles, by their hashes."""

    sha256_before: str | None
    """``None`` where there was no bundle before."""
    sha256_after: str
    changes: tuple[PolicyChange, ...]
