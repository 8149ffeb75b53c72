"""What every deciding request carries, and how a message leaves out what a later version added."""

from datetime import date
from uuid import UUID

from domain.application.text import Code, Sha256
from domain.model import Value


def not_given(value: object) -> bool:
    """A field that a later version added is left out where it is absent: what was filed before keeps its hash."""
    return value is None


def nothing(value: tuple[object, ...]) -> bool:
    """As ``not_given``, of a list."""
    return not value


class DecisionInputs(Value):
    """What every deciding request carries: the case, the pinned policy and the business date."""

    case_id: UUID
    policy_sha256: Sha256
    product: Code
    lender_id: Code
    as_of: date
    pinned_on: date | None = None
    """Business date on which the case took its policy; without it the policy in force on ``as_of`` is read."""

    @property
    def policy_on(self) -> date:
        """The date for which versions are chosen inside the pinned bundle."""
        return self.pinned_on or self.as_of


# --- rating -----------------------------------------------------------------------------------------------------------
