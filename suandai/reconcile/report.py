"""What a comparison found, for people and for programs."""

from datetime import datetime
from uuid import UUID

from pydantic import computed_field

from domain.model import Message
from suandai.reconcile.catalogue import CATALOGUE, Code


class Difference(Message):
    """One difference: where, and what each side says. A side that has nothing to say is empty."""

    code: Code
    case_id: UUID | None = None
    case_number: str = ""
    object: str
    """The workflow, task, payment or facility in which the sides differ."""
    books: str = ""
    process: str = ""
    core_banking: str = ""
    details: dict[str, str] = {}
    """What the remedy's command needs: ``workflow_id``, ``event_id`` …"""

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it the same difference when the sides are read again."""
        return self.code.value, str(self.case_id or ""), self.object

    @computed_field  # type: ignore[prop-decorator]
    @property
    def title_zh(self) -> str:
        """What it is."""
        return CATALOGUE[self.code].title_zh

    @computed_field  # type: ignore[prop-decorator]
    @property
    def title_en(self) -> str:
        """What it is."""
        return CATALOGUE[self.code].title_en

    @computed_field  # type: ignore[prop-decorator]
    @property
    def remedy_zh(self) -> str:
        """What to do."""
        return CATALOGUE[self.code].remedy_zh

    @computed_field  # type: ignore[prop-decorator]
    @property
    def remedy_en(self) -> str:
        """What to do."""
        return CATALOGUE[self.code].remedy_en

    @computed_field  # type: ignore[prop-decorator]
    @property
    def command(self) -> str:
        """The command that mends it or shows more; empty where there is none, or where this difference lacks what it needs."""
        try:
            return CATALOGUE[self.code].command.format(**self.details)
        except KeyError:
            return ""


class Reconciliation(Message):
    """A finished comparison. ``agrees`` only when nothing differs and everything was asked."""

    finished_at: datetime
    cases: int
    processes: int
    payments: int
    rechecked: int
    """Cases that were read again because something in them was in motion or differed."""
    differences: tuple[Difference, ...]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def agrees(self) -> bool:
        """Whether processes, books and core banking say the same."""
        return not self.differences
