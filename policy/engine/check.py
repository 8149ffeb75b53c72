"""``suandai policy check``: everything that is wrong with a book, and what publishing it would change."""

from dataclasses import dataclass
from pathlib import Path

from policy.engine.bundle import Bundle, read_book, succession_faults
from policy.engine.faults import FileFault


@dataclass(frozen=True)
class BookReport:
    """The result of a check. ``bundle`` is there only when nothing is wrong."""

    bundle: Bundle | None
    faults: tuple[FileFault, ...]
    succession: tuple[str, ...]
    """Published versions that the book changed or lost."""

    @property
    def publishable(self) -> bool:
        return self.bundle is not None and not self.succession


def check_book(path: Path, published: Bundle | None = None) -> BookReport:
    """Check a directory of policy, and against the published bundle where one is given."""
    bundle, faults = read_book(path)
    if bundle is None or faults:
        return BookReport(None, tuple(faults), ())
    succession = succession_faults(published, bundle) if published is not None else []
    return BookReport(bundle, (), tuple(succession))
